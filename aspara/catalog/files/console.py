"""Captured output of a run, read piece by piece."""

from __future__ import annotations

import codecs
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from aspara.catalog.parsing.line_reader import open_rows
from aspara.storage.layout import TURNED, RunPaths

_MOST = 1 << 20
_MARKED = 1 << 12
"""Bytes before a place by which it is known again."""


def console_part(paths: RunPaths, after: int, last: int | None, mark: int | None = None) -> dict[str, Any]:
    """Captured output from byte `after` on, or the lines within the `last` bytes; a megabyte of either at most.

    ``{"text", "start", "end", "size", "mark", "older"}``: the bytes of the file that the text is, all of its bytes, a checksum of
    what stands before ``end``, and the bytes of the file with what came before. Output that grew too long begins a new file: who
    gives the ``mark`` of where it was is told the rest of the older file first, and nothing twice. The `last` lines reach into
    the older file too. A letter that is cut at the end is left for the next time.
    """
    if paths.folder.is_symlink():
        return {**_nothing(), "older": 0}
    # In this order: what begins anew in between is found as the older one, and so no line is missed.
    with _opened(paths.console) as now, _opened(paths.older_console) as before:
        if (
            now is not None
            and before is not None
            and os.path.samestat(os.fstat(now.fileno()), os.fstat(before.fileno()))
        ):
            return {**_found(None, now, after, last, mark), "older": 0}
        return {**_found(before, now, after, last, mark), "older": _size(before)}


def _found(
    before: IO[bytes] | None, now: IO[bytes] | None, after: int, last: int | None, mark: int | None
) -> dict[str, Any]:
    size = _size(now)
    if last is not None:
        if before is not None and size < last:
            return _through(before, now, _begin(before, last - size))
        return _nothing() if now is None else _part(now, _begin(now, last))
    if mark is not None and after > 0 and not (now is not None and _stands(now, after, mark)):
        if before is not None and _stands(before, after, mark):
            return _through(before, now, after)
        after = 0
    if now is None:
        return _nothing()
    # A file that is shorter than what was read of it began anew.
    return _part(now, after if after <= size else 0)


def _nothing() -> dict[str, Any]:
    return {"text": "", "start": 0, "end": 0, "size": 0, "mark": 0}


def _part(file: IO[bytes], start: int, most: int = _MOST) -> dict[str, Any]:
    file.seek(start)
    content = file.read(most)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(content)
    end = start + len(content) - len(decoder.getstate()[0])
    return {"text": text, "start": start, "end": end, "size": _size(file), "mark": _mark(file, end)}


def _through(before: IO[bytes], now: IO[bytes] | None, start: int) -> dict[str, Any]:
    """The rest of the older file, and once there is no more of it the beginning of the present one."""
    rest = _part(before, start)
    if now is None or rest["size"] - start > _MOST:
        return rest
    now.seek(0)
    # The line that says where the beginning is says nothing to who has just read it.
    head = len(TURNED) if now.read(len(TURNED)) == TURNED else 0
    begun = _part(now, head, max(1, _MOST - (rest["end"] - start)))
    return {**begun, "text": rest["text"] + begun["text"], "start": start}


def _begin(file: IO[bytes], last: int) -> int:
    """Where the first whole line within the `last` bytes begins."""
    start = max(0, _size(file) - last)
    if start == 0:
        return 0
    file.seek(start - 1)
    # Where a line begins just there this is one byte; one that is longer than all that is wanted begins in its middle.
    line = file.readline(last + 1)
    return start + len(line) - 1 if line.endswith(b"\n") else start


def _mark(file: IO[bytes], end: int) -> int:
    start = max(0, end - _MARKED)
    file.seek(start)
    return zlib.crc32(file.read(end - start))


def _stands(file: IO[bytes], after: int, mark: int) -> bool:
    return after <= _size(file) and _mark(file, after) == mark


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes] | None]:
    try:
        file = os.fdopen(open_rows(path), "rb")
    except OSError:
        yield None
        return
    with file:
        yield file


def _size(file: IO[bytes] | None) -> int:
    return 0 if file is None else os.fstat(file.fileno()).st_size
