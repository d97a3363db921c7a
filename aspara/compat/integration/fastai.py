"""fastai, the first version; the second one brings its own callback, ``fastai.callback.wandb``."""

from __future__ import annotations

from typing import Any

from aspara.integrations.base import base_class, log_model_file
from aspara.recording import registry

_BASE = base_class("fastai.callbacks:TrackerCallback")


class WandbCallback(_BASE):  # type: ignore[misc,valid-type,unused-ignore]
    """Logs the metrics of each epoch and keeps the best model.

    Args:
        learn: The learner.
        log: What is watched of the model, as ``watch(log=...)`` takes it; None for nothing.
        save_model: Whether the model is kept at the end.
        monitor: The metric that decides which model is the best.
        mode: ``auto``, ``min`` or ``max``.
        input_type: Accepted.
        validation_data: Accepted.
        predictions: Accepted.
        seed: Accepted.

    """

    def __init__(
        self,
        learn: Any = None,
        log: str | None = "gradients",
        save_model: bool = True,
        monitor: str | None = None,
        mode: str = "auto",
        input_type: str | None = None,
        validation_data: Any = None,
        predictions: int = 36,
        seed: int = 12345,
    ) -> None:
        del input_type, validation_data, predictions, seed
        registry.required("WandbCallback()")
        if _BASE is not object:
            super().__init__(learn, monitor=monitor or "valid_loss", mode=mode)
        self.learn: Any = learn
        self.log = log
        self.save_model = save_model
        self._watched = False

    def on_train_begin(self, **_: Any) -> None:
        """Watches the model."""
        if self.log is not None and not self._watched:
            self._watched = True
            registry.required("WandbCallback").watch(self.learn.model, log=self.log)

    def on_epoch_end(self, epoch: int = 0, smooth_loss: Any = None, last_metrics: Any = (), **_: Any) -> None:
        """Logs the epoch's values."""
        names = list(self.learn.recorder.names)
        row = dict(zip(names, [epoch, smooth_loss, *(last_metrics or ())], strict=False))
        registry.required("WandbCallback").log({name: value for name, value in row.items() if value is not None})

    def on_train_end(self, **_: Any) -> None:
        """Keeps the model."""
        run = registry.required("WandbCallback")
        if self.save_model and not run.disabled:
            path = self.learn.save("bestmodel", return_path=True)
            if path is not None:
                log_model_file(run, path)
