"""A series as one line of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], columns: int = 32) -> str:
    """The values' trend in one line: each column is the mean of its share, a blank where no finite value is."""
    if not values:
        return ""
    columns = min(columns, len(values))
    means: list[float | None] = []
    for column in range(columns):
        share = values[column * len(values) // columns : (column + 1) * len(values) // columns]
        finite = [v for v in share if math.isfinite(v)]
        means.append(math.fsum(v / len(finite) for v in finite) if finite else None)
    known = [m for m in means if m is not None]
    if not known:
        return " " * columns
    low, high = min(known), max(known)
    return "".join(
        " " if m is None else _BLOCKS[level(m, low, high, len(_BLOCKS)) if high > low else (len(_BLOCKS) - 1) // 2]
        for m in means
    )


def level(value: float, low: float, high: float, levels: int) -> int:
    """Which of `levels` equal shares of low..high holds `value`; the middle one when there is no range."""
    # Halved first: the distance of two floats near the largest would overflow.
    span = high / 2 - low / 2
    if not span > 0:
        return levels // 2
    return min(levels - 1, max(0, int((value / 2 - low / 2) / span * levels)))
