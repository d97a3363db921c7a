"""Points in bounded memory: what a chart can show of a series of any length, and how it travels to a page.

Points travel as little-endian float64 in one buffer, metric by metric: timestamps, then steps, then values. The message beside
it says which ``metrics`` these are, the ``counts`` of points sent, and the ``totals`` of those logged since the run began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from struct import error, pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aspara.types import Block, Row

Floats = NDArray[np.float64]
Columns = tuple[Floats, Floats, Floats]
"""Timestamps, steps and values."""
Packed = tuple[dict[str, list[Any]], bytes]
"""What a message says of its buffer, and the buffer."""

LIMIT = 2000
"""Points that are kept of a series whatever its length; between thinnings there are up to twice as many."""
SHORT = 30
"""A line of fewer points shows them as dots."""
DELTA_POINTS = 400
"""Points of one metric that one delta carries at most: ten deltas a second fill a chart's pixels many times over."""


class PointBuffer:
    """The points of one metric, ordered by step, in columns of float64.

    Past twice `LIMIT` it thins itself by ranges of equal width on the step axis, so that the beginning of a long run stays
    as fine as its end, and no spike is lost.
    """

    def __init__(self) -> None:
        self._columns = np.empty((3, 256))
        self._length = 0
        self._sorted = True

    def extend(self, times: Floats, steps: Floats, values: Floats) -> None:
        """Adds points at the end; late steps find their place on reading."""
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

    def columns(self, points: int | None = None) -> Columns:
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


class RunPointBuffers:
    """The points of one run, by metric.

    What is new is only laid aside, as it travels: a training that is interrupted ten times a second is slowed less by a few
    copies than by sorting and thinning, whose code and tables the processor would have to fetch anew each time.
    """

    def __init__(self) -> None:
        self._metrics: dict[str, PointBuffer] = {}
        self._totals: dict[str, int] = {}
        self._aside: list[_Pack] = []
        self._aside_rows = 0

    def load(self, series: Mapping[str, Columns], totals: Mapping[str, int] | None = None) -> None:
        """Takes points from before; ``totals`` are those that there were, if these are fewer."""
        for name, found in series.items():
            self._metrics.setdefault(name, PointBuffer()).extend(*found)
            self._count(name, len(found[2]) if totals is None else totals[name])

    def take(self, blocks: Sequence[Block]) -> Packed:
        """Takes new rows; gives what is to be sent of them, at most `DELTA_POINTS` a metric. Texts and media are left out."""
        packs = [made for block in _merged(blocks) for made in _packs(block)]
        if not packs:
            return _head([], [], []), b""
        self._aside += packs
        for names, count, _ in packs:
            self._aside_rows += count
            for name in names:
                self._count(name, count)
        sent = packs
        told = [name for names, _, _ in packs for name in names]
        if len(set(told)) < len(told) or max(count for _, count, _ in packs) > DELTA_POINTS:
            sent = _thinned(packs)
        if self._aside_rows > LIMIT:
            self._settle()
        told = [name for all_of, _, _ in sent for name in all_of]
        counts = [count for all_of, count, _ in sent for _ in all_of]
        return _head(told, counts, self._totals_of(told)), b"".join(data for _, _, data in sent)

    def columns(self, points: int) -> dict[str, Columns]:
        """The points of each metric, at most so many, copied."""
        self._settle()
        found = {name: held.columns(points) for name, held in sorted(self._metrics.items())}
        return {name: (t.copy(), s.copy(), v.copy()) for name, (t, s, v) in found.items()}

    def packed(self) -> Packed:
        """All of them, at most `LIMIT` a metric."""
        self._settle()
        names = sorted(self._metrics)
        held = [self._metrics[name] for name in names]
        for points in held:
            points.thin(LIMIT)
        data = b"".join(points.packed() for points in held)
        return _head(names, [len(points) for points in held], self._totals_of(names)), data

    def _count(self, name: str, more: int) -> None:
        self._totals[name] = self._totals.get(name, 0) + more

    def _totals_of(self, names: Iterable[str]) -> list[int]:
        return [self._totals[name] for name in names]

    def _settle(self) -> None:
        """Puts what was laid aside in its place."""
        for names, packs in groupby(self._aside, key=itemgetter(0)):
            columns = np.concatenate([_unpacked(found) for found in packs], axis=2)
            for name, (times, steps, values) in zip(names, columns, strict=True):
                self._metrics.setdefault(name, PointBuffer()).extend(times, steps, values)
        self._aside, self._aside_rows = [], 0


