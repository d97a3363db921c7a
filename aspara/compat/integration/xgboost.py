"""XGBoost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from aspara.compat.integration.base import active, base_class, define_best, log_importances, log_model_file

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules
_BASE = base_class("xgboost.callback:TrainingCallback")


class WandbCallback(_BASE):  # type: ignore[misc,valid-type,unused-ignore]
    """Logs each metric as ``<data>-<metric>``, and ``epoch``.

    Args:
        log_model: Whether the model is kept at the end.
        log_feature_importance: Whether the importance of features is drawn at the end.
        importance_type: Which one: ``weight``, ``gain``, ``cover``, ``total_gain`` or ``total_cover``.
        define_metric: Whether the summary shows the best value of each metric.

    """

    def __init__(
        self,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
    ) -> None:
        super().__init__()
        active("WandbCallback()")
        self.log_model = log_model
        self.log_feature_importance = log_feature_importance
        self.importance_type = importance_type
        self.define_metric = define_metric

    def before_training(self, model: Any) -> Any:
        """Keeps the booster's parameters in the config."""
        active("WandbCallback").config.update(json.loads(model.save_config()))
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, Any]]) -> bool:
        """Logs the last values."""
        del model
        run = active("WandbCallback")
        for data, metrics in evals_log.items():
            for metric, values in metrics.items():
                if self.define_metric:
                    define_best(run, f"{data}-{metric}", metric)
                last = values[-1]
                run.log({f"{data}-{metric}": last[0] if isinstance(last, tuple) else last}, commit=False)
        run.log({"epoch": epoch})
        self.define_metric = False
        return False

    def after_training(self, model: Any) -> Any:
        """Keeps the model, draws the importance of features, and logs the best iteration."""
        run = active("WandbCallback")
        if self.log_model and not run.disabled:
            path = os.path.join(run.dir, f"{run.id}_model.json")
            model.save_model(path)
            log_model_file(run, path)
        if self.log_feature_importance:
            scores = model.get_score(importance_type=self.importance_type)
            log_importances(run, model.feature_names or list(scores), _scores(model, scores))
        best: dict[str, Any] = {}
        if model.attr("best_score") is not None:
            best = {"best_score": float(model.attr("best_score")), "best_iteration": int(model.attr("best_iteration"))}
        run.log(best)
        return model


def wandb_callback() -> Callable[[Any], None]:
    """The callback of XGBoost's older interface: logs the metrics of each iteration."""

    def callback(env: Any) -> None:
        run = active("wandb_callback")
        for name, value in env.evaluation_result_list:
            run.log({name: value}, commit=False)
        run.log({})

    return callback


def _scores(model: Any, scores: dict[str, Any]) -> list[float]:
    return [float(scores.get(name, 0.0)) for name in model.feature_names or list(scores)]
