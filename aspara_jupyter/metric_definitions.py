"""What ``define_metric()`` says of charts: which metric stands on the x axis, and which charts are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from aspara.catalog.runs.run_info import RunInfo
from aspara.recording.run import Run
from aspara.storage.statistics import Definitions, definition_of
from aspara_jupyter.point_buffer import Columns


def fields_of(definitions: Definitions) -> dict[str, Any]:
    """The fields of a run's info that tell a page about them, named as in the HTTP API."""
    return {
        "step_metrics": {
            name: each["step_metric"] for name, each in definitions.items() if isinstance(each.get("step_metric"), str)
        },
        "hidden_metrics": [name for name, each in definitions.items() if each.get("hidden") is True],
    }


def definitions_of(run: Run | RunInfo) -> Definitions:
    """The metric definitions of a run, by name or glob."""
    if isinstance(run, Run):
        return run._definitions
    merged: dict[str, dict[str, Any]] = {name: {"step_metric": over} for name, over in run.step_metrics.items()}
    for name in run.hidden_metrics:
        merged.setdefault(name, {})["hidden"] = True
    return merged


def charted(series: Mapping[str, Columns], definitions: Definitions) -> tuple[dict[str, Columns], dict[str, str]]:
    """The series that are drawn, and by metric the name of its step metric.

    The steps of a metric with a step metric are replaced by the values that the step metric had then; hidden metrics are
    left out, and so are points from before the first value of the step metric.
    """
    drawn: dict[str, Columns] = {}
    axes: dict[str, str] = {}
    for name, columns in series.items():
        definition = definition_of(name, definitions)
        if definition.get("hidden") is True:
            continue
        over = definition.get("step_metric")
        if isinstance(over, str) and over != name and over in series and not name.startswith("system/"):
            axes[name] = over
            columns = _over(columns, series[over])  # noqa: PLW2901  the same points on their axis
        drawn[name] = columns
    return drawn, axes


def _over(columns: Columns, axis: Columns) -> Columns:
    times, steps, values = columns
    _, axis_steps, axis_values = axis
    finite = np.isfinite(axis_values)
    axis_steps, axis_values = axis_steps[finite], axis_values[finite]
    place = np.searchsorted(axis_steps, steps, side="right") - 1
    known = place >= 0
    x = axis_values[place[known]]
    order = np.argsort(x, kind="stable")
    return times[known][order], x[order], values[known][order]
