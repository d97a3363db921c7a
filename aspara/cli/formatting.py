"""Text for a terminal: tables, times, numbers. Whatever users named is shown as data, never obeyed."""

from __future__ import annotations

import json
import math
import sys
import time
import unicodedata
from collections.abc import Sequence
from typing import Any

from aspara.cli.ascii_output import takes_unicode
from aspara.util.durations import duration
from aspara.util.json_safe import named


def clean(value: object) -> str:
    """`value` on one line, with control characters made visible: a run's name must not steer the terminal."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == " " else _visible(c) for c in text)


def _visible(character: str) -> str:
    if character in "\n\t\r":
        return " "
    return "\N{REPLACEMENT CHARACTER}"


def width(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, columns: int) -> str:
    """`text`, shortened to `columns` with an ellipsis where it is longer."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def table(titles: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> str:
    """Columns under their titles; those in `right` are numbers and end at the same place."""
    cells = [[cut(clean(value), 60) for value in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(titles, *cells, strict=True)]
    lines = []
    for row in [list(titles), *cells]:
        padded = [
            " " * (w - width(c)) + c if i in right else c + " " * (w - width(c))
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def number(value: object) -> str:
    """A value as people read it: four significant digits, whole numbers whole; anything else as it is."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return clean(value)
    if isinstance(value, int) or not math.isfinite(value):
        return str(value)
    return f"{value:.4g}"


def ago(milliseconds: int | None) -> str:
    """How long ago that was: ``5 min ago``."""
    if milliseconds is None:
        return "-"
    passed = time.time() * 1000 - milliseconds
    return "now" if passed < 1000 else f"{duration(passed // 1000 * 1000)} ago"


def moment(milliseconds: int | None) -> str:
    """The local date and time."""
    if milliseconds is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def size(count: int) -> str:
    """Bytes in a fitting unit: ``3.4 MB``."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def as_json(content: Any) -> str:
    """`content` as indented JSON; numbers that JSON does not have are written as their names."""
    return json.dumps(named(content), indent=2, ensure_ascii=not takes_unicode(), default=str)


def print_json(content: Any) -> None:
    """Prints `content` as JSON: for people with an indent, for a program on one line, which costs a language model less."""
    if sys.stdout.isatty():
        print(as_json(content))
    else:
        print(json.dumps(named(content), ensure_ascii=not takes_unicode(), default=str))
