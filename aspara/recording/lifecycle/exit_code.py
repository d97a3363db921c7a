"""How this process ends, as far as it can be known before it is over.

An uncaught exception is told by ``sys.excepthook``, ``sys.exit(3)`` by standing before ``sys.exit``. ``raise SystemExit(3)``
reaches no hook, and its code is gone when ``atexit`` runs. But between the end of a script and that, the interpreter flushes
``sys.stderr`` and ``sys.stdout`` while the exception is still alive: who stands before ``flush`` can look for it. A program
started with ``python -m`` or ``-c`` gets no such flush. From Python 3.12 on the interpreter tells of the exceptions that leave
a frame; before that a bare ``raise SystemExit(3)``, without ``sys.exit``, goes unseen there: no Python code runs between it
and the moment it is forgotten.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType, TracebackType
from typing import Any

from aspara.recording.lifecycle.exception import describe
from aspara.util.signals import ENDING, defer_signals

_code: int | None = None
_error: dict[str, Any] | None = None
"""The exception behind it, described."""
_main: FrameType | None = None
"""The outermost frame of the main thread: the program itself."""
_looked = False
_STREAMS_ABOVE = 4
_WATCHED = tuple(number for number in ENDING if number != signal.SIGINT)
_MONITORS = (4, 3)
"""The tools of ``sys.monitoring`` that no kind of tool (debugger, coverage, profiler, …) has for its own."""
_inherited: Any = None


def exit_code() -> int:
    """What the process will exit with, asked when it is ending: 0 if nothing is known to the contrary."""
    # A sys.exit() that was caught, or an excepthook that somebody called to print: the program came to its end all the same.
    if _came_to_its_end():
        return 0
    return code_of(_last_error()) if _code is None else _code


def ending_error() -> dict[str, Any] | None:
    """The uncaught exception that ends the process, described; None if none is known."""
    if _came_to_its_end():
        return None
    return _error or (describe(_last_error()) if _code is None else None)


def _last_error() -> BaseException | None:
    """The uncaught exception as the interpreter noted it before it called ``sys.excepthook``: also where that is somebody
    else's hook that does not call ours.
    """
    if hasattr(sys, "ps1"):
        return None  # somebody typed on after it
    error = getattr(sys, "last_value", None)
    return error if isinstance(error, BaseException) else None


def watch(failed_while_typing: Callable[[BaseException], None]) -> None:
    """Begins to look. To be called once. ``failed_while_typing(error)`` is called for an exception at Python's prompt, after
    which the session goes on.
    """
    global _main  # noqa: PLW0603
    _main = _outermost(sys._current_frames().get(threading.main_thread().ident or 0))
    _chain_excepthook(failed_while_typing)
    _stand_before_exit()
    for stream in (sys.stderr, sys.stdout):
        _stand_before_flush(stream)
    if not _is_flushed_after():
        _follow_unwinding()


def watch_signals(ended_by: Callable[[int], None]) -> None:
    """Has ``ended_by(143)`` called when SIGTERM ends the process, ``ended_by(129)`` when its terminal goes away (SIGHUP), where
    nobody else handles that.
    """
    global _inherited  # noqa: PLW0603
    from aspara.recording.capture.notebook import in_notebook

    # Only where Python lets us: a kernel and a launcher have their own ways, and a subinterpreter has no signals.
    if threading.current_thread() is not threading.main_thread() or in_notebook():
        return

    def ended(number: int, frame: FrameType | None) -> None:
        del frame
        try:
            with defer_signals(*ENDING):
                ended_by(128 + number)
        finally:
            # The process dies of the signal itself, so that whoever waits for it sees that.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    for number in _WATCHED:
        # nohup has SIGHUP ignored, and that it stays.
        if signal.getsignal(number) is signal.SIG_DFL:
            with contextlib.suppress(ValueError):
                signal.signal(number, ended)
                _inherited = ended


def forked() -> None:
    """In a child after a fork: its end is not the parent's, so these signals end it as they would without us."""
    if _inherited is None or threading.current_thread() is not threading.main_thread():
        return
    for number in _WATCHED:
        if signal.getsignal(number) is _inherited:
            signal.signal(number, signal.SIG_DFL)


def code_of(error: BaseException | None) -> int:
    """The exit code of a process that `error` ends."""
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        return _as_code(error.code)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def _as_code(code: Any) -> int:
    # The system keeps eight bits of it; a text is printed and counts as 1.
    return 0 if code is None else code & 0xFF if isinstance(code, int) else 1


def _came_to_its_end() -> bool:
    """True if the program's own frame returned: no exception left it."""
    if _main is None or hasattr(sys, "ps1"):
        return False
    import dis

    code = _main.f_code.co_code
    return 0 <= _main.f_lasti < len(code) and dis.opname[code[_main.f_lasti]].startswith("RETURN_")


