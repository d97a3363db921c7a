"""Stable-Baselines3."""

from __future__ import annotations

from aspara.integrations.sb3 import AsparaCallback
from aspara.recording import registry

__path__: list[str] = []  # modules of wandb lie below this one; see aspara.compat.modules


class WandbCallback(AsparaCallback):
    """:class:`aspara.integrations.sb3.AsparaCallback` with wandb's arguments, for a run that has begun.

    Args:
        verbose: 2: says where the model is saved.
        model_save_path: The folder of the model; None saves none.
        model_save_freq: How many calls lie between two savings; 0 saves at the end only.
        gradient_save_freq: How many passes lie between two histograms of gradients; 0 for none.
        log: What those histograms show, as ``watch(log=...)`` takes it.

    """

    def __init__(
        self,
        verbose: int = 0,
        model_save_path: str | None = None,
        model_save_freq: int = 0,
        gradient_save_freq: int = 0,
        log: str | None = "all",
    ) -> None:
        registry.required("WandbCallback()")
        super().__init__(
            verbose=verbose,
            model_save_path=model_save_path,
            model_save_freq=model_save_freq,
            gradient_save_freq=gradient_save_freq,
            log=log,
        )
