"""Two sequences of points become one without ever standing in memory together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aspara.catalog.columns.chunk import Chunk

_BLOCK = 1 << 18


class ExternalMerge:
    """How two sequences of stretches, each in order of step and time, are one in that order; of equals those of the first come
    first. It takes a bit a point.
    """

    def __init__(self, first: Sequence[Chunk], second: Sequence[Chunk], block: int = _BLOCK) -> None:
        self._sides = (first, second)
        self._masks = list(_masks(first, second, block))

    def of(
        self,
        part: Callable[[Chunk], Any],
        first: Sequence[Chunk] | None = None,
        second: Sequence[Chunk] | None = None,
    ) -> Iterator[Any]:
        """An array of the stretches in the new order, piece by piece; of others that share steps and times with them, if given."""
        import numpy as np

        sides = tuple(
            _Side(own if given is None else given) for own, given in zip(self._sides, (first, second), strict=True)
        )
        for packed, count in self._masks:
            later = np.unpackbits(packed, count=count).astype(np.bool_)
            found: Any = None
            for side, where in zip(sides, (~later, later), strict=True):
                piece = side.take(part, int(where.sum()))
                if found is None:
                    found = np.empty(count, piece.dtype)
                found[where] = piece
            yield found
        for side in sides:
            side.release()


def _masks(first: Sequence[Chunk], second: Sequence[Chunk], block: int) -> Iterator[tuple[Any, int]]:
    """For each block of the result which of its points come from the second sequence, as bits, and how many points it has."""
    import numpy as np

    one, two = _Side(first), _Side(second)
    while one.left or two.left:
        (steps, times), (other_steps, other_times) = one.look(block), two.look(block)
        taken, other = len(steps), len(other_steps)
        if taken and other:
            end, other_end = (steps[-1], times[-1]), (other_steps[-1], other_times[-1])
            # Up to where both are known: what comes later in one may belong before the rest of the other.
            if one.left > taken and (two.left == other or end <= other_end):
                other = _before(other_steps, other_times, end, "left")
            elif two.left > other:
                taken = _before(steps, times, other_end, "right")
        order = np.lexsort(
            (np.concatenate([times[:taken], other_times[:other]]), np.concatenate([steps[:taken], other_steps[:other]]))
        )
        yield np.packbits(order >= taken), taken + other
        one.skip(taken)
        two.skip(other)
    one.release()
    two.release()


def _before(steps: Any, times: Any, key: tuple[Any, Any], side: Any) -> int:
    """How many points stand before a step and time, or up to it (``right``)."""
    import numpy as np

    low, high = (int(np.searchsorted(steps, key[0], end)) for end in ("left", "right"))
    return low + int(np.searchsorted(times[low:high], key[1], side))


class _Side:
    """One of the two sequences, and how far it has come."""

    def __init__(self, stretches: Sequence[Chunk]) -> None:
        self._stretches = [stretch for stretch in stretches if len(stretch)]
        self._place = self._at = 0
        self.left = sum(map(len, self._stretches))

    def look(self, most: int) -> tuple[Any, Any]:
        """The next steps and times, at most so many."""
        import numpy as np

        if not self.left:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        stretch, end = self._stretches[self._place], self._at + most
        return stretch.steps[self._at : end], stretch.times[self._at : end]

    def skip(self, count: int) -> None:
        """Goes on by so many of them."""
        self.left -= count
        self._at += count
        while self._place < len(self._stretches) and self._at >= len(self._stretches[self._place]):
            self._at -= len(self._stretches[self._place])
            self._stretches[self._place].release()
            self._place += 1

    def take(self, part: Callable[[Chunk], Any], count: int) -> Any:
        """The next `count` numbers of an array; a block of the result has them in one stretch."""
        stretch = self._stretches[min(self._place, len(self._stretches) - 1)]
        found = part(stretch)[self._at : self._at + count]
        self.skip(count)
        return found

    def release(self) -> None:
        """Lets go of what was looked at."""
        for stretch in self._stretches:
            stretch.release()
