"""CSV: a header, then a line for each row; an empty cell is a value that was not logged; NaN, inf and -inf by name."""

from __future__ import annotations

import io
from typing import IO

from aspara.exporters.selection import ExportSelection


def write(selection: ExportSelection, file: IO[bytes]) -> int:
    """Writes the rows as UTF-8."""
    count, first = 0, True
    for frame in selection.frames():
        # Through Python's file: polars would write past it, and call a reader that has gone by a name of its own.
        text = io.BytesIO()
        frame.write_csv(text, include_header=first)
        file.write(text.getbuffer())
        count, first = count + len(frame), False
    return count
