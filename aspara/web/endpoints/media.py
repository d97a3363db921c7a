"""Endpoints for what is kept beside the numbers: media, and the captured output.

Whatever a program logged is foreign content. Pictures, sounds and films are shown; a page is served for a frame of its own
only, where it has no origin and no network; everything else is a download.
"""

from __future__ import annotations

import os
import re
from typing import Any

from aspara.catalog.files.media import MediaQuery
from aspara.catalog.files.table_pages import TableQuery
from aspara.catalog.filters.expression import parse
from aspara.errors import UsageError
from aspara.web.endpoint import LONGEST_WAIT, Endpoint
from aspara.web.file_response import attachment

_CHUNK = 1 << 18
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "svg": "image/svg+xml",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "md": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
}
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# A page may run its own scripts, in an origin that nobody shares, and may ask no host for anything.
_PAGE = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; media-src data: blob:; font-src data:; frame-ancestors 'self'; form-action 'none'; base-uri 'none'"
)


class MediaEndpoint(Endpoint):
    """Media of a run."""

    async def get(self, project: str, run: str) -> None:
        """Values in order of step; or what there is by metric, with `shape=keys`."""
        shape = self.text_query("shape") or "values"
        if shape not in ("values", "keys"):
            raise UsageError(f"shape={shape[:40]!r}: choose values or keys.")
        wait = self.float_query("wait")
        if shape == "keys":
            keys, share = await self._find(project, run, None, wait)
            self.answer({"project": project, "run": run, "keys": keys, "complete": share >= 1, "progress": share})
            return
        limit = self.int_query("limit", 1000, low=1, high=10_000) or 1000
        offset = self.int_query("offset", 0) or 0
        query = MediaQuery(
            metrics=self.list_query("metrics"),
            kinds=self.list_query("type"),
            key=self.text_query("key"),
            start=self.int_query("from"),
            end=self.int_query("to"),
            steps=self.int_query("steps", low=1, high=10_000),
        )
        found, share = await self._find(project, run, query, wait)
        self.answer(
            {
                "project": project,
                "run": run,
                "media": found[offset : offset + limit],
                "total": len(found),
                "limit": limit,
                "offset": offset,
                "complete": share >= 1,
                "progress": share,
            }
        )

    async def _find(
        self, project: str, run: str, query: MediaQuery | None, wait: float | None
    ) -> tuple[list[dict[str, Any]], float]:
        """What was asked for, and the share of the run's files that was read for it."""
        catalog = self.service.catalog
        if wait is not None:
            return await self.service.off_loop(
                catalog.media_soon, project, run, query, min(max(0.0, wait), LONGEST_WAIT)
            )
        if query is None:
            return await self.service.off_loop(catalog.media_keys, project, run), 1.0
        return await self.service.off_loop(catalog.media, project, run, query), 1.0


class MediaFileEndpoint(Endpoint):
    """The content of a media value."""

    async def get(self, project: str, run: str, name: str) -> None:
        """A file, or the part of it that the Range header asks for (players seek so)."""
        path = await self.service.off_loop(self.service.catalog.media_path, project, run, name)
        ending = path.suffix[1:].lower()
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            self.set_header("Content-Type", _TYPES.get(ending, "application/octet-stream"))
            self.set_header("Content-Security-Policy", _PAGE if ending == "html" else _SANDBOX)
            self.set_header("Accept-Ranges", "bytes")
            # The name is the content's fingerprint: what was fetched once stays right for ever.
            self.set_header("Cache-Control", "private, max-age=31536000, immutable")
            if ending not in _TYPES or self.text_query("download"):
                self.set_header("Content-Disposition", attachment(name))
            wanted = _range(self.request.headers.get("Range"), size)
            if wanted is not None:
                start, end = wanted
                if start >= size:
                    self.set_status(416)
                    self.set_header("Content-Range", f"bytes */{size}")
                    await self.finish()
                    return
                self.set_status(206)
                self.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            else:
                start, end = 0, size
            self.set_header("Content-Length", str(end - start))
            self.clear_header("Content-Encoding")
            file.seek(start)
            left = end - start
            while left and (chunk := await self.service.off_loop(file.read, min(_CHUNK, left))):
                left -= len(chunk)
                self.write(chunk)
                await self.flush()
        await self.finish()


class MediaRowsEndpoint(Endpoint):
    """A table's rows."""

    async def get(self, project: str, run: str, name: str) -> None:
        """A page of them, whether the table is kept as JSON or as Parquet; found and sorted before that."""
        if not name.endswith((".json", ".parquet")):
            raise UsageError(f"{name[:80]!r} is no table.")
        where = self.text_query("filter")
        query = TableQuery(
            offset=self.int_query("offset", 0) or 0,
            limit=self.int_query("limit", 100, low=1, high=1000) or 100,
            sort=self.text_query("sort") or None,
            search=(self.text_query("search") or "").strip() or None,
            where=parse(where) if where and where.strip() else None,
            width=self.int_query("width", low=1, high=1 << 20),
        )
        self.answer(await self.service.off_loop(self.service.catalog.media_rows, project, run, name, query))


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, end) of a request for one part; None for the whole, also where the header is not understood."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if len(first) > 18 or len(last) > 18:
        return None
    if not first:
        return max(0, size - int(last)), size
    start, end = int(first), min(size, int(last) + 1) if last else size
    return None if last and int(last) < start else (start, end)
