"""The active run of this process, and what ends runs that nobody finishes: exit, exceptions, signals.

`import aspara` loads this module, so it imports what a run needs only when one begins.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aspara.errors import UsageError

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from aspara.recording.run import Run

running: Run | None = None
"""The active run: the one that the last ``init()`` started and nobody finished."""
_open: weakref.WeakSet[Run] = weakref.WeakSet()
_strong: set[Run] = set()  # runs made directly live until they finish, as files do
_exit_code: int | None = None
_hooked = False


def current() -> Run | None:
    """The active run, or None."""
    return running


def begin(project: str | None = None, *, reinit: str | bool | None = None, **options: Any) -> Run:
    """Starts a run and makes it the active one."""
    global running  # noqa: PLW0603
    if reinit not in (None, True, False, "default", "finish_previous", "return_previous", "create_new"):
        raise UsageError(f"reinit={reinit!r}: choose 'finish_previous', 'return_previous' or 'create_new'.")
    if running is not None:
        if reinit == "return_previous":
            return running
        if reinit != "create_new":
            running.finish()
    from aspara.recording.capture import Wanted
    from aspara.recording.run import Run
    from aspara.recording.start import open_run
    from aspara.recording.surfaces import show_live

    wanted = Wanted.of(options.get("capture"), options.get("settings"))
    run = Run._of(open_run(project, **options), wanted)
    track(run)
    if reinit != "create_new" or running is None:
        running = run
    show_live(run)
    return run


def track(run: Run) -> None:
    """Has `run` ended with the process if nobody ends it before."""
    _open.add(run)
    _strong.add(run)
    _install_hooks()


def forget(run: Run) -> None:
    """`run` has ended."""
    global running  # noqa: PLW0603
    _open.discard(run)
    _strong.discard(run)
    if running is run:
        running = None


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
    if _hooked:
        return
    _hooked = True
    atexit.register(_at_exit)
    _chain_excepthook()
    _watch_sys_exit()
    _chain_sigterm()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def _at_exit() -> None:
    code = _exit_code or 0
    for run in list(_open):
        if code:
            run.finish(code)
        else:
            run.finish()


def _chain_excepthook() -> None:
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _exit_code  # noqa: PLW0603
        # In a notebook a failing cell is not the end of the run, and never comes here.
        _exit_code = 130 if issubclass(kind, KeyboardInterrupt) else 1
        previous(kind, error, trace)

    sys.excepthook = hook


def _watch_sys_exit() -> None:
    # SystemExit never reaches excepthook, and its code is gone when atexit runs.
    previous: Callable[..., Any] = sys.exit

    def leave(code: Any = None) -> Any:
        global _exit_code  # noqa: PLW0603
        if threading.current_thread() is threading.main_thread():
            _exit_code = 0 if code is None else code if isinstance(code, int) else 1
        return previous(code)

    sys.exit = leave


def _chain_sigterm() -> None:
    from aspara.recording.surfaces import in_notebook

    # Only where nobody else handles it, and only where Python lets us: a kernel and a launcher have their own ways.
    if threading.current_thread() is not threading.main_thread() or in_notebook():
        return
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def ended(number: int, frame: FrameType | None) -> None:
        del frame
        for run in list(_open):
            run.finish(128 + number)
        # The process dies of the signal itself, so that whoever waits for it sees that.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, ended)


def _before_fork() -> None:
    for run in list(_open):
        run._before_fork()


def _after_in_parent() -> None:
    for run in list(_open):
        run._after_fork_in_parent()


def _after_in_child() -> None:
    for run in list(_open):
        run._after_fork_in_child()
