"""What is exported: some runs, some of their metrics, as history rows (one a step) or as every point that was logged."""

from __future__ import annotations

import contextlib
import fnmatch
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars

    from aspara.api.run import ApiRun

Row = tuple[int, int, dict[str, Any]]
"""(timestamp in ms, step, values)."""

RUN, STEP, RUNTIME, TIMESTAMP = "_run", "_step", "_runtime", "_timestamp"
_OWN = (RUN, STEP, RUNTIME, TIMESTAMP)
_SLICE, _TOLD = 100_000, 1000


@dataclass
class ExportSelection:
    """Runs in order, and globs of the metrics that are wanted (none: all). ``points`` asks for every point."""

    runs: Sequence[ApiRun]
    metrics: Sequence[str] = ()
    points: bool = False
    progress: Callable[[int, str], None] = field(default=lambda _done, _note: None)

    def wanted(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that are exported."""
        if not self.metrics:
            return list(names)
        return [name for name in names if any(fnmatch.fnmatchcase(name, glob) for glob in self.metrics)]

    # -- as it was logged ---------------------------------------------------------------------------------------------

    def logged(self, run: ApiRun) -> Iterator[Row]:
        """Every row of a run in order of time: repeated steps, texts and media references too."""
        place = self.runs.index(run)
        for number, (time, step, values) in enumerate(run._library.rows(run.project, run.run), 1):
            if number % _TOLD == 0:
                self.progress(place, f"{run.run}, {number} rows")
            kept = {name: values[name] for name in self.wanted(list(values))} if self.metrics else values
            if kept:
                yield time, step, kept

    # -- as tables ----------------------------------------------------------------------------------------------------

    def frames(self) -> Iterator[polars.DataFrame]:
        """Tables that belong one below the other: the same columns of the same kinds, some 100 000 rows at most."""
        if self.points:
            yield from self._points()
        else:
            yield from self._histories()

    def _points(self) -> Iterator[polars.DataFrame]:
        """A row for each point: run, step, time, metric, value, and its text where it is one."""
        import polars as pl

        schema = {
            RUN: pl.String,
            STEP: pl.Int64,
            TIMESTAMP: pl.Float64,
            "metric": pl.String,
            "value": pl.Float64,
            "text": pl.String,
        }
        listed: list[tuple[Any, ...]] = []
        empty = True
        for run in self.runs:
            for time, step, values in self.logged(run):
                for name, value in values.items():
                    number = isinstance(value, bool | int | float)
                    listed.append(
                        (run.run, step, time / 1000, name, float(value), None)
                        if number
                        else (run.run, step, time / 1000, name, None, _text(value))
                    )
                if len(listed) >= _SLICE:
                    yield pl.DataFrame(listed, schema=schema, orient="row")
                    listed, empty = [], False
        if listed or empty:
            yield pl.DataFrame(listed, schema=schema, orient="row")

    def _histories(self) -> Iterator[polars.DataFrame]:
        """A row for each step of each run. Which columns there are is known only when the last run has been read, so the
        runs wait in files of their own: one of them is in memory at a time.
        """
        import polars as pl

        with contextlib.ExitStack() as stack:
            parts: list[Path | pl.DataFrame] = []
            kinds: dict[str, Any] = {}
            for number, run in enumerate(self.runs):
                self.progress(number, run.run)
                keys = self.wanted(run.metrics) if self.metrics else None
                frame = run.frame(keys).with_columns(pl.lit(run.run, pl.String).alias(RUN))
                for name, kind in frame.schema.items():
                    # A metric that is a number in one run and a text in another is a text everywhere.
                    kinds[name] = kind if kinds.get(name, kind) == kind else pl.String()
                if len(self.runs) == 1:
                    parts.append(frame)
                else:
                    if not parts:
                        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aspara-export-")))
                    path = folder / f"{number}.parquet"
                    frame.write_parquet(path, compression="lz4")
                    parts.append(path)
            metrics = sorted(name for name in kinds if name not in _OWN)
            columns = [RUN, STEP, *metrics, RUNTIME, TIMESTAMP]
            if not parts:
                yield pl.DataFrame(schema={RUN: pl.String, STEP: pl.Int64})
            for part in parts:
                frame = part if isinstance(part, pl.DataFrame) else pl.read_parquet(part)
                shown = frame.select(
                    pl.col(name).cast(kinds[name]) if name in frame.columns else pl.lit(None, kinds[name]).alias(name)
                    for name in columns
                )
                yield from shown.iter_slices(_SLICE) if len(shown) else [shown]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    import orjson

    return orjson.dumps(value).decode()
