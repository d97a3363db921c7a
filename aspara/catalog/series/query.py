"""Series for charts: which points are asked for, and what is answered."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from aspara.catalog.series import smoothing as smoothings
from aspara.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]


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
    smoothing: float = 0.0
    """A weight from 0 (none) to 1: the answer holds the smoothed values too."""
    smoother: smoothings.Smoother = "ema"

    def __post_init__(self) -> None:
        smoothings.check(self.smoothing, self.smoother)
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
    smoothed: Series | None = None
    """The same range smoothed; its steps are those of the values, or its own where the decimation chose others."""

    @property
    def raw(self) -> bool:
        """True when every point of the range is here."""
        return self.count == len(self.values)

    def json(self) -> dict[str, Any]:
        """The API's shape, arrays left as arrays for the codec; non-finite values become null beside their positions."""
        found = self.plain()
        found.update(_nonfinite(self.values))
        if self.smoothed is not None:
            found["smoothed"].update(_nonfinite(self.smoothed.values))
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
        if self.smoothed is not None:
            smoothed: dict[str, Any] = {"values": self.smoothed.values}
            if self.smoothed.steps is not self.steps:
                smoothed.update(steps=self.smoothed.steps, timestamps=self.smoothed.timestamps)
                if self.smoothed.x is not None:
                    smoothed["x"] = self.smoothed.x
            found["smoothed"] = smoothed
        return found

    def with_smoothed(self, smoothed: Series) -> Series:
        """The same with its smoothed points, which share its arrays where they stand at the same places."""
        import numpy as np

        if np.array_equal(self.steps, smoothed.steps) and np.array_equal(self.timestamps, smoothed.timestamps):
            smoothed = replace(smoothed, steps=self.steps, timestamps=self.timestamps, x=self.x)
        return replace(self, smoothed=smoothed)


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


def _nonfinite(values: Floats) -> dict[str, dict[str, list[int]]]:
    """Where values stand that JSON has no numbers for."""
    import numpy as np

    if np.isfinite(values).all():
        return {}
    odd = {
        "nan": np.flatnonzero(np.isnan(values)),
        "inf": np.flatnonzero(np.isposinf(values)),
        "-inf": np.flatnonzero(np.isneginf(values)),
    }
    return {"nonfinite": {name: where.tolist() for name, where in odd.items() if len(where)}}
