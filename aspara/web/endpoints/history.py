"""Endpoints for the whole of a run: its history, its rows as they were logged, and the files in its folder."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from aspara.api.provider import LocalProvider
from aspara.catalog.files.run_files import kept_file, kept_files
from aspara.catalog.series.history import FRAME, HistoryQuery
from aspara.errors import UsageError
from aspara.storage import row_codec
from aspara.util import json_safe
from aspara.web.endpoint import Endpoint, whole
from aspara.web.file_response import send

if TYPE_CHECKING:
    import polars

_FORMATS = ("jsonl", "arrow")
_LINES = "application/x-ndjson; charset=utf-8"
_ROWS_AT_ONCE, _VALUES_AT_ONCE, _BYTES_AT_ONCE = 2000, 100_000, 1 << 20
_FIELDS = ("keys", "every", "x_axis", "samples", "min_step", "max_step", "stream")
_MOST = 1 << 53


class _Streamed(Endpoint):
    """An answer made while it is sent, so that no run is too long for it."""

    max_body = 4 << 20

    async def _stream(self, kind: str, begin: Callable[[], Iterator[bytes]]) -> None:
        parts = await self.service.off_loop(begin)
        # What is wrong with the question shows with the first part: before that, an error can still be answered.
        part = await self.service.off_loop(next, parts, None)
        self.set_header("Content-Type", kind)
        while part is not None and self.request.method != "HEAD":
            self.write(part)
            # Waits for a slow reader: what is made ahead of it is one part.
            await self.flush()
            part = await self.service.off_loop(next, parts, None)
        await self.finish()


class HistoryEndpoint(_Streamed):
    """The history of a run: a row for each step."""

    async def get(self, project: str, run: str) -> None:
        """As JSON lines, or as framed Arrow streams."""
        given: dict[str, Any] = {"keys": self.list_query("keys"), "format": self.text_query("format")}
        for name in ("x_axis", "stream"):
            given[name] = self.text_query(name)
        given["every"] = self.text_query("every") in ("1", "true")
        for name, low in (("samples", 1), ("min_step", -_MOST), ("max_step", -_MOST)):
            text = self.text_query(name)
            given[name] = None if not text else whole(name, text, low, _MOST)
        await self._answer(project, run, given)

    async def post(self, project: str, run: str) -> None:
        """The same with a JSON body, for many names, and for names with commas."""
        body = self.json_body()
        unknown = sorted(set(body) - {*_FIELDS, "format"})
        if unknown:
            raise UsageError(f"{unknown[0][:40]!r} is not known here; {', '.join(_FIELDS)} and format are.")
        await self._answer(project, run, body)

    async def _answer(self, project: str, run: str, given: dict[str, Any]) -> None:
        form = given.get("format") or "jsonl"
        if form not in _FORMATS:
            raise UsageError(f"format={str(form)[:40]!r}: choose {' or '.join(_FORMATS)}.")
        query = _query(given)
        library = LocalProvider(self.service.catalog)

        def begin() -> Iterator[bytes]:
            return (_framed if form == "arrow" else _lines)(library.history(project, run, query))

        await self._stream("application/octet-stream" if form == "arrow" else _LINES, begin)


def _query(given: dict[str, Any]) -> HistoryQuery:
    keys = given.get("keys")
    if keys is not None and (not isinstance(keys, list | tuple) or not all(isinstance(k, str) for k in keys)):
        raise UsageError("keys is a list of metric names.")
    x_axis = given.get("x_axis") or "_step"
    if not isinstance(x_axis, str):
        raise UsageError("x_axis is _step, _timestamp, _runtime or the name of a metric.")
    return HistoryQuery(
        keys=None if keys is None else tuple(keys),
        every=given.get("every") is True,
        x_axis=x_axis,
        samples=given.get("samples"),
        min_step=given.get("min_step"),
        max_step=given.get("max_step"),
        stream=given.get("stream") or "program",
    )


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
                orjson.dumps({k: _plain(v) for k, v in row.items() if v is not None}, option=orjson.OPT_APPEND_NEWLINE)
                for row in part.iter_rows(named=True)
            )


def _plain(value: Any) -> Any:
    return json_safe.nonfinite_name(value) if isinstance(value, float) and value - value != 0 else value


class RowsEndpoint(_Streamed):
    """The rows of a run."""

    async def get(self, project: str, run: str) -> None:
        """As they were logged, in order of time, as JSON lines."""
        library = LocalProvider(self.service.catalog)

        def lines() -> Iterator[bytes]:
            held: list[bytes] = []
            size = 0
            for time, step, metrics in library.rows(project, run):
                held.append(row_codec.encode(time, step, metrics))
                size += len(held[-1])
                if size >= _BYTES_AT_ONCE or len(held) >= _ROWS_AT_ONCE:
                    yield b"".join(held)
                    held, size = [], 0
            if held:
                yield b"".join(held)

        await self._stream(_LINES, lines)


class FilesEndpoint(Endpoint):
    """The files in a run's folder."""

    async def get(self, project: str, run: str) -> None:
        """Artifacts, media, console and code, by their paths; links are not listed."""
        catalog = self.service.catalog

        def work() -> dict[str, Any]:
            stem = catalog.stem(project, run)
            found = [{"name": n, "size": size} for n, size, _ in kept_files(catalog.layout.run(project, stem))]
            return {"project": project, "run": stem, "files": found, "total": len(found)}

        self.answer(await self.service.off_loop(work))


class FileEndpoint(Endpoint):
    """One of them."""

    async def get(self, project: str, run: str, path: str) -> None:
        """Its content, as a download that no browser runs."""
        catalog = self.service.catalog

        def work() -> Any:
            return kept_file(catalog.layout.run(project, catalog.stem(project, run)), path)

        await send(self, await self.service.off_loop(work), path.rpartition("/")[2])
