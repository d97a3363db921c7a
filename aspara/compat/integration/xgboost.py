"""XGBoost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aspara.integrations.xgboost import AsparaCallback
from aspara.recording import registry

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules


class WandbCallback(AsparaCallback):
    """:class:`aspara.integrations.xgboost.AsparaCallback` with wandb's arguments, for a run that has begun.

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
        registry.required("WandbCallback()")
        super().__init__(
            log_model=log_model,
            log_feature_importance=log_feature_importance,
            importance_type=importance_type,
            define_metric=define_metric,
        )


def wandb_callback() -> Callable[[Any], None]:
    """The callback of XGBoost's older interface: logs the metrics of each iteration."""

    def callback(env: Any) -> None:
        run = registry.required("wandb_callback")
        for name, value in env.evaluation_result_list:
            run.log({name: value}, commit=False)
        run.log({})

    return callback
