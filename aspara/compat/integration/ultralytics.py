"""Ultralytics."""

from __future__ import annotations

from typing import Any

import aspara
from aspara.integrations.base import log_model_file
from aspara.recording import registry

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules


class WandBUltralyticsCallback:
    """Logs the metrics of each epoch, the pictures that the trainer draws, and the best model.

    Args:
        model: A YOLO model.
        epoch_logging_interval: How many epochs lie between two rows.
        enable_model_checkpointing: Whether the model is kept.
        visualize_skeleton: Accepted.

    """

    def __init__(
        self,
        model: Any,
        epoch_logging_interval: int = 1,
        enable_model_checkpointing: bool = False,
        visualize_skeleton: bool = False,
    ) -> None:
        del visualize_skeleton
        self.model = model
        self.epoch_logging_interval = max(1, epoch_logging_interval)
        self.enable_model_checkpointing = enable_model_checkpointing

    def on_train_start(self, trainer: Any) -> None:
        """Keeps the arguments in the config."""
        registry.required("add_wandb_callback()").config.setdefaults({"train": vars(trainer.args)})

    def on_fit_epoch_end(self, trainer: Any) -> None:
        """Logs the epoch's metrics, and keeps the model."""
        if trainer.epoch % self.epoch_logging_interval:
            return
        run = registry.required("add_wandb_callback()")
        row = dict(trainer.metrics)
        if getattr(trainer, "tloss", None) is not None:
            row.update(trainer.label_loss_items(trainer.tloss, prefix="train"))
        row.update(getattr(trainer, "lr", None) or {})
        run.log(row, step=trainer.epoch + 1)
        if self.enable_model_checkpointing and trainer.last.exists():
            log_model_file(run, trainer.last, ["latest", f"epoch_{trainer.epoch}"])

    def on_train_end(self, trainer: Any) -> None:
        """Logs the pictures that the training has drawn, and keeps the best model."""
        run = registry.required("add_wandb_callback()")
        for path in sorted(trainer.save_dir.glob("*.png")):
            run.log({f"plots/{path.stem}": aspara.Image(path)}, commit=False)
        if self.enable_model_checkpointing and trainer.best.exists():
            log_model_file(run, trainer.best, ["best"])

    @property
    def callbacks(self) -> dict[str, Any]:
        """The functions by the names of Ultralytics' events."""
        return {name: getattr(self, name) for name in ("on_train_start", "on_fit_epoch_end", "on_train_end")}


def add_wandb_callback(
    model: Any,
    epoch_logging_interval: int = 1,
    enable_model_checkpointing: bool = False,
    enable_train_validation_logging: bool = True,
    enable_validation_logging: bool = True,
    enable_prediction_logging: bool = True,
    max_validation_batches: int | None = 1,
    visualize_skeleton: bool = True,
) -> Any:
    """Has a YOLO model log its training to the active run, and returns the model.

    Args:
        model: A YOLO model.
        epoch_logging_interval: How many epochs lie between two rows.
        enable_model_checkpointing: Whether the model is kept.
        enable_train_validation_logging: Whether training is logged.
        enable_validation_logging: Accepted.
        enable_prediction_logging: Accepted.
        max_validation_batches: Accepted.
        visualize_skeleton: Accepted.

    """
    del enable_validation_logging, enable_prediction_logging, max_validation_batches
    found = WandBUltralyticsCallback(model, epoch_logging_interval, enable_model_checkpointing, visualize_skeleton)
    if enable_train_validation_logging:
        for event, function in found.callbacks.items():
            model.add_callback(event, function)
    return model
