"""Groups of runs that have a field in common (``config.lr``), and what their runs do together: mean, spread and extremes of each
metric over the runs of a group, on one x grid, out of all their points.

The grid is every x at which one of the runs has a point where those are few enough, else buckets of equal width (on a
logarithmic axis: of equal ratio). A run counts in a bucket with the mean of its finite values there. Between two of its own
buckets a run without a point counts with the value of a straight line; before its first and after its last it does not count.
The least and greatest value of a bucket are those of all its points, so no spike vanishes. A bucket of few places at one of which
each of its runs has a point stands there, with the values of the runs there: no step is shown at which nobody logged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aspara.catalog.filters import mongo
from aspara.catalog.series.bucket_stats import BucketStats, bucket_stats, located
from aspara.catalog.series.query import RELATIVE, STEP
from aspara.catalog.series.select import Piece

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_CANDIDATES = 4
_FEW = 8
"""Points of a run up to which its bucket is shown by one of them; more are summed up."""


@dataclass(frozen=True)
class Group:
    """Runs (by stem) for which the fields have these values."""

    key: str
    values: list[Any]
    runs: list[str]


def grouped(records: Sequence[mongo.Record], by: Sequence[str]) -> list[Group]:
    """The runs of `records` (list items of the API) in groups by the values of the fields `by`; in order of those values."""
    import orjson

    found: dict[str, Group] = {}
    for record in records:
        values = [mongo.value_of(record, name) for name in by]
        key = ", ".join(
            f"{name}={value if isinstance(value, str) else orjson.dumps(value).decode()}"
            for name, value in zip(by, values, strict=True)
        )
        found.setdefault(key, Group(key, values, [])).runs.append(str(record["run"]))
    return sorted(found.values(), key=lambda group: [_rank(value) for value in group.values])


def _rank(value: Any) -> tuple[int, Any]:
    # Numbers, then texts, then the rest, then what is missing.
    if isinstance(value, bool | int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, "") if value is None else (2, str(value))


@dataclass(frozen=True)
class Member:
    """A run's part in a statistic: its pieces in the range, and where its relative time begins (ms)."""

    group: str
    pieces: list[Piece]
    began: int = 0


@dataclass(frozen=True)
class GroupStatistics:
    """One metric of one group at each place of the grid that some run of the group reaches. ``runs`` says how many do."""

    x: Floats
    mean: Floats
    std: Floats
    low: Floats
    high: Floats
    runs: Any
    smoothed: Floats | None = None
    """The mean of the runs' smoothed values."""

    def json(self) -> dict[str, Any]:
        """The API's shape. ``std`` is the sample's, ``sem`` the standard error of the mean; NaN (null in JSON) for one run."""
        import numpy as np

        return {
            "x": self.x,
            "mean": self.mean,
            "std": self.std,
            "sem": self.std / np.sqrt(self.runs),
            "min": self.low,
            "max": self.high,
            "runs": self.runs,
            **({} if self.smoothed is None else {"smoothed": self.smoothed}),
        }


@dataclass(frozen=True)
class Grid:
    """Where the buckets begin (a place per bucket and the end of the last), and the x that each is shown at."""

    edges: Any
    places: Any
    exact: bool


def statistics(
    members: Sequence[Member], *, x: str, points: int, log: bool = False
) -> tuple[dict[str, GroupStatistics], bool]:
    """The statistics of each group over its `members`, and whether the grid has every x there is."""
    members = [member for member in members if member.pieces]
    if not members:
        return {}, True
    grid = _grid(members, x, points, log=log)
    bounds: dict[tuple[int, int, int, int], Any] = {}

    def bounds_of(member: Member, piece: Piece) -> Any:
        # Metrics that were logged together share their axis, and so do the bounds of their buckets.
        key = (id(piece.axis), piece.low, piece.high, member.began)
        if key not in bounds:
            edges = member.began + 1000 * grid.edges if x == RELATIVE else grid.edges
            bounds[key] = piece.low + located(piece.axis[piece.low : piece.high], edges)
        return bounds[key]

    wholes = []
    for member in members:
        whole = BucketStats.empty(len(grid.places))
        for piece in member.pieces:
            whole.add(bucket_stats(piece.stretch.values, bounds_of(member, piece), piece.stretch.levels()))
        wholes.append(whole)
    places, values = grid.places, [whole.mean() for whole in wholes]
    if not grid.exact:
        places = _shared_places(members, wholes, values, places, bounds_of, relative=x == RELATIVE)
    rows: dict[str, list[tuple[Floats, Floats, Floats]]] = {}
    for member, whole, mean in zip(members, wholes, values, strict=True):
        rows.setdefault(member.group, []).append(_row(whole, mean, places))
    return {group: found for group, each in rows.items() if (found := _over(each, places)) is not None}, grid.exact


