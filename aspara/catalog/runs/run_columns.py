"""All runs of a project, column by column: what a table of thousands of runs is drawn from.

A column is ``{"values": [...]}`` with one value a run (null where it has none), or, where fewer than a quarter of the runs have
one, ``{"at": [...], "values": [...]}`` with the positions of those that do. Names are written once, not once a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aspara.catalog.runs.run_info import RunInfo

_OWN = (
    "name id status exit_code start_time finish_time last_update last_step color tags notes group job_type host problem_count"
).split()
PARTS = ("own", "config", "summary", "metrics")
_STATISTICS = ("min", "max", "mean", "min_step", "max_step")
_LONGEST = 500
_SPARSE = 4


def columns(runs: Sequence[RunInfo], parts: Collection[str] = PARTS, metrics: Collection[str] = ()) -> dict[str, Any]:
    """The asked-for parts of a table.

    Args:
        runs: Its rows, in order.
        parts: ``own``: the runs' fields as plain lists, and ``goals``: of metrics, what their programs said is good (of several
            words that of the first row counts); ``config`` and ``summary``: columns by dotted name; ``metrics``: the names
            of all metrics. ``run``, the names of the rows, is always there.
        metrics: Those whose least, greatest and mean values are wanted: a column each.

    """
    count = len(runs)
    found: dict[str, Any] = {"run": [run.run for run in runs]}
    if "own" in parts:
        found["own"] = {name: [_short(getattr(run, name)) for run in runs] for name in _OWN}
        found["goals"] = {name: goal for run in reversed(runs) for name, goal in run.goals.items()}
    for part in ("config", "summary"):
        if part in parts:
            by_name: dict[str, dict[int, Any]] = {}
            for position, run in enumerate(runs):
                _gather(getattr(run, part), "", position, by_name)
            found[part] = {name: _column(values, count) for name, values in sorted(by_name.items())}
    if "metrics" in parts:
        names: dict[str, None] = {}
        for run in runs:
            names.update(dict.fromkeys(run.metric_summary))
        found["metrics"] = {name: _statistics(runs, name) if name in metrics else {} for name in sorted(names)}
    return found


def _gather(content: Mapping[str, Any], prefix: str, position: int, by_name: dict[str, dict[int, Any]]) -> None:
    for key, value in content.items():
        if type(value) is dict:
            _gather(value, f"{prefix}{key}.", position, by_name)
            continue
        name = prefix + key
        column = by_name.get(name)
        if column is None:
            column = by_name[name] = {}
        column[position] = _short(value)


def _statistics(runs: Sequence[RunInfo], metric: str) -> dict[str, Any]:
    known = [run.metric_summary.get(metric) or {} for run in runs]
    return {which: {"values": [statistics.get(which) for statistics in known]} for which in _STATISTICS}


def _column(values: dict[int, Any], count: int) -> dict[str, Any]:
    if len(values) * _SPARSE < count:
        return {"at": list(values), "values": list(values.values())}
    return {"values": [values.get(position) for position in range(count)]}


def _short(value: Any) -> Any:
    # A prompt or a file pasted into the config belongs to the run's page; a table shows how it begins.
    return value[:_LONGEST] + "…" if isinstance(value, str) and len(value) > _LONGEST else value
