"""Joining and sorting points: in memory while they are few, through files where they are many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from aspara.catalog.columns.chunk import Chunk
from aspara.catalog.columns.external_merge import ExternalMerge
from aspara.catalog.columns.pyramid import PyramidBuilder

if TYPE_CHECKING:
    import mmap

    import numpy as np
    import numpy.typing as npt

    from aspara.catalog.columns.spill import SpillFiles

    Integers = npt.NDArray[np.int64]

_POINT = 24


class ChunkSorter:
    """Joins and sorts, once for all columns of a run that share their steps and times. Without a `scratch`, in memory."""

    def __init__(self, scratch: SpillFiles | None = None) -> None:
        self.scratch = scratch
        self._merge: tuple[Any, ExternalMerge, tuple[Any, mmap.mmap], tuple[Any, mmap.mmap]] | None = None
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
        self._merge = None

    def is_much(self, found: Iterable[Chunk]) -> bool:
        """True for more than should be in memory."""
        return self.scratch is not None and _POINT * sum(map(len, found)) >= self.scratch.much

    def whole(self, found: Sequence[Chunk]) -> Chunk:
        """Stretches that follow one another as one."""
        import numpy as np

        if self.scratch is not None and self.is_much(found):
            kept = self.scratch.keep({"": found})
            if kept is not None:
                return kept[""]
        return Chunk(
            np.concatenate([s.steps for s in found]),
            np.concatenate([s.times for s in found]),
            np.concatenate([s.values for s in found]),
        )

    def merged(self, first: Sequence[Chunk], second: Sequence[Chunk]) -> Chunk | None:
        """Two sequences of stretches, each in order, as one stretch in a file; of equals those of the first come first. None where
        there is no file to be had.
        """
        if self.scratch is None:
            return None
        count = sum(map(len, first)) + sum(map(len, second))
        key = tuple((id(s.steps), id(s.times)) for s in (*first, *second))
        if self._merge is None or self._merge[0] != (key, len(first)):
            merge = ExternalMerge(first, second)
            steps = self.scratch.array("int64", count, merge.of(lambda s: s.steps))
            times = steps and self.scratch.array("int64", count, merge.of(lambda s: s.times))
            if not steps or not times:
                return None
            # The stretches are kept with it, or another array could get the address of one of theirs.
            self._merge = ((key, len(first)), merge, steps, times)
        _, merge, steps, times = self._merge
        growing = PyramidBuilder()
        values = self.scratch.array("float64", count, growing.seen(merge.of(lambda s: s.values, first, second)))
        if values is None:
            return None
        return Chunk(steps[0], times[0], values[0], pyramid=growing.done(), home=(steps[1], times[1], values[1]))
