"""Points in the order of another axis than their steps, sorted through files where they are too many for memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aspara.catalog.columns.chunk import Chunk, is_late
from aspara.catalog.columns.external_merge import ExternalMerge

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from aspara.catalog.columns.spill import SpillFiles

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

_POINT = 24
_SLICE = 1 << 17
_SIGN = 63
_REST = (1 << _SIGN) - 1


def reordered(
    points: tuple[Integers, Integers, Floats],
    axis: Callable[[int, int], tuple[Any, Any]],
    scratch: SpillFiles,
) -> Chunk | None:
    """``points`` (steps, times, values) in ascending order of an axis, in files; equals stay in the order they are in. ``axis(a, b)``
    gives for the points from `a` to `b` their numbers there, and which of them (a mask) have a place there. ``xs`` of the result
    are those numbers where they are floats. None where no folder has room, or nothing has a place.
    """
    import numpy as np

    steps, times, values = points
    # Keys and positions take the place of steps and times: they are sorted first, and points fetched by them.
    share = max(1, scratch.much // _POINT)
    sequences: list[list[Chunk]] = []
    floats = False
    for begin in range(0, len(values), share):
        numbers, there = axis(begin, min(begin + share, len(values)))
        positions = begin + np.flatnonzero(there)
        if not len(positions):
            continue
        numbers = numbers[there]
        floats = numbers.dtype.kind == "f"
        keys = _key(numbers) if floats else numbers
        sort = np.argsort(keys, kind="stable")
        run = _filed(scratch, len(keys), [keys[sort]], [positions[sort]])
        if run is None:
            return None
        if sequences and not is_late(sequences[-1][-1], run):
            sequences[-1].append(run)
        else:
            sequences.append([run])
    while len(sequences) > 1:
        merged: list[list[Chunk]] = []
        for first, second in zip(sequences[::2], sequences[1::2], strict=False):
            merge = ExternalMerge(first, second)
            count = sum(map(len, (*first, *second)))
            found = _filed(scratch, count, merge.of(lambda s: s.steps), merge.of(lambda s: s.times))
            if found is None:
                return None
            merged.append([found])
        sequences = merged + sequences[2 * len(merged) :]
    if not sequences:
        return None
    order = sequences[0]
    count = sum(map(len, order))
    made = [
        scratch.array(kind, count, pieces)
        for kind, pieces in (
            ("int64", _fetched(order, lambda s: steps[s])),
            ("int64", _fetched(order, lambda s: times[s])),
            ("float64", _fetched(order, lambda s: values[s])),
            *((("float64", _keys(order)),) if floats else ()),
        )
    ]
    if any(part is None for part in made):
        return None
    arrays = [part[0] for part in made if part is not None]
    home = tuple(part[1] for part in made if part is not None)
    steps, times, values, *xs = arrays
    return Chunk(steps, times, values, xs=xs[0] if xs else None, home=home)


def placed(steps: Integers, at: Integers, numbers: Floats) -> tuple[Any, Any]:
    """Of another metric, logged at steps `at`, the last number at each of `steps`, and where there is a finite one."""
    import numpy as np

    if not len(at):
        return np.full(len(steps), np.nan), np.zeros(len(steps), np.bool_)
    last = np.append(at[1:] != at[:-1], True)
    at, numbers = at[last], numbers[last]
    where = np.minimum(np.searchsorted(at, steps), len(at) - 1)
    xs = numbers[where]
    return xs, (at[where] == steps) & np.isfinite(xs)


def _filed(scratch: SpillFiles, count: int, keys: Iterable[Any], positions: Iterable[Any]) -> Chunk | None:
    one = scratch.array("int64", count, keys)
    two = one and scratch.array("int64", count, positions)
    if not one or not two:
        return None
    return Chunk(one[0], two[0], two[0], home=(one[1], two[1]))


def _fetched(order: Sequence[Chunk], at: Callable[[Any], Any]) -> Iterator[Any]:
    for stretch in order:
        for begin in range(0, len(stretch), _SLICE):
            yield at(stretch.times[begin : begin + _SLICE])


def _keys(order: Sequence[Chunk]) -> Iterator[Any]:
    for stretch in order:
        for begin in range(0, len(stretch), _SLICE):
            yield _number(stretch.steps[begin : begin + _SLICE])


def _key(numbers: Floats) -> Integers:
    """Integers in the order of (finite) floats: the bits, but for negative ones, whose bits count the other way."""
    import numpy as np

    bits = (numbers + 0.0).view(np.int64)
    found: Integers = bits ^ ((bits >> _SIGN) & _REST)
    return found


def _number(keys: Integers) -> Floats:
    import numpy as np

    found: Floats = (keys ^ ((keys >> _SIGN) & _REST)).view(np.float64)
    return found
