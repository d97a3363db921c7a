"""``aspara.mirror("wandb")``: a program keeps its tracker, and its runs are recorded here too."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import TracebackType
from typing import Any

from aspara.errors import UsageError

TOOLS = ("wandb", "mlflow", "tensorboard")
"""Each is a module of this package with ``begin(options)``, which returns what ends it."""


class Mirror:
    """A mirror that is on: a context manager, and a function that ends it."""

    def __init__(self, tool: str, end: Callable[[], None]) -> None:
        self.tool = tool
        self._end: Callable[[], None] | None = end

    def stop(self) -> None:
        """Restores the other tracker's functions and finishes the mirrored runs. A second call does nothing."""
        end, self._end = self._end, None
        if end is not None:
            end()

    def __call__(self) -> None:
        self.stop()

    def __enter__(self) -> Mirror:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self.stop()

    def __repr__(self) -> str:
        return f"<Mirror of {self.tool}, {'on' if self._end else 'off'}>"


def mirror(tool: str, *, project: str | None = None, **options: Any) -> Mirror:
    """Records here, too, what this program logs to wandb, MLflow or TensorBoard.

    The program stays as it is: call this once, before or after the other library is imported. Runs that begin from then on
    have a run here, with the same project, name, config, metrics, steps and end. An error of ours costs a note and never
    the program.

    Args:
        tool: ``"wandb"``, ``"mlflow"`` or ``"tensorboard"``.
        project: The project of all these runs; by default what the other tracker calls it (wandb's project, MLflow's
            experiment), else what :func:`aspara.init` takes.
        **options: Further arguments of each run, such as ``dir``, ``tags``, ``tracker_uri`` or ``capture``.

    Returns:
        The mirror: ``stop()`` ends it, and so does the end of a ``with`` block.

    Raises:
        UsageError: There is no mirror of that tool.

    """
    if tool not in TOOLS:
        raise UsageError(f"mirror({tool!r}): choose one of {', '.join(map(repr, TOOLS))}.")
    if project is not None:
        options["project"] = project
    end: Callable[[], None] = import_module(f"aspara.integrations.mirror.{tool}").begin(options)
    return Mirror(tool, end)
