"""A preview of a run that is still being read: some rows from all over its files, within milliseconds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aspara.catalog.index.points import RunPoints
from aspara.catalog.parsing.line_reader import Problems, Tail, open_rows, parse
from aspara.storage import row_codec
from aspara.storage.layout import RunPaths
from aspara.util import os_compat

PLACES = 600
_PIECE = 8 << 10
_MOST = 16 << 20


@dataclass(frozen=True)
class Preview:
    """Some of a run's rows: `points` holds them, `share` says how much of the files they are (0 to 1)."""

    points: RunPoints
    share: float


def preview_of(paths: RunPaths, places: int = PLACES) -> Preview | None:
    """A preview of the run's row files, out of about so many places spread evenly over them, the first row and the last ones
    included. None where places in the middle cannot be understood alone: rows without steps are numbered by their order. It
    leaves out the archive.
    """
    points = RunPoints()
    files = [(path, size) for path in paths.row_files() if (size := _size(path))]
    whole = sum(size for _, size in files)
    seen = 0
    for path, size in files:
        try:
            descriptor = open_rows(path)
        except OSError:
            continue
        try:
            found = _read_places(path, descriptor, size, max(2, places * size // whole), points)
        finally:
            os.close(descriptor)
        if found is None:
            return None
        seen += found
    return Preview(points, min(1.0, seen / whole)) if points.rows else None


def _read_places(path: Path, descriptor: int, size: int, places: int, points: RunPoints) -> int | None:
    """Adds the rows of so many places to `points`; how many bytes they had, or None for rows without steps."""
    piece = _PIECE
    begin = os_compat.pread(descriptor, piece, 0)
    while b"\n" not in begin and len(begin) == piece and piece <= row_codec.MAX_LINE:
        piece *= 2
        begin = os_compat.pread(descriptor, piece, 0)
    first = begin.partition(b"\n")[0]
    try:
        if row_codec.decode(first)[1] is None:
            return None
    except row_codec.Malformed:
        pass  # the first line tells nothing; the others may
    # A place holds two lines at least, so that one of them is whole.
    piece = max(piece, 2 * len(first) + 2)
    # At most a quarter of the file: more would cost as much as reading it.
    places = max(2, min(places, _MOST // piece, size // (4 * piece)))
    tail, problems = Tail(path, 0), Problems()
    seen = 0
    for n in range(places):
        at = max(0, size - piece) * n // (places - 1)
        part = os_compat.pread(descriptor, piece, at)
        start = 0 if at == 0 else part.find(b"\n") + 1
        end = part.rfind(b"\n") + 1
        if end > start and (at == 0 or start):
            batch = parse(part[start:end], tail, problems)
            if batch:
                points.add(batch)
            seen += end - start
    return seen


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
