"""Watching: every subscriber is told of new rows, runs, states and edits, each thing once; all of them share one reading."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aspara.catalog.builder import SLICE
from aspara.catalog.catalog import Catalog
from aspara.catalog.cursor import Cursor, matters, now
from aspara.catalog.index import RunIndex
from aspara.catalog.reader import Found
from aspara.catalog.replay import Replay, here
from aspara.catalog.runs import RunInfo
from aspara.errors import AsparaError
from aspara.storage.rows import nonfinite_name

_SCAN_INTERVAL = 1.0
_LONG_SCAN = 0.01
_MOST_WAITING = 200_000
_MOST_AT_ONCE = 5_000


@dataclass(frozen=True)
class Event:
    """One thing a live view is told. ``cursor`` is set on the last event of a batch: everything up to it has been told."""

    kind: str
    data: dict[str, Any]
    cursor: str | None = None


class Subscription:
    """One subscriber's events, waiting to be taken. ``overflowed`` becomes true when it took too few for too long: then it
    is told nothing more and should begin anew from its last cursor.
    """

    def __init__(self, watcher: Watcher, project: str, runs: frozenset[str] | None, cursor: Cursor) -> None:
        self.project = project
        self.runs = runs
        self.overflowed = False
        self._watcher = watcher
        self._cursor = cursor
        self._waiting: deque[tuple[str, Any, dict[str, int] | None]] = deque()
        self._rows_waiting = 0
        self._replaying = 0
        self._ready = threading.Condition()
        self._on_ready: Callable[[], None] | None = None
        self._listening: dict[str, tuple[RunIndex, Callable[[list[Found]], None]]] = {}

    def take(self, timeout: float) -> list[Event]:
        """The events that wait, some thousands at a time; blocks at most `timeout` seconds for the first, 0 for not at all.

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
                events.extend(Event("metric", _metric(self.project, run, row)) for row in rows)
                if positions is not None:
                    self._cursor.positions[run] = positions
            elif kind == "replay":
                run, replay = content
                # Read without the lock: whoever puts live events must not wait for old files.
                rows, done = replay.take(_MOST_AT_ONCE - len(events))
                events.extend(Event("metric", _metric(self.project, run, row)) for row in rows)
                self._cursor.positions[run] = dict(replay.positions)
                if done:
                    self._replaying -= 1
                else:
                    with self._ready:
                        self._waiting.appendleft((kind, content, positions))
            else:
                events.append(Event(kind, content))
        if events:
            last = events[-1]
            events[-1] = Event(last.kind, last.data, self.cursor)
        with self._ready:
            callback = self._on_ready if self._waiting else None
        if callback is not None:
            callback()
        return events

    @property
    def cursor(self) -> str:
        """Where the subscriber stands after what it has taken."""
        if not self._replaying:
            # Runs that have been still for long need no position: the moment decides for them.
            moving = self._watcher.moving(self.project)
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
        self._watcher._drop(self)

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

    def replay(self, run: str, replay: Replay) -> None:
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
                    index.listeners.remove(listener)

    def listens(self, run: str) -> bool:
        """True once the run's rows come here."""
        return run in self._listening


@dataclass
class _Watched:
    """What the watcher remembers of a project between two looks."""

    infos: dict[str, RunInfo] = field(default_factory=dict)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    stamps: dict[str, tuple[float, ...]] = field(default_factory=dict)


