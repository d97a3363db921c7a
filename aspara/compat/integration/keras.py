"""Keras, with any backend."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import aspara
from aspara.integrations.base import base_class
from aspara.integrations.keras import AsparaCallback, AsparaModelCheckpoint, numpy_of
from aspara.recording import registry

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules
_CALLBACK = base_class("keras.callbacks:Callback", "tensorflow.keras.callbacks:Callback")


class WandbMetricsLogger(AsparaCallback):
    """:class:`aspara.integrations.keras.AsparaCallback` with wandb's arguments, for a run that has begun.

    Args:
        log_freq: ``"epoch"``, ``"batch"``, or how many batches lie between two rows.
        initial_global_step: The first ``batch/batch_step``.

    """

    def __init__(self, log_freq: str | int = "epoch", initial_global_step: int = 0, *_: Any, **__: Any) -> None:
        registry.required("WandbMetricsLogger()")
        super().__init__(log_freq=log_freq, initial_global_step=initial_global_step)


class WandbModelCheckpoint(AsparaModelCheckpoint):
    """:class:`aspara.integrations.keras.AsparaModelCheckpoint` for a run that has begun."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        registry.required("WandbModelCheckpoint()")
        super().__init__(*arguments, **options)


class WandbEvalCallback(_CALLBACK):  # type: ignore[misc,valid-type,unused-ignore]
    """Builds a table of the truth once, and one of the predictions after each epoch.

    A subclass fills them: ``add_ground_truth(logs)`` adds rows to ``self.data_table``, ``add_model_predictions(epoch, logs)``
    to ``self.pred_table``, where ``self.data_table_ref`` is the table of the truth.

    Args:
        data_table_columns: The columns of the truth.
        pred_table_columns: The columns of the predictions.

    """

    def __init__(
        self, data_table_columns: Sequence[str], pred_table_columns: Sequence[str], *_: Any, **__: Any
    ) -> None:
        super().__init__()
        registry.required("WandbEvalCallback()")
        self.data_table_columns = list(data_table_columns)
        self.pred_table_columns = list(pred_table_columns)
        self.data_table: Any = None
        self.pred_table: Any = None
        self.data_table_ref: Any = None

    def add_ground_truth(self, logs: Any = None) -> None:
        """To be written: adds the truth to ``self.data_table``."""
        raise NotImplementedError(f"{type(self).__name__}.add_ground_truth")

    def add_model_predictions(self, epoch: int, logs: Any = None) -> None:
        """To be written: adds predictions to ``self.pred_table``."""
        raise NotImplementedError(f"{type(self).__name__}.add_model_predictions")

    def on_train_begin(self, logs: Any = None) -> None:
        """Builds the table of the truth."""
        self.init_data_table(self.data_table_columns)
        self.add_ground_truth(logs)
        self.log_data_table()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Builds the table of the predictions."""
        self.init_pred_table(self.pred_table_columns)
        self.add_model_predictions(epoch, logs)
        self.log_pred_table()

    def init_data_table(self, column_names: Sequence[str]) -> None:
        """Begins the table of the truth."""
        self.data_table = aspara.Table(columns=list(column_names), allow_mixed_types=True)

    def init_pred_table(self, column_names: Sequence[str]) -> None:
        """Begins a table of predictions."""
        self.pred_table = aspara.Table(columns=list(column_names), allow_mixed_types=True)

    def log_data_table(self, name: str = "val", type: str = "dataset", table_name: str = "val_data") -> None:  # noqa: A002
        """Keeps the table of the truth as an artifact."""
        run = registry.required("WandbEvalCallback")
        artifact = aspara.Artifact(name, type=type)
        artifact.add(self.data_table, table_name)
        run.use_artifact(artifact)
        self.data_table_ref = self.data_table

    def log_pred_table(
        self,
        type: str = "evaluation",  # noqa: A002  wandb's argument
        table_name: str = "eval_data",
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Keeps the table of predictions as an artifact."""
        run = registry.required("WandbEvalCallback")
        artifact = aspara.Artifact(f"run_{run.id}_pred", type=type)
        artifact.add(self.pred_table, table_name)
        run.log_artifact(artifact, aliases=list(aliases or ("latest",)))


