"""fastai: ``learn.fit(1, cbs=AsparaCallback())``."""

from __future__ import annotations

import time
from typing import Any

from fastai.callback.core import Callback
from fastai.learner import Recorder
from fastai.torch_core import rank_distrib

from aspara.integrations.base import log_model_file, run_for
from aspara.recording.run import Run


class AsparaCallback(Callback):
    """Logs losses and hyperparameters of each batch, and the metrics of each epoch, from the first process only.

    Args:
        run: The run; by default the active one, which begins if there is none.
        log: What is watched of the model, as ``watch(log=...)`` takes it; None for nothing.
        log_model: Whether the model is kept at the end.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    remove_on_fetch = True
    order = Recorder.order + 1

    def __init__(
        self, run: Run | None = None, *, log: str | None = None, log_model: bool = False, **options: Any
    ) -> None:
        super().__init__()
        self._given, self._options = run, options
        self._log, self._log_model = log, log_model
        self._watched = False

    def before_fit(self) -> None:
        """Keeps what describes the training in the config; a learning rate finder is not recorded."""
        self.run = not hasattr(self.learn, "lr_finder") and not hasattr(self, "gather_preds") and rank_distrib() == 0
        if not self.run:  # fastai's own flag: the callback's other methods are called only where it is set
            return
        self._recorded = run = run_for(self._given, self._options)
        run.config.update({key: value for key, value in self.learn.gather_args().items() if value is not None})
        self._step = run.step - 1
        self._epoch = float(run.summary.get("epoch") or 0) // 1
        if self._log is not None and not self._watched:
            self._watched = True
            run.watch(self.learn.model, log=self._log)

    def before_batch(self) -> None:
        """Takes the time."""
        self._begun = time.perf_counter()

    def after_batch(self) -> None:
        """Logs the batch."""
        if not self.training:
            return
        seconds = time.perf_counter() - self._begun
        self._step += 1
        self._epoch += 1 / self.n_iter
        hypers = {f"{name}_{i}": value for i, group in enumerate(self.opt.hypers) for name, value in group.items()}
        row = {"epoch": self._epoch, "train_loss": self.smooth_loss, "raw_loss": self.loss, **hypers}
        self._recorded.log({**row, "train_samples_per_sec": len(self.xb[0]) / seconds}, step=self._step)

    def after_epoch(self) -> None:
        """Logs the epoch's metrics at the step of its last batch."""
        values = dict(zip(self.recorder.metric_names, self.recorder.log, strict=False))
        row = {name: value for name, value in values.items() if name not in ("train_loss", "epoch", "time")}
        self._recorded.log({"epoch": self._epoch, **row}, step=self._step)

    def after_fit(self) -> None:
        """Ends the last row, and keeps the model."""
        if not self.run:
            return
        self._recorded.log({})
        if self._log_model and not self._recorded.disabled:
            log_model_file(self._recorded, self.learn.save("model"))
