"""What the integrations share."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import aspara
from aspara.recording.run import Run
from aspara.util.metric_goals import goal_by_name


def base_class(*homes: str) -> Any:
    """The first class that can be imported, of ``module:Class``; ``object`` where the framework is not installed, so that a
    program which only imports the callback starts.
    """
    for home in homes:
        module, _, name = home.partition(":")
        # A framework without its backend raises anything; it is then not used either.
        with contextlib.suppress(Exception):
            return getattr(import_module(module), name)
    return object


def run_for(run: Run | None, options: Mapping[str, Any]) -> Run:
    """`run`, else the active run, else a new one, which `options` begin."""
    found = run if run is not None else aspara.run
    return found if found is not None else aspara.init(**options)


def define_best(run: Run, name: str, metric: str) -> None:
    """Has the summary show the best value of a metric, where its name tells which values are good."""
    goal = goal_by_name(metric)
    if goal is not None:
        run.define_metric(name, summary="min" if goal == "minimize" else "max")


def log_importances(run: Run, names: Iterable[Any], values: Iterable[Any], title: str = "Feature Importance") -> None:
    """Logs the importance of features as a chart ``Feature Importance``, the greatest first; what is NaN is left out."""
    rows = [(str(name), float(value)) for name, value in zip(names, values, strict=False)]
    rows = sorted((row for row in rows if not math.isnan(row[1])), key=lambda row: -row[1])
    table = aspara.Table(columns=["Feature", "Importance"], data=[list(row) for row in rows])
    run.log({"Feature Importance": aspara.plot.bar(table, "Feature", "Importance", title=title)}, commit=False)


def log_model_file(run: Run, path: str | Path, aliases: Iterable[str] = ("latest",)) -> None:
    """Makes a version of the run's model, of a file or folder."""
    artifact = aspara.Artifact(f"run_{run.id}_model", type="model")
    if Path(path).is_dir():
        artifact.add_dir(path)
    else:
        artifact.add_file(path)
    run.log_artifact(artifact, aliases=list(aliases))