class WandbCallback(_CALLBACK):  # type: ignore[misc,valid-type,unused-ignore]
    """wandb's older callback: logs the metrics of each epoch, and keeps the best model.

    Args:
        monitor: The metric that decides which model is the best; its best value and epoch are in the summary.
        verbose: Accepted.
        mode: ``auto``, ``min`` or ``max``.
        save_weights_only: Whether only weights are kept.
        log_weights: Whether histograms of the weights are logged after each epoch.
        log_gradients: Not supported.
        save_model: Whether the best model is kept.
        training_data: Accepted.
        validation_data: Pictures and their labels, of which examples are logged with ``input_type="image"``.
        labels: The names of the classes.
        predictions: How many examples.
        generator: Accepted.
        input_type: ``"image"``, or anything else for no examples.
        log_batch_frequency: How many batches lie between two rows; None for epochs only.
        log_best_prefix: Stands in front of the best value's name: ``best_val_loss``.
        save_graph: Whether the model's layers are logged as a table.
        **ignored: wandb's further arguments.

    """

    def __init__(
        self,
        monitor: str = "val_loss",
        verbose: int = 0,
        mode: str = "auto",
        save_weights_only: bool = False,
        log_weights: bool = False,
        log_gradients: bool = False,
        save_model: bool = True,
        training_data: Any = None,
        validation_data: Any = None,
        labels: Sequence[Any] | None = None,
        predictions: int = 36,
        generator: Any = None,
        input_type: str | None = None,
        log_batch_frequency: int | None = None,
        log_best_prefix: str | None = "best_",
        save_graph: bool = True,
        **ignored: Any,
    ) -> None:
        del verbose, log_gradients, training_data, generator, ignored
        super().__init__()
        registry.required("WandbCallback()")
        self.monitor = monitor
        greatest = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure")))
        self._sign = 1 if greatest else -1
        self._best: float | None = None
        self.save_weights_only, self.save_model = save_weights_only, save_model
        self.log_weights, self.save_graph = log_weights, save_graph
        self.validation_data, self.labels, self.predictions = validation_data, list(labels or ()), predictions
        self.input_type, self.log_batch_frequency = input_type, log_batch_frequency
        self.log_best_prefix = log_best_prefix

    def on_train_begin(self, logs: Any = None) -> None:
        """Logs the model's layers."""
        del logs
        if self.save_graph and getattr(self.model, "built", False):
            from aspara.compat.data_types import Graph

            registry.required("WandbCallback").log({"graph": Graph.from_keras(self.model)}, commit=False)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the batch's metrics, if it is its turn."""
        if self.log_batch_frequency and batch % self.log_batch_frequency == 0:
            registry.required("WandbCallback").log(dict(logs or {}), commit=True)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch's metrics, and keeps the model if it is the best one."""
        run, row = registry.required("WandbCallback"), dict(logs or {})
        if self.log_weights:
            for weight in self.model.weights:
                name = getattr(weight, "path", weight.name)
                run.log({f"parameters/{name}": aspara.Histogram(numpy_of(weight))}, commit=False)
        if self.input_type in ("image", "images") and self.validation_data is not None:
            run.log({"examples": self._examples()}, commit=False)
        run.log({"epoch": epoch, **row}, commit=False)
        run.log({}, commit=True)
        value = row.get(self.monitor)
        if value is None or (self._best is not None and (float(value) - self._best) * self._sign <= 0):
            return
        self._best = float(value)
        if self.log_best_prefix is not None:
            run.summary[f"{self.log_best_prefix}{self.monitor}"] = self._best
            run.summary[f"{self.log_best_prefix}epoch"] = epoch
        if self.save_model and not run.disabled:
            ending = "weights.h5" if self.save_weights_only else "keras"
            path = os.path.join(run.dir, f"model-best.{ending}")
            (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def _examples(self) -> list[Any]:
        import numpy as np

        pictures, truth = self.validation_data[0][: self.predictions], self.validation_data[1][: self.predictions]
        guesses = np.asarray(numpy_of(self.model.predict(pictures, verbose=0)))
        found = []
        for picture, guess, true in zip(pictures, guesses, truth, strict=False):
            names = [self._name(guess), self._name(np.asarray(true))]
            found.append(aspara.Image(numpy_of(picture), caption=f"{names[0]} (true: {names[1]})"))
        return found

    def _name(self, value: Any) -> str:
        number = int(value.argmax()) if getattr(value, "size", 1) > 1 else round(float(value))
        return str(self.labels[number]) if 0 <= number < len(self.labels) else str(number)
