"""Ultralytics: ``model = add_aspara(YOLO("yolo11n.pt"))``, then ``model.train(...)``."""

from __future__ import annotations

from typing import Any

import aspara
from aspara.integrations.base import log_model_file, run_for
from aspara.recording.run import Run


def add_aspara(model: Any, run: Run | None = None, **options: Any) -> Any:
    """Has a model record its training, and returns the model. Each training begins a run where there is none, and ends it.

    Args:
        model: A model of Ultralytics, such as a YOLO.
        run: The run; by default the active one.
        **options: What ``aspara.init()`` takes, such as ``project``; the names are by default the training's.

    """
    recording = _Recording(run, options)
    for event in (
        "on_pretrain_routine_end",
        "on_train_epoch_end",
        "on_fit_epoch_end",
        "on_train_end",
        "teardown",
    ):
        model.add_callback(event, getattr(recording, event))
    return model


class _Recording:
    def __init__(self, run: Run | None, options: dict[str, Any]) -> None:
        self._given, self._options = run, options
        self._run: Any = run
        self._is_own = False
        self._drawn: dict[Any, Any] = {}

    def on_pretrain_routine_end(self, trainer: Any) -> None:
        arguments = vars(trainer.args)
        options = {"project": str(trainer.args.project or "ultralytics"), "name": trainer.args.name, **self._options}
        self._is_own = self._given is None and aspara.run is None
        self._run = run_for(self._given, options)
        for prefix in ("train", "lr", "metrics", "val"):
            self._run.define_metric(f"{prefix}/*", step_metric="epoch")
        self._run.config.setdefaults(arguments)

    def on_train_epoch_end(self, trainer: Any) -> None:
        losses = trainer.label_loss_items(trainer.tloss, prefix="train")
        self._run.log({**losses, "epoch": trainer.epoch + 1, **trainer.lr}, commit=False)

    def on_fit_epoch_end(self, trainer: Any) -> None:
        self._log_plots(trainer)
        if trainer.epoch == 0:
            self._run.log(_model_facts(trainer), commit=False)
        self._run.log({**trainer.metrics, "epoch": trainer.epoch + 1})

    def on_train_end(self, trainer: Any) -> None:
        self._log_plots(trainer)
        if trainer.args.save and trainer.best.exists() and not self._run.disabled:
            log_model_file(self._run, trainer.best, ["best"])
        self._run.log({"epoch": trainer.epoch + 1})
        self._finish(0)

    def teardown(self, trainer: Any) -> None:
        """After an error too; after on_train_end there is nothing left to do."""
        del trainer
        self._finish(1)

    def _finish(self, exit_code: int) -> None:
        if self._is_own:
            self._is_own = False
            self._run.finish(exit_code)

    def _log_plots(self, trainer: Any) -> None:
        """The pictures that the training has drawn since."""
        for owner in (trainer, trainer.validator):
            for path, facts in dict(owner.plots).items():
                if self._drawn.get(path) != facts["timestamp"] and path.exists():
                    self._drawn[path] = facts["timestamp"]
                    self._run.log({path.stem: aspara.Image(str(path))}, commit=False)


def _model_facts(trainer: Any) -> dict[str, Any]:
    from ultralytics.utils.torch_utils import model_info_for_loggers

    return dict(model_info_for_loggers(trainer))
