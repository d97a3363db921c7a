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
from typing import Any, cast
from urllib.parse import parse_qsl

from tornado import http1connection, httpserver, httputil, netutil, web, websocket

import aspara.web
from aspara import settings
from aspara.catalog.catalog import PATIENCE, Catalog
from aspara.errors import HEADER, AsparaError, DataDirError, Unauthorized, UsageError
from aspara.limits import MAX_ADDRESS
from aspara.server.auth import AccessControl, is_loopback
from aspara.util import files, os_compat
from aspara.web.context import Context
from aspara.web.endpoint import Endpoint, forwarded_prefix, guarded
from aspara.web.endpoints.live import EventStream, SocketEndpoint
from aspara.web.pages import Favicon, NotFoundPage, refusal
from aspara.web.route import Route
from aspara.web.routes import build_routes

_METHODS = ("get", "post", "put", "delete")
_BODY = 64 << 20
_MOST_FILES = 1 << 16
_IDLE_SECONDS = 120
_BODY_SECONDS, _UPLOAD_SECONDS = 300.0, 6 * 3600.0
"""How long a body may take to arrive, and an upload that does not say its size."""
_SLOWEST = 16 << 10
"""Bytes a second that an upload must have on average."""
# Above the longest address: a request whose head is longer is cut off by Tornado without an answer.
_HEADERS = 1 << 20


