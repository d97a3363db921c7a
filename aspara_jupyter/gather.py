"""Points of several runs on their way into one notebook page that can ask no server for them.

As in :mod:`feed`, deltas are messages with one buffer a metric, ``{"type": "rows", "seq", "run", "metrics", "counts", "totals"}``,
and a snapshot of everything is a trait, made anew whenever a page asks for the widget's state and pushed now and then:
``{"seq", "runs": {key: {"metrics", "counts", "totals"}}, "data"}`` with the columns of all runs in that order. ``{"type":
"infos", "seq", "infos"}`` tells how the runs stand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from aspara.model import Row
from aspara_jupyter.feed import DELTA_POINTS, Columns, Page, columns
from aspara_jupyter.points import LIMIT, Points

_SNAPSHOT_INTERVAL = 5.0
_SNAPSHOT_BYTES_PER_SECOND = 25_000


class Gathered:
    """The points of some runs by key and metric, and the page that is kept up to date. Safe to use from several threads."""

    def __init__(
        self, page: Page, wanted: Callable[[str], bool], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._page = page
        self._wanted = wanted
        self._clock = clock
        self._lock = threading.RLock()  # setting a trait asks for the widget's state on the same thread
        self._seq = 0
        self._runs: dict[str, dict[str, Points]] = {}
        self._next_snapshot = clock() + _SNAPSHOT_INTERVAL

    def load(self, key: str, series: Mapping[str, Columns], totals: Mapping[str, int]) -> None:
        """Takes a run's points up to now; ``totals`` are those that there were before decimation."""
        with self._lock:
            held = self._runs[key] = {}
            for name, found in series.items():
                held[name] = Points()
                held[name].extend(*found)
                held[name].count = totals[name]

    def rows(self, key: str, rows: list[Row]) -> None:
        """Sends new rows of a run."""
        self.add(key, {name: found for name, found in columns(rows).items() if self._wanted(name)})

    def add(self, key: str, series: Mapping[str, Columns]) -> None:
        """Sends new points of a run."""
        with self._lock:
            held = self._runs.setdefault(key, {})
            names, counts, buffers = [], [], []
            for name, found in series.items():
                sent = Points()
                sent.extend(*found)
                held.setdefault(name, Points()).extend(*found)
                packed = sent.packed(DELTA_POINTS)
                names.append(name)
                counts.append(len(packed) // 24)
                buffers.append(memoryview(packed))
            if not names:
                return
            self._seq += 1
            totals = [held[name].count for name in names]
            content = {"type": "rows", "seq": self._seq, "run": key, "metrics": names, "counts": counts}
            self._page.send({**content, "totals": totals}, buffers)
            if self._clock() >= self._next_snapshot:
                self.publish()

    def infos(self, infos: list[dict[str, Any]]) -> None:
        """Sends how the runs stand."""
        with self._lock:
            self._seq += 1
            self._page.send({"type": "infos", "seq": self._seq, "infos": infos})

    def snapshot(self) -> dict[str, Any]:
        """All points, at most `LIMIT` a series."""
        with self._lock:
            parts: list[bytes] = []
            runs: dict[str, Any] = {}
            for key, held in self._runs.items():
                names = sorted(held)
                for name in names:
                    held[name].thin(LIMIT)
                parts.extend(held[name].packed() for name in names)
                runs[key] = {
                    "metrics": names,
                    "counts": [len(held[name]) for name in names],
                    "totals": [held[name].count for name in names],
                }
            return {"seq": self._seq, "runs": runs, "data": b"".join(parts)}

    def publish(self) -> None:
        """Sets the snapshot, which stays with the widget."""
        with self._lock:
            made = self.snapshot()
            pause = max(_SNAPSHOT_INTERVAL, len(made["data"]) / _SNAPSHOT_BYTES_PER_SECOND)
            self._next_snapshot = self._clock() + pause
            self._page.publish(snapshot=made)
