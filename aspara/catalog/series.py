"""Series for charts: a range of a run's points, decimated so that no spike and no gap is lost."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from aspara.catalog import lttb
from aspara.catalog.columns import Column
from aspara.catalog.pyramid import decimate
from aspara.catalog.spans import located, spans
from aspara.catalog.stretch import Stretch
from aspara.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]


_LEAST = 4
"""Points of a stretch that still show its ends and its extremes."""
STEP, TIME, RELATIVE, METRIC = "step", "time", "relative", "metric:"
"""The axes: steps, moments (ms), seconds since the run began, and ``metric:NAME``, the values of another metric."""


@dataclass(frozen=True)
class SeriesQuery:
    """Which points: metric names or globs (None: all), not before ``since`` (ms), ``start`` to ``end`` on the axis ``x``
    (both inclusive), at most ``points`` a series (None: all).

    ``wait`` is how many seconds the answer may take before it tells of runs that are still being read coarsely (None: all is
    read first). With ``log`` the points are spread evenly over a logarithmic axis, which has no place for those at or below zero. ``lttb``
    chooses them for the prettiest line instead of keeping every extreme; ``envelope`` adds the extremes and means of buckets.
    """

    metrics: tuple[str, ...] | None = None
    since: int | None = None
    x: str = STEP
    start: float | None = None
    end: float | None = None
    points: int | None = None
    log: bool = False
    lttb: bool = False
    envelope: bool = False
    wait: float | None = None

    def __post_init__(self) -> None:
        if self.x not in (STEP, TIME, RELATIVE) and not (self.x.startswith(METRIC) and self.x != METRIC):
            raise UsageError(f"x={self.x[:40]!r}: choose step, time, relative or metric:NAME.")
        if self.log and self.x == TIME:
            raise UsageError("scale=log has no meaning for x=time; x=relative counts from the run's beginning.")

    @property
    def x_metric(self) -> str | None:
        """The metric that is the axis."""
        return self.x[len(METRIC) :] if self.x.startswith(METRIC) else None

    def wanted(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the query asks for, sorted."""
        if self.metrics is None:
            return sorted(names)
        names = list(names)
        exact = set(self.metrics)
        globs = [pattern for pattern in self.metrics if any(c in pattern for c in "*?[")]
        return sorted(n for n in names if n in exact or any(fnmatch.fnmatchcase(n, g) for g in globs))


@dataclass(frozen=True)
class Envelope:
    """Of each bucket of neighbours: where it begins and ends on the axis, its first, last, least and greatest value and mean
    (of what is finite; NaN where nothing is), how many values it has and how many of them are not finite.
    """

    begin: Any
    end: Any
    first: Floats
    last: Floats
    low: Floats
    high: Floats
    mean: Floats
    count: Integers
    odd: Integers

    def json(self) -> dict[str, Any]:
        """The API's shape; NaN becomes null in JSON."""
        return {
            "from": self.begin,
            "to": self.end,
            "first": self.first,
            "last": self.last,
            "min": self.low,
            "max": self.high,
            "mean": self.mean,
            "count": self.count,
            "nonfinite": self.odd,
        }


@dataclass(frozen=True)
class Series:
    """The points of one metric of one run that answer a query. ``count`` is how many there were before decimation; ``x`` is
    where they stand on an axis that is neither step nor time.
    """

    steps: Integers
    timestamps: Integers
    values: Floats
    count: int
    x: Floats | None = None
    envelope: Envelope | None = None

    @property
    def raw(self) -> bool:
        """True when every point of the range is here."""
        return self.count == len(self.values)

    def json(self) -> dict[str, Any]:
        """The API's shape, arrays left as arrays for the codec; non-finite values become null beside their positions."""
        import numpy as np

        found = self.plain()
        if not np.isfinite(self.values).all():
            odd = {
                "nan": np.flatnonzero(np.isnan(self.values)),
                "inf": np.flatnonzero(np.isposinf(self.values)),
                "-inf": np.flatnonzero(np.isneginf(self.values)),
            }
            found["nonfinite"] = {name: where.tolist() for name, where in odd.items() if len(where)}
        return found

    def plain(self) -> dict[str, Any]:
        """The same with arrays as they are, non-finite values included: for msgpack."""
        found: dict[str, Any] = {
            "steps": self.steps,
            "values": self.values,
            "timestamps": self.timestamps,
            "raw": self.raw,
            "count": self.count,
        }
        if self.x is not None:
            found["x"] = self.x
        if self.envelope is not None:
            found["envelope"] = self.envelope.json()
        return found


