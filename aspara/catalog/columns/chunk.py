"""Points in order that never change: arrays in memory or mapped from a file, with what is known of them."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aspara.catalog.columns.pyramid import WORTH, Pyramid, build

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]


@dataclass
class Chunk:
    """Points in order of step, then time, then arrival; never changed. The arrays may be mapped from a file."""

    steps: Integers
    times: Integers
    values: Floats
    rising: bool | None = None
    """Whether the times never fall; None: not looked at yet."""
    pyramid: Pyramid | None = None
    facts: ChunkStats | None = None
    home: tuple[mmap.mmap, ...] = ()
    """What the arrays are mapped from."""
    begun: tuple[Pyramid, int] | None = None
    """The pyramid of so many first values, from which that of all is made."""
    xs: Floats | None = None
    """Where the points stand on an axis that is another metric; they are in its order then."""

    def __len__(self) -> int:
        return len(self.values)

    def times_rise(self) -> bool:
        """True when the order by step is one by time, too."""
        if self.rising is None:
            self.rising = not bool((self.times[1:] < self.times[:-1]).any())
        return self.rising

    def levels(self) -> Pyramid | None:
        """The pyramid, for a series that is long enough to need one."""
        if self.pyramid is None and len(self.values) >= WORTH:
            self.pyramid = build(self.values, *(self.begun or ()))
            self.begun = None
        return self.pyramid

    @property
    def mapped(self) -> bool:
        """True where the arrays lie in a file, not in memory."""
        return bool(self.home)

    def release(self) -> None:
        """Lets go of the memory that looking at a mapped stretch has taken; its points stay where they are."""
        for content in self.home:
            release(content)

    @property
    def nbytes(self) -> int:
        """Bytes of memory held; what is mapped from a file is not."""
        arrays = sum(a.nbytes for a in (self.steps, self.times, self.values, self.xs) if a is not None)
        return 0 if self.mapped else arrays + (self.pyramid.nbytes if self.pyramid is not None else 0)

    def known(self) -> ChunkStats:
        """Least, greatest, sum and count, found once."""
        if self.facts is None:
            self.facts = ChunkStats.of(self)
        return self.facts


@dataclass(frozen=True)
class DerivedChunk:
    """The points of `source` with other values, made from those: the bytes of memory they take, and what whoever made them needs
    to know for the points behind them.
    """

    source: Chunk
    chunk: Chunk
    nbytes: int
    state: tuple[float, ...]


@dataclass(frozen=True)
class ChunkStats:
    """What the statistics of a stretch are made of. ``low`` and ``high`` are (value, step), None where all is NaN."""

    low: tuple[float, int] | None
    high: tuple[float, int] | None
    total: float
    finite: int

    @staticmethod
    def of(stretch: Chunk) -> ChunkStats:
        """The facts of one stretch."""
        import numpy as np

        values, steps = stretch.values, stretch.steps
        if not len(values):
            return ChunkStats(None, None, 0.0, 0)
        low, high = float(values.min()), float(values.max())
        if np.isfinite(low) and np.isfinite(high):
            return ChunkStats(
                (low, int(steps[values.argmin()])),
                (high, int(steps[values.argmax()])),
                _sum(values),
                len(values),
            )
        finite = values[np.isfinite(values)]
        if np.isnan(values).all():
            return ChunkStats(None, None, 0.0, 0)
        at_low, at_high = int(np.nanargmin(values)), int(np.nanargmax(values))
        return ChunkStats(
            (float(values[at_low]), int(steps[at_low])),
            (float(values[at_high]), int(steps[at_high])),
            _sum(finite),
            len(finite),
        )

    def with_later(self, other: ChunkStats) -> ChunkStats:
        """The facts of both; of equal extremes the earlier stands."""
        low = min((x for x in (self.low, other.low) if x), key=lambda x: x[0], default=None)
        high = max((x for x in (self.high, other.high) if x), key=lambda x: x[0], default=None)
        return ChunkStats(low, high, self.total + other.total, self.finite + other.finite)


def _sum(values: Floats) -> float:
    import numpy as np

    # Numbers near the largest: what their sum is then is nobody's error to be told of.
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.sum())


def nothing() -> Chunk:
    """No points."""
    import numpy as np

    return Chunk(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), True)


def release(content: mmap.mmap) -> None:
    """Lets go of the memory that looking at a mapped file has taken."""
    if hasattr(content, "madvise"):  # not on every system
        content.madvise(mmap.MADV_DONTNEED)


def is_late(before: Chunk, after: Chunk) -> bool:
    """True if some of `after` belongs among the points of `before`."""
    return (int(after.steps[0]), int(after.times[0])) < (int(before.steps[-1]), int(before.times[-1]))
