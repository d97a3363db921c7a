"""CatBoost."""

from __future__ import annotations

from typing import Any

from aspara.integrations import catboost
from aspara.recording import registry

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules


class WandbCallback(catboost.AsparaCallback):
    """:class:`aspara.integrations.catboost.AsparaCallback` for a run that has begun.

    Args:
        metric_period: How many iterations lie between two rows.

    """

    def __init__(self, metric_period: int = 1) -> None:
        registry.required("WandbCallback()")
        super().__init__(metric_period=metric_period)


def log_summary(
    model: Any, log_all_params: bool = True, save_model_checkpoint: bool = False, log_feature_importance: bool = True
) -> None:
    """:func:`aspara.integrations.catboost.log_summary` for a run that has begun.

    Args:
        model: A CatBoost model.
        log_all_params: Whether the parameters become the config.
        save_model_checkpoint: Whether the model is kept.
        log_feature_importance: Whether the importance of features is drawn.

    """
    registry.required("log_summary()")
    catboost.log_summary(model, log_all_params, save_model_checkpoint, log_feature_importance)
