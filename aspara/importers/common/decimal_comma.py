"""Numbers with a decimal comma: ``0,5``, ``-1,2e-3``, and with points between the thousands ``1.234,56``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


def is_used(cells: Iterable[str], delimiter: str) -> bool:
    """True where the cells of a table are written so.

    Where commas separate the columns, a quoted ``"1,234"`` may be a number above a thousand: something like ``"0,5"`` must be
    there too. A number with a decimal point tells against it.
    """
    found = False
    for cell in cells:
        text = cell.strip()
        if "," in text and _COMMA.fullmatch(text):
            found = found or delimiter != "," or not _THOUSANDS.fullmatch(text)
        elif "." in text and _POINT.fullmatch(text) and not re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+", text):
            return False
    return found


def plain(cell: str) -> str:
    """The number in a cell with a decimal point; any other cell as it is."""
    text = cell.strip()
    return text.replace(".", "").replace(",", ".") if "," in text and _COMMA.fullmatch(text) else cell
