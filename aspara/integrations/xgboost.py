"""XGBoost: ``xgboost.train(..., callbacks=[AsparaCallback()])``, or ``XGBClassifier(callbacks=[AsparaCallback()])``."""

from __future__ import annotations

import json
import os
from typing import Any

from aspara.integrations.base import base_class, define_best, log_importances, log_model_file, run_for
from aspara.recording.run import Run

_BASE = base_class("xgboost.callback:TrainingCallback")


class AsparaCallback(_BASE):  # type: ignore[misc,valid-type,unused-ignore]
    """Logs each metric as ``<data>-<metric>``, and ``epoch``; the booster's parameters become the config.

    Args:
        run: The run; by default the active one, which begins if there is none.
        log_model: Whether the model is kept at the end.
        log_feature_importance: Whether the importance of features is drawn at the end.
        importance_type: Which one: ``weight``, ``gain``, ``cover``, ``total_gain`` or ``total_cover``.
        define_metric: Whether the summary shows the best value of each metric.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(
        self,
        run: Run | None = None,
        *,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
        **options: Any,
    ) -> None:
        super().__init__()
        self._given, self._options = run, options
        self.log_model = log_model
        self.log_feature_importance = log_feature_importance
        self.importance_type = importance_type
        self.define_metric = define_metric

    def before_training(self, model: Any) -> Any:
        """Keeps the booster's parameters in the config."""
        # A cross-validation hands a bundle of boosters, which has no parameters of its own.
        if hasattr(model, "save_config"):
            self._run().config.update(json.loads(model.save_config()))
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, Any]]) -> bool:
        """Logs the last values, of a cross-validation the mean."""
        del model
        run = self._run()
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
        if not hasattr(model, "get_score"):
            return model
        run = self._run()
        if self.log_model and not run.disabled:
            path = os.path.join(run.dir, f"{run.id}_model.json")
            model.save_model(path)
            log_model_file(run, path)
        if self.log_feature_importance:
            scores = model.get_score(importance_type=self.importance_type)
            names = model.feature_names or list(scores)
            log_importances(run, names, [float(scores.get(name, 0.0)) for name in names])
        best: dict[str, Any] = {}
        if model.attr("best_score") is not None:
            best = {"best_score": float(model.attr("best_score")), "best_iteration": int(model.attr("best_iteration"))}
        run.log(best)
        return model

    def _run(self) -> Run:
        return run_for(self._given, self._options)
