"""Signals that end a program, kept waiting while something is done that must not be left half done.

Python runs a signal's handler in the middle of whatever the main thread does. One that raises (Ctrl-C) would break a run's
end off; one that finishes runs would wait for locks that the very code it interrupted holds.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from aspara.util import os_compat

ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
INSISTING = 3
"""As many Ctrl-C break off what others of them wait for: whoever presses it so often means it."""

_holding: list[defer_signals] = []


class defer_signals:  # noqa: N801  read as a word: `with held():`
    """Has SIGINT, SIGTERM and SIGHUP wait until the block is over, and then happen; those in `dropping` are forgotten. The third Ctrl-C
    does not wait.

    `told` is called when the first Ctrl-C comes. Only where Python has a handler for them. Threads other than the main one are never interrupted: there it does nothing.
    """

    def __init__(self, *dropping: int, told: Callable[[], None] = lambda: None) -> None:
        self._dropping = dropping
        self._told = told
        self._came: list[int] = []
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        _holding.append(self)
        with contextlib.suppress(ValueError):  # an interpreter beside the main one has no signals
            for number in ENDING:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._wait)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._give_back()
        for number in dict.fromkeys(self._came):
            # Called and not raised anew: whoever is told of signals by the system, as asyncio is, has been told already.
            if number not in self._dropping:
                self._before[number](number, sys._getframe())

    def _wait(self, number: int, frame: FrameType | None) -> None:
        self._came.append(number)
        if number != signal.SIGINT:
            return
        if self._came.count(number) == 1:
            self._told()
        elif self._came.count(number) >= INSISTING:
            self._came.clear()
            self._before[number](number, frame)

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._wait:
                signal.signal(number, handler)
        with contextlib.suppress(ValueError):
            _holding.remove(self)


def _after_fork() -> None:
    """A child that another thread forked meanwhile is not in the block: signals are for it what they were."""
    while _holding:
        _holding[-1]._give_back()


os_compat.at_fork(after_in_child=_after_fork)
