"""Following the runs of a chart from the kernel: a thread that reads their files until all of them have ended.

Where the page asks the server for points, the thread looks at the runs' states alone, every two seconds. Elsewhere it pushes
what is new: of runs on this machine's disks ten times a second at most, of those far away every two seconds.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from aspara.api.provider import DataProvider, LocalProvider
from aspara.catalog.live.subscription import Subscription
from aspara.catalog.live.watcher import Watcher
from aspara.catalog.series.query import SeriesQuery
from aspara.errors import AsparaError
from aspara.types import Block
from aspara_jupyter.multi_run_feed import MultiRunFeed
from aspara_jupyter.point_buffer import LIMIT, blocks_of
from aspara_jupyter.run_selection import RunSelection, SelectedRun, columns_of, info_of

_LOOK = 2.0
_PUSH = 0.1


class LocalRuns:
    """Runs of a project whose files can be watched."""

    def __init__(self, library: LocalProvider, project: str, runs: list[str] | None, cursor: str) -> None:
        self.library, self.project = library, project
        self._watcher = Watcher(library.catalog)
        self._told: Subscription = self._watcher.subscribe(project, runs, cursor=cursor)

    def push(self, gathered: MultiRunFeed, *, last: bool = False) -> bool:
        """Sends what is new; True if a state may have changed."""
        del last
        rows: dict[str, list[Any]] = {}
        moved = False
        for event in self._told.take(0):
            if event.kind == "metric":
                row = event.data
                rows.setdefault(row["run"], []).append((row["timestamp"], row["step"], row["metrics"]))
            else:
                moved = True
        for run, found in rows.items():
            gathered.blocks(f"{self.project}/{run}", blocks_of(found))
        return moved

    def see(self, running: set[str]) -> None:
        """Nothing is made of it: files tell what happens to them."""

    def close(self) -> None:
        """Ends the watching."""
        self._watcher.close()


class RemoteRuns:
    """Runs of a project that a server far away is asked about."""

    def __init__(self, library: DataProvider, project: str, runs: list[str], metrics: tuple[str, ...] | None) -> None:
        self.library, self.project = library, project
        self._metrics = metrics
        self._running = set(runs)
        # Those that have ended since they were asked about: their last points are to come.
        self._ended: set[str] = set()
        # By run and metric, the time of the last point that is here.
        self._seen: dict[str, dict[str, int]] = {}
        self._due = 0.0

    def see(self, running: set[str]) -> None:
        """These are running now; they are asked about from now on."""
        self._ended |= self._running - running
        self._running = running

    def saw(self, run: str, metric: str, timestamp: int) -> None:
        """A point of that time is here."""
        seen = self._seen.setdefault(run, {})
        seen[metric] = max(timestamp, seen.get(metric, 0))

    def push(self, gathered: MultiRunFeed, *, last: bool = False) -> bool:
        """Sends what is new, now and then, or for the last time."""
        if time.monotonic() < self._due and not last:
            return False
        began = time.monotonic()
        asked = self._running | self._ended
        # Of those that have just begun everything is new.
        for some in (sorted(asked & self._seen.keys()), sorted(asked - self._seen.keys())):
            if some:
                self._ask(some, gathered)
        self._ended = set()
        self._due = _pause(began)
        return False

    def _ask(self, runs: list[str], gathered: MultiRunFeed) -> None:
        since = min((at for run in runs for at in self._seen.get(run, {}).values()), default=0)
        query = SeriesQuery(self._metrics, since=since, points=LIMIT // 2)
        fresh: dict[str, list[Block]] = {}
        for metric, by_run in self.library.metrics(self.project, runs, query).metrics.items():
            for run, series in by_run.items():
                new = series.timestamps > self._seen.get(run, {}).get(metric, -1)
                if new.any():
                    at, step, value = (column[new].tolist() for column in columns_of(series))
                    fresh.setdefault(run, []).append(Block((metric,), at, step, (value,)))
                    self.saw(run, metric, int(series.timestamps[new].max()))
        for run, found in fresh.items():
            gathered.blocks(f"{self.project}/{run}", found)

    def close(self) -> None:
        """There is nothing to end."""


def _pause(began: float) -> float:
    """When to ask again after a question that was begun then: a slow server, or a large project, less often."""
    now = time.monotonic()
    return now + max(_LOOK, 20 * (now - began))


class Follower:
    """Keeps a chart's runs in sight. ``changed(infos)`` is told when a state changes, ``ended()`` once, when none runs any more."""

    def __init__(
        self,
        selection: RunSelection,
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
        self._feeds: list[LocalRuns | RemoteRuns] = []
        self._gathered: MultiRunFeed | None = None

    def start(self, gathered: MultiRunFeed | None) -> None:
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

    def _run(self) -> None:
        told: list[str] = []
        due = 0.0
        while not self._stop.wait(_PUSH if self._feeds else _LOOK):
            try:
                moved = self._push()
                if not moved and time.monotonic() < due:
                    continue
                began = time.monotonic()
                infos = list(self.selection.look().values())
                due = _pause(began)
            except (AsparaError, OSError):  # a server or disk that is away for a moment
                continue
            for feed in self._feeds:
                feed.see({i.run for i in infos if i.project == feed.project and not i.is_finished})
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
        for feed in self._feeds if self._gathered is not None else ():
            assert self._gathered is not None
            with contextlib.suppress(AsparaError, OSError):
                feed.push(self._gathered, last=True)

    def _push(self) -> bool:
        if self._gathered is None:
            return False
        moved = [feed.push(self._gathered) for feed in self._feeds]
        return any(moved)

    def _load(self, members: list[SelectedRun], gathered: MultiRunFeed) -> LocalRuns | RemoteRuns:
        library, project = members[0].library, members[0].project
        runs = [run.run for run in members]
        answer = library.metrics(project, runs, SeriesQuery(self._metrics, points=LIMIT // 2))
        far = RemoteRuns(library, project, runs, self._metrics)
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
        if not isinstance(library, LocalProvider):
            return far
        whole = self.selection.whole(library, project) is not None
        return LocalRuns(library, project, None if whole else runs, answer.cursor)
