"""The feed: a run's rows on their way into the notebook page, as binary deltas and a snapshot now and then.

A delta is a custom message ``{"type": "rows", "seq", "metrics", "counts", "totals", "info"}`` with one buffer (see
:mod:`points`). A storm of rows is thinned on the way to what a chart can show, spikes kept.

Deltas are lost by pages that are not there. So a snapshot of all series, at most `LIMIT` points each, is a trait of the widget:
made anew whenever a page asks for the widget's state, and pushed rarely enough to stay below 25 kB a second on the wire.
Its ``seq`` says which deltas it holds, its ``data`` are the points.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from aspara.types import Block
from aspara_jupyter.point_buffer import Columns, RunPointBuffers

_SNAPSHOT_INTERVAL = 1.0
_SNAPSHOT_BYTES_PER_SECOND = 25_000


class Widget(Protocol):
    """What a feed needs of a widget."""

    def send(self, content: dict[str, Any], buffers: Sequence[memoryview] | None = None) -> None:
        """Sends a custom message."""

    def publish(self, **traits: Any) -> None:
        """Sets traits, which travel to the page and stay with the widget."""


class NoWidget:
    """The page of a notebook that nobody watches."""

    def send(self, content: dict[str, Any], buffers: Sequence[memoryview] | None = None) -> None:
        """Sends nothing."""

    def publish(self, **traits: Any) -> None:
        """Keeps nothing."""


class RunFeed:
    """A run's listener that keeps a page up to date. Called on the run's background thread, at most ten times a second.

    ``info()`` gives the run's present state for the page's head line. All methods may be called from any thread.
    """

    def __init__(
        self, page: Widget, info: Callable[[], dict[str, Any]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._page = page
        self._info = info
        self._clock = clock
        self._pid = os.getpid()
        # Re-entrant: setting a trait asks for the widget's state on the same thread.
        self._lock = threading.RLock()
        self._seq = 0
        self._points = RunPointBuffers()
        self._next_snapshot = clock() + _SNAPSHOT_INTERVAL
        self.fresh = False
        """Whether rows have come since it was last set to False."""

    def begin(self, series: Mapping[str, Columns]) -> None:
        """Takes the points from before the feed began, for the snapshots."""
        with self._lock:
            self._points.load(series)
            self._publish()

    def blocks(self, blocks: Sequence[Block]) -> None:
        """Sends new rows."""
        if os.getpid() != self._pid:
            return  # a fork has no page
        with self._lock:
            self.fresh = True
            self._seq += 1
            head, data = self._points.take(blocks)
            # One buffer: each is a message of its own for the kernel's sockets, and each of these may wait for the training
            # to let go of the interpreter.
            self._page.send({"type": "rows", "seq": self._seq, **head, "info": self._info()}, [memoryview(data)])
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
            return self._points.columns(points)

    def snapshot(self) -> dict[str, Any]:
        """All series, at most `LIMIT` points each, as the trait holds them."""
        with self._lock:
            head, data = self._points.packed()
            return {"seq": self._seq, **head, "data": data}

    def _publish(self) -> None:
        made = self.snapshot()
        self._next_snapshot = self._clock() + max(_SNAPSHOT_INTERVAL, len(made["data"]) / _SNAPSHOT_BYTES_PER_SECOND)
        self._page.publish(snapshot=made, info=self._info())
