"""The backlog: rows that are safe on disk and wait to be taken into the statistics and shown to live views.

`log()` only appends to it, as that is all that the training thread should pay; a background thread takes rows off.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from operator import itemgetter, pos
from typing import Any

from aspara.recording.log.trends import Trends
from aspara.storage.statistics import Statistics
from aspara.types import Block

_MOST_ROWS = 2048
_LEAST_ROWS = 128
_MOST_VALUES = 65_536
_CHUNK_VALUES = 8192
_BITE_VALUES = 256
_STARVED = 8
_HOPELESS = 64

_FEW = 3

Getter = Callable[[dict[str, Any]], tuple[Any, ...]]
"""What gives the values of certain names in a row, raising LookupError where it has not all of them."""


def getter(names: list[str]) -> Getter:
    """The values of `names` in a row, in that order."""
    if len(names) == 1:
        only = names[0]
        return lambda row: (row[only],)
    return itemgetter(*names)


class PendingRows:
    """Rows on their way into `statistics`.

    ``waiting`` holds (timestamp, step, metrics). Where `metrics` is a tuple it has finite numbers only, the values of the names
    that the last list before it in ``waiting`` gives: a tuple costs `log()` less than a dict, in time and in memory.
    """

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics
        self.lock = threading.RLock()
        """Guards the statistics."""
        self.waiting: deque[Any] = deque()
        self.limit = _MOST_ROWS
        """More rows than this are too many: they are in the processor's way. See :meth:`relieve`."""
        self.taken = 0
        """How many rows the statistics have taken in."""
        self.shown = False
        """Whether somebody looks, so that rows are kept for :meth:`take_unshown`."""
        self.trends: Trends | None = None
        """Takes a few values of each metric, where somebody wants them."""
        self._unshown: list[Block] = []
        self._names: Sequence[str] = ()
        self._bite = 1
        self._folding = False

    def turn(self, names: list[str]) -> None:
        """The tuples that follow are values of these names."""
        self.waiting.append(names)
        self.limit = max(_LEAST_ROWS, min(_MOST_ROWS, _MOST_VALUES // len(names)))
        self._bite = max(1, _BITE_VALUES // len(names))

    def relieve(self, nudge: Callable[[], object]) -> None:
        """What `log()` does about too many rows: it has the background thread fold now. If that gets no time, it takes off
        some rows itself, few enough not to stall.
        """
        count = len(self.waiting)
        nudge()
        if count > _STARVED * self.limit:
            self.fold(self._bite, wait=count > _HOPELESS * self.limit)

    def fold(self, most: int | None = None, *, wait: bool = True) -> None:
        """Takes the rows, or the first `most`, into the statistics; without `wait` not if another thread is at it."""
        if not self.lock.acquire(blocking=wait):
            return
        try:
            if self._folding:
                return  # a signal handler or a destructor logs in the middle of this very fold
            self._folding = True
            try:
                self._fold(len(self.waiting) if most is None else min(most, len(self.waiting)))
            finally:
                self._folding = False
        finally:
            self.lock.release()

    def take_unshown(self) -> list[Block]:
        """What was folded since the last call, in order, for those who look."""
        with self.lock:
            taken, self._unshown = self._unshown, []
        return taken

    def _fold(self, count: int) -> None:
        alike: list[Any] = []
        chunk = max(1, _CHUNK_VALUES // max(1, len(self._names)))
        for _ in range(count):
            row = self.waiting.popleft()
            if type(row) is not list and type(row[2]) is tuple:
                alike.append(row)
                if len(alike) >= chunk:
                    self._fold_alike(alike)
                    alike = []
                continue
            self._fold_alike(alike)
            alike = []
            if type(row) is list:
                self._names = row
                chunk = max(1, _CHUNK_VALUES // len(row))
            else:
                self.statistics.fold(row[1], row[2])
                self.taken += 1
                if self.trends is not None:
                    numbers = {name: value for name, value in row[2].items() if isinstance(value, int | float)}
                    self.trends.add(tuple(numbers), [tuple(numbers.values())])
                if self.shown:
                    at, step, values = row
                    self._unshown.append(Block(tuple(values), (at,), (step,), tuple((v,) for v in values.values())))
        self._fold_alike(alike)

    def _fold_alike(self, rows: list[Any]) -> None:
        if rows:
            names = self._names
            self.taken += len(rows)
            if self.trends is not None:
                self.trends.add(names, [row[2] for row in rows])
            if len(rows) < _FEW:
                for _, step, values in rows:
                    self.statistics.fold(step, dict(zip(names, map(pos, values), strict=True)))
            else:
                self.statistics.fold_alike(names, [row[1] for row in rows], [row[2] for row in rows])
            if self.shown:
                times, steps, values = zip(*rows, strict=True)
                self._unshown.append(Block(names, times, steps, tuple(zip(*values, strict=True))))
