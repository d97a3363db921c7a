"""What all endpoints have in common: parameters, answers, errors."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import orjson
from tornado import web
from tornado.iostream import StreamClosedError

from aspara.errors import HEADER, AsparaError, Busy, Forbidden, NotDurable, SequenceGap, TooLarge, UsageError
from aspara.web.context import Context
from aspara.web.params import Param, parse_body, parse_query

if TYPE_CHECKING:
    Base = web.RequestHandler
else:
    Base = object  # the host lends the real base class

P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger("aspara.web")
_MAX_DEPTH = 32
_PREFIX = re.compile(r"(/[\w.~%@:+-]+)+/?", re.ASCII)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Endpoint(Base):
    """The body of a handler: a mixin over ``tornado.web.RequestHandler`` or a host's own handler."""

    context: Context
    params: tuple[Param, ...] | None
    args: dict[str, Any]
    """The request's parameters by name, as its route declares them; every one is there, with its default where it is absent."""
    max_body = 1 << 20
    """Bytes of a request's body; more is answered with 413."""
    navigable = False
    """Whether other sites may embed or load it; a link that a person follows may lead anywhere."""

    def initialize(self, context: Context, params: tuple[Param, ...] | None = None) -> None:
        """Tornado calls it for each request, with the arguments of the route."""
        self.context, self.params = context, params
        self.args = {}
        self.is_gone = False

    def set_default_headers(self) -> None:
        """Every answer, errors too, has the headers that keep a page from doing harm."""
        super().set_default_headers()
        self.clear_header("Server")
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "private, no-cache")

    def compute_etag(self) -> str | None:
        """None: :meth:`answer` sets the validators, so that those of edits are not replaced."""
        return None

    def on_connection_close(self) -> None:
        """The client went away."""
        super().on_connection_close()
        self.is_gone = True

    async def read(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of an expensive read, run on the threads for those."""
        try:
            return await self.context.reads.run(
                str(self.request.remote_ip), lambda: self.is_gone, work, *args, **kwargs
            )
        except ConnectionAbortedError:
            raise StreamClosedError from None

    # -- answers ------------------------------------------------------------------------------------------------------

    def answer(self, content: Any, status: int = 200, *, version: bytes | None = None) -> None:
        """Sends `content` as JSON; bytes are JSON already.

        A GET is answered with 304 if the client has this content. `version` stands for the content where some of it, like a
        cursor, is different each time.
        """
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        body = content if isinstance(content, bytes) else to_json(content)
        self.send(body, body if version is None else version)

    def send(self, body: bytes, version: bytes) -> None:
        """Sends `body`, or 304 to a client that has what `version` stands for."""
        if self.get_status() == 200 and self.request.method in ("GET", "HEAD") and not self._headers.get("ETag"):
            self.set_header("ETag", f'W/"{hashlib.blake2b(version, digest_size=16).hexdigest()}"')
            if self.check_etag_header():
                self.set_status(304)
                self.clear_header("Content-Encoding")
                self.finish()
                return
        self.finish(body)

    def fail(self, status: int, detail: str) -> None:
        """Sends an error in the form that all errors have."""
        self.answer({"detail": detail}, status)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Sends Tornado's own errors in the same form, without traceback or path."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, AsparaError):
            status_code, detail = error.status, str(error)
            self.set_header(HEADER, type(error).__name__)
        elif isinstance(error, web.HTTPError) and status_code < 500:
            detail = _DETAILS.get(status_code, error.log_message or error.reason or "This request cannot be answered.")
            if status_code == 403 and "_xsrf" in (error.log_message or ""):
                detail = _XSRF
        else:
            detail = _DETAILS.get(status_code, "Internal error. The server's log has the details.")
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.set_status(status_code)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(orjson.dumps({"detail": detail}))

    def allowed_methods(self) -> list[str]:
        """The methods that this endpoint supports."""
        methods = [
            m
            for m in ("GET", "POST", "PUT", "DELETE")
            if getattr(type(self), m.lower()) is not getattr(web.RequestHandler, m.lower())
        ]
        return [*methods, "HEAD"] if "GET" in methods else methods

    @property
    def public_base(self) -> str:
        """The path that browsers reach the dashboard at, ending in '/': behind a proxy, what the proxy says."""
        prefix: str = self.settings.get("aspara_prefix") or self.settings["aspara_base"]
        # A Jupyter server knows its own path; what stands in front of it does not change it.
        return prefix if self.context.host == "jupyter" else forwarded_prefix(self.request.headers) or prefix

    # -- requests -----------------------------------------------------------------------------------------------------

    def check_site(self) -> None:
        """Raises Forbidden for a request that a page of another site makes. A link that a person follows is none."""
        site = self.request.headers.get("Sec-Fetch-Site", "none")
        if (
            self.params is None
            or self.navigable
            or site in ("same-origin", "none")
            or "Authorization" in self.request.headers
        ):
            return
        followed = self.request.headers.get("Sec-Fetch-Dest") == "document" and "Sec-Fetch-User" in self.request.headers
        if not (followed and self.request.method == "GET"):
            raise Forbidden(
                "Pages of other sites may not use this API. Open the dashboard itself, or send a token in Authorization."
            )

    def parse_args(self) -> None:
        """Sets :attr:`args` from the query, for POST from the JSON body.

        Raises:
            UsageError: A parameter is unknown, or its value is not allowed.

        """
        if self.params is None:
            return
        method = "GET" if self.request.method == "HEAD" else str(self.request.method)
        taken = [param for param in self.params if method in param.methods]
        in_body = method == "POST" and bool(taken)
        query = {name: self.get_query_arguments(name) for name in self.request.query_arguments}
        self.args = parse_query(() if in_body else taken, query)
        if in_body:
            self.args = parse_body(taken, self.json_body())

    def json_body(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            TooLarge: It has more than :attr:`max_body` bytes.
            UsageError: It is not a JSON object, or has too many levels.

        """
        body = self.request.body
        if len(body) > self.max_body:
            raise TooLarge(f"The body has {len(body)} bytes; at most {self.max_body} are allowed here.")
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise UsageError(f"The body is not JSON: {error.msg}.") from None
        if not isinstance(content, dict):
            raise UsageError("The body must be a JSON object.")
        if _depth(content) > _MAX_DEPTH:
            raise UsageError(f"The body has more than {_MAX_DEPTH} levels.")
        return content


def to_json(content: Any) -> bytes:
    """`content` as JSON."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)


def forwarded_prefix(headers: Mapping[str, str]) -> str:
    """The path that a proxy in front serves the dashboard at, ending in '/'; empty if no header says so."""
    for name in ("X-Forwarded-Prefix", "X-Forwarded-Context", "X-ProxyContextPath"):
        prefix = headers.get(name, "").strip()
        if _PREFIX.fullmatch(prefix):
            return prefix.rstrip("/") + "/"
    return ""


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` with its parameters parsed, and Aspara's errors sent as answers; Tornado logs others and answers 500."""

    async def run(self: Endpoint, *args: Any, **kwargs: Any) -> None:
        try:
            self.check_site()
            self.parse_args()
            await method(self, *args, **kwargs)
        except StreamClosedError:
            return  # the client went away, which is not an error
        except AsparaError as error:
            if self._headers_written:
                raise
            if error.status >= 500:
                _log.warning("%s %s: %s", self.request.method, self.request.path, error)
            self.clear()
            self.set_header(HEADER, type(error).__name__)
            if isinstance(error, Busy | NotDurable):
                self.set_header("Retry-After", str(error.retry_after))
            if isinstance(error, SequenceGap):
                self.answer({"detail": str(error), error.what: error.expected}, error.status)
                return
            self.fail(error.status, str(error))

    run.__name__ = method.__name__
    run.__doc__ = method.__doc__
    return run


_XSRF = (
    "A request that changes something needs Jupyter's header X-XSRFToken with the value of the cookie _xsrf, or a token: "
    "`Authorization: token <token>`."
)
_DETAILS = {
    401: "Sign in required. Open the page to sign in, or send a token as `Authorization: Bearer <token>`.",
    403: "Not allowed here.",
    404: "Not found. api/openapi.json lists all addresses.",
    405: "This address does not support that method.",
    413: "The body is too large.",
}


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= _MAX_DEPTH:
        deepest += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return deepest