class StandaloneHandler(web.RequestHandler):
    """The base of every handler here. Access is checked before everything else, for errors and static files too."""

    def prepare(self) -> None:
        """Lets the request in, or answers it with 401, 403 or 414."""
        if len(self.request.uri or "") > MAX_ADDRESS:
            self._refuse(
                414, f"The address has more than {MAX_ADDRESS} bytes. Send a long list of runs as JSON with POST."
            )
            return
        self._limit_time()
        access: AccessControl = self.settings["aspara_access"]
        token = self.get_query_argument("token", None)
        try:
            access.check(self.request, token, self.get_cookie(access.cookie))
        except AsparaError as error:
            self.set_header(HEADER, type(error).__name__)
            if not self._wants_page():
                self._refuse(error.status, str(error))
                return
            self.set_status(error.status)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            ask = isinstance(error, Unauthorized)
            self.finish(refusal(str(error), ask=ask, query=parse_qsl(self.request.query, keep_blank_values=True)))
            return
        if token is not None and access.token is not None and self.request.method == "GET" and not self._is_api():
            self._keep_token(access)

    def _keep_token(self, access: AccessControl) -> None:
        """Moves the token from the address into a cookie that scripts and other sites cannot read."""
        path = forwarded_prefix(self.request.headers) or self.settings["aspara_prefix"]
        secure = self.request.protocol == "https" or self.request.headers.get("X-Forwarded-Proto") == "https"
        self.set_cookie(access.cookie, str(access.token), httponly=True, samesite="Strict", path=path, secure=secure)
        query = "&".join(part for part in self.request.query.split("&") if part and not part.startswith("token="))
        # Relative to this page, so that it holds behind a proxy at any path.
        page = "./" + self.request.path.rpartition("/")[2]
        self.redirect(page + (f"?{query}" if query else ""))

    def _limit_time(self) -> None:
        """Gives an upload the time that its size needs; other bodies have arrived by now."""
        if getattr(self, "_stream_request_body", False):
            size = self.request.headers.get("Content-Length", "")
            seconds = _BODY_SECONDS + int(size) / _SLOWEST if size.isdecimal() else _UPLOAD_SECONDS
            cast("http1connection.HTTP1Connection", self.request.connection).set_body_timeout(seconds)

    def _refuse(self, status: int, detail: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish({"detail": detail})

    def _is_api(self) -> bool:
        return self.request.path.startswith("/api/")

    def _wants_page(self) -> bool:
        """Whether a browser opens a page, rather than a program the API."""
        accept = self.request.headers.get("Accept", "")
        return self.request.method == "GET" and "text/html" in accept and not self._is_api()

    def log_exception(self, *args: Any) -> None:
        """Logs errors other than Aspara's own, which are answers."""
        if not isinstance(args[1], AsparaError):
            super().log_exception(*args)


class StandaloneHost:
    """Makes handler classes for plain Tornado."""

    def concrete(self, endpoint: type[Endpoint]) -> type[web.RequestHandler]:
        """The endpoint over :class:`StandaloneHandler`."""
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


class _OtherAddress(NotFoundPage):
    """Every other address, for every method."""

    async def prepare(self) -> None:
        super().prepare()
        if not self._finished and self.request.method not in ("GET", "HEAD"):
            raise web.HTTPError(404)


class _Application(web.Application):
    """Accepts addresses with and without the public prefix: some proxies remove it, others do not."""

    def find_handler(self, request: httputil.HTTPServerRequest, **kwargs: Any) -> Any:
        """Tornado calls it to route a request."""
        prefix: str = self.settings["aspara_prefix"]
        if prefix != "/":
            if request.path.startswith(prefix):
                request.path = request.path[len(prefix) - 1 :]
            elif request.path == prefix[:-1]:
                return self.get_handler_delegate(request, web.RedirectHandler, {"url": prefix})
        return super().find_handler(request, **kwargs)


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


def make_app(
    context: Context, access: AccessControl, extra: Sequence[Route] = (), *, prefix: str = "/"
) -> web.Application:
    """The dashboard as a Tornado application, with `extra` routes (a tracker's); `prefix` is its public path."""
    host = StandaloneHost()
    return _Application(
        [
            *build_routes(host, context, "/", extra),
            (r"/favicon\.ico", host.concrete(Favicon), {"context": context}),
        ],
        default_handler_class=host.concrete(_OtherAddress),
        default_handler_args={"context": context},
        compress_response=True,
        aspara_base="/",
        aspara_prefix=prefix,
        aspara_access=access,
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
        host: The address to bind. Beyond loopback a token is required: `token`, or a random one (see :attr:`token`).
        port: The port; 0 takes a free one.
        token: What requests must show (default: ASPARA_TOKEN).
        read_only: Refuse edits and deletions (default: ASPARA_READ_ONLY).
        search_mode: How the project list filters (default: ASPARA_PROJECT_SEARCH_MODE).
        allow_hosts: Host names that the server also answers for.
        extra: Further routes, such as a tracker's.
        on_close: Called when the server ends.
        context: The parts that endpoints use, to share them.
        base_url: The public path behind a reverse proxy, such as ``/aspara/``.

    Raises:
        UsageError: The address or port cannot be used, or `base_url` is not a path.
        DataDirError: The data directory cannot be used.

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
        context: Context | None = None,
        base_url: str = "/",
    ) -> None:
        self.base_url = check_base_url(base_url)
        read_only = settings.flag("ASPARA_READ_ONLY") if read_only is None else read_only
        check_data_dir(data_dir, read_only=read_only, make=False)
        self.token = token or settings.get("ASPARA_TOKEN") or (None if is_loopback(host) else secrets.token_urlsafe(24))
        self.host, self.port = host, port
        self.context = context or Context(
            Catalog(data_dir, patience=PATIENCE),
            Path(aspara.web.__file__).parent / "static",
            read_only=read_only,
            search_mode=search_mode or settings.get("ASPARA_PROJECT_SEARCH_MODE"),
        )
        self._extra = extra
        self._on_close = list(on_close)
        self.body_timeout = _BODY_SECONDS
        """Seconds in which a request's body must arrive; uploads have more, according to their size."""
        self._stopping: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets = bind(host, port)
        self.port = self._sockets[0].getsockname()[1]
        self._access = AccessControl.of(host, self.port, self.token, allow_hosts)

    @property
    def url(self) -> str:
        """The address to open, with the token if there is one."""
        shown = "localhost" if self.host in ("0.0.0.0", "::") else f"[{self.host}]" if ":" in self.host else self.host  # noqa: S104
        return f"http://{shown}:{self.port}{self.base_url}" + (f"?token={self.token}" if self.token else "")

    async def serve(self) -> None:
        """Serves until :meth:`stop`; then streams end, files are closed."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        app = make_app(self.context, self._access, self._extra, prefix=self.base_url)
        server = httpserver.HTTPServer(
            app,
            max_body_size=_BODY,
            max_header_size=_HEADERS,
            idle_connection_timeout=_IDLE_SECONDS,
            body_timeout=self.body_timeout,
        )
        server.add_sockets(self._sockets)
        try:
            await self._stopping.wait()
        finally:
            self.context.closing.set()
            server.stop()
            await asyncio.sleep(0.05)  # streams notice and send their last bytes
            await server.close_all_connections()
            for close in self._on_close:
                close()
            self.context.close()

    def stop(self) -> None:
        """Ends :meth:`serve`; may be called from any thread."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def run(self) -> None:
        """Serves in this thread until Ctrl-C, SIGTERM or :meth:`stop`."""
        import contextlib
        import signal

        # Every run that somebody looks at is mapped from a file of the cache.
        os_compat.raise_open_file_limit(_MOST_FILES)

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


def check_base_url(base_url: str) -> str:
    """`base_url` with a slash at both ends; raises UsageError if it is not a path."""
    path = "/" + base_url.strip("/") + "/" if base_url.strip("/") else "/"
    if path != "/" and forwarded_prefix({"X-Forwarded-Prefix": path}) != path:
        raise UsageError(f"--base-url {base_url[:80]!r}: give a path, such as /aspara/.")
    return path


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
            for listener in netutil.bind_sockets(candidate, host):
                listener.close()
        except OSError:
            continue
        return candidate
    return 0
