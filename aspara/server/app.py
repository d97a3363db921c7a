"""The standalone dashboard: an application and a server around it."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tornado import httpserver, netutil, web, websocket

import aspara.web
from aspara import settings
from aspara.catalog.catalog import PATIENCE, Catalog
from aspara.errors import AsparaError, DataDirError, Unauthorized, UsageError
from aspara.server.auth import COOKIE, AccessControl, is_loopback
from aspara.util import files
from aspara.web.context import Context
from aspara.web.endpoint import Endpoint, guarded
from aspara.web.endpoints.live import EventStream, SocketEndpoint
from aspara.web.pages import NotFoundPage, refusal
from aspara.web.route import Route
from aspara.web.routes import build_routes

_METHODS = ("get", "post", "put", "delete")
_BODY = 64 << 20
_MOST_FILES = 1 << 16
_ADDRESS = 1 << 16
# Above the longest address: a request whose head is longer is cut off by Tornado without an answer.
_HEADERS = 1 << 20


class StandaloneHandler(web.RequestHandler):
    """The base of every handler here: the doors stand before everything else, on errors and static files too."""

    def prepare(self) -> None:
        """Lets the request in, or answers it with 401 or 403."""
        if len(self.request.uri or "") > _ADDRESS:
            self.set_status(414)
            self.set_header("Content-Type", "application/json; charset=utf-8")
            self.finish(
                {"detail": f"The address has more than {_ADDRESS} bytes; send a long list of runs as JSON with POST."}
            )
            return
        doors: AccessControl = self.settings["aspara_doors"]
        given = self.get_query_argument("token", None)
        try:
            doors.check(self.request, given, self.get_cookie(COOKIE))
        except AsparaError as error:
            self.set_status(error.status)
            if self._wants_page():
                self.set_header("Content-Type", "text/html; charset=utf-8")
                self.finish(refusal(str(error), ask=isinstance(error, Unauthorized)))
                return
            self.set_header("Content-Type", "application/json; charset=utf-8")
            self.finish({"detail": str(error)})
            return
        if (
            given is not None
            and doors.token is not None
            and self.request.method == "GET"
            and not self.request.path.startswith("/api/")
        ):
            # The token moves from the address into a cookie that scripts and other sites cannot read.
            self.set_cookie(COOKIE, doors.token, httponly=True, samesite="Strict", path="/")
            rest = "&".join(part for part in self.request.query.split("&") if part and not part.startswith("token="))
            # One slash in front only: "//host" would lead to another host.
            self.redirect("/" + self.request.path.lstrip("/") + (f"?{rest}" if rest else ""))

    def _wants_page(self) -> bool:
        """Whether a person has opened an address, and no program."""
        return (
            self.request.method == "GET"
            and "text/html" in self.request.headers.get("Accept", "")
            and not self.request.path.startswith("/api/")
        )

    def log_exception(self, *args: Any) -> None:
        """Errors of ours are answers, not troubles."""
        if not isinstance(args[1], AsparaError):
            super().log_exception(*args)


class StandaloneHost:
    """Makes concrete handlers for plain Tornado."""

    def concrete(self, endpoint: type[Endpoint]) -> type[web.RequestHandler]:
        """The endpoint's body over :class:`StandaloneHandler`."""
        methods = {
            m: guarded(body)
            for m in _METHODS
            if callable(body := getattr(endpoint, m, None)) and body is not getattr(web.RequestHandler, m)
        }
        if issubclass(endpoint, SocketEndpoint):
            return type(endpoint.__name__, (endpoint, StandaloneHandler, websocket.WebSocketHandler), methods)
        if "get" in methods and not issubclass(endpoint, EventStream):
            methods["head"] = methods["get"]
        return type(endpoint.__name__, (endpoint, StandaloneHandler), methods)


class _Nothing(NotFoundPage):
    """Every other address, and whatever is asked of it."""

    async def prepare(self) -> None:
        super().prepare()
        if not self._finished and self.request.method not in ("GET", "HEAD"):
            raise web.HTTPError(404)


def check_data_dir(data_dir: Path, *, read_only: bool, make: bool = True) -> Path:
    """`data_dir`, made if it is missing and `make` says so; raises DataDirError saying what is wrong and what to do."""
    try:
        if read_only:
            if not data_dir.is_dir():
                raise DataDirError(
                    f"There is no data directory {data_dir}. Name it with --data-dir or ASPARA_DATA_DIR."
                )
        elif make:
            files.make_folder(data_dir)
        elif not data_dir.exists():
            # A mistyped name leaves no folder behind; where the first run could make none, that is said now.
            parent = next(folder for folder in data_dir.absolute().parents if folder.exists())
            if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, f"{parent} takes no folder")
            return data_dir
        next(data_dir.iterdir(), None)
    except DataDirError:
        raise
    except OSError as error:
        raise DataDirError(
            f"The data directory {data_dir} cannot be used ({error.strerror or error}). Choose another with --data-dir or ASPARA_DATA_DIR."
        ) from None
    return data_dir


