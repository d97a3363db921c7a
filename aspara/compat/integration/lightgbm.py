"""LightGBM."""

from __future__ import annotations

from typing import Any

from aspara.integrations import lightgbm
from aspara.recording import registry


def wandb_callback(log_params: bool = True, define_metric: bool = True) -> Any:
    """:func:`aspara.integrations.lightgbm.aspara_callback` for a run that has begun.

    Args:
        log_params: Whether the parameters become the config.
        define_metric: Whether the summary shows the best value of each metric.

    """
    registry.required("wandb_callback()")
    return lightgbm.aspara_callback(log_params=log_params, define_metric=define_metric)


def log_summary(model: Any, feature_importance: bool = True, save_model_checkpoint: bool = False) -> None:
    """:func:`aspara.integrations.lightgbm.log_summary` for a run that has begun.

    Args:
        model: A booster.
        feature_importance: Whether the importance of features is drawn.
        save_model_checkpoint: Whether the model is kept.

    """
    registry.required("log_summary()")
    lightgbm.log_summary(model, feature_importance, save_model_checkpoint)
