"""Statistics of stretches of neighbours: what a band around a line, or the mean of a group of runs, is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aspara.catalog.columns.pyramid import WIDTH, Pyramid

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

_FAR = 1 << 62
"""Beyond every step and moment."""


@dataclass
class BucketStats:
    """Per span: least and greatest finite value (infinite where there is none), sum and count of the finite ones, and how many
    are not finite.
    """

    low: Floats
    high: Floats
    total: Floats
    finite: Integers
    odd: Integers

    @classmethod
    def empty(cls, count: int) -> BucketStats:
        """`count` spans with nothing in them."""
        import numpy as np

        none = (np.zeros(count, np.int64) for _ in range(2))
        return cls(np.full(count, np.inf), np.full(count, -np.inf), np.zeros(count), *none)

    def mean(self) -> Floats:
        """The mean of each span; NaN where there is nothing finite."""
        import numpy as np

        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(self.finite > 0, self.total / self.finite, np.nan)
        return found

    def add(self, other: BucketStats) -> None:
        """Takes in further values of the same spans."""
        import numpy as np

        np.minimum(self.low, other.low, out=self.low)
        np.maximum(self.high, other.high, out=self.high)
        self.total += other.total
        self.finite += other.finite
        self.odd += other.odd


def located(axis: Any, at: Any, side: Literal["left", "right"] = "left") -> Any:
    """Where numbers belong in an ascending axis: before (``left``) or behind its equals. The cost grows with the numbers: an axis
    of integers is not made one of floats, as ``numpy.searchsorted`` would for numbers with a fraction.
    """
    import numpy as np

    if axis.dtype.kind == "i":
        at = np.clip(np.ceil(at) if side == "left" else np.floor(at), -_FAR, _FAR).astype(np.int64)
    return np.searchsorted(axis, at, side)


def bucket_stats(values: Floats, bounds: Integers, pyramid: Pyramid | None = None) -> BucketStats:
    """The statistics of ``values[bounds[i]:bounds[i + 1]]`` for each i. With a pyramid the cost grows with the number of spans."""
    import numpy as np

    begins, ends = bounds[:-1], bounds[1:]
    if pyramid is None or bounds[-1] - bounds[0] < 4 * WIDTH * len(begins):
        return _gathered(values[bounds[0] : bounds[-1]], begins - bounds[0], ends - bounds[0])
    first, last = -(-begins // WIDTH), ends // WIDTH
    wide = last > first
    first, last = np.where(wide, first, 0), np.where(wide, last, 0)
    head_end = np.where(wide, first * WIDTH, ends)
    tail_begin = np.where(wide, last * WIDTH, ends)
    found = _picked(values, begins, head_end)
    found.add(_picked(values, tail_begin, ends))
    found.add(_of_blocks(pyramid, first, last))
    return found


def _picked(values: Floats, begins: Any, ends: Any) -> BucketStats:
    """Spans that lie apart: only what they hold is touched."""
    import numpy as np

    sizes = ends - begins
    stops = np.cumsum(sizes)
    starts = stops - sizes
    where = np.repeat(begins - starts, sizes) + np.arange(int(stops[-1]))
    return _gathered(values[where], starts, stops)


def _gathered(values: Floats, begins: Any, ends: Any) -> BucketStats:
    """Spans that follow one another without a gap."""
    import numpy as np

    count = len(begins)
    low, high, total = np.full(count, np.inf), np.full(count, -np.inf), np.zeros(count)
    odd = np.zeros(count, np.int64)
    there = np.flatnonzero(ends > begins)
    if len(there):
        starts = begins[there]
        finite = np.isfinite(values)
        lows = highs = sums = values
        if not finite.all():
            lows, highs, sums = (np.where(finite, values, other) for other in (np.inf, -np.inf, 0.0))
            odd[there] = np.add.reduceat(~finite, starts, dtype=np.int64)
        low[there], high[there] = np.minimum.reduceat(lows, starts), np.maximum.reduceat(highs, starts)
        with np.errstate(over="ignore"):
            total[there] = np.add.reduceat(sums, starts)
    return BucketStats(low, high, total, (ends - begins) - odd, odd)


def _of_blocks(pyramid: Pyramid, first: Any, last: Any) -> BucketStats:
    """Whole blocks of the lowest level, ``first`` to ``last`` for each span (equal: none)."""
    import numpy as np

    level = pyramid.levels[0]
    found = BucketStats.empty(len(first))
    there = np.flatnonzero(last > first)
    if not len(there):
        return found
    begin, end = int(first[there[0]]), int(last[there[-1]])
    # reduceat goes from one index to the next: every second result is what lies between two spans, and is left out.
    marks = np.empty(2 * len(there), np.int64)
    marks[::2], marks[1::2] = first[there] - begin, last[there] - begin

    def reduced(how: Any, part: Any, **options: Any) -> Any:
        padded = np.append(part[begin:end], part[:1])  # the last mark may stand behind the end
        with np.errstate(over="ignore", invalid="ignore"):
            return how.reduceat(padded, marks, **options)[::2]

    found.low[there] = reduced(np.minimum, level.lows)
    found.high[there] = reduced(np.maximum, level.highs)
    found.total[there] = reduced(np.add, level.sums)
    if level.odd[begin:end].any():
        found.odd[there] = reduced(np.add, level.odd, dtype=np.int64)
    found.finite[there] = (last[there] - first[there]) * WIDTH - found.odd[there]
    return found
