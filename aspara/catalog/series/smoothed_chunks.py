"""The points of a column smoothed, each weight once: chunks of the same points with other values, decimated like any others."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aspara.catalog.columns.chunk import Chunk, DerivedChunk
from aspara.catalog.columns.column import Column
from aspara.catalog.columns.pyramid import PyramidBuilder
from aspara.catalog.series.smoothing import Smoother, moving_average, neighbour_average

_WORTH_KEEPING = 1 << 12
"""Points from which a smoothed series is kept for the next question."""
_MOST_KEPT = 2
"""Weights and kinds of which a column keeps the smoothed points."""

OnAxis = tuple[Any, Chunk]
"""A chunk and where its points stand on an axis, which never falls."""


def smoothed_chunks(
    column: Column, chunks: Sequence[OnAxis], weight: float, smoother: Smoother, axis_name: str
) -> list[OnAxis]:
    """All points of the column, given in order of an axis, with smoothed values; see :mod:`aspara.catalog.series.smoothing`.

    What is kept of an earlier call is used again, as far as the chunks are the same: of a run that grows, only its new points are
    smoothed. The cost of a window does not depend on where it lies.
    """
    parts = [(axis, chunk.values) for axis, chunk in chunks]
    average = moving_average(weight, smoother, parts)
    key = (axis_name, smoother, float(weight), () if average is None else average.parameters)
    kept = column.derived.pop(key, [])
    made: list[DerivedChunk] = []
    if average is not None:
        for axis, chunk in chunks:
            place = len(made)
            known = kept[place] if place < len(kept) and kept[place].source is chunk else None
            if known is None:
                kept = []
                values = functools.partial(average.continued, average.state, axis, chunk.values)
                derived, size = _chunk(column, chunk, values)
                made.append(DerivedChunk(chunk, derived, size, average.state))
            else:
                made.append(known)
                average.state = known.state
    elif len(kept) == len(chunks) and all(a.source is b for a, (_, b) in zip(kept, chunks, strict=True)):
        made = kept
    else:
        made = _whole(column, chunks, weight, smoother)
    if sum(len(chunk) for _, chunk in chunks) >= _WORTH_KEEPING:
        while len(column.derived) >= _MOST_KEPT:
            column.derived.pop(next(iter(column.derived)))
        column.derived[key] = made
    return [(axis, each.chunk) for (axis, _), each in zip(chunks, made, strict=True)]


def _whole(column: Column, chunks: Sequence[OnAxis], weight: float, smoother: Smoother) -> list[DerivedChunk]:
    """Each chunk smoothed by a kind that looks at later points too."""
    average = neighbour_average(weight, smoother, [chunk.values for _, chunk in chunks])
    return [
        DerivedChunk(chunk, *_chunk(column, chunk, functools.partial(average.part, place)), ())
        for place, (_, chunk) in enumerate(chunks)
    ]


def _chunk(column: Column, source: Chunk, values: Callable[[], Iterator[Any]]) -> tuple[Chunk, int]:
    """The points of `source` with other values, in a file where they are many; and the bytes of memory that the values take."""
    import numpy as np

    scratch = column.joiner.scratch
    growing = PyramidBuilder()
    spilled = None
    if scratch is not None and column.joiner.is_much([source]):
        spilled = scratch.array("float64", len(source), growing.seen(values()))
    if spilled is not None:
        array, content = spilled
        chunk = Chunk(source.steps, source.times, array, source.rising, home=(*source.home, content), xs=source.xs)
        chunk.pyramid = growing.done()
        return chunk, 0
    array = np.concatenate([np.empty(0), *values()])
    chunk = Chunk(source.steps, source.times, array, source.rising, home=source.home, xs=source.xs)
    pyramid = chunk.levels()
    return chunk, array.nbytes + (0 if pyramid is None else pyramid.nbytes)
