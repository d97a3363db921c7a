"""Watching: every subscriber is told of new rows, runs, states and edits, each thing once; all of them share one reading."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aspara.catalog.catalog import Catalog
from aspara.catalog.index.backfill import Backfill, here
from aspara.catalog.index.background_reader import SLICE
from aspara.catalog.live.fs_events import DELAY, FsEvents
from aspara.catalog.live.subscription import Subscription
from aspara.catalog.runs.cursor import Cursor, matters, now
from aspara.catalog.runs.run_cache import CachedRun
from aspara.catalog.runs.run_info import RunInfo
from aspara.errors import AsparaError
from aspara.storage.layout import is_run_metadata, runs_of_rows

_SCAN_INTERVAL = 1.0
_CLOCKS_APART = 10.0
_LONG_SCAN = 0.01
_SHARE, _HURRIED_SHARE, _LIVE_SHARE, _READING_SHARE = 0.01, 0.05, 0.05, 0.2
"""Of the time: what looking at all runs may take, at runs of which something is known to have changed, reading what is heard of all
the time, and reading by polling."""


@dataclass
class _WatchedRun:
    """What the watcher remembers of a project between two looks."""

    infos: dict[str, RunInfo] = field(default_factory=dict)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    stamps: dict[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass
class _WatchedFolders:
    """What a watcher's thread listens to."""

    notices: FsEvents
    places: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """Folders that tell of changes: the project that each belongs to, and the run, where it is one's own."""
    subscribed: int = -1
    """For how many subscriptions the folders were chosen; -1: they must be chosen anew."""


