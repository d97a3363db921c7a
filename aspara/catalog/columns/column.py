"""A run's points as columns: per metric steps, timestamps and values, growing at the end, ordered on reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from aspara.catalog.columns.chunk import Chunk, ChunkStats, DerivedChunk, is_late, nothing
from aspara.catalog.columns.external_sort import placed, reordered
from aspara.catalog.columns.sort import ChunkSorter

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

_STAGED = 8192
"""Values that wait as Python numbers before they become arrays."""


@dataclass
class Column:
    """The points of one metric: a settled stretch, and later ones behind it that grow into one another, each at most half as
    long as the one before, so that a point is moved few times however long the run. New numbers are staged in lists.
    """

    steps: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    base: Chunk = field(default_factory=nothing)
    joiner: ChunkSorter = field(default_factory=ChunkSorter)
    derived: dict[Any, list[DerivedChunk]] = field(default_factory=dict)
    """Values made from these, by how they were made."""
    _later: list[Chunk] = field(default_factory=list)
    _new: list[Chunk] = field(default_factory=list)
    """What has come since somebody looked: each part as it came, or in order and mapped."""
    _count: int = 0
    """How many points are not in the base and not staged."""
    _whole: Chunk | None = None
    _by_time: Chunk | None = None
    _along: dict[str, tuple[int, int, Chunk]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.base) + self._count + len(self.values)

    @property
    def held(self) -> int:
        """Bytes of memory held, roughly; what is mapped from a file is not."""
        made = [self.base, self._whole, self._by_time, *self._later, *(found for _, _, found in self._along.values())]
        derived = sum(each.nbytes for chunks in self.derived.values() for each in chunks)
        return sum(s.nbytes for s in (*made, *self._new) if s is not None) + derived + 100 * len(self.values)

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

    def stretches(self) -> list[Chunk]:
        """Stretches that follow each other in order: the settled one, and what has come since."""
        self._absorb()
        if self._new:
            new, self._new = self._runs(self._new), []
            if not self._through_a_file(new):
                for run in new:
                    self._append(run)
        return [self.base, *self._later] if len(self.base) or not self._later else list(self._later)

    def replace(self, old: Sequence[Chunk], new: Chunk) -> None:
        """Puts `new`, the same points from a file, in the place of the first stretches, if these still are `old`."""
        found = self._settled()
        if len(found) >= len(old) and all(a is b for a, b in zip(found, old, strict=False)):
            self._settle_as([new, *found[len(old) :]])

    def unkept(self) -> list[Chunk]:
        """What of the last points lies in memory, as stretches that follow one another; see :meth:`keep`."""
        self._absorb()
        if not all(stretch.mapped for stretch in self._settled()[-1:]):
            self.stretches()
        if not self._new:
            return _last_in_memory(self._settled())
        found = _last_in_memory(self._new)
        return found if _follow(found) else [self._in_order(found)]

    def keep(self, stretch: Chunk) -> None:
        """Puts `stretch`, the points of :meth:`unkept` from a file, in their place."""
        if self._new:
            self._new = [*self._new[: len(self._new) - len(_last_in_memory(self._new))], stretch]
        else:
            settled = self._settled()
            self._settle_as([*settled[: len(settled) - len(_last_in_memory(settled))], stretch])

    def points(self) -> tuple[Integers, Integers, Floats]:
        """(steps, timestamps in ms, values), ordered by step, then time, then arrival. Not to be changed."""
        found = self.stretches()
        if len(found) == 1:
            whole = found[0]
        elif self._whole is not None and len(self._whole) == len(self):
            whole = self._whole
        else:
            whole = self._whole = self.joiner.whole(found)
        return whole.steps, whole.times, whole.values

    def by_time(self) -> list[Chunk]:
        """The same points in order of time, then step: the stretches themselves where that is their order already."""
        import numpy as np

        found = self.stretches()
        if all(s.times_rise() for s in found) and all(a.times[-1] <= b.times[0] for a, b in pairwise(found)):
            return found
        if self._by_time is None or len(self._by_time) != len(self):
            steps, times, values = self.points()
            made = self._reordered(lambda a, b: (times[a:b], np.ones(b - a, np.bool_)))
            if made is None:
                order = np.argsort(times, kind="stable")
                made = Chunk(steps[order], times[order], values[order])
            made.rising = True
            self._by_time = made
        return [self._by_time]

    def along(self, name: str, other: Column) -> Chunk:
        """The points in order of another metric: each has the value that `other` (called `name`) has at its step, the last one
        there. Points at steps where that was not logged, or is no finite number, have no place and are left out.
        """
        import numpy as np

        known = self._along.get(name)
        if known is not None and known[:2] == (len(self), len(other)):
            return known[2]
        steps, times, values = self.points()
        at, moments, numbers = other.points()
        # Of several values at a step the last one counts: to be logged together is enough only where each has one.
        together = at is steps and moments is times and bool((at[1:] > at[:-1]).all())
        if together and np.isfinite(numbers).all() and not (numbers[1:] < numbers[:-1]).any():
            found = Chunk(steps, times, values, xs=numbers)
        else:

            def axis(begin: int, end: int) -> tuple[Any, Any]:
                some = steps[begin:end]
                first, last = np.searchsorted(at, some[0]), np.searchsorted(at, some[-1], "right")
                return placed(some, at[first:last], numbers[first:last])

            made = self._reordered(axis)
            found = self._in_order_of(*placed(steps, at, numbers)) if made is None else made
        while len(self._along) > 1:
            self._along.pop(next(iter(self._along)))
        self._along[name] = (len(self), len(other), found)
        return found

    def _in_order_of(self, xs: Any, there: Any) -> Chunk:
        """The points that have a place (a mask) on an axis, in order of their numbers there."""
        import numpy as np

        where = np.flatnonzero(there)
        where = where[np.argsort(xs[where], kind="stable")]
        steps, times, values = self.points()
        return Chunk(steps[where], times[where], values[where], xs=xs[where])

    def _reordered(self, axis: Callable[[int, int], tuple[Any, Any]]) -> Chunk | None:
        """All points in order of an axis (see :func:`aspara.catalog.columns.external_sort.reordered`), if they are too many for memory."""
        scratch = self.joiner.scratch
        if scratch is None or not self.joiner.is_much(self.stretches()):
            return None
        return reordered(self.points(), axis, scratch)

    def last(self) -> tuple[int, float] | None:
        """The last step and its value."""
        found = self.stretches()[-1]
        return (int(found.steps[-1]), float(found.values[-1])) if len(found) else None

    def facts(self) -> ChunkStats:
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
            self._new.append(Chunk(steps, times, values))
            self._count += len(steps)

    def _settled(self) -> list[Chunk]:
        return [self.base, *self._later] if len(self.base) else list(self._later)

    def _settle_as(self, found: list[Chunk]) -> None:
        self.base, *self._later = found
        self._count = sum(map(len, self._later)) + sum(map(len, self._new))
        self._whole = self._by_time = None
        self._along.clear()

    def _append(self, new: Chunk) -> None:
        while self._later and _belong(self._later[-1], new):
            new = self._merged(self._later.pop(), new)
        if not self._later and (not len(self.base) or _belong(self.base, new)):
            self.base = self._merged(self.base, new) if len(self.base) else new
        else:
            self._later.append(new)
        self._count = sum(map(len, self._later))

    def _runs(self, new: list[Chunk]) -> list[Chunk]:
        """Parts as they came, as stretches in order: those in memory joined, as many as stand together."""
        found: list[Chunk] = []
        parts: list[Chunk] = []
        for part in new:
            if not part.mapped:
                parts.append(part)
                continue
            if parts:
                found.append(self._in_order(parts))
            parts = []
            found.append(part)
        return [*found, self._in_order(parts)] if parts else found

    def _through_a_file(self, new: list[Chunk]) -> bool:
        """Merges runs with what is settled where they are late and many: without having all of it in memory."""
        settled = self._settled()
        sequences: list[list[Chunk]] = []
        for stretch in (*settled, *new):
            if sequences and not is_late(sequences[-1][-1], stretch):
                sequences[-1].append(stretch)
            else:
                sequences.append([stretch])
        if len(sequences) == 1 or not self.joiner.is_much((*settled, *new)):
            return False
        while len(sequences) > 1:
            merged: list[list[Chunk]] = []
            for first, second in zip(sequences[::2], sequences[1::2], strict=False):
                found = self.joiner.merged(first, second)
                if found is None:
                    return False
                merged.append([found])
            sequences = merged + sequences[2 * len(merged) :]
        self._settle_as(sequences[0])
        return True

    def _merged(self, before: Chunk, after: Chunk) -> Chunk:
        found = self._in_order([before, after])
        if not is_late(before, after):
            if before.pyramid is not None:
                found.begun = (before.pyramid, len(before))
            if before.facts is not None and after.facts is not None:
                found.facts = before.facts.with_later(after.facts)
        return found

    def _in_order(self, parts: Sequence[Chunk]) -> Chunk:
        import numpy as np

        steps, times, order = self.joiner.order(
            self.joiner.join([part.steps for part in parts]), self.joiner.join([part.times for part in parts])
        )
        values = parts[0].values if len(parts) == 1 else np.concatenate([part.values for part in parts])
        return Chunk(steps, times, values if order is None else values[order])


def _belong(before: Chunk, after: Chunk) -> bool:
    # What is in a file is not brought into memory to be joined with what follows it.
    return (len(before) < 2 * len(after) and not before.mapped and not after.mapped) or is_late(before, after)


def _last_in_memory(found: Sequence[Chunk]) -> list[Chunk]:
    count = next((n for n, stretch in enumerate(reversed(found)) if stretch.mapped), len(found))
    return list(found[len(found) - count :])


def _follow(found: Sequence[Chunk]) -> bool:
    """True for parts that are in order, and follow one another."""
    return all(_is_in_order(part) for part in found) and not any(is_late(a, b) for a, b in pairwise(found))


def _is_in_order(part: Chunk) -> bool:
    steps, times = part.steps, part.times
    forward = steps[1:] > steps[:-1]
    return bool(forward.all() or (forward | ((steps[1:] == steps[:-1]) & (times[1:] >= times[:-1]))).all())
