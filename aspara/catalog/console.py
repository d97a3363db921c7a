"""Captured output of a run, read piece by piece."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path
from typing import IO, Any

from aspara.catalog.reader import open_rows
from aspara.storage.layout import RunPaths

_MOST = 1 << 20


def console_part(paths: RunPaths, after: int, last: int | None) -> dict[str, Any]:
    """Captured output from byte `after` on, or the lines within the `last` bytes; a megabyte of either at most.

    ``{"text", "start", "end", "size", "older"}``: the bytes of the file that the text is, all of its bytes, and those of the
    file with what came before it. A letter that is cut at the end is left for the next time.
    """
    try:
        if paths.folder.is_symlink():
            raise FileNotFoundError
        with os.fdopen(open_rows(paths.console), "rb") as file:
            return {**_part(file, after, last), "older": _size(paths.older_console)}
    except OSError:
        return {"text": "", "start": 0, "end": 0, "size": 0, "older": 0}


def _part(file: IO[bytes], after: int, last: int | None) -> dict[str, Any]:
    size = file.seek(0, os.SEEK_END)
    # A file that is shorter than what was read of it began anew.
    start = after if 0 <= after <= size else 0
    if last is not None:
        start = max(0, size - last)
        if start > 0:
            file.seek(start - 1)
            # Where a line begins just there this is one byte; one that is longer than all that is wanted begins in its middle.
            before = file.readline(last + 1)
            start += len(before) - 1 if before.endswith(b"\n") else 0
    file.seek(start)
    content = file.read(_MOST)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(content)
    return {"text": text, "start": start, "end": start + len(content) - len(decoder.getstate()[0]), "size": size}


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
