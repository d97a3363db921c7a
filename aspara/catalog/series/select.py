"""What answers a query: a range of a run's points, decimated so that no spike and no gap is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from aspara.catalog.columns.chunk import Chunk
from aspara.catalog.columns.column import Column
from aspara.catalog.columns.pyramid import decimate
from aspara.catalog.series import lttb
from aspara.catalog.series.bucket_stats import bucket_stats, located
from aspara.catalog.series.query import RELATIVE, STEP, TIME, Envelope, Series, SeriesQuery
from aspara.catalog.series.smoothed_chunks import smoothed_chunks

_LEAST = 4
"""Points of a stretch that still show its ends and its extremes."""


@dataclass(frozen=True)
class Piece:
    """A stretch in the order of an axis, its places there, and which part of it is meant."""

    axis: Any
    stretch: Chunk
    low: int
    high: int

    def __len__(self) -> int:
        return self.high - self.low


def pieces(
    column: Column, query: SeriesQuery, *, along: Column | None = None, began: int = 0, smoothed: bool = False
) -> list[Piece]:
    """The parts of `column` that lie in the query's range, in order of its axis. ``along`` is the metric that is the axis,
    ``began`` the moment (ms) from which relative time counts. With `smoothed` their values are smoothed as the query says.
    """
    import numpy as np

    start, end = query.start, query.end
    on_axis: list[tuple[Any, Chunk]]
    if query.x == STEP:
        on_axis = [(stretch.steps, stretch) for stretch in column.stretches()]
    elif query.x in (TIME, RELATIVE):
        on_axis = [(stretch.times, stretch) for stretch in column.by_time()]
        if query.x == RELATIVE:
            start, end = (None if at is None else began + 1000 * at for at in (start, end))
    else:
        found = None if along is None else column.along(query.x_metric or "", along)
        on_axis = [] if found is None else [(found.xs, found)]
    if smoothed and query.smoothing:
        axis_name = query.x if query.x not in (TIME, RELATIVE) else TIME
        on_axis = smoothed_chunks(column, on_axis, query.smoothing, query.smoother, axis_name)
    zero = None if not query.log else began if query.x == RELATIVE else 0
    cut = []
    for axis, stretch in on_axis:
        low = 0 if start is None else int(located(axis, start))
        high = len(axis) if end is None else int(located(axis, end, "right"))
        if zero is not None:
            low = max(low, int(located(axis, zero, "right")))
        if query.since is not None:
            if stretch.times_rise():
                low = max(low, int(np.searchsorted(stretch.times, query.since, "left")))
            else:
                kept = low + np.flatnonzero(stretch.times[low:high] >= query.since)
                xs = None if stretch.xs is None else stretch.xs[kept]
                # From here on only what is recent matters.
                axis = axis[kept]  # noqa: PLW2901
                stretch = Chunk(stretch.steps[kept], stretch.times[kept], stretch.values[kept], xs=xs)  # noqa: PLW2901
                low, high = 0, len(kept)
        if high > low:
            cut.append(Piece(axis, stretch, low, high))
    return cut


def select(column: Column, query: SeriesQuery, *, along: Column | None = None, began: int = 0) -> Series:
    """The part of `column` that answers `query` (see :func:`pieces`); cost grows with the points asked for, not with the
    history.
    """
    series = decimated(pieces(column, query, along=along, began=began), query, began)
    if not query.smoothing:
        return series
    found = pieces(column, query, along=along, began=began, smoothed=True)
    return series.with_smoothed(decimated(found, replace(query, envelope=False), began))


def decimated(found: list[Piece], query: SeriesQuery, began: int) -> Series:
    """The points of some pieces that answer `query`."""
    import numpy as np

    count = sum(map(len, found))
    envelope = None
    kept: list[tuple[Piece, Any]]
    if query.points is None or count <= query.points:
        kept = [(piece, slice(piece.low, piece.high)) for piece in found]
    else:
        if query.envelope:
            envelope = _envelope(found, query, began)
        if query.log:
            zero, most = began if query.x == RELATIVE else 0, max(1, query.points // _LEAST // len(found))
            found = [octave for piece in found for octave in _octaves(piece, zero, most)]
        most = query.points * lttb.RATIO if query.lttb else query.points
        kept = [
            (piece, decimate(piece.stretch.values, part, piece.stretch.levels(), piece.low, piece.high))
            for piece, part in _shares(found, most, even=query.log)
        ]
    if len(kept) == 1:
        parts = _at(*kept[0])
    else:
        empty = [np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)]
        each = [_at(piece, where) for piece, where in kept]
        parts = [np.concatenate(some) for some in zip(*each, strict=True)] if each else empty
    if query.lttb and query.points is not None and len(parts[2]) > query.points:
        places = np.log(parts[3] - (began if query.x == RELATIVE else 0)) if query.log else parts[3]
        chosen = lttb.choose(places, parts[2], query.points)
        parts = [part[chosen] for part in parts]
    if query.points is not None and count > query.points:
        parts = _ended(parts, found, query.points)
    return _series(parts, count, query, began, envelope)


def answered(piece: Piece, where: Any, query: SeriesQuery, began: int) -> Series:
    """The points at some positions of a stretch, ascending, as what answers a query for the whole piece."""
    return _series(_at(piece, where), len(piece), query, began)


def _at(piece: Piece, where: Any) -> list[Any]:
    stretch = piece.stretch
    steps, times = stretch.steps[where], stretch.times[where]
    axis = steps if piece.axis is stretch.steps else times if piece.axis is stretch.times else piece.axis[where]
    return [steps, times, stretch.values[where], axis]


def _series(parts: list[Any], count: int, query: SeriesQuery, began: int, envelope: Envelope | None = None) -> Series:
    steps, times, values, axis = parts
    x = None if query.x in (STEP, TIME) else (axis - began) / 1000 if query.x == RELATIVE else axis
    return Series(steps, times, values, count, x, envelope)


def _ended(parts: list[Any], found: list[Piece], points: int) -> list[Any]:
    """The points chosen, with the first and the last of the range, and no more than were asked for: several pieces and very few
    points can bring one too many, or leave out an end.
    """
    import numpy as np

    for end, (piece, at) in enumerate(((found[0], found[0].low), (found[-1], found[-1].high - 1))):
        if len(parts[3]) and parts[3][-end] == piece.axis[at]:
            continue
        one = [piece.stretch.steps[at], piece.stretch.times[at], piece.stretch.values[at], piece.axis[at]]
        parts = [
            np.concatenate([part, [value]] if end else [[value], part]) for value, part in zip(one, parts, strict=True)
        ]
    if len(parts[3]) > points:
        kept = np.unique(np.linspace(0, len(parts[3]) - 1, points).round().astype(np.int64))
        parts = [part[kept] for part in parts]
    return parts


def _shares(found: list[Piece], points: int, *, even: bool) -> Iterator[tuple[Piece, int]]:
    """Each piece with its part of the points: as many for each value, or with `even` as many for each piece."""
    if not even:
        left, share = points, sum(map(len, found))
        for piece in found:
            # The last one has what is left.
            part = max(1, left * len(piece) // share) if len(piece) < share else left
            yield piece, part
            left, share = left - part, share - len(piece)
        return
    # What a short piece does not need goes to the longer ones.
    parts: dict[int, int] = {}
    left = points
    for done, piece in enumerate(sorted(found, key=len)):
        parts[id(piece)] = min(len(piece), left // (len(found) - done))
        left -= parts[id(piece)]
    for piece in found:
        if parts[id(piece)]:
            yield piece, parts[id(piece)]


def _octaves(piece: Piece, zero: float, most: int) -> list[Piece]:
    """The piece cut where its distance from `zero` doubles: within one, neighbours are about as dense on a logarithmic axis. Into
    at most so many parts, of several doublings each where need be.
    """
    import numpy as np

    first, last = (float(piece.axis[at]) - zero for at in (piece.low, piece.high - 1))
    count = max(1, int(np.ceil(np.log2(last) - np.log2(first))))
    edges = zero + first * 2.0 ** np.arange(-(-count // most), count, -(-count // most))
    cuts = [piece.low, *(piece.low + located(piece.axis[piece.low : piece.high], edges)).tolist(), piece.high]
    return [Piece(piece.axis, piece.stretch, a, b) for a, b in pairwise(cuts) if b > a]


def _envelope(found: list[Piece], query: SeriesQuery, began: int) -> Envelope:
    """Buckets of equally many neighbours, or of equal width on a logarithmic axis; half as many as points."""
    import numpy as np

    buckets = max(1, (query.points or 1) // 2)
    zero = began if query.x == RELATIVE else 0
    edges = None
    if query.log:
        first, last = float(found[0].axis[found[0].low]) - zero, float(found[-1].axis[found[-1].high - 1]) - zero
        edges = zero + np.geomspace(first, max(last, first), buckets + 1)[1:-1]
    each: list[Envelope] = []
    for piece, part in _shares(found, buckets, even=False):
        values = piece.stretch.values
        if edges is not None:
            inner = piece.low + located(piece.axis[piece.low : piece.high], edges)
            bounds = np.unique(np.concatenate([[piece.low], inner, [piece.high]]))
        else:
            bounds = np.unique(np.linspace(piece.low, piece.high, part + 1).round().astype(np.int64))
        of = bucket_stats(values, bounds, piece.stretch.levels())
        begin, end = piece.axis[bounds[:-1]], piece.axis[bounds[1:] - 1]
        if query.x == RELATIVE:
            begin, end = (begin - began) / 1000, (end - began) / 1000
        none = of.finite == 0
        low, high = np.where(none, np.nan, of.low), np.where(none, np.nan, of.high)
        first_values, last_values = values[bounds[:-1]], values[bounds[1:] - 1]
        each.append(Envelope(begin, end, first_values, last_values, low, high, of.mean(), np.diff(bounds), of.odd))
    if len(each) == 1:
        return each[0]
    return Envelope(*(np.concatenate([getattr(e, name) for e in each]) for name in Envelope.__dataclass_fields__))
