"""CatBoost."""

from __future__ import annotations

import os
from typing import Any

from aspara.compat.integration.base import active, log_importances, log_model_file

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules


class WandbCallback:
    """Logs each metric as ``<set>-<metric>``, and ``iteration@metric-period-<n>``.

    Args:
        metric_period: How many iterations lie between two rows.

    """

    def __init__(self, metric_period: int = 1) -> None:
        active("WandbCallback()")
        self.metric_period = metric_period

    def after_iteration(self, info: Any) -> bool:
        """Logs the last values."""
        if info.iteration % self.metric_period == 0:
            run = active("WandbCallback")
            for data, metrics in info.metrics.items():
                for metric, values in metrics.items():
                    run.log({f"{data}-{metric}": values[-1]}, commit=False)
            run.log({f"iteration@metric-period-{self.metric_period}": info.iteration})
        return True


def log_summary(
    model: Any, log_all_params: bool = True, save_model_checkpoint: bool = False, log_feature_importance: bool = True
) -> None:
    """Keeps the best iteration and score in the summary, and what else is asked for.

    Args:
        model: A CatBoost model.
        log_all_params: Whether the parameters become the config.
        save_model_checkpoint: Whether the model is kept.
        log_feature_importance: Whether the importance of features is drawn.

    """
    run = active("log_summary()")
    run.config.update(model.get_all_params() if log_all_params else model.get_params())
    run.summary["best_iteration"] = model.get_best_iteration()
    run.summary["best_score"] = model.get_best_score()
    if save_model_checkpoint and not run.disabled:
        path = os.path.join(run.dir, f"{run.id}_model.cbm")
        model.save_model(path)
        log_model_file(run, path)
    if log_feature_importance:
        log_importances(run, model.feature_names_, model.get_feature_importance())
        run.log({})
