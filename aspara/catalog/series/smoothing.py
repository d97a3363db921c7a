"""Smoothing of a series: the one place where Python knows what a smoothing weight means.

A weight goes from 0 (the values as they are) to 1. Each kind smooths over all points of a series, in order of its axis, before any
are left out, so that a value is the same at every zoom and beside any other run. Non-finite values take no part and stay as they are.

``ema``       TensorBoard's: the exponential moving average over logged points, without the bias of its start:
              s(i) = sum(w^(i-j) y(j)) / sum(w^(i-j)) over all j <= i. At weight 1 it is the mean of all points so far.
``time_ema``  wandb's "time weighted EMA": the weight of a point falls with its distance on the axis: w^(i-j) becomes
              min(sqrt(w), 0.999)^(1000 (x(i)-x(j)) / span), where span is the axis from the first finite point to the last.
``gaussian``  The mean of neighbours, weighted by exp(-d^2 / (2 sigma^2)) where d is the distance in points, up to ceil(3 sigma)
              points away, with sigma = (1+w) / (1-w) / (2 sqrt(pi)).
``mean``      The running mean of up to h points on each side, with h = floor(w / (1-w) + 1/2).

The last two reduce noise as much as ``ema`` does at the same weight; neighbours beyond the ends are left out. At weight 1 both are
the mean of all points. ``tests/fixtures/smoothing.json`` holds values that every implementation meets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from aspara.catalog.series.neighbours import NeighbourAverage
from aspara.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Smoother = Literal["ema", "time_ema", "gaussian", "mean"]
SMOOTHERS: tuple[Smoother, ...] = get_args(Smoother)

_AXIS_UNITS = 1000
_MAX_TIME_BASE = 0.999
_NEGLIGIBLE = 45.0
"""A weight of exp(-45) changes no float64."""
_BLOCK = 30.0
"""Exponents that are added up together: exp(30) leaves enough digits."""
_SLICE = 1 << 17


def check(weight: Any, smoother: Any) -> None:
    """Raises:
    UsageError: The weight is no number from 0 to 1, or there is no such smoother.

    """
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise UsageError(f"smoothing={str(weight)[:40]!r}: give a weight from 0 (none) to 1.")
    if smoother not in SMOOTHERS:
        raise UsageError(f"smoother={str(smoother)[:40]!r}: choose {', '.join(SMOOTHERS[:-1])} or {SMOOTHERS[-1]}.")


def smooth(values: Floats, weight: float, smoother: Smoother = "ema", axis: Any = None) -> Floats:
    """The values of a whole series smoothed; same shape, non-finite values as they are.

    Args:
        values: The values in order of the axis.
        weight: 0 (none) to 1.
        smoother: Which kind; see above.
        axis: Where the values stand, never falling; only ``time_ema`` looks at it (default: 0, 1, 2, …).

    Raises:
        UsageError: See :func:`check`.

    """
    import numpy as np

    check(weight, smoother)
    axis = np.arange(len(values)) if axis is None else axis
    average = moving_average(weight, smoother, [(axis, values)])
    pieces = (
        average.smooth([(axis, values)])
        if average is not None
        else neighbour_average(weight, smoother, [values]).part(0)
    )
    return np.concatenate([np.empty(0), *pieces])


def neighbour_average(weight: float, smoother: Smoother, parts: Sequence[Floats]) -> NeighbourAverage:
    """An average that needs later points too. ``parts`` are all values of the series, in order of its axis."""
    return NeighbourAverage(float(weight), "gaussian" if smoother == "gaussian" else "mean", parts)


def moving_average(weight: float, smoother: Smoother, parts: Iterable[tuple[Any, Floats]]) -> MovingAverage | None:
    """An average that needs only earlier points, ready to be taken over a series part by part; None for kinds that need later
    ones too. ``parts`` are all (axis, values) of the series, in order.
    """
    if smoother == "ema":
        return ExponentialAverage(weight)
    if smoother == "time_ema":
        return TimeWeightedAverage(weight, _span(parts))
    return None


class MovingAverage:
    """An average over the points so far; ``state`` is what it carries from one part of a series to the next, ``parameters`` what
    it was made with besides its weight.
    """

    state: tuple[float, ...]
    parameters: tuple[float, ...] = ()

    def smooth(self, parts: Iterable[tuple[Any, Floats]]) -> Iterator[Floats]:
        """The parts, (axis, values) each, smoothed; a bounded slice at a time."""
        import numpy as np

        for axis, values in parts:
            for begin in range(0, len(values), _SLICE):
                out = np.array(values[begin : begin + _SLICE], np.float64)
                finite = np.isfinite(out)
                if finite.all():
                    yield self._next(axis[begin : begin + _SLICE], out)
                    continue
                if finite.any():
                    out[finite] = self._next(axis[begin : begin + _SLICE][finite], out[finite])
                yield out

    def continued(self, state: tuple[float, ...], axis: Any, values: Floats) -> Iterator[Floats]:
        """One part smoothed, from the state that the parts before it left."""
        self.state = state
        return self.smooth([(axis, values)])

    def _next(self, axis: Any, values: Floats) -> Floats:
        raise NotImplementedError


class ExponentialAverage(MovingAverage):
    """TensorBoard's debiased exponential moving average; its state: the sum of the weights so far, and the average."""

    def __init__(self, weight: float) -> None:
        self._weight = float(weight)
        self.state = (0.0, 0.0)

    def _next(self, axis: Any, values: Floats) -> Floats:
        import numpy as np
        import polars as pl

        del axis
        weight, (total, average), count = self._weight, self.state, len(values)
        if weight <= 0:
            return values
        if weight >= 1:
            totals = total + np.arange(1, count + 1)
            with np.errstate(over="ignore", invalid="ignore"):
                out: Floats = (total * average + np.cumsum(values)) / totals
            self.state = (float(totals[-1]), float(out[-1]))
            return out
        # polars averages the part alone; what came before it still weighs in its first points.
        out = pl.Series(values).ewm_mean(alpha=1 - weight, adjust=True).to_numpy().copy()
        rate = -math.log(weight)
        near = min(count, math.ceil(_NEGLIGIBLE / rate) + 1)
        powers = np.arange(1, near + 1) * rate
        before, own = total * np.exp(-powers), -np.expm1(-powers) / (1 - weight)
        if total:
            with np.errstate(over="ignore", invalid="ignore"):
                out[:near] = (before * average + own * out[:near]) / (before + own)
        left = count * rate
        self.state = (total * math.exp(-left) - math.expm1(-left) / (1 - weight), float(out[-1]))
        return out


