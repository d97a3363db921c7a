"""What one subscriber has been told of, is told of, and waits to take; and where it stands."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aspara.catalog.index.backfill import Backfill
from aspara.catalog.index.run_index import MOMENT, RunIndex
from aspara.catalog.parsing.line_reader import Found
from aspara.catalog.runs.cursor import ROWS, Cursor, now
from aspara.util.json_safe import nonfinite_name

_MOST_WAITING = 200_000
_MOST_AT_ONCE = 5_000


@dataclass(frozen=True)
class Event:
    """One thing a live view is told. ``cursor`` says that everything up to it has been told; the last event of a batch has one."""

    kind: str
    data: dict[str, Any]
    cursor: str | None = None


class Subscription:
    """One subscriber's events, waiting to be taken. ``overflowed`` becomes true when it took too few for too long: then it
    is told nothing more and should begin anew from its last cursor.
    """

    def __init__(
        self,
        project: str,
        runs: frozenset[str] | None,
        cursor: Cursor,
        moving: Callable[[str], set[str]],
        drop: Callable[[Subscription], None],
    ) -> None:
        self.project = project
        self.runs = runs
        self.overflowed = False
        self._moving = moving
        self._drop = drop
        self._cursor = cursor
        self._waiting: deque[tuple[str, Any, dict[str, int] | None]] = deque()
        self._rows_waiting = 0
        self._replaying = 0
        self._ready = threading.Condition()
        self._on_ready: Callable[[], None] | None = None
        self._listening: dict[str, tuple[RunIndex, Callable[[list[Found]], None]]] = {}

    def take(self, timeout: float, *, each: bool = False) -> list[Event]:
        """The events that wait, some thousands at a time; blocks at most `timeout` seconds for the first, 0 for not at all. With
        `each` every event has a cursor, otherwise the last one.

        One thread at a time may take.
        """
        with self._ready:
            if not self._waiting and timeout > 0:
                self._ready.wait(timeout)
        events: list[Event] = []
        while len(events) < _MOST_AT_ONCE:
            with self._ready:
                if not self._waiting:
                    break
                kind, content, positions = self._waiting.popleft()
                if kind == "rows":
                    self._rows_waiting -= len(content[1])
            if kind == "rows":
                run, rows = content
                cursors: list[str | None] = [None] * len(rows)
                if each:
                    cursors = self._within(run, positions, len(rows))
                if positions is not None:
                    self._cursor.positions[run] = positions
                if each and positions is not None and rows:
                    cursors[-1] = self.cursor
                events.extend(
                    Event("metric", _metric(self.project, run, row), cursor)
                    for row, cursor in zip(rows, cursors, strict=True)
                )
            elif kind == "replay":
                run, replay = content
                # Read without the lock: whoever puts live events must not wait for old files.
                base, done = self.cursor if each else "", False
                rest = _MOST_AT_ONCE - len(events)
                while rest > 0 and not done:
                    rows, done = replay.take(1 if each else rest)
                    rest -= max(1, len(rows))
                    place = self._beyond(base, run, replay.positions) if each else None
                    events.extend(Event("metric", _metric(self.project, run, row), place) for row in rows)
                self._cursor.positions[run] = dict(replay.positions)
                if done:
                    self._replaying -= 1
                else:
                    with self._ready:
                        self._waiting.appendleft((kind, content, positions))
            else:
                events.append(Event(kind, content, self.cursor if each else None))
        if events:
            last = events[-1]
            events[-1] = Event(last.kind, last.data, self.cursor)
        with self._ready:
            callback = self._on_ready if self._waiting else None
        if callback is not None:
            callback()
        return events

    def _within(self, run: str, after: dict[str, int] | None, count: int) -> list[str | None]:
        """A cursor behind each of the next rows of a run but the last. They are counted, which one file allows: where rows of
        several came together, there are none.
        """
        before = self._cursor.positions.get(run)
        grown = {key for key, end in (after or {}).items() if key != MOMENT and end != (before or {}).get(key)}
        if before is None or after is None or len(grown) != 1 or any(key.startswith(ROWS) for key in before):
            return [None] * count
        base, key = self.cursor, ROWS + grown.pop()
        return [self._beyond(base, run, {**before, key: number}) for number in range(1, count + 1)]

    def _beyond(self, base: str, run: str, positions: dict[str, int]) -> str:
        """The cursor `base` with another position of one run."""
        return f"{base},{Cursor(self._cursor.when, {run: dict(positions)}).encode()}"

    @property
    def cursor(self) -> str:
        """Where the subscriber stands after what it has taken."""
        if not self._replaying:
            # Runs that have been still for long need no position: the moment decides for them.
            moving = self._moving(self.project)
            positions = self._cursor.positions
            self._cursor = Cursor(
                max(self._cursor.when, now()), {run: positions[run] for run in positions if run in moving}
            )
        return self._cursor.encode()

    def on_ready(self, callback: Callable[[], None]) -> None:
        """Has `callback` called, from any thread, whenever events begin to wait."""
        with self._ready:
            self._on_ready = callback
            waiting = bool(self._waiting)
        if waiting:
            callback()

    def close(self) -> None:
        """Ends it; nothing more is told."""
        self._drop(self)

    def wants(self, run: str) -> bool:
        """True for a run that this subscriber watches."""
        return self.runs is None or run in self.runs

    def put(self, kind: str, content: Any, positions: dict[str, int] | None = None) -> None:
        """Adds an event (the watcher does)."""
        with self._ready:
            if self.overflowed:
                return
            if kind == "rows":
                self._rows_waiting += len(content[1])
                if self._rows_waiting > _MOST_WAITING:
                    self.overflowed = True
            if not self.overflowed:
                self._waiting.append((kind, content, positions))
            self._ready.notify_all()
            callback = self._on_ready
        if callback is not None:
            callback()

    def listen(self, run: str, index: RunIndex) -> None:
        """From now on every batch that `index` reads is put here; the caller holds the index's lock."""

        def listener(batch: list[Found]) -> None:
            self.put("rows", (run, batch), index.positions())

        index.listen(listener)
        self._listening[run] = (index, listener)

    def replay(self, run: str, replay: Backfill) -> None:
        """Tells what was missed of a run before what comes."""
        if replay.empty:
            self._cursor.positions[run] = dict(replay.positions)
        else:
            self._replaying += 1
            self.put("replay", (run, replay))

    def unlisten(self, run: str | None = None) -> None:
        """Ends the listening to one run, or to all."""
        for name in [run] if run is not None else list(self._listening):
            index, listener = self._listening.pop(name, (None, None))
            if index is not None and listener is not None:
                with index.lock, contextlib.suppress(ValueError):
                    index.unlisten(listener)

    def listens(self, run: str) -> bool:
        """True once the run's rows come here."""
        return run in self._listening


def _metric(project: str, run: str, row: Found) -> dict[str, Any]:
    timestamp, step, metrics = row
    safe = {k: nonfinite_name(v) if type(v) is float and not math.isfinite(v) else v for k, v in metrics.items()}
    return {"timestamp": timestamp, "step": step, "metrics": safe, "run": run, "project": project}
