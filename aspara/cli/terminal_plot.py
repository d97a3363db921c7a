"""Charts made of characters: a line of braille dots with its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aspara.util.sparkline import level, sparkline

__all__ = ["chart", "sparkline"]

# The bits of a braille character's dots, by column and row.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


def chart(
    steps: Sequence[float],
    values: Sequence[float],
    *,
    columns: int = 60,
    rows: int = 8,
    axis: str = "step",
    log: bool = False,
    ends: tuple[str, str] | None = None,
) -> str:
    """The series as a line of braille dots, with the range of values on the left and of steps below, `columns` wide in all.

    Non-finite values are gaps, and so are those at or below zero with `log`. A point without neighbours is a block. `ends` are
    the words for the first and last place on the axis. Empty text when there is nothing to draw.
    """
    heights = [_height(value, log=log) for value in values]
    points = [(x, y) for x, y in zip(steps, heights, strict=True) if y is not None]
    if not points:
        return ""
    low, high = min(y for _, y in points), max(y for _, y in points)
    first, last = points[0][0], points[-1][0]
    labels = _labels(low, high, rows, log=log)
    margin = max(map(len, labels))
    width = max(4, columns - margin - 2)
    grid = [[0] * width for _ in range(rows)]
    before: tuple[int, int] | None = None
    for position, (x, y) in enumerate(zip(steps, heights, strict=True)):
        if y is None:
            before = None
            continue
        here = level(x, first, last, width * 2), rows * 4 - 1 - level(y, low, high, rows * 4)
        if before is None and (position + 1 == len(heights) or heights[position + 1] is None):
            grid[here[1] // 4][here[0] // 2] = 0xFF
        for column, row in _line(before or here, here):
            grid[row // 4][column // 2] |= _DOTS[column % 2][row % 4]
        before = here
    lines = [
        f"{label:>{margin}} ┤" + "".join(chr(0x2800 + bits) for bits in row)
        for label, row in zip(labels, grid, strict=True)
    ]
    left, right = ends or (f"{first:g}", f"{last:g}")
    for shown in (f"{axis} {right}", right, ""):  # a narrow chart has no room for all of them
        if len(left) + len(shown) < width or not shown:
            lines.append(" " * (margin + 2) + left + shown.rjust(width - len(left)))
            break
    return "\n".join(lines)


def _height(value: float, *, log: bool) -> float | None:
    if not math.isfinite(value) or (log and value <= 0):
        return None
    return math.log10(value) if log else value


def _labels(low: float, high: float, rows: int, *, log: bool) -> list[str]:
    """The values at the top, in the middle and at the bottom; a single one in the middle where there is no range."""

    def word(height: float) -> str:
        return f"{10**height if log else height:.4g}"

    labels = [""] * rows
    if not high > low:
        labels[(rows * 4 - 1 - rows * 2) // 4] = word(low)  # where its line is drawn
        return labels
    labels[-1], labels[0] = word(low), word(high)
    if rows >= 7:
        share = 1 - (rows // 2 + 0.5) / rows
        labels[rows // 2] = word(low * (1 - share) + high * share)
    return labels


def _line(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """The dots between two dots, both included."""
    (x0, y0), (x1, y1) = start, end
    count = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(round(x0 + (x1 - x0) * i / count), round(y0 + (y1 - y0) * i / count)) for i in range(count + 1)]
