"""Following the runs of a chart from the kernel: a thread that reads their files until all of them have ended.

Where the page asks the server for points, the thread looks at the runs' states alone, every two seconds. Elsewhere it pushes
what is new: of runs on this machine's disks ten times a second at most, of those far away every two seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from aspara.catalog.library import Library, LocalLibrary
from aspara.catalog.runs import RunInfo
from aspara.catalog.series import SeriesQuery
from aspara.catalog.subscription import Subscription
from aspara.catalog.watch import Watcher
from aspara.errors import AsparaError, NotFound
from aspara.model import Block
from aspara_jupyter.chosen import NEWEST, Chosen, Selection, columns_of, info_of
from aspara_jupyter.gather import Gathered
from aspara_jupyter.points import LIMIT, blocks_of

_LOOK = 2.0
_PUSH = 0.1
_MOST_RUNS = 5 * NEWEST


class Near:
    """Runs of a project whose files can be watched."""

    def __init__(self, library: LocalLibrary, project: str, runs: list[str] | None, cursor: str) -> None:
        self.library, self.project = library, project
        self._watcher = Watcher(library.catalog)
        self._told: Subscription = self._watcher.subscribe(project, runs, cursor=cursor)

    def push(self, gathered: Gathered, begun: Callable[[str], None]) -> bool:
        """Sends what is new; True if a state may have changed. `begun` is told of runs that appear."""
        rows: dict[str, list[Any]] = {}
        moved = False
        for event in self._told.take(0):
            if event.kind == "metric":
                row = event.data
                rows.setdefault(row["run"], []).append((row["timestamp"], row["step"], row["metrics"]))
            else:
                moved = True
                if event.kind == "run":
                    begun(event.data["run"])
        for run, found in rows.items():
            gathered.blocks(f"{self.project}/{run}", blocks_of(found))
        return moved

    def close(self) -> None:
        """Ends the watching."""
        self._watcher.close()


class Far:
    """Runs of a project that a server far away is asked about."""

    def __init__(self, library: Library, project: str, runs: list[str], metrics: tuple[str, ...] | None) -> None:
        self.library, self.project = library, project
        self._runs, self._metrics = runs, metrics
        self.running = set(runs)
        """Those that are asked about; set by whoever looks at the states."""
        # By run and metric, the time of the last point that is here.
        self._seen: dict[tuple[str, str], int] = {}
        self._due = 0.0

    def saw(self, run: str, metric: str, timestamp: int) -> None:
        """A point of that time is here."""
        self._seen[run, metric] = max(timestamp, self._seen.get((run, metric), 0))

    def push(self, gathered: Gathered, begun: Callable[[str], None]) -> bool:
        """Sends what is new, now and then."""
        del begun
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + _LOOK
        asked = [run for run in self._runs if run in self.running]
        if not asked:
            return False
        since = min((at for (run, _), at in self._seen.items() if run in self.running), default=0)
        query = SeriesQuery(self._metrics, since=since, points=LIMIT // 2)
        fresh: dict[str, list[Block]] = {}
        for metric, by_run in self.library.metrics(self.project, asked, query).metrics.items():
            for run, series in by_run.items():
                new = series.timestamps > self._seen.get((run, metric), -1)
                if new.any():
                    at, step, value = (column[new].tolist() for column in columns_of(series))
                    fresh.setdefault(run, []).append(Block((metric,), at, step, (value,)))
                    self.saw(run, metric, int(series.timestamps[new].max()))
        for run, found in fresh.items():
            gathered.blocks(f"{self.project}/{run}", found)
        return False

    def close(self) -> None:
        """There is nothing to end."""


class Follower:
    """Keeps a chart's runs in sight. ``changed(infos)`` is told when a state changes, ``ended()`` once, when none runs any more."""

    def __init__(
        self,
        selection: Selection,
        metrics: tuple[str, ...] | None,
        *,
        changed: Callable[[list[dict[str, Any]]], None],
        ended: Callable[[], None],
    ) -> None:
        self.selection = selection
        self._metrics = metrics
        self._changed = changed
        self._ended = ended
        self._stop = threading.Event()
        self._feeds: list[Near | Far] = []
        self._gathered: Gathered | None = None

    def start(self, gathered: Gathered | None) -> None:
        """Begins; points go into `gathered`, if given, those that there are before this returns."""
        if gathered is not None:
            self._gathered = gathered
            self._feeds = [self._load(members, gathered) for members in self.selection.groups()]
        threading.Thread(target=self._run, name="aspara-chart", daemon=True).start()

    def stop(self) -> None:
        """Ends it without a word to `ended`."""
        self._stop.set()
        for feed in self._feeds:
            feed.close()

    def infos(self) -> list[RunInfo]:
        """How the runs stand; those that were deleted meanwhile are left out."""
        found = []
        for run in list(self.selection.runs):
            try:
                found.append(run.look())
            except NotFound:
                self.selection.runs.remove(run)
        return found

    def _run(self) -> None:
        told: list[str] = []
        due = 0.0
        while not self._stop.wait(_PUSH if self._feeds else _LOOK):
            try:
                moved = self._push()
                if not moved and time.monotonic() < due:
                    continue
                due = time.monotonic() + _LOOK
                infos = self.infos()
            except (AsparaError, OSError):  # a server or disk that is away for a moment
                continue
            for feed in self._feeds:
                if isinstance(feed, Far):
                    feed.running = {i.run for i in infos if i.project == feed.project and not i.is_finished}
            states = [f"{info.project}/{info.run} {info.status}" for info in infos]
            settled = states == told
            if not settled or moved:
                told = states
                self._changed([info_of(info) for info in infos])
            if all(info.is_finished for info in infos):
                # Whose writer has just let go looks dead until its last word is read.
                if not settled and any(info.status == "crashed" for info in infos):
                    due = 0.0
                    continue
                self._last()
                self.stop()
                self._ended()
                return

    def _last(self) -> None:
        """Sends what was written just before the end."""
        for feed in self._feeds:
            if isinstance(feed, Near) and self._gathered is not None:
                feed.push(self._gathered, lambda _: None)

    def _push(self) -> bool:
        moved = False
        for feed in self._feeds if self._gathered is not None else ():

            def begun(run: str, feed: Near | Far = feed) -> None:
                if len(self.selection.runs) < _MOST_RUNS:
                    self.selection.runs.append(Chosen(feed.library, feed.project, run))

            assert self._gathered is not None
            moved = feed.push(self._gathered, begun) or moved
        return moved

    def _load(self, members: list[Chosen], gathered: Gathered) -> Near | Far:
        library, project = members[0].library, members[0].project
        runs = [run.run for run in members]
        answer = library.metrics(project, runs, SeriesQuery(self._metrics, points=LIMIT // 2))
        far = Far(library, project, runs, self._metrics)
        for run in members:
            here = {name: by_run[run.run] for name, by_run in answer.metrics.items() if run.run in by_run}
            gathered.load(
                run.key,
                {name: columns_of(series) for name, series in here.items()},
                {name: series.count for name, series in here.items()},
            )
            for name, series in here.items():
                if len(series.timestamps):
                    far.saw(run.run, name, int(series.timestamps.max()))
        if not isinstance(library, LocalLibrary):
            return far
        whole = any(library is other and project == name for other, name in self.selection.projects)
        return Near(library, project, None if whole else runs, answer.cursor)
