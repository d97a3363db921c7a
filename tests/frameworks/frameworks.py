"""The programs of this suite: a tiny training of each framework, run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Program:
    """``programs/train_<name>.py``. It trains once, with the integration that its first argument names.

    Args:
        group: The file of ``requirements/`` that it runs with.
        packages: The distributions whose releases count.
        has_wandb: Whether there is an integration of wandb to be equal to, in the framework or in wandb.

    """

    group: str
    packages: tuple[str, ...]
    has_wandb: bool = True


PROGRAMS = {
    "xgboost": Program("boosting", ("xgboost-cpu",)),
    "lightgbm": Program("boosting", ("lightgbm",)),
    "catboost": Program("boosting", ("catboost",)),
    "sklearn": Program("boosting", ("scikit-learn",)),
    "optuna": Program("boosting", ("optuna", "optuna-integration")),
    "hydra": Program("boosting", ("hydra-core",), has_wandb=False),
    "lightning": Program("lightning", ("lightning",)),
    "pytorch_lightning": Program("lightning", ("pytorch-lightning",)),
    "fabric": Program("lightning", ("lightning",)),
    "torch": Program("lightning", ("torch",), has_wandb=False),
    "ignite": Program("lightning", ("pytorch-ignite",)),
    "transformers": Program("huggingface", ("transformers",)),
    "accelerate": Program("huggingface", ("accelerate",)),
    "trl": Program("huggingface", ("trl",)),
    "sb3": Program("sb3", ("stable-baselines3",)),
    "ray": Program("ray", ("ray",)),
    "keras": Program("tensorflow", ("keras",)),
}


def run_program(
    name: str,
    way: str,
    folder: str | os.PathLike[str],
    environment: dict[str, str],
    launcher: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Runs a program in `folder`: `way` is ``aspara`` (our integration), ``wandb``, or ``shim`` (wandb made of Aspara).

    `launcher` stands between Python and the program, such as ``-m torch.distributed.run``.
    """
    module = ["-m", "aspara.wandb"] if way == "shim" else []
    command = [
        sys.executable,
        *launcher,
        *module,
        str(HERE / "programs" / f"train_{name}.py"),
        "wandb" if way == "shim" else way,
    ]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
