"""A bell: wakes a background thread, from wherever something happens."""

from __future__ import annotations

import contextlib
from queue import Empty, SimpleQueue


class Wakeup:
    """Wakes the one thread that waits for it.

    It may be rung from a signal handler or a destructor in the middle of another ring, which a ``threading.Event`` may not:
    the lock inside of an event is not re-entrant, so a program that is ended by a signal just then would wait for itself.
    """

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()
        self._rung = False

    def ring(self) -> None:
        """Has the next `wait` return at once, or the one that goes on now."""
        if not self._rung:
            self._rung = True
            self._rings.put(None)

    def wait(self, timeout: float) -> None:
        """Waits for a ring, `timeout` seconds at most. What was done before a ring is seen by whoever it wakes."""
        with contextlib.suppress(Empty):
            self._rings.get(timeout=timeout)
        self._rung = False
