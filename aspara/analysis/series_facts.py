"""What a series does, told by points that are in it: its trend, its best point, spikes, a plateau, values that are no numbers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from aspara.catalog.series.query import Series
from aspara.util.metric_goals import Goal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Trend = Literal["falls", "rises", "flat", "no trend"]
_ENDS = 0.2
"""The share of the points at either end that a trend is read from."""
_CLEAR = 0.15
"""How far the ends lie apart, as a share of the range of the middle 90 %, for a trend."""
_STILL = 0.03
"""How far a plateau's blocks lie from the last one, as a share of the same range."""
_BLOCKS, _LONG = 40, 0.2
"""Blocks of points in which a plateau is looked for; the share of the points that it has at least."""
_WINDOW, _SIGMAS, _HIGH = 11, 8.0, 0.2
"""A spike lies this many robust deviations, and this share of the range, off the median of its neighbours."""
_FEWEST = 8
_MOST_SPIKES = 3


@dataclass(frozen=True)
class Point:
    """One point of the series."""

    step: int
    value: float

    def json(self) -> dict[str, Any]:
        """The shape that programs get."""
        return {"step": self.step, "value": self.value}


@dataclass(frozen=True)
class SeriesFacts:
    """What was seen. Every point in it is one of the series."""

    metric: str
    count: int
    first: Point | None
    last: Point | None
    low: Point | None
    high: Point | None
    trend: Trend
    flat_since: int | None
    """The step from which it hardly moves."""
    spikes: tuple[Point, ...]
    """Up to three, the farthest off first."""
    spike_count: int
    nonfinite: int
    """How many values are no numbers, among the points looked at."""
    nonfinite_step: int | None
    """The first step of those."""

    def best(self, goal: Goal | None) -> Point | None:
        """The best point, where it is known what is good."""
        return None if goal is None else self.low if goal == "minimize" else self.high

    def json(self) -> dict[str, Any]:
        """The shape that programs get."""
        points = {
            name: point and point.json() for name in ("first", "last", "low", "high") for point in [getattr(self, name)]
        }
        return {
            "metric": self.metric,
            "count": self.count,
            **points,
            "trend": self.trend,
            "flat_since": self.flat_since,
            "spikes": [spike.json() for spike in self.spikes],
            "spike_count": self.spike_count,
            "nonfinite": self.nonfinite,
            "nonfinite_step": self.nonfinite_step,
        }


def facts_of(metric: str, series: Series) -> SeriesFacts:
    """What `series` does. Of a decimated one too, whose extremes are all there."""
    import numpy as np

    finite = np.isfinite(series.values)
    odd = np.flatnonzero(~finite)
    steps, values = series.steps[finite], series.values[finite]

    def point(place: int) -> Point:
        return Point(int(steps[place]), float(values[place]))

    some = len(values) > 0
    scale = _scale(values) if some else 0.0
    spikes, count = _spikes(values, scale)
    flat = _flat_since(values, scale)
    return SeriesFacts(
        metric,
        series.count,
        point(0) if some else None,
        point(-1) if some else None,
        point(int(np.argmin(values))) if some else None,
        point(int(np.argmax(values))) if some else None,
        _trend(values, scale),
        None if flat is None else int(steps[flat]),
        tuple(point(place) for place in spikes),
        count,
        len(odd),
        int(series.steps[odd[0]]) if len(odd) else None,
    )


def _scale(values: Floats) -> float:
    """The range of the middle 90 %, which a few outliers do not stretch."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.quantile(values, [0.05, 0.95])
        return float(high - low)


def _trend(values: Floats, scale: float) -> Trend:
    import numpy as np

    if len(values) < 2:
        return "no trend"
    if not scale > 0:
        return "flat" if values.max() == values.min() else "no trend"
    end = max(1, int(len(values) * _ENDS))
    change = float(np.median(values[-end:]) - np.median(values[:end])) / scale
    if abs(change) < _CLEAR:
        return "no trend"
    return "rises" if change > 0 else "falls"


def _flat_since(values: Floats, scale: float) -> int | None:
    """The place from which the medians of all blocks lie near the last one's."""
    import numpy as np

    if len(values) < _FEWEST or not scale > 0:
        return None
    edges = np.linspace(0, len(values), min(_BLOCKS, len(values)) + 1).astype(int)
    medians = np.array([np.median(values[a:b]) for a, b in itertools.pairwise(edges)])
    moved = np.flatnonzero(np.abs(medians - medians[-1]) > _STILL * scale)
    begin = 0 if not len(moved) else int(edges[moved[-1] + 1])
    return begin if 0 < begin <= len(values) * (1 - _LONG) else None


def _spikes(values: Floats, scale: float) -> tuple[list[int], int]:
    """The places of the farthest spikes, and how many there are. Neighbours that stand out together are one."""
    import numpy as np

    if len(values) < max(_FEWEST, _WINDOW):
        return [], 0
    half = _WINDOW // 2
    padded = np.pad(values, half, mode="edge")
    off = np.abs(values - np.median(np.lib.stride_tricks.sliding_window_view(padded, _WINDOW), axis=1))
    deviation = float(np.median(off)) * 1.4826
    places = np.flatnonzero((off > _SIGMAS * deviation) & (off > _HIGH * scale) & (off > 0))
    groups = np.split(places, np.flatnonzero(np.diff(places) > half) + 1) if len(places) else []
    peaks = [int(group[np.argmax(off[group])]) for group in groups]
    return sorted(peaks, key=lambda place: -off[place])[:_MOST_SPIKES], len(peaks)
