"""Points in bounded memory: what a chart can show of a series of any length."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LIMIT = 2000
"""Points that are kept of a series whatever its length; between thinnings there are up to twice as many."""


class Points:
    """The points of one metric, ordered by step, in columns of float64.

    Past twice `LIMIT` it thins itself by ranges of equal width on the step axis, so that the beginning of a long run stays
    as fine as its end, and no spike is lost.
    """

    def __init__(self) -> None:
        self._columns = np.empty((3, 256))
        self._length = 0
        self._sorted = True
        self.count = 0
        """Points that there were, those thinned away included."""

    def extend(self, times: Floats, steps: Floats, values: Floats) -> None:
        """Adds points at the end; late steps find their place on reading."""
        self.count += len(values)
        if len(values) > LIMIT:
            order = slice(None) if _ascending(steps) else np.argsort(steps, kind="stable")
            times, steps, values = times[order], steps[order], values[order]
            kept = extremes(steps, values, LIMIT)
            times, steps, values = times[kept], steps[kept], values[kept]
        if len(values) == 0:
            return
        if self._length + len(values) > 2 * LIMIT:
            self.thin(LIMIT)
        self._reserve(self._length + len(values))
        end = self._length + len(values)
        previous = self._columns[1, self._length - 1] if self._length else -np.inf
        self._sorted = self._sorted and bool(steps[0] >= previous) and _ascending(steps)
        self._columns[:, self._length : end] = times, steps, values
        self._length = end

    def thin(self, points: int) -> None:
        """Leaves at most `points`."""
        times, steps, values = self.columns()
        if self._length > points:
            kept = extremes(steps, values, points)
            self._columns[:, : len(kept)] = times[kept], steps[kept], values[kept]
            self._length = len(kept)

    def columns(self, points: int | None = None) -> tuple[Floats, Floats, Floats]:
        """Timestamps in ms, steps and values, ordered by step; at most `points` of each if given."""
        if not self._sorted:
            order = np.argsort(self._columns[1, : self._length], kind="stable")
            self._columns[:, : self._length] = self._columns[:, : self._length][:, order]
            self._sorted = True
        times, steps, values = self._columns[:, : self._length]
        if points is not None and self._length > points:
            kept = extremes(steps, values, points)
            times, steps, values = times[kept], steps[kept], values[kept]
        return times, steps, values

    def packed(self, points: int | None = None) -> bytes:
        """The columns as they travel: little-endian float64, timestamps, then steps, then values."""
        return np.concatenate(self.columns(points)).astype("<f8", copy=False).tobytes()

    def __len__(self) -> int:
        return self._length

    def _reserve(self, size: int) -> None:
        if size > self._columns.shape[1]:
            grown = np.empty((3, min(2 * LIMIT, max(size, 2 * self._columns.shape[1]))))
            grown[:, : self._length] = self._columns[:, : self._length]
            self._columns = grown


def extremes(x: Floats, values: Floats, points: int) -> NDArray[np.intp]:
    """Ascending positions of at most `points` values: the ends, and of each range of equal width on `x` (ascending) the
    minimum, the maximum and the first NaN.
    """
    count = len(values)
    if count <= points:
        return np.arange(count)
    holes = np.isnan(values)
    any_holes = bool(holes.any())
    buckets = max(1, (points - 2) // (3 if any_holes else 2))
    width = float(x[-1] - x[0])
    place = (
        np.minimum(((x - x[0]) * (buckets / width)).astype(np.intp), buckets - 1)
        if 0 < width < np.inf
        else np.arange(count) * buckets // count
    )
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    sizes = np.diff(starts, append=count)
    low = np.where(holes, np.inf, values) if any_holes else values
    high = np.where(holes, -np.inf, values) if any_holes else values
    kept = [
        np.array([0, count - 1]),
        _first(low == np.repeat(np.minimum.reduceat(low, starts), sizes), place),
        _first(high == np.repeat(np.maximum.reduceat(high, starts), sizes), place),
    ]
    if any_holes:
        kept.append(_first(holes, place))
    return np.unique(np.concatenate(kept))


def _first(chosen: NDArray[np.bool_], place: NDArray[np.intp]) -> NDArray[np.intp]:
    at = np.flatnonzero(chosen)
    first: NDArray[np.intp] = at[np.flatnonzero(np.diff(place[at], prepend=-1))]
    return first


def _ascending(steps: Floats) -> bool:
    return len(steps) < 2 or bool((steps[1:] >= steps[:-1]).all())


def number(value: Any) -> float | None:
    """A logged value as a number; None for a text or a reference to media."""
    if isinstance(value, str):
        return _NAMED.get(value)
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return None


_NAMED = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
