"""The common part of all endpoints: parameters, answers, errors. Knows Tornado, not who hosts it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from tornado import web
from tornado.iostream import StreamClosedError

from aspara.errors import HEADER, AsparaError, NotDurable, SequenceGap, TooLarge, UsageError
from aspara.web.context import Context

if TYPE_CHECKING:
    Base = web.RequestHandler
else:
    Base = object  # the host lends the real base class

_log = logging.getLogger("aspara.web")
_MAX_DEPTH = 32
LONGEST_WAIT = 3600.0
"""Seconds that an answer may be waited for, at most."""

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
    """A handler's body: a mixin over ``tornado.web.RequestHandler`` or a host's own handler."""

    service: Context
    max_body = 1 << 20
    """Bytes of a request's body; more is answered with 413."""

    def initialize(self, service: Context) -> None:
        """Tornado hands the service in with each request."""
        self.service = service

    def set_default_headers(self) -> None:
        """Every answer, errors too, carries the headers that keep a page from doing harm."""
        super().set_default_headers()
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-cache")

    def compute_etag(self) -> str | None:
        """ETags guard edits here, not caches."""
        return None

    # -- answers ------------------------------------------------------------------------------------------------------

    def answer(self, content: Any, status: int = 200) -> None:
        """Sends `content` as JSON; bytes are taken as JSON already."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(
            content
            if isinstance(content, bytes)
            else orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
        )

    def fail(self, status: int, detail: str) -> None:
        """Sends an error in the one shape all errors have."""
        self.answer({"detail": detail}, status)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tornado's own errors in the same shape, without traceback or path."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, AsparaError):
            status_code, detail = error.status, str(error)
            self.set_header(HEADER, type(error).__name__)
        elif isinstance(error, web.HTTPError) and status_code < 500:
            detail = _DETAILS.get(status_code, error.log_message or error.reason or "This request cannot be answered.")
            if status_code == 403 and "_xsrf" in (error.log_message or ""):
                detail = _XSRF
        else:
            detail = _DETAILS.get(status_code, "Something went wrong in the server; its log says what.")
        if status_code == 405:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.set_status(status_code)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(orjson.dumps({"detail": detail}))

    def allowed_methods(self) -> list[str]:
        """The methods that this endpoint answers."""
        found = [
            m
            for m in ("GET", "POST", "PUT", "DELETE")
            if getattr(type(self), m.lower()) is not getattr(web.RequestHandler, m.lower())
        ]
        return [*found, "HEAD"] if "GET" in found else found

    # -- parameters ---------------------------------------------------------------------------------------------------

    def text_query(self, name: str, default: str | None = None) -> str | None:
        """A query parameter as text."""
        return self.get_query_argument(name, default)

    def list_query(self, name: str) -> list[str] | None:
        """A query parameter as a list of texts separated by commas, given once or several times; None where it is absent."""
        given = self.get_query_arguments(name)
        if not given:
            return None
        return [part for text in given for part in text.split(",") if part]

    def int_query(self, name: str, default: int | None = None, *, low: int = 0, high: int = 1 << 53) -> int | None:
        """A query parameter as a whole number between `low` and `high`."""
        text = self.get_query_argument(name, None)
        return default if text is None or text == "" else whole(name, text, low, high)

    def float_query(self, name: str) -> float | None:
        """A query parameter as a number."""
        text = self.get_query_argument(name, None)
        if text is None or text == "":
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value != value:  # noqa: PLR0124  only NaN differs from itself
            raise UsageError(f"{name}={text[:40]!r} is no number.")
        return value

    def json_body(self) -> dict[str, Any]:
        """The body as a JSON object; raises UsageError or TooLarge saying what is wrong."""
        body = self.request.body
        if len(body) > self.max_body:
            raise TooLarge(f"The body has {len(body)} bytes; at most {self.max_body} are taken here.")
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise UsageError(f"The body is no JSON ({error.msg}).") from None
        if not isinstance(found, dict):
            raise UsageError("The body is JSON but no object.")
        if _depth(found) > _MAX_DEPTH:
            raise UsageError(f"The body is nested deeper than {_MAX_DEPTH} levels.")
        return found


def whole(name: str, text: str, low: int, high: int) -> int:
    """`text` as a whole number between `low` and `high`; raises UsageError naming the parameter."""
    try:
        value = int(text) if len(text) <= 20 else None
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise UsageError(f"{name}={text[:40]!r}: give a whole number from {low} to {high}.")
    return value


def flag(name: str, value: Any) -> bool:
    """A switch of a query or a body, off where it is absent; raises UsageError for what is neither on nor off."""
    if value in (None, "", "0", "false", 0):
        return False
    if value in ("1", "true", 1):
        return True
    raise UsageError(f"{name}={str(value)[:40]!r}: give 1 or 0.")


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` with our own errors turned into answers; others are Tornado's to log and answer with 500."""

    async def run(self: Endpoint, *args: Any, **kwargs: Any) -> None:
        try:
            await method(self, *args, **kwargs)
        except StreamClosedError:
            return  # whoever asked has gone: nobody is left to be answered, and nothing is wrong here
        except AsparaError as error:
            if self._headers_written:
                raise
            if error.status >= 500:
                _log.warning("%s %s: %s", self.request.method, self.request.path, error)
            self.clear()
            self.set_header(HEADER, type(error).__name__)
            if isinstance(error, NotDurable):
                self.set_header("Retry-After", str(error.retry_after))
            if isinstance(error, SequenceGap):
                self.answer({"detail": str(error), error.what: error.expected}, error.status)
                return
            self.fail(error.status, str(error))

    run.__name__ = method.__name__
    run.__doc__ = method.__doc__
    return run


_XSRF = (
    "A request that changes something needs Jupyter's header X-XSRFToken, with the value of the cookie _xsrf, or a token: "
    "`Authorization: token <token>`."
)
_DETAILS = {
    401: "A token is needed: open the address that was printed at the start, or send its token as `Authorization: Bearer <token>`.",
    403: "This is not allowed here.",
    404: "There is nothing at this address. /api/openapi.json lists what there is.",
    405: "This address does not take that method.",
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
