"""Endpoints for media: values, files, rows of tables.

What a program logged is foreign content. Images, audio and video are shown; HTML is served for a frame of its own only, where it
has no origin and no network; everything else is a download.
"""

from __future__ import annotations

import os
import re
from typing import Any

from aspara.catalog.files.media import MediaQuery
from aspara.catalog.files.table_pages import TableQuery
from aspara.catalog.filters.expression import parse
from aspara.errors import UsageError
from aspara.util import os_compat
from aspara.web.endpoint import Endpoint
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
        """Values in order of step; with `shape=keys`, what there is by metric."""
        args = self.args
        if args["shape"] == "keys":
            keys, share = await self._find(project, run, None)
            self.answer({"project": project, "run": run, "keys": keys, "complete": share >= 1, "progress": share})
            return
        query = MediaQuery(
            metrics=args["metrics"],
            kinds=args["type"],
            key=args["key"],
            start=args["from"],
            end=args["to"],
            steps=args["steps"],
        )
        values, share = await self._find(project, run, query)
        self.answer(
            {
                "project": project,
                "run": run,
                "media": values[args["offset"] : args["offset"] + args["limit"]],
                "total": len(values),
                "limit": args["limit"],
                "offset": args["offset"],
                "complete": share >= 1,
                "progress": share,
            }
        )

    async def _find(self, project: str, run: str, query: MediaQuery | None) -> tuple[list[dict[str, Any]], float]:
        """The values (without a query: what there is by metric), and the share of the run's files that was read for them."""
        catalog = self.context.catalog
        if self.args["wait"] is not None:
            return await self.read(catalog.media_soon, project, run, query, self.args["wait"])
        if query is None:
            return await self.read(catalog.media_keys, project, run), 1.0
        return await self.read(catalog.media, project, run, query), 1.0


class MediaFileEndpoint(Endpoint):
    """The content of a media value."""

    async def get(self, project: str, run: str, name: str) -> None:
        """The file, or the part of it that a Range header asks for, as players do when they seek."""
        path = await self.context.off_loop(self.context.catalog.media_path, project, run, name)
        ending = path.suffix[1:].lower()
        descriptor = os_compat.open_file(path, os.O_RDONLY)
        with os.fdopen(descriptor, "rb") as file:
            size = os.fstat(descriptor).st_size
            self.set_header("Content-Type", _TYPES.get(ending, "application/octet-stream"))
            self.set_header("Content-Security-Policy", _PAGE if ending == "html" else _SANDBOX)
            self.set_header("Accept-Ranges", "bytes")
            # The name is the content's checksum, so a copy stays valid for ever.
            self.set_header("Cache-Control", "private, max-age=31536000, immutable")
            if ending not in _TYPES or self.args["download"]:
                self.set_header("Content-Disposition", attachment(name))
            requested = _range(self.request.headers.get("Range"), size)
            if requested is not None:
                start, end = requested
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
            while left and (chunk := await self.context.off_loop(file.read, min(_CHUNK, left))):
                left -= len(chunk)
                self.write(chunk)
                await self.flush()
        await self.finish()


class MediaRowsEndpoint(Endpoint):
    """A table's rows."""

    async def get(self, project: str, run: str, name: str) -> None:
        """A page of the rows that match, sorted; of tables in JSON and in Parquet."""
        if not name.endswith((".json", ".parquet")):
            raise UsageError(f"{name[:80]!r} is not a table.")
        args = self.args
        query = TableQuery(
            offset=args["offset"],
            limit=args["limit"],
            sort=args["sort"],
            search=args["search"],
            where=parse(args["filter"]) if args["filter"] else None,
            width=args["width"],
        )
        self.answer(await self.read(self.context.catalog.media_rows, project, run, name, query))


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, end) of a request for one part; None for the whole file, also if the header is not understood."""
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
