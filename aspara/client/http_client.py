"""Questions to a dashboard or tracker far away: addresses, tokens, and answers that become the same errors as here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from aspara import errors, settings
from aspara.client.transport import BASE, certificates
from aspara.errors import AsparaError, NotFound, TrackerError, Unauthorized, UsageError
from aspara.version import __version__

_CHUNK = 1 << 18
_TYPES: dict[str, type[AsparaError]] = {
    kind.__name__: kind
    for kind in (
        errors.UsageError,
        errors.InvalidName,
        errors.NotFound,
        errors.ProjectNotFound,
        errors.RunNotFound,
        errors.ArtifactNotFound,
        errors.MediaNotFound,
        errors.RunExists,
        errors.RunIsRunning,
        errors.RunHasEnded,
        errors.Stale,
        errors.TooLarge,
        errors.Unauthorized,
        errors.Forbidden,
        errors.ReadOnly,
        errors.ArtifactDamaged,
    )
}
_BY_STATUS: dict[int, type[AsparaError]] = {
    400: UsageError,
    401: Unauthorized,
    403: errors.Forbidden,
    404: NotFound,
    412: errors.Stale,
    413: errors.TooLarge,
}

Parts = Sequence[str]
"""The parts of an address below ``/api``; each is escaped."""


class HttpClient:
    """Asks one server. Safe to use from several threads.

    Args:
        uri: The dashboard's address as it was printed (a token in it is used), a tracker's in any of its forms, or that of a
            dashboard inside Jupyter (``http://host:8888/aspara``).
        token: The token that the server demands; by default the one in the address, else ASPARA_TOKEN.
        timeout: Seconds to wait for the next bytes of an answer.

    Raises:
        UsageError: The address is none.

    """

    def __init__(self, uri: str, token: str | None = None, timeout: float = 60.0) -> None:
        import requests

        self.base, given = server_base(uri)
        self._timeout = (min(timeout, 10.0), timeout)
        self._token = token or given or settings.get("ASPARA_TOKEN")
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"aspara/{__version__}", "X-Requested-With": "aspara"})
        # What a shell sets for the world outside must not carry a run's data past a server nearby.
        self._session.trust_env = False
        self._session.verify = certificates()
        if self._token:
            self._session.headers["Authorization"] = f"Bearer {self._token}"

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def get(self, *parts: str, **query: Any) -> dict[str, Any]:
        """The JSON object at an address."""
        return self._object(self._send("GET", parts, params=query))

    def post(self, *parts: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object that answers a question too long for an address."""
        return self._object(self._send("POST", parts, json=body))

    def get_tagged(self, *parts: str) -> tuple[dict[str, Any], str]:
        """The JSON object at an address, and its ETag."""
        answer = self._send("GET", parts)
        return self._object(answer), str(answer.headers.get("ETag", "*"))

    def put(self, *parts: str, body: Mapping[str, Any], if_match: str | None = None) -> dict[str, Any]:
        """Changes what is at an address; with `if_match` only what has that ETag, else Stale is raised."""
        headers = {} if if_match is None else {"If-Match": if_match}
        return self._object(self._send("PUT", parts, json=body, headers=headers))

    def delete(self, *parts: str, **query: Any) -> None:
        """Removes what is at an address."""
        self._send("DELETE", parts, params=query).close()

    def content(self, *parts: str, body: Mapping[str, Any]) -> bytes:
        """The whole answer to a question, as bytes."""
        return bytes(self._send("POST", parts, json=body).content)

    @contextlib.contextmanager
    def stream(
        self, *parts: str, body: Mapping[str, Any] | None = None, query: Mapping[str, Any] | None = None
    ) -> Iterator[Iterator[bytes]]:
        """The answer's bytes as they come; one that breaks off raises TrackerError, so no part is taken for the whole."""
        options: dict[str, Any] = {"params": query} if body is None else {"json": body}
        answer = self._send("GET" if body is None else "POST", parts, stream=True, **options)
        try:
            yield self._chunks(answer)
        finally:
            answer.close()

    def save(self, target: Path, *parts: str, query: Mapping[str, Any] | None = None) -> None:
        """Writes the content at an address to `target`."""
        with self.stream(*parts, query=query) as chunks, target.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _chunks(self, answer: Any) -> Iterator[bytes]:
        import requests

        try:
            yield from answer.iter_content(_CHUNK)
        except requests.RequestException as error:
            raise TrackerError(f"The answer of {self.base} broke off ({type(error).__name__}). Try again.") from None

    def _send(self, method: str, parts: Parts, **options: Any) -> Any:
        import requests

        address = "/".join((self.base, "api", *(quote(part, safe="") for part in parts)))
        try:
            answer = self._session.request(method, address, timeout=self._timeout, allow_redirects=False, **options)
        except requests.exceptions.SSLError as error:
            raise TrackerError(f"{self.base} cannot be trusted or speaks no TLS ({_reason(error)}).") from None
        except requests.Timeout:
            raise TrackerError(
                f"{self.base} does not answer within {self._timeout[1]:g} seconds. Is that the right address?"
            ) from None
        except requests.RequestException as error:
            raise TrackerError(
                f"{self.base} cannot be reached ({_reason(error)}). Is the address right, and does `aspara dashboard` or "
                "`aspara tracker` run there?"
            ) from None
        if answer.ok and not answer.is_redirect:
            return answer
        with answer:
            raise self._error(answer)

    def _error(self, answer: Any) -> AsparaError:
        status = answer.status_code
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = None
        if status == 401 or (answer.is_redirect and "login" in answer.headers.get("Location", "")):
            return Unauthorized(
                f"{self.base} demands {'another' if self._token else 'a'} token: Api(address, token=...), or set ASPARA_TOKEN."
            )
        if not isinstance(detail, str):
            return self.stranger(f"HTTP {status}")
        named = _TYPES.get(answer.headers.get(errors.HEADER, ""))
        kind = named or _BY_STATUS.get(status, TrackerError)
        return kind(detail if kind is not TrackerError else f"{self.base}: {detail}")

    def _object(self, answer: Any) -> dict[str, Any]:
        import orjson

        try:
            found = orjson.loads(answer.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self.stranger("no JSON")
        return _Answer(found, self.stranger)

    def stranger(self, what: str) -> TrackerError:
        """The error for an answer that no Aspara gives."""
        return TrackerError(
            f"{self.base} answers, but not as an Aspara server does ({what}). Give the address that `aspara dashboard` or "
            "`aspara tracker` prints; inside Jupyter, Jupyter's address with /aspara behind it."
        )


class _Answer(dict[str, Any]):
    """A JSON object; a part that is missing makes whoever sent it a stranger."""

    def __init__(self, content: Mapping[str, Any], stranger: Callable[[str], TrackerError]) -> None:
        super().__init__(content)
        self._stranger = stranger

    def __missing__(self, key: str) -> Any:
        raise self._stranger(f"its answer has no {key!r}")


def is_address(place: str | os.PathLike[str]) -> bool:
    """True for ``http://`` and ``https://`` addresses; folders have none."""
    return isinstance(place, str) and place.lower().startswith(("http://", "https://"))


def server_base(uri: str) -> tuple[str, str | None]:
    """The address below which a server's ``/api`` is, and the token in `uri`."""
    parts = urlsplit(uri if "://" in uri else f"http://{uri}")
    try:
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"{uri!r} is no address: give one such as http://localhost:3141.")
    path = parts.path.rstrip("/").removesuffix(BASE).removesuffix("/tracker").rstrip("/")
    token = parse_qs(parts.query).get("token", [None])[0]
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), token


def _reason(error: Exception) -> str:
    """Why a connection failed, in words: the innermost error knows."""
    inner: BaseException = error
    while (deeper := inner.__cause__ or inner.__context__ or getattr(inner, "reason", None)) and isinstance(
        deeper, BaseException
    ):
        inner = deeper
    return getattr(inner, "strerror", None) or type(inner).__name__
