"""Keras with any backend: ``model.fit(..., callbacks=[AsparaCallback()])``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from aspara.errors import UsageError
from aspara.integrations.base import base_class, log_model_file, run_for
from aspara.recording.run import Run

_CALLBACK = base_class("keras.callbacks:Callback", "tensorflow.keras.callbacks:Callback")
_CHECKPOINT = base_class("keras.callbacks:ModelCheckpoint", "tensorflow.keras.callbacks:ModelCheckpoint")


class AsparaCallback(_CALLBACK):  # type: ignore[misc,valid-type,unused-ignore]
    """Logs ``epoch/<metric>``, ``epoch/epoch`` and ``epoch/learning_rate`` at the end of each epoch, and if wanted
    ``batch/…`` after batches.

    Args:
        run: The run; by default the active one, which begins if there is none.
        log_freq: ``"epoch"``, ``"batch"``, or how many batches lie between two rows.
        initial_global_step: The first ``batch/batch_step``.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(
        self,
        run: Run | None = None,
        *,
        log_freq: str | int = "epoch",
        initial_global_step: int = 0,
        **options: Any,
    ) -> None:
        super().__init__()
        if log_freq not in {"epoch", "batch"} and not (isinstance(log_freq, int) and log_freq > 0):
            raise UsageError(f"log_freq={log_freq!r}: choose 'epoch', 'batch' or a number of batches.")
        self._given, self._options = run, options
        self.log_freq = 1 if log_freq == "batch" else log_freq
        self.global_batch = 0
        self.global_step = initial_global_step

    def on_train_begin(self, logs: Any = None) -> None:
        """Says which metric counts the rows."""
        del logs
        kind, counter = ("batch", "batch_step") if isinstance(self.log_freq, int) else ("epoch", "epoch")
        run = self._run()
        run.define_metric(f"{kind}/{counter}")
        run.define_metric(f"{kind}/*", step_metric=f"{kind}/{counter}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch's metrics."""
        row = {f"epoch/{name}": value for name, value in (logs or {}).items()}
        row["epoch/epoch"] = epoch
        rate = learning_rate(self.model)
        if rate is not None:
            row["epoch/learning_rate"] = rate
        self._run().log(row)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the batch's metrics, if it is its turn."""
        self.global_step += 1
        if not isinstance(self.log_freq, int) or batch % self.log_freq:
            return
        row = {f"batch/{name}": value for name, value in (logs or {}).items()}
        row["batch/batch_step"] = self.global_batch
        rate = learning_rate(self.model)
        if rate is not None:
            row["batch/learning_rate"] = rate
        self._run().log(row)
        self.global_batch += self.log_freq

    def _run(self) -> Run:
        return run_for(self._given, self._options)


class AsparaModelCheckpoint(_CHECKPOINT):  # type: ignore[misc,valid-type,unused-ignore]
    """Keras' ModelCheckpoint; each file that it writes becomes a version of the artifact ``run_<id>_model``.

    It takes ModelCheckpoint's arguments, and `run`: by default the active one, which begins if there is none.
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
        run: Run | None = None,
        **options: Any,
    ) -> None:
        self._given_run = run
        self._kept: tuple[str, int] | None = None
        if _CHECKPOINT is object:
            return
        super().__init__(
            filepath=os.fspath(filepath),
            monitor=monitor,
            verbose=verbose,
            save_best_only=save_best_only,
            save_weights_only=save_weights_only,
            mode=mode,
            save_freq=save_freq,
            initial_value_threshold=initial_value_threshold,
            **options,
        )

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Saves the model, if it is its turn."""
        super().on_train_batch_end(batch, logs)
        if isinstance(self.save_freq, int):
            self._keep(getattr(self, "_current_epoch", 0), batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Saves the model, if it is its turn."""
        super().on_epoch_end(epoch, logs)
        self._keep(epoch, None, logs)

    def _keep(self, epoch: int, batch: int | None, logs: Any) -> None:
        try:
            path = str(self._get_file_path(epoch=epoch, batch=batch, logs=logs))
        except (KeyError, TypeError, ValueError, AttributeError):  # the name holds a metric that is not there
            return
        if not os.path.exists(path):
            return
        state = path, os.stat(path).st_mtime_ns
        run = run_for(self._given_run, {})
        if state != self._kept and not run.disabled:
            self._kept = state
            aliases = ["latest", f"epoch_{epoch}"] + ([] if batch is None else [f"epoch_{epoch}_batch_{batch}"])
            log_model_file(run, path, aliases)


def learning_rate(model: Any) -> float | None:
    """The learning rate as it is now; None where the optimizer has none."""
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    if callable(rate):
        rate = rate(model.optimizer.iterations)
    if rate is None:
        return None
    try:
        return float(numpy_of(rate))
    except (TypeError, ValueError):
        return None


def numpy_of(value: Any) -> Any:
    """A tensor of any backend as numpy's."""
    for name in ("detach", "cpu"):
        if hasattr(value, name):
            value = getattr(value, name)()
    return value.numpy() if callable(getattr(value, "numpy", None)) else value
