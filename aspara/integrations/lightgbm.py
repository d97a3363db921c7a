"""LightGBM: ``lightgbm.train(..., callbacks=[aspara_callback()])``, then ``log_summary(booster)``."""

from __future__ import annotations

import os
from typing import Any

from aspara.integrations.base import define_best, log_importances, log_model_file, run_for
from aspara.recording.run import Run


class _Callback:
    order = 30
    before_iteration = False

    def __init__(self, run: Run | None, log_params: bool, define_metric: bool, options: dict[str, Any]) -> None:
        self._given, self._options = run, options
        self._log_params, self._define_metric, self._begun = log_params, define_metric, False

    def __call__(self, env: Any) -> None:
        run = run_for(self._given, self._options)
        results = [part for item in env.evaluation_result_list or () for part in _parts(item)]
        if not self._begun:
            self._begun = True
            if self._log_params:
                run.config.update(env.params)
            if self._define_metric:
                for name, metric, _ in results:
                    define_best(run, name, metric)
        for name, _, value in results:
            run.log({name: value}, commit=False)
        run.log({"iteration": env.iteration}, commit=True)


def aspara_callback(
    run: Run | None = None, *, log_params: bool = True, define_metric: bool = True, **options: Any
) -> Any:
    """A callback that logs each metric as ``<data>_<metric>``, and ``iteration``.

    Args:
        run: The run; by default the active one, which begins if there is none.
        log_params: Whether the parameters become the config.
        define_metric: Whether the summary shows the best value of each metric.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """
    return _Callback(run, log_params, define_metric, options)


def log_summary(
    model: Any,
    feature_importance: bool = True,
    save_model_checkpoint: bool = False,
    run: Run | None = None,
    **options: Any,
) -> None:
    """Keeps the best iteration and score in the summary, and what else is asked for.

    Args:
        model: A booster.
        feature_importance: Whether the importance of features is drawn.
        save_model_checkpoint: Whether the model is kept.
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """
    run = run_for(run, options)
    run.summary["best_iteration"] = model.best_iteration
    run.summary["best_score"] = model.best_score
    if feature_importance:
        log_importances(run, model.feature_name(), model.feature_importance())
        run.log({})
    if save_model_checkpoint and not run.disabled:
        path = os.path.join(run.dir, f"model_{run.id}.txt")
        model.save_model(path, num_iteration=model.best_iteration)
        log_model_file(run, path)


def _parts(item: Any) -> list[tuple[str, str, Any]]:
    """(name, metric, value) of what LightGBM tells of one metric; of a cross-validation mean and deviation."""
    data, metric, value = item[0], item[1], item[2]
    if len(item) < 5:
        return [(f"{data}_{metric}", metric, value)]
    return [(f"{data}_{metric}-mean", metric, value), (f"{data}_{metric}-stdv", "error", item[4])]
