"""The best runs of a project by a metric, and by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aspara.analysis.comparison import Difference, compared
from aspara.catalog.filters.fields import bare, statistic
from aspara.catalog.runs.run_info import RunInfo
from aspara.errors import UsageError
from aspara.util.metric_goals import Goal, goal_of, merged_goals
from aspara.util.metric_rank import ranked_metrics
from aspara.util.suggestions import did_you_mean

By = Literal["summary", "best"]
_SOME = 20


@dataclass(frozen=True)
class RankedRun:
    """A run, its value of the metric, and the step of that value where it is known."""

    info: RunInfo
    value: float
    step: int | None

    def json(self) -> dict[str, Any]:
        """The shape that programs get."""
        return {"run": self.info.run, "name": self.info.name, "value": self.value, "step": self.step}


@dataclass(frozen=True)
class Ranking:
    """The runs that have a finite value of the metric, the best one first."""

    metric: str
    goal: Goal
    by: By
    runs: list[RankedRun]
    without_value: int
    """How many runs have no finite value of it."""

    @property
    def margin(self) -> float | None:
        """By how much the best run is ahead of the second; None where there is no second."""
        return None if len(self.runs) < 2 else abs(self.runs[0].value - self.runs[1].value)

    def differences(self) -> list[Difference]:
        """What of the config tells the best run from the second."""
        if len(self.runs) < 2:
            return []
        return [d for d in compared([ranked.info for ranked in self.runs[:2]]) if d.section == "config"]


def ranking(
    project: str, infos: Sequence[RunInfo], metric: str | None = None, goal: Goal | None = None, by: By = "summary"
) -> Ranking:
    """The runs (the latest first) by `metric`; by default the one that says most, in the direction that is good.

    ``by="summary"`` compares what the runs' summaries show, which is the last value unless the program says otherwise;
    ``by="best"`` compares the best point of each run.

    Raises:
        UsageError: No run has the metric, or nothing says which of its values are good.

    """
    goals = merged_goals(info.goals for info in infos)
    metric = metric or _main_metric(project, infos, goals)
    goal = goal or goal_of(metric, goals)
    _check_metric(project, infos, metric)
    if goal is None:
        raise UsageError(
            f"Nothing says whether {metric!r} is better high or low. Give --goal minimize or --goal maximize, or say so in "
            f"the program: define_metric({metric!r}, goal='minimize')."
        )
    ranked = [found for info in infos if (found := _ranked(info, metric, goal, by)) is not None]
    ranked.sort(key=lambda entry: entry.value, reverse=goal == "maximize")
    return Ranking(metric, goal, by, ranked, len(infos) - len(ranked))


def _ranked(info: RunInfo, metric: str, goal: Goal, by: By) -> RankedRun | None:
    value, step = value_of(info.record(), metric, goal, by)
    return None if value is None else RankedRun(info, value, step)


def value_of(record: Mapping[str, Any], metric: str, goal: Goal, by: By = "summary") -> tuple[float | None, int | None]:
    """A run's finite value of a metric, and its step where that is known."""
    extreme = "min" if goal == "minimize" else "max"
    if by == "best":
        value, step = statistic(record, extreme, metric), statistic(record, f"{extreme}_step", metric)
    else:
        value, step = _summary_value(record, metric, extreme), None
        for which in ("last", extreme):
            if value is not None and statistic(record, which, metric) == value:
                step = statistic(record, f"{which}_step", metric)
                break
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None, None
    return value, step


def _summary_value(record: Mapping[str, Any], metric: str, extreme: str) -> Any:
    summary = record.get("summary") or {}
    shown = bare({"summary": summary}, metric)
    if isinstance(shown, Mapping):  # what define_metric(summary="min,last") leaves
        return next((shown[part] for part in ("best", extreme, "last", "mean") if part in shown), None)
    return statistic(record, "last", metric) if shown is None else shown


def _main_metric(project: str, infos: Sequence[RunInfo], goals: Mapping[str, str]) -> str:
    names = [[name for name in _metric_names(info) if goal_of(name, goals)] for info in infos]
    ranked = ranked_metrics(names, goals)
    if not ranked:
        raise UsageError(f"No run of {project!r} has a metric whose name says what is good. Name one with --metric.")
    return ranked[0]


def _metric_names(info: RunInfo) -> list[str]:
    own = [name for name, value in info.summary.items() if isinstance(value, int | float | Mapping)]
    return list(dict.fromkeys([*info.metric_summary, *own]))


def _check_metric(project: str, infos: Sequence[RunInfo], metric: str) -> None:
    names = sorted({name for info in infos for name in _metric_names(info)})
    if not infos:
        raise UsageError(f"There are no runs of project {project!r} to choose from.")
    if metric not in names and not any(bare({"summary": info.summary}, metric) is not None for info in infos):
        some = ", ".join(names[:_SOME]) + (", …" if len(names) > _SOME else "")
        raise UsageError(
            f"No run of {project!r} has a metric {metric!r}.{did_you_mean(metric, names)} Metrics: {some or 'none'}."
        )
