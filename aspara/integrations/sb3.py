"""Stable-Baselines3: ``model.learn(..., callback=AsparaCallback())``, or AsparaOutputFormat among a logger's formats."""

from __future__ import annotations

import os
from typing import Any

from aspara.errors import UsageError
from aspara.integrations.base import base_class, run_for
from aspara.recording.run import Run
from aspara.util.messages import say

_CALLBACK = base_class("stable_baselines3.common.callbacks:BaseCallback")
_WRITER = base_class("stable_baselines3.common.logger:KVWriter")


class AsparaOutputFormat(_WRITER):  # type: ignore[misc,valid-type,unused-ignore]
    """An output of Stable-Baselines3's logger: what it writes becomes a row, with ``global_step``.

    Args:
        run: The run; by default the active one, which begins if there is none.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(self, run: Run | None = None, **options: Any) -> None:
        self._given, self._options = run, options

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        """Logs one row, without what Stable-Baselines3 keeps from curves: texts, and the counters that only its table shows."""
        row = {
            key: value
            for key, value in key_values.items()
            if (isinstance(value, int | float) or hasattr(value, "item"))
            and "tensorboard" not in (key_excluded.get(key) or ())
        }
        run_for(self._given, self._options).log({**row, "global_step": step})

    def close(self) -> None:
        """Nothing is open."""


class AsparaCallback(_CALLBACK):  # type: ignore[misc,valid-type,unused-ignore]
    """Logs what the training's logger writes (``rollout/…``, ``train/…``, ``time/fps``, with ``global_step``), keeps the
    algorithm's parameters in the config, and saves the model.

    Args:
        run: The run; by default the active one, which begins if there is none.
        verbose: 2: says where the model is saved.
        model_save_path: The folder of the model; None saves none.
        model_save_freq: How many calls lie between two savings; 0 saves at the end only.
        gradient_save_freq: How many passes lie between two histograms of gradients; 0 for none.
        log: What those histograms show, as ``watch(log=...)`` takes it.
        **options: What ``aspara.init()`` takes, such as ``project``.

    """

    def __init__(
        self,
        run: Run | None = None,
        *,
        verbose: int = 0,
        model_save_path: str | None = None,
        model_save_freq: int = 0,
        gradient_save_freq: int = 0,
        log: str | None = "all",
        **options: Any,
    ) -> None:
        if _CALLBACK is not object:
            super().__init__(verbose)
        if model_save_freq and model_save_path is None:
            raise UsageError("model_save_freq needs a model_save_path.")
        self._given, self._options = run, options
        self.verbose = verbose
        self.model_save_path = model_save_path
        self.model_save_freq = model_save_freq
        self.gradient_save_freq = gradient_save_freq
        self.log = log if log in ("gradients", "parameters", "all") else None
        if model_save_path is not None:
            os.makedirs(model_save_path, exist_ok=True)
            self.path = os.path.join(model_save_path, "model.zip")

    def _init_callback(self) -> None:
        run = run_for(self._given, self._options)
        model: Any = self.model
        facts = {"algo": type(model).__name__}
        facts.update({key: str(value) for key, value in vars(model).items() if key not in run.config})
        run.config.setdefaults(facts)
        outputs = model.logger.output_formats
        # Where TensorBoard's writer is followed (sync_tensorboard=True), the same values come by it.
        followed = any(hasattr(_add_scalar(output), "_aspara_original") for output in outputs)
        if not followed and not any(isinstance(output, AsparaOutputFormat) for output in outputs):
            outputs.append(AsparaOutputFormat(run))
        if self.gradient_save_freq > 0:
            run.watch(model.policy, log_freq=self.gradient_save_freq, log=self.log)

    def _on_step(self) -> bool:
        if self.model_save_freq > 0 and self.model_save_path is not None and self.n_calls % self.model_save_freq == 0:
            self.save_model()
        return True

    def _on_training_end(self) -> None:
        if self.model_save_path is not None:
            self.save_model()

    def save_model(self) -> None:
        """Saves the model, and keeps it with the run."""
        self.model.save(self.path)
        run_for(self._given, self._options).save(self.path, base_path=self.model_save_path, policy="now")
        if self.verbose > 1:
            say(f"The model is saved to {self.path}.")


def _add_scalar(output: Any) -> Any:
    return getattr(getattr(output, "writer", None), "add_scalar", None)