class Watcher:
    """Looks at the files of watched projects on one background thread, which runs only while somebody subscribes.

    Polling is the truth here (it works on network disks too): moving runs every `interval` seconds, the rest once a second by
    their files' times alone.
    """

    def __init__(self, catalog: Catalog, *, interval: float = 0.1) -> None:
        self._catalog = catalog
        self._interval = interval
        self._lock = threading.RLock()
        self._subscriptions: list[Subscription] = []
        self._projects: dict[str, _Watched] = {}
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def subscribers(self) -> int:
        """How many subscriptions are open."""
        return len(self._subscriptions)

    def subscribe(
        self, project: str, runs: Sequence[str] | None = None, *, since: int | None = None, cursor: str | None = None
    ) -> Subscription:
        """Begins to watch a project, or some of its runs (by stem or id; unknown ones are waited for).

        ``cursor`` goes on exactly where an answer or an earlier event ended; ``since`` (ms) repeats every row from then on;
        without either it begins now. Raises ProjectNotFound and UsageError.
        """
        self._catalog.project(project)
        where = Cursor.decode(cursor) if cursor else None
        wanted = None if runs is None else frozenset(self._stem(project, run) for run in runs)
        begin = where or Cursor(now() if since is None else since - 1)
        subscription = Subscription(self, project, wanted, Cursor(begin.when, dict(begin.positions)))
        with self._lock:
            watched = self._watch(project)
            for run in list(watched.infos):
                if subscription.wants(run):
                    if where is not None:
                        self._catch_up(subscription, watched.infos[run], where)
                    self._join(subscription, run, where, since)
            for run in where.positions.keys() - watched.infos.keys() if where is not None else ():
                if subscription.wants(run):
                    subscription._cursor.positions.pop(run, None)
                    subscription.put("deleted", {"run": run, "project": project})
            self._subscriptions.append(subscription)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._loop, args=(self._stop,), name="aspara-watch", daemon=True)
                self._thread.start()
        return subscription

    def close(self) -> None:
        """Ends the thread and every subscription."""
        with self._lock:
            for subscription in list(self._subscriptions):
                self._drop(subscription)
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not None:
            thread.join(5)

    def _stem(self, project: str, run: str) -> str:
        try:
            return self._catalog.stem(project, run)
        except AsparaError:
            return run

    def _drop(self, subscription: Subscription) -> None:
        subscription.unlisten()
        with self._lock:
            with contextlib.suppress(ValueError):
                self._subscriptions.remove(subscription)
            still = {s.project for s in self._subscriptions}
            for project in [p for p in self._projects if p not in still]:
                del self._projects[project]
            if not self._subscriptions:
                self._stop.set()
                self._thread = None

    def _catch_up(self, subscription: Subscription, info: RunInfo, where: Cursor) -> None:
        """Tells of a run that began or ended while the subscriber was away; saying either again does no harm."""
        if info.run in where.positions:
            if info.is_finished:
                subscription.put("status", _status(info))
        elif (info.start_time or 0) > where.when:
            subscription.put("run", info.json())

    def moving(self, project: str) -> set[str]:
        """The runs of a watched project that have a writer or changed within two minutes."""
        watched = self._projects.get(project)
        return set(watched.active) if watched else set()

    # -- joining ------------------------------------------------------------------------------------------------------

    def _join(
        self, subscription: Subscription, run: str, where: Cursor | None, since: int | None, *, new: bool = False
    ) -> None:
        """Tells what the subscriber has missed of a run, then everything that follows; nothing comes between the two."""
        index = self._catalog.index(subscription.project, run)
        with index.lock:
            subscription.listen(run, index)
            if new:
                subscription.replay(run, Replay(index))
            elif where is not None:
                seen = where.positions.get(run)
                subscription.replay(run, Replay(index, seen=seen, when=None if seen is not None else where.when))
            elif since is not None:
                subscription.replay(run, Replay(index, since=since))
            else:
                subscription._cursor.positions[run] = here(index)

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _loop(self, stop: threading.Event) -> None:
        next_scan = time.monotonic() + _SCAN_INTERVAL
        while not stop.wait(self._interval):
            with self._lock:
                projects = list(self._projects)
            began = time.monotonic()
            scan = began >= next_scan
            for project in projects:
                try:
                    if scan:
                        self._scan(project)
                    self._read_active(project)
                except (OSError, AsparaError):
                    continue  # a folder that vanishes while it is looked at is looked at again in a moment
            if scan:
                # A hundredth of the time at most: thousands of runs are looked at less often.
                took = time.monotonic() - began
                next_scan = time.monotonic() + max(_SCAN_INTERVAL, 100 * took if took > _LONG_SCAN else 0)

    def _read_active(self, project: str) -> None:
        with self._lock:
            watched = self._projects.get(project)
            active = list(watched.active) if watched else []
            runs = [r for r in active if any(s.project == project and s.listens(r) for s in self._subscriptions)]
        for run in runs:
            # A long history is read a piece at a time: the others must not wait for it.
            self._catalog.index(project, run).refresh(time.monotonic() + SLICE)

    def _watch(self, project: str) -> _Watched:
        watched = self._projects.get(project)
        if watched is None:
            watched = self._projects[project] = _Watched()
            for info in self._catalog._infos(project):
                watched.infos[info.run] = info
                watched.shown[info.run] = _shown(info)
                watched.stamps[info.run] = (float(info.last_update or 0),)
                if info.status == "running" or matters(self._catalog.layout.run(project, info.run)):
                    watched.active.add(info.run)
        return watched

    def _scan(self, project: str) -> None:
        infos = {info.run: info for info in self._catalog._infos(project)}
        with self._lock:
            watched = self._projects.get(project)
            if watched is None:
                return
            subscriptions = [s for s in self._subscriptions if s.project == project]
            for run, info in infos.items():
                before = watched.infos.get(run)
                stamp = (float(info.last_update or 0),)
                if info.status == "running" or watched.stamps.get(run) != stamp:
                    watched.active.add(run)
                elif run in watched.active and not matters(self._catalog.layout.run(project, run)):
                    watched.active.discard(run)
                watched.stamps[run] = stamp
                if before is None or before.id != info.id:
                    self._appeared(project, info, subscriptions)
                else:
                    self._changed(project, before, info, watched.shown.get(run), subscriptions)
                watched.shown[run] = _shown(info)
            for run in watched.infos.keys() - infos.keys():
                watched.active.discard(run)
                for subscription in subscriptions:
                    subscription.unlisten(run)
                    if subscription.wants(run):
                        subscription.put("deleted", {"run": run, "project": project})
            watched.infos = infos

    def _appeared(self, project: str, info: RunInfo, subscriptions: list[Subscription]) -> None:
        for subscription in subscriptions:
            if subscription.wants(info.run) or subscription.wants(info.id):
                subscription.unlisten(info.run)
                subscription.put("run", info.json())
                self._join(subscription, info.run, None, None, new=True)
        del project

    def _changed(
        self,
        project: str,
        before: RunInfo,
        info: RunInfo,
        shown: dict[str, Any] | None,
        subscriptions: list[Subscription],
    ) -> None:
        ended = before.status != info.status
        edited = shown != _shown(info)
        if not (ended or edited):
            return
        if ended:
            # The last rows are told before the end is.
            self._catalog.index(project, info.run).refresh()
        for subscription in subscriptions:
            if not subscription.wants(info.run):
                continue
            if ended:
                subscription.put("status", _status(info))
            if edited:
                subscription.put("meta", info.json())


def _status(info: RunInfo) -> dict[str, Any]:
    return {
        "run": info.run,
        "project": info.project,
        "status": info.status,
        "is_finished": info.is_finished,
        "exit_code": info.exit_code,
        "timestamp": info.finish_time or info.last_update,
    }


def _shown(info: RunInfo) -> dict[str, Any]:
    """What an edit can change of a list item."""
    return {
        "name": info.name,
        "tags": info.tags,
        "notes": info.notes,
        "config": info.config,
        "summary": info.summary,
        "color": info.color,
    }


def _metric(project: str, run: str, row: Found) -> dict[str, Any]:
    timestamp, step, metrics = row
    safe = {k: nonfinite_name(v) if type(v) is float and not math.isfinite(v) else v for k, v in metrics.items()}
    return {"timestamp": timestamp, "step": step, "metrics": safe, "run": run, "project": project}
