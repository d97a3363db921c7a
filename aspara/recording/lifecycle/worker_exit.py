"""The end of a worker of ``multiprocessing``, which leaves without the ``atexit`` of a program, but not without its own ceremony."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType

from aspara.recording.lifecycle.exit_code import code_of

_watched: int | None = None
"""The process whose end is watched already."""
_LEAVING = ("multiprocessing.popen_fork", "multiprocessing.forkserver")


def watch(ended: Callable[[int], None]) -> None:
    """Has `ended` called with the exit code when this process ends, if it is a worker."""
    global _watched  # noqa: PLW0603
    processes = sys.modules.get("multiprocessing.process")
    if processes is None or processes.parent_process() is None or _watched == os.getpid():
        return
    _watched = os.getpid()
    from multiprocessing.util import Finalize

    Finalize(None, lambda: ended(exit_code()), exitpriority=1)


def exit_code() -> int:
    """The code with which this process leaves as a worker; 0 where it is none. Before Python 3.13 the ceremony is held while the
    exception that ends the worker is being handled; since then, and by ``atexit``, by the one who leaves with the code.
    """
    error = sys.exc_info()[1]
    if error is not None:
        return code_of(error)
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if module == "multiprocessing.process":
            return 0  # the ceremony of before: nothing ended the worker
        if module in _LEAVING:
            code = frame.f_locals.get("code")
            return code if type(code) is int else 0
        frame = frame.f_back
    return 0
