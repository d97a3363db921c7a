"""CSV: a header, then a line for each row; an empty cell is a value that was not logged; NaN, inf and -inf by name."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

from aspara.exporters.selection import ExportSelection

if TYPE_CHECKING:
    import polars

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def write(selection: ExportSelection, file: IO[bytes], *, raw: bool = False) -> int:
    """Writes the rows as UTF-8 and returns how many there are.

    Texts and metric names that a spreadsheet would run as a formula get an apostrophe in front, numbers never; with `raw` they
    stay as they are.
    """
    count, first = 0, True
    for frame in selection.frames():
        # Through Python's file: polars would write past it, and call a reader that has gone by a name of its own.
        text = io.BytesIO()
        (frame if raw else _without_formulas(frame)).write_csv(text, include_header=first)
        file.write(text.getbuffer())
        count, first = count + len(frame), False
    return count


def _without_formulas(frame: polars.DataFrame) -> polars.DataFrame:
    import polars as pl

    cells = [
        pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r]") & pl.col(name).cast(pl.Float64, strict=False).is_null())
        .then("'" + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.String
    ]
    names = {name: f"'{name}" for name in frame.columns if name.startswith(_FORMULA)}
    return frame.with_columns(cells).rename(names)
