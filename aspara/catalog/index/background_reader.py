"""Reading on when nobody waits for it: indexes that a question left unfinished are completed on one background thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from aspara.catalog.index.run_index import RunIndex

SLICE = 0.2
_BREATH = 0.005


class BackgroundReader:
    """Completes indexes in turn, a slice of time each, so that all of them grow and whoever asks gets the lock in between."""

    def __init__(self, done: Callable[[RunIndex], None]) -> None:
        self._done = done
        self._waiting: deque[RunIndex] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False

    def put(self, index: RunIndex) -> None:
        """Has `index` completed; one that is on its way is not put twice."""
        with self._lock:
            if self._closing or index.building:
                return
            index.building = True
            self._waiting.append(index)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="aspara-indexes", daemon=True)
                self._thread.start()

    def close(self, timeout: float) -> None:
        """Ends it after the slice that is being read; what is unfinished is read when somebody asks again."""
        with self._lock:
            self._closing = True
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                index = self._waiting.popleft()
            done = True
            try:
                done = index.refresh(time.monotonic() + SLICE)
            except OSError:
                pass  # its files went away; whoever asks next finds out
            finally:
                with self._lock:
                    if done or self._closing:
                        index.building = False
                    else:
                        self._waiting.append(index)
            if done:
                self._done(index)
            time.sleep(_BREATH)