def _shared_places(
    members: Sequence[Member],
    wholes: Sequence[BucketStats],
    means: Sequence[Floats],
    places: Any,
    bounds_of: Callable[[Member, Piece], Any],
    *,
    relative: bool,
) -> Any:
    """The places, moved to where all runs of a bucket of few points have one; there ``means`` become the values at that place."""
    import numpy as np

    def origin(member: Member) -> int:
        return member.began if relative else 0

    shown = np.full(len(places), np.nan)
    counts = np.zeros(len(places), np.int64)
    longest = max(members, key=lambda member: sum(map(len, member.pieces)))
    for piece in longest.pieces:
        bounds = bounds_of(longest, piece)
        there = np.flatnonzero(np.diff(bounds))
        middles = (bounds[:-1] + bounds[1:] - 1) // 2
        if piece is longest.pieces[0] and len(there):
            middles[there[0]] = bounds[there[0]]
        if piece is longest.pieces[-1] and len(there):
            middles[there[-1]] = bounds[there[-1] + 1] - 1
        shown[there] = piece.axis[middles[there]] - origin(longest)
        counts += np.diff(bounds)
    shared = np.isfinite(shown) & (counts <= _FEW)
    candidates = np.flatnonzero(shared)
    found = []
    for member, whole in zip(members, wholes, strict=True):
        value, matches = np.full(len(places), np.nan), np.zeros(len(places), np.int64)
        for piece in member.pieces:
            # The axis as it is: of a long run a copy would cost more than all else.
            axis, wanted = piece.axis[piece.low : piece.high], shown[candidates] + origin(member)
            first, last = (np.searchsorted(axis, wanted, side) for side in ("left", "right"))
            once = last - first == 1
            value[candidates[once]] = piece.stretch.values[piece.low + first[once]]
            matches[candidates] += last - first
        shared &= (whole.finite + whole.odd == 0) | ((matches == 1) & np.isfinite(value))
        found.append(value)
    for mean, whole, value in zip(means, wholes, found, strict=True):
        at = shared & (whole.finite > 0)
        mean[at] = value[at]
    return np.where(shared, shown / 1000 if relative else shown, places)


def _places(member: Member, piece: Piece, x: str) -> Any:
    axis = piece.axis[piece.low : piece.high]
    return (axis - member.began) / 1000 if x == RELATIVE else axis


