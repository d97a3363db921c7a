"""What the cells of a notebook, or the lines typed at a prompt, tell of the runs that they leave open.

A failing cell is not the end of a run: the next one may go on with it. But when the run is ended by something else than its
program (a new ``init()``, a kernel that is shut down), it has failed, unless a later cell that succeeded has logged to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from aspara.recording.capture.notebook import shell
from aspara.recording.lifecycle.exception import describe
from aspara.recording.lifecycle.exit_code import code_of


class OpenRun(Protocol):
    """What is asked of a run here."""

    @property
    def step(self) -> int:
        """The step of its next row."""

    @property
    def starting_step(self) -> int:
        """The first step of this process."""


class _Failure:
    """A failed cell: its exit code, its exception, and the run's step when it failed."""

    def __init__(self, error: BaseException, step: int) -> None:
        self.code = code_of(error)
        self.description = describe(error)
        self.step = step


_failures: WeakKeyDictionary[OpenRun, _Failure] = WeakKeyDictionary()
_watched: Any = None


def watch(runs: Iterable[OpenRun]) -> None:
    """Follows the cells of this kernel, if there is one; `runs` are those open at any time."""
    global _watched  # noqa: PLW0603
    current = shell()
    if current is None or current is _watched:
        return
    _watched = current

    def ran(result: Any) -> None:
        error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
        if isinstance(error, BaseException):
            failed(runs, error)

    current.events.register("post_run_cell", ran)


def failed(runs: Iterable[OpenRun], error: BaseException) -> None:
    """A cell, or a typed line, has raised `error`."""
    for run in list(runs):
        if code_of(error):
            _failures[run] = _Failure(error, run.step)


def failure(run: OpenRun) -> tuple[int, dict[str, Any] | None]:
    """The exit code and the exception that the cells so far mean for `run`, if its program does not finish it."""
    last = _failures.get(run)
    # What was logged since then was logged by a cell that did not fail.
    return (0, None) if last is None or run.step != last.step else (last.code, last.description)
