"""The history of a run: one row for each step, the last value of each metric at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aspara.catalog.index import RunIndex
from aspara.catalog.replay import Replay

if TYPE_CHECKING:
    import polars

STEP, TIMESTAMP, RUNTIME = "_step", "_timestamp", "_runtime"


def history_frame(index: RunIndex, keys: Sequence[str] | None, started: int | None) -> polars.DataFrame:
    """All steps at which one of `keys` (None: any metric) was logged, in order; nothing sampled.

    Columns: ``_step``, the metrics by name (numbers as Float64, texts as String, media references as JSON text), then
    ``_runtime`` (seconds since the start) and ``_timestamp`` (seconds since the epoch): of the latest row of the step that holds one of the keys. A metric that
    was not logged at a step is null there. Names that were never logged are columns of nulls.
    """
    import numpy as np
    import polars as pl

    index.refresh()
    with index.lock:
        columns = {name: c.points() for name, c in sorted(index.columns.items()) if keys is None or name in keys}
        texts = _texts(index, keys)
    steps = np.unique(
        np.concatenate([np.empty(0, np.int64), *(c[0] for c in columns.values()), *(t[0] for t in texts.values())])
    )
    moments = np.full(len(steps), np.iinfo(np.int64).min)
    found: dict[str, Any] = {}
    for name, (at, times, values) in columns.items():
        last = np.append(at[1:] != at[:-1], True)[: len(at)]
        where = np.searchsorted(steps, at[last])
        moments[where] = np.maximum(moments[where], times[last])
        if len(where) == len(steps):
            found[name] = pl.Series(name, values[last])
        else:
            mask = np.zeros(len(steps), np.bool_)
            mask[where] = True
            full = np.zeros(len(steps))
            full[where] = values[last]
            found[name] = pl.DataFrame({"v": full, "m": mask}).select(pl.when("m").then("v").alias(name))[name]
    for name, (at, times, words) in texts.items():
        column: list[str | None] = [None] * len(steps)
        where = np.searchsorted(steps, at)
        for position, time, value in zip(where.tolist(), times.tolist(), words, strict=True):
            column[position] = value
            moments[position] = max(moments[position], time)
        series = pl.Series(name, column, dtype=pl.String)
        # A metric that was a number at times and a text at others is text.
        found[name] = series if name not in found else series.fill_null(found[name].cast(pl.String))
    for name in keys or ():
        found.setdefault(name, pl.Series(name, [None] * len(steps), dtype=pl.Float64))
    first = started if started is not None else int(moments.min()) if len(moments) else 0
    return pl.DataFrame(
        {
            STEP: steps,
            **dict(sorted(found.items())),
            RUNTIME: (moments - first) / 1000,
            TIMESTAMP: moments / 1000,
        }
    )


def _texts(index: RunIndex, keys: Sequence[str] | None) -> dict[str, tuple[Any, Any, list[str]]]:
    """Per metric the steps, times and texts in order of step."""
    import numpy as np

    listed: dict[str, list[tuple[int, int, str]]] = {}
    if index.texts_let_go:
        # More texts than are kept in memory: the files have them all.
        replay, done = Replay(index), False
        while not done:
            rows, done = replay.take(10_000)
            for time, step, metrics in rows:
                for name, value in metrics.items():
                    if isinstance(value, str | dict | list) and (keys is None or name in keys):
                        listed.setdefault(name, []).append((step, time, _text(value)))
    else:
        for text in index.texts:
            if keys is None or text.name in keys:
                listed.setdefault(text.name, []).append((text.step, text.time, _text(text.value)))
    found = {}
    for name, points in listed.items():
        points.sort(key=lambda p: (p[0], p[1]))
        found[name] = (
            np.array([p[0] for p in points], np.int64),
            np.array([p[1] for p in points], np.int64),
            [p[2] for p in points],
        )
    return found


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    import orjson

    return orjson.dumps(value).decode()