def _grid(members: Sequence[Member], x: str, points: int, *, log: bool) -> Grid:
    import numpy as np

    exact = _every_place(members, x, points)
    if exact is not None:
        return Grid(np.append(exact, np.inf), exact, True)
    ends = [
        (float(piece.axis[piece.low]), float(piece.axis[piece.high - 1]), member.began)
        for member in members
        for piece in member.pieces
    ]
    if x == RELATIVE:
        ends = [((low - began) / 1000, (high - began) / 1000, began) for low, high, began in ends]
    low, high = min(e[0] for e in ends), max(e[1] for e in ends)
    edges: Any
    places: Any
    if log:
        edges = np.geomspace(low, high, points + 1)
        places = np.sqrt(edges[:-1] * edges[1:])
    elif x == STEP:
        # Whole steps: every bucket has equally many of them, and stands at their middle.
        width = int(-(-(high - low + 1) // points))
        edges = low + width * np.arange(int(-(-(high - low + 1) // width)) + 1)
        places = edges[:-1] + (width - 1) / 2
    else:
        edges = np.linspace(low, high, points + 1)
        places = (edges[:-1] + edges[1:]) / 2
    edges = edges.astype(np.float64)
    edges[0], edges[-1] = low, np.inf  # rounding loses neither end
    return Grid(edges, places, False)


def _every_place(members: Sequence[Member], x: str, points: int) -> Any:
    """Every x at which some run has a point, in order; None where those are more than `points`."""
    import numpy as np

    found: Any = None
    for member in members:
        if sum(map(len, member.pieces)) > _CANDIDATES * points:
            return None
        for piece in member.pieces:
            places = _places(member, piece, x)
            if found is not None and len(found) == len(places) and (found == places).all():
                continue
            found = np.unique(places if found is None else np.concatenate([found, places]))
            if len(found) > points:
                return None
    return found


def _row(whole: BucketStats, mean: Floats, places: Any) -> tuple[Floats, Floats, Floats]:
    """A run's mean, least and greatest value at each place, NaN where it does not count."""
    import numpy as np

    there = whole.finite > 0
    low, high = (np.where(there, part, np.nan) for part in (whole.low, whole.high))
    known = np.flatnonzero(there)
    if len(known) and len(known) < known[-1] - known[0] + 1:
        inside = slice(known[0], known[-1] + 1)
        # A place with nothing but NaN stays one: the run has said that there is no value.
        blank = ~there[inside] & (whole.odd[inside] == 0)
        line = np.interp(places[inside][blank], places[known], mean[known])
        for part in (mean, low, high):
            part[inside][blank] = line
    return mean, low, high


def _over(each: list[tuple[Floats, Floats, Floats]], places: Any) -> GroupStatistics | None:
    """The statistics over runs; places that no run reaches are left out."""
    import numpy as np

    means = np.array([row[0] for row in each])
    there = np.isfinite(means)
    runs = there.sum(axis=0)
    reached = np.flatnonzero(runs)
    if not len(reached):
        return None
    means, there, runs = means[:, reached], there[:, reached], runs[reached]
    mean: Floats = np.where(there, means, 0.0).sum(axis=0) / runs
    square = (np.where(there, means - mean, 0.0) ** 2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        std: Floats = np.where(runs > 1, np.sqrt(square / (runs - 1)), np.nan)
    low = np.fmin.reduce(np.array([row[1] for row in each])[:, reached], axis=0)
    high = np.fmax.reduce(np.array([row[2] for row in each])[:, reached], axis=0)
    return GroupStatistics(np.asarray(places)[reached], mean, std, low, high, runs)


@dataclass
class GroupsAnswer:
    """The groups, and metric → group → statistics; ``raw`` names the metrics whose grid has every x there is."""

    project: str
    by: Sequence[str]
    groups: list[Group]
    metrics: dict[str, dict[str, GroupStatistics]] = field(default_factory=dict)
    raw: dict[str, bool] = field(default_factory=dict)
    missing: Sequence[str] = ()
    progress: float = 1.0
    """The share of the runs' files that is read; below 1 runs that are still being read count by some of their points."""

    def json(self) -> dict[str, Any]:
        """The API's shape; arrays are numpy arrays."""
        return {
            "project": self.project,
            "by": list(self.by),
            "groups": [dict(vars(group)) for group in self.groups],
            "metrics": {m: {g: s.json() for g, s in groups.items()} for m, groups in self.metrics.items()},
            "raw": self.raw,
            "missing": list(self.missing),
            "complete": self.progress >= 1.0,
            "progress": self.progress,
        }

    def encoded(self, dumps: Callable[..., bytes], option: int) -> bytes:
        """The answer as the codec (orjson or ormsgpack) writes it."""
        return dumps(self.json(), option=option)

    def json_bytes(self) -> bytes:
        """The answer as JSON."""
        import orjson

        return self.encoded(orjson.dumps, orjson.OPT_SERIALIZE_NUMPY)

    def msgpack_bytes(self) -> bytes:
        """The answer as msgpack."""
        import ormsgpack

        return self.encoded(ormsgpack.packb, ormsgpack.OPT_SERIALIZE_NUMPY)