class TimeWeightedAverage(MovingAverage):
    """wandb's time-weighted exponential moving average; its state: the sum of the weights so far, the average, and where on the
    axis that stands. ``span`` is the length of the whole axis.
    """

    def __init__(self, weight: float, span: float) -> None:
        self._weight = float(weight)
        base = min(math.sqrt(self._weight), _MAX_TIME_BASE)
        self.parameters = (span,)
        self._rate = -math.log(base) * _AXIS_UNITS / span if base > 0 and span > 0 else 0.0
        self.state = (0.0, 0.0, 0.0)

    def _next(self, axis: Any, values: Floats) -> Floats:
        import numpy as np

        if self._weight <= 0:
            return values
        total, average, place = self.state
        place = float(axis[0]) if not total else place
        far = self._rate * (axis - place)
        out = np.empty(len(values))
        begin, before = 0, 0.0
        while begin < len(values):
            end = max(begin + 1, int(np.searchsorted(far, far[begin] + _BLOCK, "right")))
            near = np.exp(far[begin:end] - far[begin])
            total *= math.exp(before - far[begin])
            with np.errstate(over="ignore", invalid="ignore"):
                totals = total + np.cumsum(near)
                out[begin:end] = (total * average + np.cumsum(near * values[begin:end])) / totals
            before = float(far[end - 1])
            total = float(totals[-1]) * math.exp(float(far[begin]) - before)
            average, begin = float(out[end - 1]), end
        self.state = (total, average, float(axis[-1]))
        return out


def _span(parts: Iterable[tuple[Any, Floats]]) -> float:
    """The length of the axis from the first finite value to the last."""
    ends = []
    for axis, values in parts:
        first, last = _first_finite(values), _first_finite(values[::-1])
        if first is not None and last is not None:
            ends += [float(axis[first]), float(axis[len(values) - 1 - last])]
    return max(ends) - min(ends) if ends else 0.0


def _first_finite(values: Floats) -> int | None:
    import numpy as np

    for begin in range(0, len(values), _SLICE):
        finite = np.isfinite(values[begin : begin + _SLICE])
        if finite.any():
            return begin + int(finite.argmax())
    return None
