"""The history of a run: one row for each step, the last value of each metric at it; in blocks, however long it is."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.series.history_blocks import OWN, RUNTIME, STEP, TIMESTAMP, HistoryBlocks
from aspara.catalog.series.history_values import with_plain_texts
from aspara.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars

    Integers = npt.NDArray[np.int64]

__all__ = ["FRAME", "RUNTIME", "STEP", "TIMESTAMP", "HistoryQuery", "history"]

FRAME = struct.Struct("<Q")
"""On the wire each block follows its length, and a length of 0 says that the last one has been sent."""


@dataclass(frozen=True)
class HistoryQuery:
    """Which rows of a history, and what of them.

    ``keys`` are metric names (None: all of ``stream``), ``every`` leaves only rows that have all of them, ``x_axis`` is what
    the rows are in the order of (and have), ``samples`` how many are left at most, the first and the last among them: each
    metric's rows are spread evenly, and one that was logged rarely keeps all of its rows. ``min_step`` is inclusive, ``max_step`` is not. ``stream`` is ``program`` (what the program logged), ``system``
    (what was captured of the machine) or ``all``. ``typed`` keeps lists, media references and numbers apart from texts, for
    :func:`aspara.catalog.series.history_values.logged_rows`; its blocks have the metrics alone that have a point in them.
    """

    keys: tuple[str, ...] | None = None
    every: bool = False
    x_axis: str = STEP
    samples: int | None = None
    min_step: int | None = None
    max_step: int | None = None
    stream: str = "program"
    typed: bool = False

    def __post_init__(self) -> None:
        if self.samples is not None and (isinstance(self.samples, bool) or not isinstance(self.samples, int)):
            raise UsageError(f"samples={self.samples!r}: give how many rows you want at most, 1 or more.")
        if self.samples is not None and self.samples < 1:
            raise UsageError(f"samples={self.samples!r}: give how many rows you want at most, 1 or more.")
        if self.stream not in ("program", "system", "all"):
            raise UsageError(f"stream={self.stream!r}: choose program, system or all.")
        for name in ("min_step", "max_step"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise UsageError(f"{name}={value!r}: give a whole number.")


def history(
    index: RunIndex, query: HistoryQuery, captured: Collection[str] = (), started: int | None = None
) -> Iterator[polars.DataFrame]:
    """The rows that `query` asks for, in blocks of the same columns (see there for ``typed``); at least one block, which may be
    empty.

    Args:
        index: The run.
        query: Which rows.
        captured: The metrics that are no part of what the program logged.
        started: When the run began (ms).

    Raises:
        UsageError: ``x_axis`` is no metric of the run; the message names those there are.

    """
    keys = _wanted(index, query, captured)
    made = HistoryBlocks(index, keys, started)
    if query.x_axis not in OWN and query.x_axis not in index.points.metric_names():
        made.close()
        there = sorted(index.points.metric_names())
        raise UsageError(
            f"x_axis={query.x_axis!r} is no metric of {index.paths.run!r}. It has {', '.join(there[:20]) or 'none'}."
        )
    needed = [key for key in query.keys or () if key not in OWN] if query.every else []
    if query.x_axis not in (*OWN, *needed):
        needed.append(query.x_axis)

    def rows() -> Iterator[polars.DataFrame]:
        for block in made.blocks(query.min_step, query.max_step):
            if not all(name in block.columns for name in needed):
                yield block.clear()
            else:
                yield block.drop_nulls(needed) if needed else block

    return _shown(made, rows, query)


def _shown(
    made: HistoryBlocks, rows: Callable[[], Iterator[polars.DataFrame]], query: HistoryQuery
) -> Iterator[polars.DataFrame]:
    try:
        if query.samples is None and query.x_axis == STEP:
            for block in rows():
                yield block if query.typed else with_plain_texts(made.padded(block))
        else:
            block = made.padded(_chosen(rows, query, made.step_sets()))
            yield block if query.typed else with_plain_texts(block)
    finally:
        made.close()


def _wanted(index: RunIndex, query: HistoryQuery, captured: Collection[str]) -> list[str] | None:
    if query.keys is not None:
        keys = [key for key in query.keys if key not in OWN]
    elif query.stream == "all" or (query.stream == "program" and not captured):
        return None
    else:
        index.refresh()
        with index.lock:
            there = sorted(index.points.metric_names())
        # The rows of what was captured by the way are no steps of the program.
        keys = [name for name in there if (name in captured) == (query.stream == "system")]
    return keys if query.x_axis in (*OWN, *keys) else [*keys, query.x_axis]


def _chosen(
    rows: Callable[[], Iterator[polars.DataFrame]], query: HistoryQuery, step_sets: Sequence[Integers]
) -> polars.DataFrame:
    """The rows in the order of an axis, thinned out. They are gone through twice, so that only those asked for are held."""
    import numpy as np
    import polars as pl

    first: pl.DataFrame | None = None
    total, blocks = 0, 0
    axis: list[pl.Series] = []
    steps: list[Integers] = []
    for block in rows():
        first = block if first is None else first
        total, blocks = total + len(block), blocks + 1
        steps.append(block[STEP].to_numpy())
        if query.x_axis != STEP and len(block):
            axis.append(block[query.x_axis])
    assert first is not None
    order = np.arange(total)
    if query.x_axis != STEP and total:
        whole = pl.DataFrame({"x": pl.concat(axis)}).with_row_index("at").sort("x", maintain_order=True)
        order = whole["at"].to_numpy()
    chosen = order
    if query.samples is not None and total > query.samples:
        rank = np.empty(total, np.int64)
        rank[order] = np.arange(total)
        there = np.concatenate(steps)
        # Each metric's rows by their rank on the axis.
        sets = [np.sort(rank[np.isin(there, at)]) for at in step_sets] if len(step_sets) > 1 else []
        chosen = order[_sampled(total, query.samples, sets)]
    if blocks == 1:
        return first[chosen]
    ascending = np.sort(chosen)
    parts, before = [first.clear()], 0
    for block in rows():
        here = ascending[np.searchsorted(ascending, before) : np.searchsorted(ascending, before + len(block))]
        if len(here):
            parts.append(block[here - before])
        before += len(block)
    return pl.concat(parts, how="diagonal")[np.searchsorted(ascending, chosen)]


def _sampled(total: int, samples: int, sets: Sequence[Integers]) -> Integers:
    """At most so many of `total` positions, the first and the last among them: of each set its share, evenly, and all of one that
    is smaller than that.
    """
    import numpy as np

    def even(positions: Integers, count: int) -> Integers:
        found: Integers = positions[np.unique(np.linspace(0, len(positions) - 1, count).round().astype(np.int64))]
        return found

    everything = np.arange(total)
    if samples < 3 or not sets:
        return even(everything, samples)
    chosen = np.array([0, total - 1])
    rare = sorted((positions for positions in sets if len(positions)), key=len)
    for done, positions in enumerate(rare):
        share = (samples - len(chosen)) // (len(rare) - done)
        if share > 0:
            chosen = np.union1d(chosen, positions if len(positions) <= share else even(positions, share))
    left = samples - len(chosen)
    others = np.setdiff1d(everything, chosen, assume_unique=True)
    if left > 0 and len(others):
        chosen = np.union1d(chosen, even(others, min(left, len(others))))
    return chosen
