"""Sweeps: the names are there, so that programs which offer them start; a sweep itself needs ``aspara[sweep]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from aspara.compat.errors import UnsupportedError


def sweep(
    sweep: dict[str, Any] | Callable[[], dict[str, Any]],
    entity: str | None = None,
    project: str | None = None,
    prior_runs: list[str] | None = None,
) -> str:
    """Raises UnsupportedError, which says what sweeps come with."""
    del sweep, entity, project, prior_runs
    _refuse("sweep()")


def agent(
    sweep_id: str,
    function: Callable[[], Any] | None = None,
    entity: str | None = None,
    project: str | None = None,
    count: int | None = None,
    forward_signals: bool = False,
    term_timeout: int | None = None,
    max_consecutive_failed_runs: int | None = None,
) -> None:
    """Raises UnsupportedError, which says what sweeps come with."""
    del sweep_id, function, entity, project, count, forward_signals, term_timeout, max_consecutive_failed_runs
    _refuse("agent()")


def controller(
    sweep_id_or_config: str | dict[str, Any] | None = None, entity: str | None = None, project: str | None = None
) -> Any:
    """Raises UnsupportedError, which says what sweeps come with."""
    del sweep_id_or_config, entity, project
    _refuse("controller()")


def _refuse(what: str) -> NoReturn:
    raise UnsupportedError(f"{what}: sweeps come with aspara[sweep], which this version does not have yet.")
