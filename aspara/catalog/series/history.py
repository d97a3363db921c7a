"""The history of a run: one row for each step, the last value of each metric at it; in blocks, however long it is."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aspara.catalog.index.backfill import Backfill
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.series.text_store import MetricTexts, TextStore
from aspara.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars

    Integers = npt.NDArray[np.int64]

STEP, TIMESTAMP, RUNTIME = "_step", "_timestamp", "_runtime"
OWN = (STEP, TIMESTAMP, RUNTIME)
FRAME = struct.Struct("<Q")
"""On the wire each block follows its length, and a length of 0 says that the last one has been sent."""
_CELLS = 500_000
"""So many cells a block has at most: 4 MB of numbers."""
_TEXT_BYTES = 8 << 20
"""So many bytes of texts a block has at most, where they are of about the same length."""
_LEAST_ROWS = 100
_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class HistoryQuery:
    """Which rows of a history, and what of them.

    ``keys`` are metric names (None: all of ``stream``), ``every`` leaves only rows that have all of them, ``x_axis`` is what
    the rows are in the order of (and have), ``samples`` how many are left at most, spread evenly, the first and the last
    among them. ``min_step`` is inclusive, ``max_step`` is not. ``stream`` is ``program`` (what the program logged), ``system``
    (what was captured of the machine) or ``all``.
    """

    keys: tuple[str, ...] | None = None
    every: bool = False
    x_axis: str = STEP
    samples: int | None = None
    min_step: int | None = None
    max_step: int | None = None
    stream: str = "program"

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


class History:
    """A run's points as they stand at this moment, ready to be shown as rows.

    Args:
        index: The run. Its points are not copied: what is mapped from a file stays there.
        keys: The metrics that are wanted; None: all. Names that were never logged are columns of nulls.
        started: When the run began (ms); None: at its first point.

    """

    def __init__(self, index: RunIndex, keys: Collection[str] | None, started: int | None) -> None:
        index.refresh()
        with index.lock:
            self._numbers = {n: c.points() for n, c in sorted(index.columns.items()) if keys is None or n in keys}
            self._texts, size = _texts(index, keys)
        self.names = sorted({*self._numbers, *self._texts, *(keys or ())})
        times = [int(c[1].min()) for c in (*self._numbers.values(), *self._texts.values()) if len(c[1])]
        self._began = started if started is not None else min(times, default=0)
        self._rows = max(_LEAST_ROWS, _CELLS // (len(self.names) + len(OWN)))
        if size:
            each = size // max(len(at) for at, _, _ in self._texts.values()) + 1
            self._rows = min(self._rows, max(_LEAST_ROWS, _TEXT_BYTES // each))

    def blocks(self, min_step: int | None = None, max_step: int | None = None) -> Iterator[polars.DataFrame]:
        """The rows in order of step, a bounded part of them at a time; one empty block where there are none.

        Columns: ``_step``, the metrics by name (numbers as Float64, texts as String, media references as JSON text), then
        ``_runtime`` (seconds since the start) and ``_timestamp`` (seconds since the epoch): of the latest row of the step
        that holds one of the metrics. A metric that was not logged at a step is null there.
        """
        import numpy as np

        tracks = [*(c[0] for c in self._numbers.values()), *(t[0] for t in self._texts.values())]
        places = [_place(at, min_step) for at in tracks]
        ends = [len(at) if max_step is None else _place(at, max_step) for at in tracks]
        first = True
        while first or any(place < end for place, end in zip(places, ends, strict=True)):
            first = False
            # As far as every metric's next rows reach: beyond that, another one may have steps in between.
            cut = [min(place + self._rows, end) for place, end in zip(places, ends, strict=True)]
            last = min((int(at[c - 1]) for at, c, end in zip(tracks, cut, ends, strict=True) if c < end), default=None)
            for _ in range(2):
                if last is not None:
                    cut = [
                        max(place, min(end, int(np.searchsorted(at, np.int64(last), "right"))))
                        for at, place, end in zip(tracks, places, ends, strict=True)
                    ]
                parts = [at[place:c] for at, place, c in zip(tracks, places, cut, strict=True)]
                steps = _union(parts)
                if len(steps) <= self._rows:
                    break
                last = int(steps[self._rows - 1])
            yield self._block(steps, places, cut)
            places = cut

    def _block(self, steps: Integers, places: Sequence[int], ends: Sequence[int]) -> polars.DataFrame:
        import numpy as np
        import polars as pl

        moments = np.full(len(steps), np.iinfo(np.int64).min)
        found: dict[str, Any] = {}
        bounds = iter(zip(places, ends, strict=True))
        for name, column in self._numbers.items():
            low, high = next(bounds)
            at, times, values = (part[low:high] for part in column)
            last = np.append(at[1:] != at[:-1], True)[: len(at)]
            where = np.searchsorted(steps, at[last])
            moments[where] = np.maximum(moments[where], times[last])
            if len(where) == len(steps):
                found[name] = pl.Series(name, values[last], dtype=pl.Float64)
            else:
                mask = np.zeros(len(steps), np.bool_)
                mask[where] = True
                full = np.zeros(len(steps))
                full[where] = values[last]
                found[name] = pl.DataFrame({"v": full, "m": mask}).select(pl.when("m").then("v").alias(name))[name]
        for name, (at, times, words) in self._texts.items():
            low, high = next(bounds)
            column_: list[str | None] = [None] * len(steps)
            where = np.searchsorted(steps, at[low:high])
            for position, time, value in zip(where.tolist(), times[low:high].tolist(), words[low:high], strict=True):
                column_[position] = value
                moments[position] = max(moments[position], time)
            series = pl.Series(name, column_, dtype=pl.String)
            # A metric that was a number at times and a text at others is text.
            found[name] = series if name not in found else series.fill_null(found[name].cast(pl.String))
        for name in self.names:
            found.setdefault(name, pl.Series(name, [None] * len(steps), dtype=pl.Float64))
        return pl.DataFrame(
            {
                STEP: steps,
                **dict(sorted(found.items())),
                RUNTIME: (moments - self._began) / 1000,
                TIMESTAMP: moments / 1000,
            }
        )


def history(
    index: RunIndex, query: HistoryQuery, captured: Collection[str] = (), started: int | None = None
) -> Iterator[polars.DataFrame]:
    """The rows that `query` asks for, in blocks of the same columns; at least one block, which may be empty.

    Args:
        index: The run.
        query: Which rows.
        captured: The metrics that are no part of what the program logged.
        started: When the run began (ms).

    Raises:
        UsageError: ``x_axis`` is no metric of the run; the message names those there are.

    """
    keys = _wanted(index, query, captured)
    made = History(index, keys, started)
    if query.x_axis not in OWN and query.x_axis not in {*made._numbers, *made._texts}:
        there = sorted({*index.columns, *index.last_text})
        raise UsageError(
            f"x_axis={query.x_axis!r} is no metric of {index.paths.run!r}. It has {', '.join(there[:20]) or 'none'}."
        )
    needed = [key for key in query.keys or () if key not in OWN] if query.every else []
    if query.x_axis not in (*OWN, *needed):
        needed.append(query.x_axis)

    def rows() -> Iterator[polars.DataFrame]:
        for block in made.blocks(query.min_step, query.max_step):
            yield block.drop_nulls(needed) if needed else block

    if query.samples is None and query.x_axis == STEP:
        return rows()
    return iter([_chosen(rows, query)])


def _wanted(index: RunIndex, query: HistoryQuery, captured: Collection[str]) -> list[str] | None:
    if query.keys is not None:
        keys = [key for key in query.keys if key not in OWN]
    elif query.stream == "all" or (query.stream == "program" and not captured):
        return None
    else:
        index.refresh()
        with index.lock:
            there = sorted({*index.columns, *index.last_text})
        # The rows of what was captured by the way are no steps of the program.
        keys = [name for name in there if (name in captured) == (query.stream == "system")]
    return keys if query.x_axis in (*OWN, *keys) else [*keys, query.x_axis]


def _chosen(rows: Any, query: HistoryQuery) -> polars.DataFrame:
    """The rows in the order of an axis, thinned out. They are gone through twice, so that only those asked for are held."""
    import numpy as np
    import polars as pl

    first: pl.DataFrame | None = None
    total, blocks = 0, 0
    axis: list[pl.Series] = []
    for block in rows():
        first = block if first is None else first
        total, blocks = total + len(block), blocks + 1
        if query.x_axis != STEP:
            axis.append(block[query.x_axis])
    assert first is not None
    order = None
    if query.x_axis != STEP:
        whole = pl.DataFrame({"x": pl.concat(axis)}).with_row_index("at").sort("x", maintain_order=True)
        order = whole["at"].to_numpy()
    chosen = np.arange(total) if order is None else order
    if query.samples is not None and total > query.samples:
        chosen = chosen[np.unique(np.linspace(0, total - 1, query.samples).round().astype(np.int64))]
    if blocks == 1:
        return first[chosen]
    ascending = np.sort(chosen)
    parts, before = [first.clear()], 0
    for block in rows():
        here = ascending[np.searchsorted(ascending, before) : np.searchsorted(ascending, before + len(block))]
        if len(here):
            parts.append(block[here - before])
        before += len(block)
    found = pl.concat(parts)
    return found if order is None else found[np.searchsorted(ascending, chosen)]


def _union(parts: Sequence[Integers]) -> Integers:
    """The steps in any of `parts`, each of which is in order. The metrics of a program are mostly logged together, so that most
    parts are equal, and nothing is left to sort.
    """
    import numpy as np

    different: list[Integers] = []
    for part in parts:
        if len(part) and not any(
            len(part) == len(other) and (part is other or np.array_equal(part, other)) for other in different[:4]
        ):
            different.append(part)
    if not different:
        return np.empty(0, np.int64)
    steps: Integers = different[0] if len(different) == 1 else np.sort(np.concatenate(different), kind="stable")
    found: Integers = steps[np.append(True, steps[1:] != steps[:-1])]
    return found


def _place(at: Integers, step: int | None) -> int:
    """Where the points of `step` begin."""
    import numpy as np

    return 0 if step is None else int(np.searchsorted(at, np.int64(min(max(step, _LEAST), _GREATEST)), "left"))


def _texts(
    index: RunIndex, keys: Collection[str] | None
) -> tuple[dict[str, tuple[Integers, Integers, MetricTexts]], int]:
    """Per metric the steps, times and texts in order of step; and the bytes of them all."""
    store = TextStore()
    if index.texts_let_go:
        # More texts than are kept in memory: the files have them all.
        replay, done = Backfill(index), False
        while not done:
            rows, done = replay.take(10_000)
            for time, step, metrics in rows:
                for name, value in metrics.items():
                    if isinstance(value, str | dict | list) and (keys is None or name in keys):
                        store.add(name, step, time, _text(value))
    else:
        for text in index.texts:
            if keys is None or text.name in keys:
                store.add(text.name, text.step, text.time, _text(text.value))
    return store.tracks(), store.size


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    import orjson

    return orjson.dumps(value).decode()
