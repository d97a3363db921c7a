"""Optuna: ``study.optimize(objective, callbacks=[AsparaCallback()])``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import aspara
from aspara.errors import UsageError
from aspara.integrations.base import run_for
from aspara.recording.run import Run


class AsparaCallback:
    """Logs each trial's parameters and values as one row, at the trial's number.

    Args:
        metric_name: The name of the objective's value, or a name for each of several; one name for several gets their
            number: ``value_0``, ``value_1``.
        as_multirun: Whether each trial is a run of its own, in a group named after the study, instead of a row.
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(
        self,
        metric_name: str | Sequence[str] = "value",
        as_multirun: bool = False,
        run: Run | None = None,
        **options: Any,
    ) -> None:
        if as_multirun and run is not None:
            raise UsageError("as_multirun=True makes a run for each trial: leave run= out.")
        self._metric_name = metric_name
        self._as_multirun = as_multirun
        self._given, self._options = run, options

    def __call__(self, study: Any, trial: Any) -> None:
        """Logs a trial that has ended; one that was pruned or failed with its ``state``."""
        row = {**trial.params, **self._values(trial.values)}
        complete = trial.state.name == "COMPLETE"
        if not complete:
            row["state"] = trial.state.name
        directions = {"direction": [direction.name for direction in study.directions]}
        if not self._as_multirun:
            run = run_for(self._given, self._options)
            run.log(row, step=trial.number)
            run.config.update(directions)
            return
        run = aspara.run if aspara.run is not None else self._begin(study.study_name, trial.number)
        # What the objective has logged took the first steps; a fresh run's row stands at the trial's number.
        run.log({**row, "trial_number": trial.number}, step=max(trial.number, run.step))
        run.config.update({**directions, **trial.params})
        run.tags = (*self._options.get("tags", ()), study.study_name)
        run.finish(1 if trial.state.name == "FAIL" else 0)

    def track_in_aspara(self) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
        """A decorator of the objective that begins the trial's run before it, so that ``aspara.log()`` in it goes there."""

        def decorate(objective: Callable[[Any], Any]) -> Callable[[Any], Any]:
            @functools.wraps(objective)
            def tracked(trial: Any) -> Any:
                if aspara.run is None:
                    self._begin(trial.study.study_name, trial.number)
                return objective(trial)

            return tracked

        return decorate

    def _begin(self, study_name: str, number: int) -> Run:
        run = aspara.init(**{"group": study_name, **self._options})
        run.name = f"trial/{number}/{run.name}"
        return run

    def _values(self, values: Sequence[float] | None) -> dict[str, float]:
        if values is None:  # pruned or failed
            return {}
        names = self._metric_name
        if isinstance(names, str):
            names = [names] if len(values) == 1 else [f"{names}_{index}" for index in range(len(values))]
        if len(names) != len(values):
            raise UsageError(f"metric_name has {len(names)} names, the objective returns {len(values)} values.")
        return dict(zip(names, values, strict=True))
