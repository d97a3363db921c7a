"""A background thread that does at intervals what must not cost the training thread anything."""

from __future__ import annotations

import threading
from collections.abc import Callable

from aspara.util.messages import say
from aspara.util.wakeup import Wakeup


class PeriodicThread:
    """Calls ``work`` every ``interval()`` seconds on a daemon thread until stopped. ``interval`` is asked before each wait.

    The thread starts with the first ``start()`` and not at import, so that forked and imported-only processes have none.
    """

    def __init__(self, work: Callable[[], None], interval: Callable[[], float], *, name: str) -> None:
        self._work = work
        self._interval = interval
        self._name = name
        self._wakeup = Wakeup()
        self._last: Callable[[], None] | None = None
        self._stopping = self._said = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread, once. Where the process may have no more threads there is one warning, and nothing runs before
        `stop`: `nudge` says so to whoever counts on it.
        """
        if self._thread is None:
            thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:
                say(f"The thread {self._name} cannot be started ({error}). The run is recorded all the same.")
            else:
                self._thread = thread

    def nudge(self) -> bool:
        """Lets the next round begin now; False where no round will come behind the caller's back."""
        self._wakeup.ring()
        thread = self._thread
        return thread is not None and thread is not threading.current_thread() and thread.is_alive()

    def stop(self, timeout: float, *, last: Callable[[], None] | None = None) -> bool:
        """Ends the thread after the round it is in and `last`; False if that takes longer than `timeout` seconds."""
        self._last = last
        self._stopping = True
        self._wakeup.ring()
        thread = self._thread
        if thread is None or thread is threading.current_thread() or not thread.is_alive():
            if last is not None:
                last()
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _say(self, error: Exception) -> None:
        if not self._said:
            self._said = True
            say(f"{self._name} met {type(error).__name__}: {error}. It goes on.")

    def _loop(self) -> None:
        while True:
            self._wakeup.wait(self._interval())
            if self._stopping:
                break
            try:
                self._work()
            except Exception as error:  # whatever it is: without its next rounds nothing would be made durable any more
                self._say(error)
        if self._last is not None:
            self._last()
