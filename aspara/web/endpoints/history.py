"""Endpoints for all of a run: its history, its rows as they were logged, and the files in its folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from aspara.api.provider import LocalProvider
from aspara.catalog.files.run_files import kept_file, kept_files
from aspara.catalog.series.history import FRAME, HistoryQuery
from aspara.catalog.series.history_values import logged_rows
from aspara.storage import row_codec
from aspara.util import json_safe
from aspara.web.endpoint import Endpoint
from aspara.web.file_response import send

if TYPE_CHECKING:
    import polars

_LINES = "application/x-ndjson; charset=utf-8"
_ROWS_AT_ONCE, _VALUES_AT_ONCE, _BYTES_AT_ONCE = 2000, 100_000, 1 << 20


class _StreamedAnswer(Endpoint):
    """An answer that is produced while it is sent, so that no run is too long for it."""

    max_body = 4 << 20

    async def _stream(self, content_type: str, begin: Callable[[], Iterator[bytes]]) -> None:
        chunks = await self.read(begin)
        # A bad request fails with the first chunk: before that, an error can still be answered.
        chunk = await self.read(next, chunks, None)
        self.set_header("Content-Type", content_type)
        while chunk is not None and self.request.method != "HEAD":
            self.write(chunk)
            # Waits for a slow reader, so that one chunk at most is ahead of it.
            await self.flush()
            chunk = await self.read(next, chunks, None)
        await self.finish()


class HistoryEndpoint(_StreamedAnswer):
    """The history of a run: one row for each step."""

    async def get(self, project: str, run: str) -> None:
        """As JSON lines, or as Arrow streams with their lengths."""
        args = self.args
        query = HistoryQuery(
            keys=None if args["keys"] is None else tuple(args["keys"]),
            every=args["every"],
            x_axis=args["x_axis"],
            samples=args["samples"],
            min_step=args["min_step"],
            max_step=args["max_step"],
            stream=args["stream"],
            typed=args["typed"] or args["format"] != "arrow",
        )
        provider = LocalProvider(self.context.catalog)
        arrow = args["format"] == "arrow"

        def begin() -> Iterator[bytes]:
            return (_framed if arrow else _lines)(provider.history(project, run, query))

        await self._stream("application/octet-stream" if arrow else _LINES, begin)

    async def post(self, project: str, run: str) -> None:
        """The same with a JSON body."""
        await self.get(project, run)


def _framed(blocks: Iterator[polars.DataFrame]) -> Iterator[bytes]:
    for block in blocks:
        out = io.BytesIO()
        block.write_ipc_stream(out, compression="lz4")
        yield FRAME.pack(out.tell()) + out.getvalue()
    yield FRAME.pack(0)


def _lines(blocks: Iterator[polars.DataFrame]) -> Iterator[bytes]:
    for block in blocks:
        for part in block.iter_slices(max(1, min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // max(1, block.width)))):
            yield b"".join(
                orjson.dumps({k: _finite(v) for k, v in row.items()}, option=orjson.OPT_APPEND_NEWLINE)
                for row in logged_rows(part)
            )


def _finite(value: Any) -> Any:
    return json_safe.nonfinite_name(value) if isinstance(value, float) and value - value != 0 else value


class RowsEndpoint(_StreamedAnswer):
    """The rows of a run."""

    async def get(self, project: str, run: str) -> None:
        """As they were logged, in order of time, as JSON lines."""
        provider = LocalProvider(self.context.catalog)

        def lines() -> Iterator[bytes]:
            chunk: list[bytes] = []
            size = 0
            for time, step, metrics in provider.rows(project, run):
                chunk.append(row_codec.encode(time, step, metrics))
                size += len(chunk[-1])
                if size >= _BYTES_AT_ONCE or len(chunk) >= _ROWS_AT_ONCE:
                    yield b"".join(chunk)
                    chunk, size = [], 0
            if chunk:
                yield b"".join(chunk)

        await self._stream(_LINES, lines)


class FilesEndpoint(Endpoint):
    """The files in a run's folder."""

    async def get(self, project: str, run: str) -> None:
        """Artifacts, media, console output and code, by path; links are left out."""
        catalog = self.context.catalog

        def work() -> dict[str, Any]:
            stem = catalog.stem(project, run)
            entries = [{"name": n, "size": size} for n, size, _ in kept_files(catalog.layout.run(project, stem))]
            return {"project": project, "run": stem, "files": entries, "total": len(entries)}

        self.answer(await self.context.off_loop(work))


class FileEndpoint(Endpoint):
    """A file in a run's folder."""

    async def get(self, project: str, run: str, path: str) -> None:
        """Its content, as a download that browsers do not run."""
        catalog = self.context.catalog

        def work() -> Any:
            return kept_file(catalog.layout.run(project, catalog.stem(project, run)), path)

        await send(self, await self.context.off_loop(work), path.rpartition("/")[2])