_Pack = tuple[tuple[str, ...], int, bytes]
"""Metrics, how many points each has, and their columns."""


def blocks_of(rows: Iterable[Row]) -> list[Block]:
    """Rows as blocks, those of the same metrics together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[2]), []).append(row)
    found = []
    for names, alike in groups.items():
        times, steps, values = zip(*alike, strict=True)
        found.append(Block(names, times, steps, [[one[name] for one in values] for name in names]))
    return found


def _head(names: list[str], counts: list[int], totals: list[int]) -> dict[str, list[Any]]:
    return {"metrics": names, "counts": counts, "totals": totals}


def _merged(blocks: Sequence[Block]) -> Sequence[Block]:
    """The blocks, those of the same metrics in one."""
    if len(blocks) < 2:
        return blocks
    groups: dict[tuple[str, ...], list[Block]] = {}
    for block in blocks:
        groups.setdefault(tuple(block.names), []).append(block)
    return [
        Block(
            names,
            [at for block in alike for at in block.times],
            [step for block in alike for step in block.steps],
            [[value for block in alike for value in block.columns[i]] for i in range(len(names))],
        )
        for names, alike in groups.items()
    ]


def _packs(block: Block) -> list[_Pack]:
    """A block as it travels: the columns of numbers together, each that has something else among them by itself."""
    count = len(block.steps)
    form = f"<{count}d"
    head = pack(form, *block.times) + pack(form, *block.steps)
    names: list[str] = []
    parts: list[bytes] = []
    mixed: list[_Pack] = []
    for name, column in zip(block.names, block.columns, strict=True):
        try:
            parts += (head, pack(form, *column))
            names.append(name)
        except (error, OverflowError):
            kept = [
                (at, step, n)
                for at, step, v in zip(block.times, block.steps, column, strict=True)
                if (n := number(v)) is not None
            ]
            if kept:
                data = b"".join(pack(f"<{len(kept)}d", *numbers) for numbers in zip(*kept, strict=True))
                mixed.append(((name,), len(kept), data))
    return [(tuple(names), count, b"".join(parts)), *mixed] if names else mixed


def _unpacked(found: _Pack) -> NDArray[np.float64]:
    """Metric, column, point."""
    names, count, data = found
    return np.frombuffer(data, "<f8").reshape(len(names), 3, count)


def _thinned(packs: Iterable[_Pack]) -> list[_Pack]:
    """The same, each metric once and with at most `DELTA_POINTS`."""
    found: dict[str, PointBuffer] = {}
    for each in packs:
        for name, columns in zip(each[0], _unpacked(each), strict=True):
            found.setdefault(name, PointBuffer()).extend(*columns)
    thinned = [(name, held.packed(DELTA_POINTS)) for name, held in found.items()]
    return [((name,), len(data) // 24, data) for name, data in thinned]


def dots(values: Floats) -> NDArray[np.bool_]:
    """Which points show as dots: all finite ones of a short line, else those between two that are not finite."""
    finite = np.isfinite(values)
    if finite.sum() < SHORT:
        return finite
    beside = np.concatenate([[False], finite, [False]])
    lone: NDArray[np.bool_] = finite & ~beside[:-2] & ~beside[2:]
    return lone


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
    found: NDArray[np.intp] = np.unique(np.concatenate(kept))
    return found


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
