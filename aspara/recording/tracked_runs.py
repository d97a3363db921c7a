"""The runs of this process that are not finished: what ends them when nobody does. Exit, exceptions, signals, the end of a worker;
and what a fork means to them.
"""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aspara.util import os_compat
from aspara.util.signals import defer_signals


class TrackedRun(Protocol):
    """A run as far as the end of its process is concerned."""

    def end(self, code: int, exception: Mapping[str, Any] | None = None) -> None:
        """Ends it with an exit code and, if it failed, the exception."""

    def _before_fork(self) -> None: ...

    def _after_fork_in_parent(self) -> None: ...

    def _after_fork_in_child(self) -> None: ...


_open: weakref.WeakSet[Any] = weakref.WeakSet()
_strong: set[Any] = set()  # runs made directly live until they finish, as files do
_ended: list[Callable[[Any], None]] = []
_hooked = False
_forking = threading.local()
"""In a thread that forks: the runs that wait for it. Others may begin or end meanwhile."""


def track(run: TrackedRun) -> None:
    """Has `run` ended with the process if nobody ends it before."""
    _open.add(run)
    _strong.add(run)
    _install_hooks()


def forget(run: TrackedRun) -> None:
    """`run` has ended."""
    _open.discard(run)
    _strong.discard(run)
    for tell in _ended:
        tell(run)


def when_ended(tell: Callable[[Any], None]) -> None:
    """Has `tell` called with each run that ends from now on."""
    _ended.append(tell)


def _install_hooks() -> None:
    global _hooked  # noqa: PLW0603
    from aspara.recording.lifecycle import exit_code, notebook_cells

    end_with_worker()
    notebook_cells.watch(_open)
    exit_code.watch_signals(_finish_all)
    if _hooked:
        return
    _hooked = True
    atexit.register(_at_exit)
    exit_code.watch(lambda error: notebook_cells.failed(_open, error))
    os_compat.at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def end_with_worker() -> None:
    """Has the runs of this process end with it, if it is a worker of ``multiprocessing``; inherited ones, as far as they are its."""
    from aspara.recording.lifecycle import worker_exit

    worker_exit.watch(_finish_all)


def _at_exit() -> None:
    from aspara.recording.lifecycle import worker_exit
    from aspara.recording.lifecycle.exit_code import ending_error, exit_code

    # The program is over: there is nothing left that another Ctrl-C could interrupt.
    with defer_signals(signal.SIGINT):
        _finish_all(exit_code() or worker_exit.exit_code(), ending_error())


def _finish_all(code: int, exception: dict[str, Any] | None = None) -> None:
    from aspara.recording.lifecycle.exception import describe
    from aspara.recording.lifecycle.notebook_cells import failure

    if code and exception is None:
        exception = describe(sys.exc_info()[1])  # a worker of multiprocessing ends while it is handled
    for run in list(_open):
        run.end(*((code, exception) if code else failure(run)))


def _before_fork() -> None:
    _forking.runs = list(_open)
    for run in _forking.runs:
        run._before_fork()


def _after_in_parent() -> None:
    for run in getattr(_forking, "runs", ()):
        run._after_fork_in_parent()
    _forking.runs = []


def _after_in_child() -> None:
    from aspara.recording.lifecycle.exit_code import forked

    forked()
    for run in list(_open):
        run._after_fork_in_child()
