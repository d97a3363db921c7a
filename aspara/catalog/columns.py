"""A run's points as columns: per metric steps, timestamps and values, growing at the end, ordered on reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from aspara.catalog.pyramid import WORTH, Pyramid, build

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

_STAGED = 8192
"""Values that wait as Python numbers before they become arrays."""


@dataclass
class Stretch:
    """Points in order of step, then time, then arrival; never changed. The arrays may be mapped from a file."""

    steps: Integers
    times: Integers
    values: Floats
    rising: bool | None = None
    """Whether the times never fall; None: not looked at yet."""
    pyramid: Pyramid | None = None
    facts: Facts | None = None
    mapped: bool = False
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
    def nbytes(self) -> int:
        """Bytes of memory held; what is mapped from a file is not."""
        arrays = sum(a.nbytes for a in (self.steps, self.times, self.values, self.xs) if a is not None)
        return 0 if self.mapped else arrays + (self.pyramid.nbytes if self.pyramid is not None else 0)

    def known(self) -> Facts:
        """Least, greatest, sum and count, found once."""
        if self.facts is None:
            self.facts = Facts.of(self)
        return self.facts


@dataclass(frozen=True)
class Facts:
    """What the statistics of a stretch are made of. ``low`` and ``high`` are (value, step), None where all is NaN."""

    low: tuple[float, int] | None
    high: tuple[float, int] | None
    total: float
    finite: int

    @staticmethod
    def of(stretch: Stretch) -> Facts:
        """The facts of one stretch."""
        import numpy as np

        values, steps = stretch.values, stretch.steps
        if not len(values):
            return Facts(None, None, 0.0, 0)
        low, high = float(values.min()), float(values.max())
        if np.isfinite(low) and np.isfinite(high):
            return Facts(
                (low, int(steps[values.argmin()])),
                (high, int(steps[values.argmax()])),
                float(values.sum()),
                len(values),
            )
        finite = values[np.isfinite(values)]
        if np.isnan(values).all():
            return Facts(None, None, 0.0, 0)
        at_low, at_high = int(np.nanargmin(values)), int(np.nanargmax(values))
        return Facts(
            (float(values[at_low]), int(steps[at_low])),
            (float(values[at_high]), int(steps[at_high])),
            float(finite.sum()),
            len(finite),
        )

    def with_later(self, other: Facts) -> Facts:
        """The facts of both; of equal extremes the earlier stands."""
        low = min((x for x in (self.low, other.low) if x), key=lambda x: x[0], default=None)
        high = max((x for x in (self.high, other.high) if x), key=lambda x: x[0], default=None)
        return Facts(low, high, self.total + other.total, self.finite + other.finite)


def _nothing() -> Stretch:
    import numpy as np

    return Stretch(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64), True)


class Joiner:
    """Joins and sorts arrays, once for all columns of a run that share their steps and times."""

    def __init__(self) -> None:
        self._joined: dict[tuple[int, ...], tuple[list[Any], Any]] = {}
        self._sorted: tuple[Any, Any, Any] | None = None

    def join(self, parts: list[Any]) -> Any:
        """All `parts` as one array."""
        import numpy as np

        if len(parts) == 1:
            return parts[0]
        key = tuple(map(id, parts))
        known = self._joined.get(key)
        if known is None:
            if len(self._joined) >= 4:
                self._joined.pop(next(iter(self._joined)))
            # The parts are kept with the result, or another array could get the address of one of them.
            known = self._joined[key] = (parts, np.concatenate(parts))
        return known[1]

    def order(self, steps: Integers, times: Integers) -> tuple[Integers, Integers, Any]:
        """Steps and times in order, and the order (None where it was right already)."""
        import numpy as np

        last = self._sorted
        if last is not None and last[0] is steps and last[1] is times:
            found: tuple[Integers, Integers, Any] = last[2]
            return found
        order: Any = None
        forward = steps[1:] > steps[:-1]
        if not forward.all() and not (forward | ((steps[1:] == steps[:-1]) & (times[1:] >= times[:-1]))).all():
            order = np.lexsort((times, steps))
        found = (steps, times, None) if order is None else (steps[order], times[order], order)
        self._sorted = (steps, times, found)
        return found

    def forget(self) -> None:
        """Lets go of what it remembers."""
        self._joined.clear()
        self._sorted = None


@dataclass
class Column:
    """The points of one metric: a settled stretch, and later ones behind it that grow into one another, each at most half as
    long as the one before, so that a point is moved few times however long the run. New numbers are staged in lists.
    """

    steps: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    base: Stretch = field(default_factory=_nothing)
    joiner: Joiner = field(default_factory=Joiner)
    _later: list[Stretch] = field(default_factory=list)
    _new: list[tuple[Integers, Integers, Floats]] = field(default_factory=list)
    _count: int = 0
    """How many points are not in the base and not staged."""
    _whole: Stretch | None = None
    _by_time: Stretch | None = None
    _along: dict[str, tuple[int, int, Stretch]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.base) + self._count + len(self.values)

    @property
    def held(self) -> int:
        """Bytes of memory held, roughly; what is mapped from a file is not."""
        made = [self.base, self._whole, self._by_time, *self._later, *(found for _, _, found in self._along.values())]
        new = sum(values.nbytes for _, _, values in self._new)
        return sum(stretch.nbytes for stretch in made if stretch is not None) + 3 * new + 100 * len(self.values)

    def extend(self, steps: Integers, times: Integers, values: Floats) -> None:
        """Appends whole arrays, which belong to the column from now on."""
        self._absorb()
        self._grow(steps, times, values)

    def add(self, step: int, time: int, value: float) -> None:
        """Appends one point."""
        self.steps.append(step)
        self.times.append(time)
        self.values.append(value)
        if len(self.values) >= _STAGED:
            self._absorb()

    def stretches(self) -> list[Stretch]:
        """Stretches that follow each other in order: the settled one, and what has come since."""
        self._absorb()
        if self._new:
            new = self._in_order(self._new)
            self._new = []
            while self._later and _belong(self._later[-1], new):
                new = self._merged(self._later.pop(), new)
            if not self._later and (not len(self.base) or _belong(self.base, new)):
                self.base = self._merged(self.base, new) if len(self.base) else new
                self._count = 0
            else:
                self._later.append(new)
        return [self.base, *self._later] if len(self.base) or not self._later else list(self._later)

    def settle(self) -> Stretch:
        """Everything as one stretch, which becomes the base."""
        *before, whole = self.stretches()
        for stretch in reversed(before):
            whole = self._merged(stretch, whole)
        self.base = whole
        self._later, self._count = [], 0
        return self.base

    def replace_base(self, old: Stretch, new: Stretch) -> None:
        """Puts `new`, the same points from a file, in the place of `old` if that still is the base."""
        if self.base is old:
            self.base = new
            self._whole = self._by_time = None
            self._along.clear()

    def points(self) -> tuple[Integers, Integers, Floats]:
        """(steps, timestamps in ms, values), ordered by step, then time, then arrival. Not to be changed."""
        import numpy as np

        found = self.stretches()
        if len(found) == 1:
            whole = found[0]
        elif self._whole is not None and len(self._whole) == len(self):
            whole = self._whole
        else:
            whole = self._whole = Stretch(
                np.concatenate([s.steps for s in found]),
                np.concatenate([s.times for s in found]),
                np.concatenate([s.values for s in found]),
            )
        return whole.steps, whole.times, whole.values

    def by_time(self) -> list[Stretch]:
        """The same points in order of time, then step: the stretches themselves where that is their order already."""
        import numpy as np

        found = self.stretches()
        if all(s.times_rise() for s in found) and all(a.times[-1] <= b.times[0] for a, b in pairwise(found)):
            return found
        if self._by_time is None or len(self._by_time) != len(self):
            steps, times, values = self.points()
            order = np.argsort(times, kind="stable")
            self._by_time = Stretch(steps[order], times[order], values[order], True)
        return [self._by_time]

    def along(self, name: str, other: Column) -> Stretch:
        """The points in order of another metric: each has the value that `other` (called `name`) has at its step, the last one
        there. Points at steps where that was not logged, or is no finite number, have no place and are left out.
        """
        import numpy as np

        known = self._along.get(name)
        if known is not None and known[:2] == (len(self), len(other)):
            return known[2]
        steps, times, values = self.points()
        at, moments, numbers = other.points()
        if at is steps and moments is times:
            xs, there = numbers, np.isfinite(numbers)
        else:
            last = np.append(at[1:] != at[:-1], True)[: len(at)]
            at, numbers = at[last], numbers[last]
            where = np.minimum(np.searchsorted(at, steps), max(0, len(at) - 1))
            xs = numbers[where] if len(at) else np.full(len(steps), np.nan)
            there = (at[where] == steps) & np.isfinite(xs) if len(at) else np.zeros(len(steps), np.bool_)
        if not there.all():
            steps, times, values, xs = steps[there], times[there], values[there], xs[there]
        if (xs[1:] < xs[:-1]).any():
            order = np.argsort(xs, kind="stable")
            steps, times, values, xs = steps[order], times[order], values[order], xs[order]
        while len(self._along) > 1:
            self._along.pop(next(iter(self._along)))
        found = Stretch(steps, times, values, xs=xs)
        self._along[name] = (len(self), len(other), found)
        return found

    def last(self) -> tuple[int, float] | None:
        """The last step and its value."""
        found = self.stretches()[-1]
        return (int(found.steps[-1]), float(found.values[-1])) if len(found) else None

    def facts(self) -> Facts:
        """Least, greatest, sum and count of all points."""
        first, *rest = (s.known() for s in self.stretches())
        for facts in rest:
            first = first.with_later(facts)
        return first

    def _absorb(self) -> None:
        if self.values:
            import numpy as np

            staged = self.steps, self.times, self.values
            self.steps, self.times, self.values = [], [], []
            self._grow(np.array(staged[0], np.int64), np.array(staged[1], np.int64), np.array(staged[2], np.float64))

    def _grow(self, steps: Integers, times: Integers, values: Floats) -> None:
        if len(steps):
            self._new.append((steps, times, values))
            self._count += len(steps)

    def _merged(self, before: Stretch, after: Stretch) -> Stretch:
        found = self._in_order([(s.steps, s.times, s.values) for s in (before, after)])
        if not _late(before, after):
            if before.pyramid is not None:
                found.begun = (before.pyramid, len(before))
            if before.facts is not None and after.facts is not None:
                found.facts = before.facts.with_later(after.facts)
        return found

    def _in_order(self, parts: list[tuple[Integers, Integers, Floats]]) -> Stretch:
        import numpy as np

        steps, times, order = self.joiner.order(
            self.joiner.join([part[0] for part in parts]), self.joiner.join([part[1] for part in parts])
        )
        values = parts[0][2] if len(parts) == 1 else np.concatenate([part[2] for part in parts])
        return Stretch(steps, times, values if order is None else values[order])


def _late(before: Stretch, after: Stretch) -> bool:
    """True if some of `after` belongs among the points of `before`."""
    return (int(after.steps[0]), int(after.times[0])) < (int(before.steps[-1]), int(before.times[-1]))


def _belong(before: Stretch, after: Stretch) -> bool:
    return len(before) < 2 * len(after) or _late(before, after)
