"""CSV: a header, then a line for each row; an empty cell is a value that was not logged; NaN, inf and -inf by name."""

from __future__ import annotations

from typing import IO

from aspara.exporters.selection import Selection


def write(selection: Selection, file: IO[bytes]) -> int:
    """Writes the rows as UTF-8."""
    count, first = 0, True
    for frame in selection.frames():
        frame.write_csv(file, include_header=first)
        count, first = count + len(frame), False
    return count
