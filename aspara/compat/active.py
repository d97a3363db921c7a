"""Functions of the module that are methods of the active run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from aspara.artifacts.artifact import Artifact
from aspara.recording import registry
from aspara.recording.alerts import AlertLevel
from aspara.recording.run_settings import RunSettings as Settings

__all__ = [
    "AlertLevel",
    "Settings",
    "alert",
    "join",
    "link_artifact",
    "link_model",
    "log_code",
    "log_model",
    "mark_preempting",
    "unwatch",
    "use_model",
    "watch",
]


def alert(
    title: str, text: str, level: str | AlertLevel | None = None, wait_duration: float | timedelta | None = None
) -> None:
    """Notes something of the active run that people should notice; see :meth:`aspara.Run.alert`."""
    registry.required("alert()").alert(title, text, level, wait_duration)


def watch(
    models: Any,
    criterion: Any = None,
    log: str | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,
    log_graph: bool = False,
) -> None:
    """Logs histograms of a model's gradients and parameters; see :meth:`aspara.Run.watch`."""
    registry.required("watch()").watch(models, criterion, log, log_freq, idx, log_graph)


def unwatch(models: Any = None) -> None:
    """Ends :func:`watch`."""
    registry.required("unwatch()").unwatch(models)


def join(exit_code: int | None = None) -> None:
    """Finishes the active run, if there is one."""
    if registry.running is not None:
        registry.running.finish(exit_code)


def mark_preempting() -> None:
    """Accepted; see :meth:`aspara.Run.mark_preempting`."""
    registry.required("mark_preempting()").mark_preempting()


def log_model(path: str | os.PathLike[str], name: str | None = None, aliases: Sequence[str] | None = None) -> Artifact:
    """Makes a version of a model; see :meth:`aspara.Run.log_model`."""
    return registry.required("log_model()").log_model(path, name, aliases)


def use_model(name: str) -> str:
    """The path of a model; see :meth:`aspara.Run.use_model`."""
    return registry.required("use_model()").use_model(name)


def link_model(
    path: str | os.PathLike[str],
    registered_model_name: str,
    name: str | None = None,
    aliases: Sequence[str] | None = None,
) -> Artifact | None:
    """Logs a model; see :meth:`aspara.Run.link_model`."""
    return registry.required("link_model()").link_model(path, registered_model_name, name, aliases)


def link_artifact(artifact: Artifact, target_path: str, aliases: Sequence[str] | None = None) -> Artifact:
    """Logs an artifact; see :meth:`aspara.Run.link_artifact`."""
    return registry.required("link_artifact()").link_artifact(artifact, target_path, aliases)


def log_code(
    root: str | os.PathLike[str] | None = ".",
    name: str | None = None,
    include_fn: Callable[..., bool] | None = None,
    exclude_fn: Callable[..., bool] | None = None,
) -> Artifact | None:
    """Keeps source files; see :meth:`aspara.Run.log_code`."""
    return registry.required("log_code()").log_code(root, name, include_fn, exclude_fn)
