"""The pyramid: minimum, maximum, sum and odd ones of every 64 neighbours, of every 64 of those blocks, and so on, so that a
picture costs its pixels and not its history.

"Odd" is what no chart can draw: NaN and the infinities. They take no part in the extremes and sums, and are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

WIDTH = 64
WORTH = 1 << 15
"""Points from which a series has a pyramid, and blocks from which a level has one above it."""
_ENDS = 5


@dataclass(frozen=True)
class Level:
    """Per block of neighbours (the last may be short): least and greatest finite value (infinite where there is none), sum of
    the finite ones, and how many are odd.
    """

    lows: Floats
    highs: Floats
    sums: Floats
    odd: npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Pyramid:
    """The levels; one of `levels[k]`'s blocks is ``64 ** (k + 1)`` values."""

    levels: tuple[Level, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of memory or file."""
        return sum(part.nbytes for level in self.levels for part in vars(level).values())


def build(values: Floats, known: Pyramid | None = None, count: int = 0) -> Pyramid:
    """The pyramid of `values`. ``known`` is that of their first `count`: whole blocks of it are taken over."""
    done = count // WIDTH if known is not None else 0
    rest = values[done * WIDTH :]
    whole = len(rest) // WIDTH
    parts = [_of_square(rest[: whole * WIDTH].reshape(whole, WIDTH))]
    if known is not None:
        parts.insert(0, _cut(known.levels[0], done))
    if len(rest) > whole * WIDTH:
        parts.append(_of_square(rest[None, whole * WIDTH :]))
    return _pyramid(parts)


class PyramidBuilder:
    """The pyramid of values that come piece by piece."""

    def __init__(self) -> None:
        self._parts: list[Level] = []
        self._rest: Any = None

    def seen(self, pieces: Iterable[Any]) -> Iterator[Any]:
        """The pieces, each taken in on its way."""
        import numpy as np

        for piece in pieces:
            values = piece if self._rest is None else np.concatenate([self._rest, piece])
            whole = len(values) // WIDTH
            if whole:
                self._parts.append(_of_square(values[: whole * WIDTH].reshape(whole, WIDTH)))
            self._rest = values[whole * WIDTH :].copy()
            yield piece

    def done(self) -> Pyramid:
        """The pyramid of all that were seen; there was at least one."""
        if len(self._rest):
            self._parts.append(_of_square(self._rest[None]))
        return _pyramid(self._parts)


def _pyramid(parts: list[Level]) -> Pyramid:
    import numpy as np

    levels = [Level(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("lows", "highs", "sums", "odd")))]
    while len(levels[-1].lows) >= WORTH:
        levels.append(_above(levels[-1]))
    return Pyramid(tuple(levels))


def _cut(level: Level, count: int) -> Level:
    return Level(level.lows[:count], level.highs[:count], level.sums[:count], level.odd[:count])


def _of_square(square: Any) -> Level:
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        lows, highs, sums = square.min(axis=1), square.max(axis=1), square.sum(axis=1)
    odd = np.zeros(len(square), np.uint32)
    doubtful = np.flatnonzero(~np.isfinite(sums))
    if len(doubtful):
        some = square[doubtful]
        finite = np.isfinite(some)
        lows[doubtful] = np.where(finite, some, np.inf).min(axis=1)
        highs[doubtful] = np.where(finite, some, -np.inf).max(axis=1)
        with np.errstate(over="ignore"):
            sums[doubtful] = np.where(finite, some, 0.0).sum(axis=1)
        odd[doubtful] = some.shape[1] - finite.sum(axis=1)
    return Level(lows, highs, sums, odd)


def _above(level: Level) -> Level:
    import numpy as np

    starts = np.arange(0, len(level.lows), WIDTH)
    with np.errstate(over="ignore", invalid="ignore"):
        return Level(
            np.minimum.reduceat(level.lows, starts),
            np.maximum.reduceat(level.highs, starts),
            np.add.reduceat(level.sums, starts),
            np.add.reduceat(level.odd, starts, dtype=np.uint32),
        )


def decimate(
    values: Floats, points: int, pyramid: Pyramid | None = None, low: int = 0, high: int | None = None
) -> Integers:
    """Ascending positions of at most `points` values out of ``values[low:high]``: first and last, and of each bucket of
    neighbours the minimum, the maximum and, where it has one, something odd, so that spikes stay and gaps show. `points` below
    4 gives the ends alone. With a pyramid the cost grows with `points`, not with the range.
    """
    import numpy as np

    high = len(values) if high is None else high
    count = high - low
    if count <= points:
        return np.arange(low, high)
    if points < 4:
        return np.array([low, high - 1][: max(1, points)], np.int64)
    height, first, last = _height(pyramid, points, low, high)
    if pyramid is None or height < 0:
        return _from_values(values[low:high], points) + low
    level, width = pyramid.levels[height], WIDTH ** (height + 1)
    gaps = bool(level.odd[first:last].any())
    # What stands before and behind the whole blocks takes a few points: it is less than an eighth of a bucket.
    buckets = (points - 2) // (3 if gaps else 2) - _ENDS
    if buckets < 1:
        return _from_values(values[low:high], points) + low
    span = -(-(last - first) // buckets)
    kept = [
        np.array([low, high - 1]),
        _descend(values, pyramid, height, first + _best(level.lows[first:last], span, least=True), least=True),
        _descend(values, pyramid, height, first + _best(level.highs[first:last], span, least=False), least=False),
    ]
    for begin, end in ((low, first * width), (last * width, high)):
        if end > begin:
            kept.append(decimate(values, _ENDS, pyramid, begin, end))
    if gaps:
        kept.append(_first_odd(values, pyramid, height, first, last, span))
    found = _ascending(np.concatenate(kept))
    return found if len(found) <= points else _thinned(found, points)


def decimate_rows(rows: Sequence[Floats], points: int) -> list[Integers]:
    """The positions that :func:`decimate` gives for each of some arrays of one length, more than `points`, which is 4 or more;
    without a pyramid.
    """
    import numpy as np

    square = np.stack(rows)
    count = square.shape[1]
    finite: Any = np.isfinite(square).all(axis=1)
    width = -(-count // max(1, (points - 2) // 2))
    full = -(-count // width)
    if full * width > count:
        # The last value repeated changes no bucket's extremes.
        square = np.concatenate([square, np.repeat(square[:, -1:], full * width - count, axis=1)], axis=1)
    buckets = square.reshape(len(rows), full, width)
    lows, highs = buckets.argmin(axis=2), buckets.argmax(axis=2)
    base = np.arange(full) * width
    found = np.empty((len(rows), 2 * full + 2), np.int64)
    found[:, 0], found[:, -1] = 0, count - 1
    np.add(np.minimum(lows, highs), base, out=found[:, 1:-1:2])
    np.add(np.maximum(lows, highs), base, out=found[:, 2:-1:2])
    once = np.ones(found.shape, np.bool_)
    np.not_equal(found[:, 1:], found[:, :-1], out=once[:, 1:])
    return [
        places[kept] if whole else _from_values(row, points)
        for row, places, kept, whole in zip(rows, found, once, finite.tolist(), strict=True)
    ]


def _height(pyramid: Pyramid | None, points: int, low: int, high: int) -> tuple[int, int, int]:
    """The coarsest level that still has several blocks for each point of ``low`` to ``high``, and its whole blocks; -1: none."""
    for height in range(len(pyramid.levels) - 1 if pyramid else -1, -1, -1):
        width = WIDTH ** (height + 1)
        first, last = -(-low // width), high // width
        if last - first >= 4 * points:
            return height, first, last
    return -1, 0, 0


def _best(level: Floats, span: int, *, least: bool) -> Any:
    """The block with the extreme of each bucket of `span` blocks."""
    import numpy as np

    full = -(-len(level) // span)
    if full * span == len(level):
        padded = level
    else:
        padded = np.full(full * span, np.inf if least else -np.inf)
        padded[: len(level)] = level
    square = padded.reshape(full, span)
    inside = square.argmin(axis=1) if least else square.argmax(axis=1)
    # A bucket of nothing that can be drawn gives its first block, which is there.
    return np.arange(full) * span + inside


def _descend(values: Floats, pyramid: Pyramid, height: int, blocks: Any, *, least: bool) -> Any:
    """Where in each of the (whole) `blocks` its extreme stands."""
    import numpy as np

    inside = np.arange(WIDTH)
    for lower in range(height - 1, -1, -1):
        level = pyramid.levels[lower]
        square = (level.lows if least else level.highs)[(blocks * WIDTH)[:, None] + inside]
        blocks = blocks * WIDTH + (square.argmin(axis=1) if least else square.argmax(axis=1))
    square = values[(blocks * WIDTH)[:, None] + inside]
    square[~np.isfinite(square)] = np.inf if least else -np.inf
    return blocks * WIDTH + (square.argmin(axis=1) if least else square.argmax(axis=1))


def _first_odd(values: Floats, pyramid: Pyramid, height: int, first: int, last: int, span: int) -> Any:
    """Where the first odd value of each bucket that has one stands."""
    import numpy as np

    odd = pyramid.levels[height].odd[first:last] > 0
    full = -(-len(odd) // span)
    padded = np.zeros(full * span, np.bool_)
    padded[: len(odd)] = odd
    square = padded.reshape(full, span)
    with_odd = np.flatnonzero(square.any(axis=1))
    blocks = first + with_odd * span + square[with_odd].argmax(axis=1)
    inside = np.arange(WIDTH)
    for lower in range(height - 1, -1, -1):
        some = pyramid.levels[lower].odd[(blocks * WIDTH)[:, None] + inside] > 0
        blocks = blocks * WIDTH + some.argmax(axis=1)
    some = ~np.isfinite(values[(blocks * WIDTH)[:, None] + inside])
    return blocks * WIDTH + some.argmax(axis=1)


def _ascending(positions: Integers) -> Integers:
    import numpy as np

    found = np.sort(positions)
    once: Integers = found[np.append(True, found[1:] != found[:-1])]
    return once


def _thinned(found: Integers, points: int) -> Integers:
    import numpy as np

    # Few points and many gaps can bring a little more than was asked for: inner ones go, evenly, the ends stay.
    chosen: Integers = found[np.unique(np.linspace(0, len(found) - 1, points).round().astype(np.int64))]
    return chosen


def _from_values(values: Floats, points: int) -> Integers:
    """The same from the values themselves; the cost grows with their number."""
    import numpy as np

    count = len(values)
    odd = ~np.isfinite(values)
    gaps = bool(odd.any())
    buckets = max(1, (points - 2) // (3 if gaps else 2))
    width = -(-count // buckets)
    full = -(-count // width)
    padding = full * width - count
    # The last value repeated changes no bucket's extremes.
    square = (
        np.concatenate([values, np.repeat(values[-1], padding)]).reshape(full, width)
        if padding
        else values.reshape(full, width)
    )
    base = np.arange(full) * width
    if gaps:
        holes = ~np.isfinite(square)
        lows = np.where(holes, np.inf, square).argmin(axis=1)
        highs = np.where(holes, -np.inf, square).argmax(axis=1)
        with_hole = holes.any(axis=1)
        extra = (base + holes.argmax(axis=1))[with_hole]
    else:
        lows, highs = square.argmin(axis=1), square.argmax(axis=1)
        extra = np.empty(0, np.int64)
    kept = _ascending(np.concatenate([[0, count - 1], base + lows, base + highs, extra]))
    found: Integers = kept[kept < count]
    return found if len(found) <= points else _thinned(found, points)
