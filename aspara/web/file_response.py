"""Sending files that programs made: foreign content, which no browser may run."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote

from aspara import names
from aspara.errors import ArtifactNotFound, UsageError
from aspara.util import os_compat
from aspara.web.endpoint import Endpoint

_CHUNK = 1 << 18
_SANDBOX = "sandbox; default-src 'none'"


def attachment(name: str) -> str:
    """A Content-Disposition that any name survives (RFC 6266): an ASCII stand-in beside the real name."""
    return f"attachment; filename=\"{names.slug(name)}\"; filename*=UTF-8''{quote(name, safe='')}"


async def send(endpoint: Endpoint, path: Path, name: str, kind: str = "application/octet-stream") -> None:
    """Answers with the content of `path`, as a download called `name`; of a file that grows, what was there at the start."""
    try:
        descriptor = os_compat.open_file(path, os.O_RDONLY)
    except OSError:
        raise ArtifactNotFound(f"{name[:128]!r} went away, or cannot be read.") from None
    with os.fdopen(descriptor, "rb") as file:
        left = os.fstat(descriptor).st_size
        endpoint.set_header("Content-Type", kind)
        endpoint.set_header("Content-Security-Policy", _SANDBOX)
        endpoint.set_header("Content-Disposition", attachment(name))
        endpoint.set_header("Content-Length", str(left))
        endpoint.clear_header("Content-Encoding")
        while left and (chunk := await endpoint.context.off_loop(file.read, min(_CHUNK, left))):
            left -= len(chunk)
            endpoint.write(chunk)
            await endpoint.flush()
    await endpoint.finish()


def check_zip(endpoint: Endpoint, what: str, size: int) -> None:
    """Raises UsageError where so many bytes of `what` are more than one download may have."""
    if size > endpoint.context.max_zip:
        raise UsageError(
            f"The {what} have {size} bytes, more than the {endpoint.context.max_zip} of ASPARA_MAX_ZIP_SIZE. "
            "Download them one by one."
        )


async def send_zip(endpoint: Endpoint, name: str, entries: list[tuple[str, Any]]) -> None:
    """Answers with the files `entries` (name within, path) as a ZIP called `name`, made while it is sent."""
    endpoint.set_header("Content-Type", "application/zip")
    endpoint.set_header("Content-Disposition", attachment(name))
    chunks = _zipped(entries)
    while (chunk := await endpoint.context.off_loop(next, chunks, None)) is not None:
        endpoint.write(chunk)
        await endpoint.flush()
    await endpoint.finish()


class _Sink:
    """A file that only takes: what the ZIP writer wrote since the last look."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, content: bytes) -> int:
        self._parts.append(bytes(content))
        self._size += len(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is buffered."""

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zipped(entries: list[tuple[str, Any]]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for name, path in entries:
            try:
                file = open(os_compat.open_file(path, os.O_RDONLY), "rb")  # noqa: SIM115  closed below
            except OSError:
                continue  # it went away since it was listed
            with file, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
                while content := file.read(_CHUNK):
                    target.write(content)
                    if taken := sink.take():
                        yield taken
    yield sink.take()
