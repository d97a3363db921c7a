"""Waiting for a run: until a condition holds, until it ends, or until the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aspara.api.provider import DataProvider
from aspara.catalog.filters.expression import Expression
from aspara.catalog.runs.run_info import RunDetail, RunInfo
from aspara.catalog.series.query import SeriesQuery

PERIOD = 0.5
"""Seconds between two looks."""
_MOST_POINTS = 500_000
"""Points of a series in one look; of more than these its extremes are looked at."""
Outcome = Literal["met", "ended", "timeout"]


@dataclass(frozen=True)
class WatchResult:
    """How the waiting ended; `step` is where the condition held first."""

    outcome: Outcome
    info: RunInfo
    step: int | None = None


def wait_until(
    provider: DataProvider,
    project: str,
    run: str,
    condition: Expression | None,
    *,
    timeout: float | None = None,
    period: float = PERIOD,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> WatchResult:
    """Looks at a run every `period` seconds until `condition` holds (None: never), the run has ended, or `timeout` seconds are
    over. The condition is tried on each row that is logged, in order, so one that holds for a single row is seen.

    Raises:
        RunNotFound: There is no such run, or it was deleted meanwhile.

    """
    end = None if timeout is None else clock() + timeout
    rows = _NewRows(provider, project, run)
    while True:
        detail = provider.run(project, run)
        # Rows are asked for after the state, so that of a run that has ended all are seen.
        if condition is not None:
            step = _met(condition, detail, rows)
            if step is not False:
                return WatchResult("met", detail.info, step)
        if detail.info.is_finished:
            return WatchResult("ended", detail.info)
        left = period if end is None else min(period, end - clock())
        if left <= 0:
            return WatchResult("timeout", detail.info)
        sleep(left)


def wait_for_end(
    provider: DataProvider, project: str, run: str, *, timeout: float | None = None, period: float = PERIOD
) -> WatchResult:
    """Waits until the run has ended, or `timeout` seconds are over; see :func:`wait_until`."""
    return wait_until(provider, project, run, None, timeout=timeout, period=period)


def _met(condition: Expression, detail: RunDetail, rows: _NewRows) -> int | Literal[False] | None:
    """The step at which the condition holds, None for one without steps; False where it does not."""
    now = time.time() * 1000
    record = detail.info.record()
    last: dict[str, float] = {}
    for step, values in rows.take([name for name in detail.metrics if name in condition.names]):
        last.update(values)
        if condition.matches(_at_row(record, step, last), now):
            return step
    return detail.info.last_step if condition.matches(record, now) else False


def _at_row(record: Mapping[str, Any], step: int, values: Mapping[str, float]) -> dict[str, Any]:
    """The run as it was when the row was logged, as far as `values` and the step tell."""
    statistics = dict(record["metric_summary"])
    for name, value in values.items():
        statistics[name] = {**statistics.get(name, {}), "last": value, "last_step": step}
    return {**record, "last_step": step, "summary": {**record["summary"], **values}, "metric_summary": statistics}


@dataclass
class _NewRows:
    """The rows of some metrics that were not taken before, in order of time."""

    provider: DataProvider
    project: str
    run: str
    _since: int | None = None
    _taken: set[tuple[int, int]] = field(default_factory=set)

    def take(self, metrics: Sequence[str]) -> list[tuple[int, dict[str, float]]]:
        if not metrics:
            return []
        query = SeriesQuery(metrics=tuple(metrics), since=self._since, points=_MOST_POINTS)
        answer = self.provider.metrics(self.project, [self.run], query)
        rows: dict[tuple[int, int], dict[str, float]] = {}
        for metric, runs in answer.metrics.items():
            for series in runs.values():
                points = zip(series.timestamps.tolist(), series.steps.tolist(), series.values.tolist(), strict=True)
                for timestamp, step, value in points:
                    rows.setdefault((timestamp, step), {})[metric] = value
        new = sorted(item for item in rows.items() if item[0] not in self._taken)
        if rows:
            newest = max(timestamp for timestamp, _ in rows)
            # Rows of one millisecond may come in two answers.
            self._since, self._taken = newest, {place for place in rows if place[0] == newest}
        return [(step, values) for (_, step), values in new]
