"""Who watches a run live in this process, such as the chart under a notebook's cell."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Protocol

from aspara.recording.log.pending_rows import PendingRows
from aspara.recording.log.periodic_thread import PeriodicThread
from aspara.types import Row, Status
from aspara.util.messages import say

_INTERVAL = 0.1
"""Seconds between two tellings."""


class Listener(Protocol):
    """Somebody who watches a run live in this process, such as the notebook's chart."""

    def rows(self, rows: list[Row]) -> None:
        """The rows logged since the last call, in order; at most ten times a second, on a background thread."""

    def ended(self, status: Status, exit_code: int | None) -> None:
        """The run has ended; no rows follow."""


class RunListeners:
    """The part of a run that tells its watchers."""

    _backlog: PendingRows
    _keeper: PeriodicThread
    _listeners: list[Listener]
    _tell_lock: threading.RLock
    _tell_at: float
    """When they are told next (monotonic)."""

    @property
    def name(self) -> str:
        """The run's name."""
        raise NotImplementedError

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Has `listener` told of rows and of the end, about ten times a second; returns what ends that.

        A listener that raises is reported once and told nothing more.
        """
        self._listeners.append(listener)
        self._backlog.shown = True
        self._keeper.nudge()

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def _begin_telling(self) -> None:
        """At the start, and anew after a fork."""
        self._listeners = []
        self._tell_lock = threading.RLock()
        self._tell_at = 0.0

    def _tell_listeners(self) -> None:
        with self._tell_lock:
            self._tell_at = time.monotonic() + _INTERVAL
            taken = self._backlog.take_unshown()
            self._backlog.shown = bool(self._listeners)
            for listener in list(self._listeners) if taken else ():
                try:
                    # Columns, where they are wanted: rows one by one cost a busy training several times as much.
                    if (columns := getattr(listener, "blocks", None)) is not None:
                        columns(taken)
                    else:
                        listener.rows([row for block in taken for row in block.rows()])
                except Exception as error:
                    self._listeners.remove(listener)
                    say(f"A live view of {self.name!r} stopped: {type(error).__name__}: {error}")

    def _tell_end(self, status: Status, exit_code: int | None) -> None:
        for listener in list(self._listeners):
            try:
                listener.ended(status, exit_code)
            except Exception as error:  # a view's mistake is none of the run's
                say(f"a live view failed: {type(error).__name__}: {error}")