class Watcher:
    """Looks at the files of watched projects on one background thread, which runs only while somebody subscribes.

    Polling is the truth here (it works on network disks too): moving runs every `interval` seconds, the rest once a second by
    their files' times alone. With `notify` moving runs, too, are looked at once a second only, and at once when the system says
    that one has changed, wherever it can say so.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        interval: float = 0.1,
        notify: bool = False,
        notices: Callable[[], FsEvents] = FsEvents,
    ) -> None:
        self._catalog = catalog
        self._interval = interval
        self._notices = notices if notify else None
        self._lock = threading.RLock()
        self._subscriptions: list[Subscription] = []
        self._projects: dict[str, _WatchedRun] = {}
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._subscribed = 0
        """How many subscriptions were ever begun."""

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
        if project not in self._projects:
            self._catalog.project(project)
        look = self._catalog._look(project)
        where = Cursor.decode(cursor) if cursor else None
        wanted = None if runs is None else frozenset(self._stem(project, run) for run in runs)
        begin = where or Cursor(now() if since is None else since - 1)
        subscription = Subscription(project, wanted, Cursor(begin.when, dict(begin.positions)), self.moving, self._drop)
        with self._lock:
            watched = self._watch(project, look)
            for run in list(watched.infos):
                if subscription.wants(run):
                    if where is not None:
                        self._catch_up(subscription, watched.infos[run], where)
                    known = look.get(run)
                    still = (
                        known is not None
                        and run not in watched.active
                        and run not in begin.positions
                        and not known.shared()
                        and not known.logged_after(begin.when / 1000 - _CLOCKS_APART)
                    )
                    self._join(subscription, run, where, since, still=still)
            for run in where.positions.keys() - watched.infos.keys() if where is not None else ():
                if subscription.wants(run):
                    subscription._cursor.positions.pop(run, None)
                    subscription.put("deleted", {"run": run, "project": project})
            self._subscriptions.append(subscription)
            self._subscribed += 1
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._loop, args=(self._stop,), name="aspara-watch", daemon=True)
                self._thread.start()
        return subscription

    def close(self) -> None:
        """Ends the thread and every subscription."""
        with self._lock:
            thread, self._thread = self._thread, None
            for subscription in list(self._subscriptions):
                self._drop(subscription)
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
        self,
        subscription: Subscription,
        run: str,
        where: Cursor | None,
        since: int | None,
        *,
        new: bool = False,
        still: bool = False,
    ) -> None:
        """Tells what the subscriber has missed of a run, then everything that follows; nothing comes between the two. Of one that
        has been `still` nothing was missed, and the moment of the cursor stands for its position.
        """
        index = self._catalog.index(subscription.project, run)
        with index.lock:
            subscription.listen(run, index)
            if still:
                return
            if new:
                subscription.replay(run, Backfill(index))
            elif where is not None:
                seen = where.positions.get(run)
                subscription.replay(run, Backfill(index, seen=seen, when=None if seen is not None else where.when))
            elif since is not None:
                subscription.replay(run, Backfill(index, since=since))
            else:
                subscription._cursor.positions[run] = here(index)

    # -- the thread ---------------------------------------------------------------------------------------------------

    def _loop(self, stop: threading.Event) -> None:
        ears = None if self._notices is None else _WatchedFolders(self._notices())
        try:
            self._look_on(stop, ears)
        finally:
            if ears is not None:
                ears.notices.close()

    def _look_on(self, stop: threading.Event, ears: _WatchedFolders | None) -> None:
        looked = scanned = time.monotonic()
        scanning = reading = 0.0
        hurry = False
        unfinished: dict[str, set[str]] = {}
        while not stop.is_set():
            silent, missed = self._follow(ears)
            # A hundredth of the time at most: thousands of runs are looked at less often.
            scan_at = scanned + max(_SCAN_INTERVAL, scanning / _SHARE if scanning > _LONG_SCAN else 0)
            if hurry:
                scan_at = min(scan_at, scanned + max(self._interval, scanning / _HURRIED_SHARE))
            look_at = looked + max(self._interval, min(_SCAN_INTERVAL, reading / _READING_SHARE))
            # What is written all the time takes a small share of the time, and is read no less often than by polling. The pause
            # comes first: what happens in it is told.
            spent = time.monotonic() - looked
            if stop.wait(min(spent / _LIVE_SHARE, max(0.0, self._interval - DELAY - spent))):
                return
            told = self._heard(ears, 0 if missed or unfinished else min(scan_at, look_at) if silent else scan_at, stop)
            if stop.is_set():
                return
            looked = time.monotonic()
            changed = self._changed_rows(ears, told) if ears is not None and told else {}
            hurry = hurry or None in changed
            scan, idle = looked >= scan_at, 0.0
            going_on, unfinished = unfinished, {}
            with self._lock:
                projects = list(self._projects)
            for project in projects:
                try:
                    began = time.monotonic()
                    if scan:
                        self._scan(project)
                        idle += time.monotonic() - began
                    everything = scan or missed or told is None or project in silent
                    wanted = None if everything else changed.get(project, set()) | going_on.get(project, set())
                    spent, rest = self._read(project, wanted)
                except (OSError, AsparaError):
                    continue  # a folder that vanishes while it is looked at is looked at again in a moment
                idle += spent
                if rest:
                    unfinished[project] = rest
            if scan:
                scanned, scanning, hurry = time.monotonic(), idle, False
                if ears is not None:
                    ears.subscribed = -1
            elif told is None or silent:
                reading = idle

    def _follow(self, ears: _WatchedFolders | None) -> tuple[set[str], bool]:
        """Has the folders watched that matter now. Returns the projects that tell nothing, and must be looked at all the time; and
        whether something may have been missed just now.
        """
        with self._lock:
            projects = set(self._projects)
            if ears is None:
                return projects, False
            if ears.subscribed == self._subscribed:
                return projects - {project for project, _ in ears.places.values()}, False
            ears.subscribed = self._subscribed
            layout = self._catalog.layout
            places: dict[str, tuple[str, str | None]] = {str(layout.project_dir(p)): (p, None) for p in projects}
            for project, watched in self._projects.items():
                for run in watched.active:
                    if self._is_heard(project, run):
                        places[str(layout.run(project, run).writers)] = (project, run)
        before = ears.places.keys()
        ears.places = {folder: places[folder] for folder in ears.notices.follow(places)}
        return projects - {project for project, _ in ears.places.values()}, before != ears.places.keys()

    def _heard(self, ears: _WatchedFolders | None, until: float, stop: threading.Event) -> set[str] | None:
        """What changed, as soon as something did; None where everything must be looked at for want of knowledge."""
        seconds = until - time.monotonic()
        if ears is None or not ears.places:
            stop.wait(max(0.0, seconds))
            return None
        found = ears.notices.wait(seconds, lambda: stop.is_set() or ears.subscribed != self._subscribed)
        if found is None:
            ears.subscribed = -1
        return found

    def _changed_rows(self, ears: _WatchedFolders, told: Iterable[str]) -> dict[str | None, set[str]]:
        """The runs with new rows by project; and under None the projects of which more than rows changed."""
        changed: dict[str | None, set[str]] = {}
        for path in told:
            folder, name = os.path.split(path)
            project, run = ears.places.get(folder, (None, None))
            watched = None if project is None else self._projects.get(project)
            if project is None or watched is None:
                continue
            runs = [run] if run is not None else runs_of_rows(name)
            known = [r for r in runs if r in watched.infos]
            if known:
                changed.setdefault(project, set()).update(known)
            elif runs or is_run_metadata(name):
                changed.setdefault(None, set()).add(project)
        return changed

    def _is_heard(self, project: str, run: str) -> bool:
        return any(s.project == project and s.listens(run) for s in self._subscriptions)

    def _read(self, project: str, runs: Iterable[str] | None) -> tuple[float, set[str]]:
        """Reads what is new of some runs; None: of all that move. Returns the seconds that went into runs that had nothing new, and
        the runs of which more is there.
        """
        with self._lock:
            watched = self._projects.get(project)
            if watched is None:
                return 0.0, set()
            if runs is not None:
                watched.active.update(runs)
            wanted = [r for r in (watched.active if runs is None else runs) if self._is_heard(project, r)]
        idle, unfinished = 0.0, set()
        for run in wanted:
            index = self._catalog.index(project, run)
            began, version = time.monotonic(), index.points.version
            # A long history is read a piece at a time: the others must not wait for it.
            if not index.refresh(began + SLICE):
                unfinished.add(run)
            elif index.points.version == version:
                idle += time.monotonic() - began
        return idle, unfinished

    def _watch(self, project: str, look: Mapping[str, CachedRun]) -> _WatchedRun:
        watched = self._projects.get(project)
        if watched is None:
            watched = self._projects[project] = _WatchedRun()
            for known in look.values():
                info = known.info
                watched.infos[info.run] = info
                watched.shown[info.run] = _shown(info)
                watched.stamps[info.run] = (float(info.last_update or 0),)
                if info.status == "running" or known.moves():
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
                    self._appeared(info, subscriptions)
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

    def _appeared(self, info: RunInfo, subscriptions: list[Subscription]) -> None:
        for subscription in subscriptions:
            if subscription.wants(info.run) or subscription.wants(info.id):
                subscription.unlisten(info.run)
                subscription.put("run", info.json())
                self._join(subscription, info.run, None, None, new=True)

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
