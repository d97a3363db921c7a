"""LightGBM."""

from __future__ import annotations

import os
from typing import Any

from aspara.compat.integration.base import active, define_best, log_importances, log_model_file


class _Callback:
    order = 30
    before_iteration = False

    def __init__(self, log_params: bool, define_metric: bool) -> None:
        active("wandb_callback()")
        self._log_params, self._define_metric, self._begun = log_params, define_metric, False

    def __call__(self, env: Any) -> None:
        run = active("wandb_callback")
        results = [_result(item) for item in env.evaluation_result_list or ()]
        if not self._begun:
            self._begun = True
            if self._log_params:
                run.config.update(env.params)
            if self._define_metric:
                for name, metric, _ in (part for result in results for part in result):
                    define_best(run, name, metric)
        for result in results:
            for name, _, value in result:
                run.log({name: value}, commit=False)
        run.log({"iteration": env.iteration}, commit=True)


def wandb_callback(log_params: bool = True, define_metric: bool = True) -> Any:
    """A callback that logs each metric as ``<data>_<metric>``, and ``iteration``.

    Args:
        log_params: Whether the parameters become the config.
        define_metric: Whether the summary shows the best value of each metric.

    """
    return _Callback(log_params, define_metric)


def log_summary(model: Any, feature_importance: bool = True, save_model_checkpoint: bool = False) -> None:
    """Keeps the best iteration and score in the summary, and what else is asked for.

    Args:
        model: A booster.
        feature_importance: Whether the importance of features is drawn.
        save_model_checkpoint: Whether the model is kept.

    """
    run = active("log_summary()")
    run.summary["best_iteration"] = model.best_iteration
    run.summary["best_score"] = model.best_score
    if feature_importance:
        log_importances(run, model.feature_name(), model.feature_importance())
        run.log({})
    if save_model_checkpoint and not run.disabled:
        path = os.path.join(run.dir, f"model_{run.id}.txt")
        model.save_model(path, num_iteration=model.best_iteration)
        log_model_file(run, path)


def _result(item: Any) -> list[tuple[str, str, Any]]:
    """(name, metric, value) of what LightGBM tells of one metric; of a cross-validation mean and deviation."""
    data, metric, value = item[0], item[1], item[2]
    if len(item) < 5:
        return [(f"{data}_{metric}", metric, value)]
    return [(f"{data}_{metric}-mean", metric, value), (f"{data}_{metric}-stdv", "error", item[4])]