def _outermost(frame: FrameType | None) -> FrameType | None:
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _chain_excepthook(failed_while_typing: Callable[[BaseException], None]) -> None:
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        global _code, _error
        # In a notebook a failing cell is not the end of the run, and never comes here.
        if hasattr(sys, "ps1"):
            failed_while_typing(error)
        else:
            _code, _error = code_of(error), describe(error)
        previous(kind, error, trace)

    sys.excepthook = hook


def _stand_before_exit() -> None:
    previous: Callable[..., Any] = sys.exit

    def leave(code: Any = None, /) -> Any:
        global _code  # noqa: PLW0603
        if threading.current_thread() is threading.main_thread():
            _code = _as_code(code)
        return previous(code)

    sys.exit = leave
    if sys.version_info < (3, 12):
        # Until then `from sys import exit`, before us, makes no SystemExit that could be found later.
        _replace_exit(previous, leave)


def _replace_exit(previous: Callable[..., Any], leave: Callable[..., Any]) -> None:
    """Puts `leave` in the place of sys.exit wherever a module has taken that as its own."""
    for module in list(sys.modules.values()):
        # Not isinstance(), which believes an object that only says that it is a module, as cffi's libraries do.
        if issubclass(type(module), ModuleType):
            names = object.__getattribute__(
                module, "__dict__"
            )  # a module that loads when it is looked at stays unloaded
            if names.get("exit") is previous:
                names["exit"] = leave


def _is_flushed_after() -> bool:
    """Whether the interpreter flushes the streams when the program is over, as it does after a script."""
    names = vars(sys.modules["__main__"])
    return _main is None or (_main.f_globals is names and "__file__" in names)


def _follow_unwinding() -> None:
    """Has the interpreter tell of the exception that leaves the program's own frame. It tells of all frames, which costs each
    frame that an exception leaves a tenth of a microsecond: a script needs it not, and a kernel ends otherwise.
    """
    from aspara.recording.capture.notebook import in_notebook

    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None or _main is None or in_notebook():
        return
    tool = next((number for number in _MONITORS if monitoring.get_tool(number) is None), None)
    if tool is None:
        return
    program = _main.f_code

    def left(code: Any, _at: int, error: BaseException) -> None:
        global _code  # noqa: PLW0603
        if code is program and isinstance(error, SystemExit):
            _code = _as_code(error.code)

    monitoring.use_tool_id(tool, "aspara")
    monitoring.register_callback(tool, monitoring.events.PY_UNWIND, left)
    monitoring.set_events(tool, monitoring.events.PY_UNWIND)


def _stand_before_flush(stream: Any) -> None:
    previous = getattr(stream, "flush", None)
    if previous is None:
        return

    def flush(*arguments: Any, **options: Any) -> Any:
        if not _looked and threading.get_ident() == threading.main_thread().ident:
            # Called by the interpreter itself, or by the few functions of a stream that stands before this one.
            frame: FrameType | None = sys._getframe()
            for _ in range(_STREAMS_ABOVE):
                frame = frame and frame.f_back
            if frame is None and _outermost(sys._getframe()) is not _main:
                _look()
        return previous(*arguments, **options)

    try:
        stream.flush = flush
    except (AttributeError, TypeError):  # a stream that allows no attributes is left alone
        return


def _look() -> None:
    """The program's frame is over: finds the SystemExit that left it, if one did."""
    global _code, _looked  # noqa: PLW0603
    _looked = True
    found = _leaving()
    if found is not None:
        _code = _as_code(found.code)


def _leaving() -> SystemExit | None:
    if _main is None or _came_to_its_end():
        return None
    # The way of an exception that left the frame where it stands now. One that passed a `finally` has another.
    way = [
        each
        for start in gc.get_referrers(_main)
        if isinstance(start, TracebackType) and start.tb_lasti == _main.f_lasti
        for each in _steps(start)
    ]
    # `type`, not isinstance(): no object of the program is to notice that it is looked at.
    found: list[SystemExit] = [one for one in gc.get_objects() if issubclass(type(one), SystemExit)]
    passed = [one for one in found if _is_one_of(one.__traceback__, way)]
    # Before Python 3.12 an exception that nobody caught on its way does not know its traceback. But what the interpreter
    # holds on its way out nothing else refers to; what was caught and kept, something does.
    waiting = [one for one in found if one.__traceback__ is None or one.__traceback__.tb_frame is _main]
    lists = [passed, found, waiting]
    loose = [one for one in waiting if not [r for r in gc.get_referrers(one) if not _is_one_of(r, lists)]]
    return next(iter(passed or loose), None)


def _is_one_of(one: Any, several: list[Any]) -> bool:
    return any(one is each for each in several)


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