def make_app(service: Context, doors: AccessControl, extra: Sequence[Route] = ()) -> web.Application:
    """The dashboard as a Tornado application at ``/``; `extra` routes (a tracker's) are served too."""
    host = StandaloneHost()
    return web.Application(
        [
            *build_routes(host, service, "/", extra),
            (r"/favicon\.ico", web.RedirectHandler, {"url": "/static/icon.svg"}),
        ],
        default_handler_class=host.concrete(_Nothing),
        default_handler_args={"service": service},
        compress_response=True,
        aspara_base="/",
        aspara_doors=doors,
        log_function=_log_request,
    )


def _log_request(handler: web.RequestHandler) -> None:
    # Without the query: it may hold a token.
    level = logging.WARNING if handler.get_status() >= 500 else logging.DEBUG
    logging.getLogger("aspara.access").log(
        level, "%s %s %s", handler.get_status(), handler.request.method, handler.request.path
    )


class Server:
    """A dashboard (or tracker) listening on one address.

    Args:
        data_dir: Where the runs are. It need not be there yet, unless `read_only`: the first run makes it.
        host: The address to bind. Beyond loopback a token is demanded: `token`, or a random one (see :attr:`token`).
        port: The port; 0 takes a free one.

    """

    def __init__(
        self,
        data_dir: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 3141,
        token: str | None = None,
        read_only: bool | None = None,
        search_mode: str | None = None,
        allow_hosts: Sequence[str] = (),
        extra: Sequence[Route] = (),
        on_close: Sequence[Any] = (),
        service: Context | None = None,
    ) -> None:
        read_only = settings.flag("ASPARA_READ_ONLY") if read_only is None else read_only
        check_data_dir(data_dir, read_only=read_only, make=False)
        self.token = token or settings.get("ASPARA_TOKEN") or (None if is_loopback(host) else secrets.token_urlsafe(24))
        self.host, self.port = host, port
        self.service = service or Context(
            Catalog(data_dir, patience=PATIENCE),
            Path(aspara.web.__file__).parent / "static",
            read_only=read_only,
            search_mode=search_mode or settings.get("ASPARA_PROJECT_SEARCH_MODE"),
        )
        self._doors = AccessControl.of(host, self.token, allow_hosts)
        self._extra = extra
        self._on_close = list(on_close)
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets = bind(host, port)
        self.port = self._sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """Where to open it, with the token if there is one."""
        shown = "localhost" if self.host in ("0.0.0.0", "::") else f"[{self.host}]" if ":" in self.host else self.host  # noqa: S104
        return f"http://{shown}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    async def serve(self) -> None:
        """Serves until :meth:`stop`; then streams end, files are closed."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        app = make_app(self.service, self._doors, self._extra)
        server = httpserver.HTTPServer(app, max_body_size=_BODY, max_header_size=_HEADERS, idle_connection_timeout=120)
        server.add_sockets(self._sockets)
        try:
            await self._stopping.wait()
        finally:
            self.service.closing.set()
            server.stop()
            await asyncio.sleep(0.05)  # streams notice and send their last bytes
            await server.close_all_connections()
            for close in self._on_close:
                close()
            self.service.close()

    def stop(self) -> None:
        """Ends :meth:`serve`; may be called from any thread."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def run(self) -> None:
        """Serves in this thread until Ctrl-C, SIGTERM or :meth:`stop`."""
        import contextlib
        import signal

        # Every run that somebody looks at is mapped from a file of the cache.
        files.open_many(_MOST_FILES)

        async def main() -> None:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(
                    NotImplementedError, ValueError, RuntimeError
                ):  # Windows, or not the main thread
                    loop.add_signal_handler(number, self.stop)
            await self.serve()

        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(main())

    def start_in_thread(self) -> threading.Thread:
        """Serves in a thread of its own and returns once it listens."""
        ready = threading.Event()

        async def main() -> None:
            task = asyncio.ensure_future(self.serve())
            await asyncio.sleep(0)
            ready.set()
            await task

        thread = threading.Thread(target=lambda: asyncio.run(main()), name="aspara-server", daemon=True)
        thread.start()
        ready.wait(10)
        return thread


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets; raises UsageError naming the next free port when `port` is taken."""
    try:
        return netutil.bind_sockets(port, host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} is in use. Port {_free_port(host, port)} is free: --port {_free_port(host, port)}."
            ) from None
        if error.errno == errno.EACCES:
            raise UsageError(
                f"Port {port} needs rights that you do not have; choose one above 1023 with --port."
            ) from None
        raise UsageError(
            f"The address {host!r} cannot be used ({error.strerror or error}). Give one of this machine's with --host."
        ) from None


def _free_port(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 200, 65536)):
        try:
            for found in netutil.bind_sockets(candidate, host):
                found.close()
        except OSError:
            continue
        return candidate
    return 0
