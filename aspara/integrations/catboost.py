"""CatBoost: ``model.fit(..., callbacks=[AsparaCallback()])``, then ``log_summary(model)``."""

from __future__ import annotations

import os
from typing import Any

from aspara.integrations.base import log_importances, log_model_file, run_for
from aspara.recording.run import Run


class AsparaCallback:
    """Logs each metric as ``<set>-<metric>``, and ``iteration@metric-period-<n>``. CatBoost calls back on the CPU only.

    Args:
        run: The run; by default the active one, which begins if there is none.
        metric_period: How many iterations lie between two rows.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(self, run: Run | None = None, *, metric_period: int = 1, **options: Any) -> None:
        self._given, self._options = run, options
        self.metric_period = metric_period

    def after_iteration(self, info: Any) -> bool:
        """Logs the last values."""
        if info.iteration % self.metric_period == 0:
            run = run_for(self._given, self._options)
            for data, metrics in info.metrics.items():
                for metric, values in metrics.items():
                    run.log({f"{data}-{metric}": values[-1]}, commit=False)
            run.log({f"iteration@metric-period-{self.metric_period}": info.iteration})
        return True


def log_summary(
    model: Any,
    log_all_params: bool = True,
    save_model_checkpoint: bool = False,
    log_feature_importance: bool = True,
    run: Run | None = None,
    **options: Any,
) -> None:
    """Keeps the best iteration and score in the summary, and what else is asked for.

    Args:
        model: A CatBoost model.
        log_all_params: Whether all parameters become the config, or only those that were given.
        save_model_checkpoint: Whether the model is kept.
        log_feature_importance: Whether the importance of features is drawn.
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """
    run = run_for(run, options)
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
