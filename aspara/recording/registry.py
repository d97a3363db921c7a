"""The active run of this process, and what ends runs that nobody finishes: exit, exceptions, signals.

`import aspara` loads this module, so it imports what a run needs only when one begins.
"""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

from aspara.errors import UsageError
from aspara.recording.log.fast_log import FastLog, make_log
from aspara.util import os_compat
from aspara.util.signals import defer_signals

if TYPE_CHECKING:
    from aspara.recording.run import Run

running: Run | None = None
"""The active run: the one that the last ``init()`` started and nobody finished."""
_open: weakref.WeakSet[Run] = weakref.WeakSet()
_strong: set[Run] = set()  # runs made directly live until they finish, as files do
_hooked = False
_forking = threading.local()
"""In a thread that forks: the runs that wait for it. Others may begin or end meanwhile."""


def _nobody() -> None:
    raise none_for("aspara.log()")


_nobodys = FastLog()
_nobodys.acquire = _nobody
log, _write_with = make_log(_nobodys)
"""Logs to the active run: one call, as ``run.log`` is."""


def _activate(run: Run | None) -> None:
    global running  # noqa: PLW0603
    running = run
    _write_with(_nobodys if run is None else run._pen)


def current() -> Run | None:
    """The active run, or None."""
    return running


def begin(
    project: str | None = None, *, reinit: str | bool | None = None, quiet: bool | None = None, **options: Any
) -> Run:
    """Starts a run and makes it the active one."""
    from aspara import settings

    if reinit not in (None, True, False, "default", "finish_previous", "return_previous", "create_new"):
        raise UsageError(f"reinit={reinit!r}: choose 'finish_previous', 'return_previous' or 'create_new'.")
    settings.check()
    if running is not None:
        if reinit == "return_previous":
            return running
        if reinit != "create_new":
            from aspara.recording.lifecycle.notebook_cells import failure

            running.end(*failure(running))
    from aspara.recording.announce import is_quiet
    from aspara.recording.capture.capture import CaptureOptions
    from aspara.recording.open_run import open_run
    from aspara.recording.run import Run
    from aspara.recording.run_display import show_live

    wanted = CaptureOptions.of(options.get("capture"), options.get("settings"))
    # A signal that ends the program finds a run that is known here, or none.
    with defer_signals():
        run = Run._of(open_run(project, **options), wanted)
        run._take_secrets(options)
        run._take_options(options)
        track(run)
        if reinit != "create_new" or running is None:
            _activate(run)
    if not show_live(run) and not is_quiet(quiet):
        run.announce(itself=options.get("id") is None and options.get("name") is None)
    return run


def track(run: Run) -> None:
    """Has `run` ended with the process if nobody ends it before."""
    _open.add(run)
    _strong.add(run)
    _install_hooks()


def forget(run: Run) -> None:
    """`run` has ended."""
    _open.discard(run)
    _strong.discard(run)
    if running is run:
        _activate(None)


def required(what: str) -> Run:
    """The active run; raises UsageError saying that `what` needs one."""
    if running is None:
        raise none_for(what)
    return running


def none_for(what: str) -> UsageError:
    """The error of a call that needs an active run where there is none."""
    return UsageError(f"There is no active run. Call aspara.init() before {what}.")


# -- the end of the process ---------------------------------------------------------------------------------------------


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
