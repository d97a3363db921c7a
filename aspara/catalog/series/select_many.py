"""Metrics that were logged together, decimated together: a run with many charts of few points costs few calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aspara.catalog.columns.column import Column
from aspara.catalog.columns.pyramid import WORTH, decimate_rows
from aspara.catalog.series.query import Series, SeriesQuery
from aspara.catalog.series.select import Piece, answered, decimated, pieces

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]

_MOST = 1 << 20
"""Values that are brought together at a time."""


def select_all(
    columns: Mapping[str, Column],
    names: Sequence[str],
    query: SeriesQuery,
    *,
    along: Column | None = None,
    began: int = 0,
) -> Iterator[tuple[str, Series]]:
    """What :func:`aspara.catalog.series.select.select` gives for each of the named columns, in some order."""
    found = _decimated(columns, names, query, along, began, smoothed=False)
    if not query.smoothing:
        yield from found
        return
    without = replace(query, envelope=False)
    smoothed = dict(_decimated(columns, names, without, along, began, smoothed=True))
    for name, series in found:
        yield name, series.with_smoothed(smoothed[name])


def _decimated(
    columns: Mapping[str, Column],
    names: Sequence[str],
    query: SeriesQuery,
    along: Column | None,
    began: int,
    *,
    smoothed: bool,
) -> Iterator[tuple[str, Series]]:
    plain = query.points is not None and query.points >= 4 and not (query.log or query.lttb or query.envelope)
    together: dict[tuple[Any, ...], list[tuple[str, Piece]]] = {}
    for name in names:
        found = pieces(columns[name], query, along=along, began=began, smoothed=smoothed)
        if plain:
            piece = found[0] if len(found) == 1 else None
            if piece is not None and len(piece) > (query.points or 0) and len(piece.stretch) < WORTH:
                together.setdefault((id(piece.stretch.steps), piece.low, piece.high), []).append((name, piece))
                continue
        yield name, decimated(found, query, began)
    for (_, low, high), members in together.items():
        share = max(1, _MOST // (high - low))
        for first in range(0, len(members), share):
            some = members[first : first + share]
            positions = decimate_rows([piece.stretch.values[low:high] for _, piece in some], query.points or 4)
            for (name, piece), where in zip(some, positions, strict=True):
                yield name, answered(piece, where + low, query, began)
