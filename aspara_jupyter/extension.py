"""The Jupyter host: the same dashboard as a server extension, behind Jupyter's own login, authorizer and XSRF check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.application import ExtensionApp
from tornado import web, websocket
from traitlets import Bool, Int, Unicode

import aspara.web
from aspara import settings
from aspara.catalog.catalog import PATIENCE, Catalog
from aspara.errors import AsparaError, Unauthorized
from aspara.web.context import Context
from aspara.web.endpoint import Endpoint, guarded
from aspara.web.endpoints.edits import EditingEndpoint
from aspara.web.endpoints.live import EventStream, SocketEndpoint
from aspara.web.pages import HtmlPage
from aspara.web.routes import build_routes

_METHODS = ("get", "post", "put", "delete")
HERE = Path(__file__).parent


class JupyterHost:
    """Makes concrete handlers that Jupyter guards: login outermost, authorizer inside, XSRF by its base class."""

    def concrete(self, endpoint: type[Endpoint]) -> type[web.RequestHandler]:
        """The endpoint's body over ``JupyterHandler``."""
        # Concrete classes are decorated, since `authorized` keeps the resource with the method.
        methods: dict[str, Any] = {
            name: web.authenticated(authorized(_action(endpoint, name), "aspara")(guarded(body)))
            for name in _METHODS
            if callable(body := getattr(endpoint, name, None)) and body is not getattr(web.RequestHandler, name)
        }
        if issubclass(endpoint, SocketEndpoint):
            bases = (endpoint, _Handler, websocket.WebSocketHandler)
            return type(endpoint.__name__, bases, {**methods, "auth_resource": "aspara"})
        if "get" in methods and not issubclass(endpoint, EventStream):
            methods["head"] = methods["get"]
        base = _PageHandler if issubclass(endpoint, HtmlPage) else _Handler
        return type(endpoint.__name__, (endpoint, base), {**methods, "auth_resource": "aspara"})


def _action(endpoint: type[Endpoint], method: str) -> str:
    """What an authorizer is asked. Jupyter takes every POST for a change, and long questions come by POST."""
    changes = method in ("put", "delete") or (method == "post" and issubclass(endpoint, EditingEndpoint))
    return "write" if changes else "read"


class _Handler(JupyterHandler):  # type: ignore[misc,unused-ignore]
    """Jupyter's handler with our answers: a missing login is 401 in our shape for the API, the login page for pages."""

    auth_resource = "aspara"

    def get_login_url(self) -> str:
        if "/aspara/api/" in self.request.path:
            raise Unauthorized("You are signed out of Jupyter. Reload the page to sign in.")
        return str(super().get_login_url())

    def log_exception(self, *args: Any) -> None:
        """Logs errors other than Aspara's own, which are answers."""
        if not isinstance(args[1], AsparaError):
            super().log_exception(*args)


class _PageHandler(_Handler):
    """Who came by a token in the address has no XSRF cookie yet, and without one a page could ask for nothing."""

    def finish(self, chunk: Any = None) -> Any:
        _ = self.xsrf_token  # made where there is none, and sent with the answer
        return super().finish(chunk)


def _limit(meaning: str, variable: str, *, least: int = 0) -> Any:
    """A whole number that may be configured; where it is not, the environment variable says it."""
    return Int(None, min=least, allow_none=True, help=f"{meaning} Default: {variable}.").tag(config=True)


class AsparaApp(ExtensionApp):  # type: ignore[misc,unused-ignore]
    """Serves the dashboard at ``{base_url}aspara/``. Configured as ``c.AsparaApp.data_dir`` and so on."""

    name = "aspara_jupyter"
    app_name = "Aspara"
    description = "Live experiment tracking: charts and runs, inside Jupyter."
    extension_url = "/aspara"
    load_other_extensions = True
    static_paths = [str(HERE / "static")]  # noqa: RUF012  traitlets' own form

    data_dir = Unicode("", help="Where the runs are. Default: ASPARA_DATA_DIR, else the user's data folder.").tag(
        config=True
    )
    read_only = Bool(False, help="Neither edits nor deletions.").tag(config=True)
    max_zip_size = _limit("Bytes of all artifacts in one ZIP download.", "ASPARA_MAX_ZIP_SIZE")
    max_notes_length = _limit("Characters of the notes of a run or project.", "ASPARA_MAX_NOTES_LENGTH")
    max_tags_count = _limit("Tags of a run or project.", "ASPARA_MAX_TAGS_COUNT")
    chart_points = _limit("Points a series that a chart asks for by default.", "ASPARA_LTTB_THRESHOLD", least=10)
    max_streams = Int(500, min=1, help="Pages that may follow runs at the same time.").tag(config=True)

    def initialize_settings(self) -> None:
        """Makes the service; it is kept under a key of its own, since the app stores itself under its name."""
        base = self.serverapp.base_url.rstrip("/") + "/aspara/"
        data_dir = settings.data_dir(self.data_dir or None)
        given = {"max_zip": self.max_zip_size, "default_points": self.chart_points}
        self.context = Context(
            Catalog(data_dir, patience=PATIENCE, max_notes=self.max_notes_length, max_tags=self.max_tags_count),
            Path(aspara.web.__file__).parent / "static",
            host="jupyter",
            read_only=self.read_only or settings.flag("ASPARA_READ_ONLY"),
            search_mode=settings.get("ASPARA_PROJECT_SEARCH_MODE"),
            max_streams=self.max_streams,
            **{name: limit for name, limit in given.items() if limit is not None},
        )
        self.settings.update(aspara_context=self.context, aspara_base=base)

    def initialize_handlers(self) -> None:
        """Adds the dashboard's routes."""
        rules = build_routes(JupyterHost(), self.context, "/aspara/")
        self.handlers.extend(rules)
        self.handlers.append((r"/aspara", web.RedirectHandler, {"url": self.settings["aspara_base"]}))

    async def stop_extension(self) -> None:
        """Ends streams and threads with the server."""
        self.context.close()
