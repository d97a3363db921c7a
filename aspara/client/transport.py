"""Requests to a tracker: addresses, time limits, and which answers are worth another try."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from aspara.errors import HEADER, TrackerError, UsageError
from aspara.version import __version__

BASE = "/tracker/api/v1"
_RETRY = frozenset({401, 403, 408, 425, 429, 500, 502, 503, 504, 507})
_GZIP_FROM = 1024


class Rejected(TrackerError):
    """The tracker refuses this very item for good; ``status`` is its HTTP status, ``kind`` the name of its error as far as it
    tells one, ``answer`` all that it answers.
    """

    def __init__(self, message: str, status: int, kind: str = "", answer: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.answer = answer or {}


class Unreachable(TrackerError):
    """The tracker does not answer, or cannot for the moment; the same request may be repeated, after
    ``retry_after`` seconds where the tracker says so.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Transport:
    """Talks to one tracker. `uri` may be ``http://host:3142``, with or without ``/tracker`` or the whole base."""

    def __init__(self, uri: str, token: str | None = None) -> None:
        import requests

        self.base = tracker_base(uri)
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"aspara/{__version__}", "X-Requested-With": "aspara"})
        # What a shell sets for the world outside must not carry a run's data past a tracker nearby.
        self._session.trust_env = False
        self._session.verify = certificates()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def post(self, parts: tuple[str, ...], body: dict[str, Any], timeout: float) -> dict[str, Any]:
        """POSTs JSON to the address made of `parts`; raises Rejected or Unreachable."""
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if len(content) >= _GZIP_FROM:
            content = gzip.compress(content, 1)
            headers["Content-Encoding"] = "gzip"
        return self._send(parts, timeout, data=content, headers=headers)

    def post_rows(
        self, parts: tuple[str, ...], writer: str, first: int, lines: list[bytes], timeout: float
    ) -> dict[str, Any]:
        """POSTs rows that are encoded already; their bytes are not parsed here."""
        head = json.dumps({"writer": writer, "first": first}).encode()[:-1]
        content = head + b', "rows": [' + b",".join(line.rstrip(b"\n") for line in lines) + b"]}"
        return self._send(
            parts,
            timeout,
            data=gzip.compress(content, 1),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )

    def post_file(self, parts: tuple[str, ...], path: Path, fields: dict[str, str], timeout: float) -> dict[str, Any]:
        """POSTs a file as multipart, streamed from the disk."""
        boundary = os.urandom(16).hex()
        content = _form(_chunks(path), fields, boundary)
        return self._send(
            parts, timeout, data=content, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}
        )

    def post_content(
        self, parts: tuple[str, ...], content: bytes, fields: dict[str, str], timeout: float
    ) -> dict[str, Any]:
        """POSTs content as a file of a multipart form."""
        boundary = os.urandom(16).hex()
        return self._send(
            parts,
            timeout,
            data=b"".join(_form(iter((content,)), fields, boundary)),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )

    def healthy(self, timeout: float) -> bool:
        """Whether a tracker answers."""
        import requests

        try:
            answer = self._session.get(f"{self.base}/health", timeout=timeout)
        except requests.RequestException:
            return False
        return bool(answer.ok)

    def mean(self, run_id: str | None, writer: str, item: int | None = None) -> None:
        """Which run, and which of its items other than rows, the next requests are about, whoever bears the run's name there."""
        said = {"run": None if run_id is None else quote(run_id, safe=""), "writer": writer, "item": item}
        self._session.headers["X-Aspara-Sent"] = "; ".join(f"{k}={v}" for k, v in said.items() if v is not None)

    def _send(self, parts: tuple[str, ...], timeout: float, **options: Any) -> dict[str, Any]:
        import requests

        address = "/".join((self.base, *(quote(part, safe="") for part in parts)))
        try:
            answer = self._session.post(address, timeout=(min(timeout, 5.0), timeout), allow_redirects=False, **options)
        except requests.RequestException as error:
            raise Unreachable(f"The tracker {self.base} does not answer ({type(error).__name__}).") from None
        if answer.ok:
            try:
                found = answer.json()
            except ValueError:
                raise Unreachable(f"{self.base} answers, but is no tracker.") from None
            return found if isinstance(found, dict) else {}
        try:
            told = answer.json()
            detail = str(told.get("detail"))
        except (ValueError, AttributeError):
            told, detail = {}, f"HTTP {answer.status_code}"
        if answer.status_code in (401, 403):
            given = "Authorization" in self._session.headers
            raise Unreachable(
                f"The tracker {self.base} demands {'another' if given else 'a'} token: set ASPARA_TOKEN to the token that it "
                "printed at its start."
            )
        if answer.status_code in _RETRY or answer.is_redirect:
            raise Unreachable(f"The tracker {self.base} cannot take it now: {detail}", _seconds(answer))
        raise Rejected(detail, answer.status_code, answer.headers.get(HEADER, ""), told)


def certificates() -> str | bool:
    """What a server's certificate is checked against: the file or folder that REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE
    names, for authorities of an organization's own; else what the library trusts.
    """
    named = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    return next((path for path in named if path), True)


def tracker_base(uri: str) -> str:
    """The API's address of a tracker given by any of the forms that users write."""
    parts = urlsplit(uri if "://" in uri else f"http://{uri}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"tracker_uri={uri!r}: give an address such as http://localhost:3142.")
    path = parts.path.rstrip("/")
    if not path.endswith(BASE):
        path = path.removesuffix("/tracker") + BASE
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _seconds(answer: Any) -> float:
    """How long the answer asks to wait; an hour at most, and nothing where it names a date."""
    try:
        return min(3600.0, max(0.0, float(answer.headers.get("Retry-After", 0))))
    except ValueError:
        return 0.0


def _chunks(path: Path) -> Iterator[bytes]:
    """A quarter megabyte at a time, so that no artifact is ever held in memory."""
    with path.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk


def _form(content: Iterator[bytes], fields: dict[str, str], boundary: str) -> Iterator[bytes]:
    """A form with `fields` and a file."""
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    yield f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
    yield from content
    yield f"\r\n--{boundary}--\r\n".encode()
