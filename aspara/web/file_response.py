"""Sending files that programs made: foreign content, which no browser may run."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from aspara import names
from aspara.errors import ArtifactNotFound
from aspara.web.endpoint import Endpoint

_CHUNK = 1 << 18
_SANDBOX = "sandbox; default-src 'none'"


def attachment(name: str) -> str:
    """A Content-Disposition that any name survives (RFC 6266): an ASCII stand-in beside the real name."""
    return f"attachment; filename=\"{names.slug(name)}\"; filename*=UTF-8''{quote(name, safe='')}"


async def send(endpoint: Endpoint, path: Path, name: str, kind: str = "application/octet-stream") -> None:
    """Answers with the content of `path`, as a download called `name`; of a file that grows, what was there at the start."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        raise ArtifactNotFound(f"{name[:128]!r} went away, or cannot be read.") from None
    with os.fdopen(descriptor, "rb") as file:
        left = os.fstat(descriptor).st_size
        endpoint.set_header("Content-Type", kind)
        endpoint.set_header("Content-Security-Policy", _SANDBOX)
        endpoint.set_header("Content-Disposition", attachment(name))
        endpoint.set_header("Content-Length", str(left))
        endpoint.clear_header("Content-Encoding")
        while left and (chunk := await endpoint.service.off_loop(file.read, min(_CHUNK, left))):
            left -= len(chunk)
            endpoint.write(chunk)
            await endpoint.flush()
    await endpoint.finish()
