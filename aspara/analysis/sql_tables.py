"""The tables that SQL reads, filled from runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aspara.api.provider import DataProvider
from aspara.api.run import ApiRun
from aspara.api.runs import ApiRuns
from aspara.catalog.runs.run_info import RunInfo
from aspara.catalog.series.query import SeriesQuery
from aspara.errors import TooLarge
from aspara.util.json_safe import named, numbered
from aspara.util.nested import flattened

if TYPE_CHECKING:
    import polars

TABLES = ("runs", "config", "summary", "points")
MOST_POINTS = 50_000_000
"""How many points the table `points` may have; each takes about 40 bytes."""
_TIMES = {"started": "start_time", "finished": "finish_time", "updated": "last_update"}


def tables(
    provider: DataProvider,
    wanted: Sequence[str],
    projects: Sequence[str] | None,
    accepted: Callable[[RunInfo], bool],
    metrics: Sequence[str] | None,
) -> dict[str, polars.DataFrame]:
    """The `wanted` ones of TABLES; raises TooLarge for more points than MOST_POINTS."""
    names = [p.name for p in provider.projects()] if projects is None else list(projects)
    infos = [info for name in names for info in provider.runs(name) if accepted(info)]
    made: dict[str, Callable[[], polars.DataFrame]] = {
        "runs": lambda: _runs(provider, infos),
        "config": lambda: _values([(info, info.config) for info in infos]),
        "summary": lambda: _values([(info, info.summary) for info in infos]),
        "points": lambda: _points(provider, infos, metrics),
    }
    return {name: made[name]() for name in wanted}


def _runs(provider: DataProvider, infos: Sequence[RunInfo]) -> polars.DataFrame:
    """A row a run: its own fields, then ``config.*`` and ``summary.*``."""
    import polars as pl

    wide = ApiRuns([ApiRun(provider, info) for info in infos]).frame()
    own = pl.DataFrame(
        {
            "project": [info.project for info in infos],
            "run": [info.run for info in infos],
            "name": [info.name for info in infos],
            "id": [info.id for info in infos],
            "status": [info.status for info in infos],
            **{name: [getattr(info, field) for info in infos] for name, field in _TIMES.items()},
            "duration": [_seconds(info) for info in infos],
            "step": [info.last_step for info in infos],
            "tags": [info.tags for info in infos],
            "notes": [info.notes for info in infos],
            "group": [info.group for info in infos],
            "job_type": [info.job_type for info in infos],
            "host": [info.host for info in infos],
            "exit_code": [info.exit_code for info in infos],
            "problems": [info.problem_count for info in infos],
        },
        schema={
            **dict.fromkeys(("project", "run", "name", "id", "status"), pl.String),
            **dict.fromkeys(_TIMES, pl.Int64),
            "duration": pl.Float64,
            "step": pl.Int64,
            "tags": pl.List(pl.String),
            **dict.fromkeys(("notes", "group", "job_type", "host"), pl.String),
            **dict.fromkeys(("exit_code", "problems"), pl.Int64),
        },
    ).with_columns(*(pl.from_epoch(name, "ms") for name in _TIMES))
    return own.hstack(wide.select(name for name in wide.columns if name.startswith(("config.", "summary."))))


def _seconds(info: RunInfo) -> float | None:
    end = info.finish_time or info.last_update
    return None if end is None or info.start_time is None else (end - info.start_time) / 1000


def _values(contents: Sequence[tuple[RunInfo, dict[str, Any]]]) -> polars.DataFrame:
    """A row a value: its key, its text, and its number where it is one."""
    import polars as pl

    rows = [
        (info.project, info.run, key, *_text_and_number(value))
        for info, content in contents
        for key, value in flattened(content)
    ]
    schema = dict.fromkeys(("project", "run", "key", "value"), pl.String)
    return pl.DataFrame(rows, schema={**schema, "number": pl.Float64}, orient="row")


def _text_and_number(value: Any) -> tuple[str | None, float | None]:
    counted = numbered(value)
    if isinstance(counted, int | float) and not isinstance(counted, bool):
        return str(value), float(counted)
    return None if value is None else value if isinstance(value, str) else json.dumps(named(value)), None


def _points(provider: DataProvider, infos: Sequence[RunInfo], metrics: Sequence[str] | None) -> polars.DataFrame:
    """A row a point, in order of run, metric and step."""
    import polars as pl

    wanted = SeriesQuery(metrics=None if metrics is None else tuple(metrics))
    expected = sum(
        int(info.metric_summary[name].get("count") or 0)
        for info in infos
        for name in wanted.wanted(info.metric_summary)
    )
    if expected > MOST_POINTS:
        raise _too_many(expected)
    schema: dict[str, Any] = {
        **dict.fromkeys(("project", "run", "metric"), pl.String),
        "step": pl.Int64,
        "timestamp": pl.Datetime("ms"),
        "value": pl.Float64,
    }
    frames = [pl.DataFrame(schema=schema)]
    count = 0
    for info in infos:
        for frame in _points_of(provider, info, wanted):
            frames.append(frame.cast(pl.Schema(schema)))
            count += frame.height
            if count > MOST_POINTS:
                raise _too_many(count)
    return pl.concat(frames)


def _points_of(provider: DataProvider, info: RunInfo, wanted: SeriesQuery) -> Iterator[polars.DataFrame]:
    import polars as pl

    answer = provider.metrics(info.project, [info.run], wanted)
    for metric, runs in answer.metrics.items():
        for series in runs.values():
            yield pl.DataFrame({"step": series.steps, "timestamp": series.timestamps, "value": series.values}).select(
                pl.lit(info.project).alias("project"),
                pl.lit(info.run).alias("run"),
                pl.lit(metric).alias("metric"),
                "step",
                pl.from_epoch("timestamp", "ms"),
                "value",
            )


def _too_many(count: int) -> TooLarge:
    return TooLarge(
        f"The query needs {count:,} points; at most {MOST_POINTS:,} fit. Narrow it with --project, --filter or --metric."
    )