@dataclass(frozen=True)
class Piece:
    """A stretch in the order of an axis, its places there, and which part of it is meant."""

    axis: Any
    stretch: Stretch
    low: int
    high: int

    def __len__(self) -> int:
        return self.high - self.low


def pieces(column: Column, query: SeriesQuery, *, along: Column | None = None, began: int = 0) -> list[Piece]:
    """The parts of `column` that lie in the query's range, in order of its axis. ``along`` is the metric that is the axis,
    ``began`` the moment (ms) from which relative time counts.
    """
    import numpy as np

    start, end = query.start, query.end
    on_axis: list[tuple[Any, Stretch]]
    if query.x == STEP:
        on_axis = [(stretch.steps, stretch) for stretch in column.stretches()]
    elif query.x in (TIME, RELATIVE):
        on_axis = [(stretch.times, stretch) for stretch in column.by_time()]
        if query.x == RELATIVE:
            start, end = (None if at is None else began + 1000 * at for at in (start, end))
    else:
        found = None if along is None else column.along(query.x_metric or "", along)
        on_axis = [] if found is None else [(found.xs, found)]
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
                stretch = Stretch(stretch.steps[kept], stretch.times[kept], stretch.values[kept], xs=xs)  # noqa: PLW2901
                low, high = 0, len(kept)
        if high > low:
            cut.append(Piece(axis, stretch, low, high))
    return cut


def select(column: Column, query: SeriesQuery, *, along: Column | None = None, began: int = 0) -> Series:
    """The part of `column` that answers `query` (see :func:`pieces`); cost grows with the points asked for, not with the
    history.
    """
    import numpy as np

    found = pieces(column, query, along=along, began=began)
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
        of = spans(values, bounds, piece.stretch.levels())
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


@dataclass
class MetricsAnswer:
    """What a chart asked for: metric → run → series, runs that do not exist, and the cursor that a stream goes on from."""

    project: str
    metrics: dict[str, dict[str, Series]] = field(default_factory=dict)
    missing: Sequence[str] = ()
    cursor: str = ""
    complete: bool = True
    """False while some of the runs are still being read: then they are told of coarsely."""
    progress: float = 1.0
    """The share of their files that is read."""

    def json(self) -> dict[str, Any]:
        """The API's shape; arrays are numpy arrays (a codec with numpy support, or ``json_bytes``)."""
        return self._shape({m: {r: s.json() for r, s in runs.items()} for m, runs in self.metrics.items()})

    def json_bytes(self) -> bytes:
        """The answer as JSON."""
        import orjson

        return orjson.dumps(self.json(), option=orjson.OPT_SERIALIZE_NUMPY)

    def msgpack_bytes(self) -> bytes:
        """The answer as msgpack; float64 values, non-finite ones as they are."""
        import ormsgpack

        plain = {m: {r: s.plain() for r, s in runs.items()} for m, runs in self.metrics.items()}
        return ormsgpack.packb(self._shape(plain), option=ormsgpack.OPT_SERIALIZE_NUMPY)

    def _shape(self, metrics: dict[str, Any]) -> dict[str, Any]:
        return {
            "project": self.project,
            "metrics": metrics,
            "missing": list(self.missing),
            "complete": self.complete,
            "progress": round(self.progress, 3),
            "cursor": self.cursor,
        }
