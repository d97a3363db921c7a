"""Points of several runs on their way into one notebook page that can ask no server for them.

As in :mod:`feed`, deltas are messages with one buffer, ``{"type": "rows", "seq", "run", "metrics", "counts", "totals"}``,
and a snapshot of everything is a trait, made anew whenever a page asks for the widget's state and pushed now and then:
``{"seq", "runs": {key: {"metrics", "counts", "totals"}}, "data"}`` with the points of all runs in that order. ``{"type":
"infos", "seq", "infos"}`` tells how the runs stand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aspara.types import Block
from aspara_jupyter.point_buffer import Columns, RunPointBuffers
from aspara_jupyter.run_feed import Widget

_SNAPSHOT_INTERVAL = 5.0
_SNAPSHOT_BYTES_PER_SECOND = 25_000


class MultiRunFeed:
    """The points of some runs by key and metric, and the page that is kept up to date. Safe to use from several threads."""

    def __init__(
        self, page: Widget, wanted: Callable[[str], bool], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._page = page
        self._wanted = wanted
        self._clock = clock
        self._lock = threading.RLock()  # setting a trait asks for the widget's state on the same thread
        self._seq = 0
        self._runs: dict[str, RunPointBuffers] = {}
        self._next_snapshot = clock() + _SNAPSHOT_INTERVAL

    def load(self, key: str, series: Mapping[str, Columns], totals: Mapping[str, int]) -> None:
        """Takes a run's points up to now; ``totals`` are those that there were before decimation."""
        with self._lock:
            held = self._runs[key] = RunPointBuffers()
            held.load(series, totals)

    def blocks(self, key: str, blocks: Iterable[Block]) -> None:
        """Sends new rows of a run."""
        with self._lock:
            head, data = self._runs.setdefault(key, RunPointBuffers()).take([self._some(block) for block in blocks])
            if not data:
                return
            self._seq += 1
            self._page.send({"type": "rows", "seq": self._seq, "run": key, **head}, [memoryview(data)])
            if self._clock() >= self._next_snapshot:
                self.publish()

    def _some(self, block: Block) -> Block:
        """The columns of it that are wanted."""
        wanted = [i for i, name in enumerate(block.names) if self._wanted(name)]
        if len(wanted) == len(block.names):
            return block
        names, columns = [block.names[i] for i in wanted], [block.columns[i] for i in wanted]
        return block._replace(names=names, columns=columns)

    def infos(self, infos: list[dict[str, Any]]) -> None:
        """Sends how the runs stand."""
        with self._lock:
            self._seq += 1
            self._page.send({"type": "infos", "seq": self._seq, "infos": infos})

    def snapshot(self) -> dict[str, Any]:
        """All points, at most `LIMIT` a series."""
        with self._lock:
            packed = {key: held.packed() for key, held in self._runs.items()}
            runs = {key: head for key, (head, _) in packed.items()}
            return {"seq": self._seq, "runs": runs, "data": b"".join(data for _, data in packed.values())}

    def publish(self) -> None:
        """Sets the snapshot, which stays with the widget."""
        with self._lock:
            made = self.snapshot()
            pause = max(_SNAPSHOT_INTERVAL, len(made["data"]) / _SNAPSHOT_BYTES_PER_SECOND)
            self._next_snapshot = self._clock() + pause
            self._page.publish(snapshot=made)
