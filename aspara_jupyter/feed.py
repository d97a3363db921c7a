"""The feed: a run's rows on their way into the notebook page, as binary deltas and a snapshot now and then.

A delta is a custom message ``{"type": "rows", "seq", "metrics", "counts", "totals", "info"}`` with one buffer a metric:
little-endian float64, timestamps, then steps, then values. A storm of rows is thinned on the way to what a chart can show,
spikes kept; ``counts`` are the points sent, ``totals`` those logged since the run began.

Deltas are lost by pages that are not there. So a snapshot of all series, at most `LIMIT` points each, is a trait of the widget:
made anew whenever a page asks for the widget's state, and pushed rarely enough to stay below 25 kB a second on the wire.
Its ``seq`` says which deltas it holds.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from aspara.model import Row
from aspara_jupyter.points import LIMIT, Floats, Points, number

DELTA_POINTS = 400
"""Points of one metric that one delta carries at most: ten deltas a second fill a chart's pixels many times over."""
_SNAPSHOT_INTERVAL = 1.0
_SNAPSHOT_BYTES_PER_SECOND = 25_000

Columns = tuple[Floats, Floats, Floats]


class Page(Protocol):
    """What a feed needs of a widget."""

    def send(self, content: dict[str, Any], buffers: Sequence[memoryview] | None = None) -> None:
        """Sends a custom message."""

    def publish(self, **traits: Any) -> None:
        """Sets traits, which travel to the page and stay with the widget."""


class Feed:
    """A run's listener that keeps a page up to date. Called on the run's background thread, at most ten times a second.

    ``info()`` gives the run's present state for the page's head line. All methods may be called from any thread.
    """

    def __init__(
        self, page: Page, info: Callable[[], dict[str, Any]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._page = page
        self._info = info
        self._clock = clock
        self._pid = os.getpid()
        # Re-entrant: setting a trait asks for the widget's state on the same thread.
        self._lock = threading.RLock()
        self._seq = 0
        self._metrics: dict[str, Points] = {}
        self._next_snapshot = clock() + _SNAPSHOT_INTERVAL
        self.fresh = False
        """Whether rows have come since it was last set to False."""

    def begin(self, series: Mapping[str, Columns]) -> None:
        """Takes the points from before the feed began, for the snapshots."""
        with self._lock:
            for name, found in series.items():
                self._metrics.setdefault(name, Points()).extend(*found)
            self._publish()

    def rows(self, rows: list[Row]) -> None:
        """Sends new rows."""
        if os.getpid() != self._pid:
            return  # a fork has no page
        arrived = columns(rows)
        with self._lock:
            self.fresh = True
            self._seq += 1
            names, counts, buffers = [], [], []
            for name, (times, steps, values) in arrived.items():
                sent = Points()
                sent.extend(times, steps, values)
                self._metrics.setdefault(name, Points()).extend(times, steps, values)
                packed = sent.packed(DELTA_POINTS)
                names.append(name)
                counts.append(len(packed) // 24)
                buffers.append(memoryview(packed))
            content = {
                "type": "rows",
                "seq": self._seq,
                "metrics": names,
                "counts": counts,
                "totals": [self._metrics[name].count for name in names],
                "info": self._info(),
            }
            self._page.send(content, buffers)
            if self._clock() >= self._next_snapshot:
                self._publish()

    def ended(self, status: str, exit_code: int | None) -> None:
        """Sends the end and the last snapshot."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self._seq += 1
            self._page.send(
                {"type": "status", "seq": self._seq, "status": status, "exit_code": exit_code, "info": self._info()}
            )
            self._publish()

    def series(self, points: int) -> dict[str, Columns]:
        """Timestamps, steps and values of each metric, at most `points`, copied."""
        with self._lock:
            found = {name: held.columns(points) for name, held in sorted(self._metrics.items())}
            return {name: (t.copy(), s.copy(), v.copy()) for name, (t, s, v) in found.items()}

    def snapshot(self) -> dict[str, Any]:
        """All series, at most `LIMIT` points each, as the trait holds them."""
        with self._lock:
            names = sorted(self._metrics)
            for name in names:
                self._metrics[name].thin(LIMIT)
            return {
                "seq": self._seq,
                "metrics": names,
                "counts": [len(self._metrics[n]) for n in names],
                "totals": [self._metrics[n].count for n in names],
                "data": b"".join(self._metrics[n].packed() for n in names),
            }

    def _publish(self) -> None:
        made = self.snapshot()
        self._next_snapshot = self._clock() + max(_SNAPSHOT_INTERVAL, len(made["data"]) / _SNAPSHOT_BYTES_PER_SECOND)
        self._page.publish(snapshot=made, info=self._info())


def columns(rows: Sequence[Row]) -> dict[str, Columns]:
    """Timestamps, steps and values of each metric in `rows`, in the order of logging; texts and media are left out."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(tuple(row[2]), []).append(i)
    parts: dict[str, list[tuple[Any, Any]]] = {}
    for names, at in groups.items():
        # Column by column, since a training loop logs the same names each time: C does the work.
        chosen: list[Mapping[str, Any]] = [rows[i][2] for i in at]
        index = np.array(at, dtype=np.intp)
        for name in names:
            values = _floats(list(map(itemgetter(name), chosen)))
            if isinstance(values, tuple):
                kept, values = values
                parts.setdefault(name, []).append((index[kept], values))
            else:
                parts.setdefault(name, []).append((index, values))
    if not parts:
        return {}
    times = np.array([row[0] for row in rows], dtype=np.float64)
    steps = np.array([row[1] for row in rows], dtype=np.float64)
    found: dict[str, Columns] = {}
    for name, blocks in parts.items():
        index = np.concatenate([block[0] for block in blocks]) if len(blocks) > 1 else blocks[0][0]
        values = np.concatenate([block[1] for block in blocks]) if len(blocks) > 1 else blocks[0][1]
        if len(blocks) > 1:
            order = np.argsort(index, kind="stable")
            index, values = index[order], values[order]
        if len(values):
            found[name] = (times[index], steps[index], values)
    return found


def _floats(values: list[Any]) -> Floats | tuple[list[int], Floats]:
    """The values as float64; where some are no numbers, the positions of those that are, and they."""
    kinds = set(map(type, values))
    if kinds <= {float, int, bool}:
        try:
            return np.array(values, dtype=np.float64)
        except OverflowError:  # integers beyond what a float holds
            pass
    numbers = [(i, n) for i, value in enumerate(values) if (n := number(value)) is not None]
    return [i for i, _ in numbers], np.array([n for _, n in numbers], dtype=np.float64)
