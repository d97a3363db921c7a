"""The seam between :class:`aspara.Api` and where runs are kept: a data directory here, or a server far away."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aspara.catalog.catalog import Catalog, ProjectInfo
from aspara.catalog.data_directory import latest_first
from aspara.catalog.files.content import Content, LocalContent
from aspara.catalog.files.media import MediaQuery
from aspara.catalog.files.run_files import kept_file, kept_files
from aspara.catalog.index.backfill import Backfill
from aspara.catalog.live.watcher import Watcher
from aspara.catalog.runs.run_info import RunDetail, RunInfo, captured
from aspara.catalog.series.history import HistoryQuery, history
from aspara.catalog.series.query import MetricsAnswer, SeriesQuery
from aspara.errors import ProjectNotFound, RunNotFound, Stale
from aspara.version_store import VersionStore

if TYPE_CHECKING:
    import polars

Row = tuple[int, int, dict[str, Any]]
"""(timestamp in ms, step, values)."""
Told = tuple[str, dict[str, Any]]
"""What happened, and what is told of it, as the dashboard's event stream has it."""
Edit = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From what people edit of a run (``notes``, ``tags``, ``display_name``) to what of it changes."""
_ATTEMPTS = 20
"""How often an edit is tried that others are faster than."""


def until_fresh(attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `attempt` returns once nobody else has edited meanwhile; raises Stale where that does not end."""
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(Stale):
            return attempt()
    return attempt()


class DataProvider(Protocol):
    """Runs to be read and edited. Runs are given by file stem or id; what is not there raises ProjectNotFound, RunNotFound or
    ArtifactNotFound naming what is. Two implementations, one suite: tests/api/test_api.py.
    """

    place: str
    """The data directory or the address, for people."""

    def projects(self) -> list[ProjectInfo]:
        """All projects, the one that changed last first."""

    def project(self, project: str) -> ProjectInfo:
        """One of them."""

    def runs(self, project: str, some: Sequence[str] | None = None) -> list[RunInfo]:
        """The runs of a project, or those of `some` that are there, the one that began last first. ``metadata`` may be empty:
        :meth:`run` has it.
        """

    def run(self, project: str, run: str) -> RunDetail:
        """Everything about a run but its points."""

    def run_url(self, project: str, run: str) -> str | None:
        """The address of a run's page; None where no server shows it."""

    def history(self, project: str, run: str, query: HistoryQuery) -> Iterator[polars.DataFrame]:
        """The rows asked for, a bounded block at a time, all of the same columns; at least one block."""

    def rows(self, project: str, run: str) -> Iterator[Row]:
        """Every row as it was logged, in order of time: repeated steps, texts and media references too."""

    def metrics(self, project: str, runs: Sequence[str], query: SeriesQuery) -> MetricsAnswer:
        """Series for charts."""

    def files(self, project: str, run: str) -> list[tuple[str, int]]:
        """(relative path, bytes) of every file in the run's folder."""

    def file(self, project: str, run: str, name: str) -> Content:
        """One of them."""

    def artifacts(self, project: str, run: str) -> list[dict[str, Any]]:
        """The plain files that were logged as artifacts, in the API's shape."""

    def artifact(self, project: str, run: str, name: str) -> Content:
        """One of them."""

    def media(self, project: str, run: str, query: MediaQuery) -> list[dict[str, Any]]:
        """The media values asked for, in order of step, in the API's shape."""

    def media_file(self, project: str, run: str, name: str) -> Content:
        """The content of one that has a file."""

    def collections(self, project: str) -> VersionStore:
        """The versioned artifacts of a project."""

    def change(self, project: str, run: str, changes: Mapping[str, Any]) -> None:
        """Changes ``display_name``, ``notes``, ``tags``, and ``config`` and ``summary`` key by key."""

    def edit(self, project: str, run: str, change: Edit) -> dict[str, Any]:
        """Changes notes, tags and ``display_name`` to what `change` makes of them; an edit that somebody else makes meanwhile is
        kept: `change` is asked again. Returns them as they are now. Raises Stale where that does not end.
        """

    def stop(self, project: str, run: str) -> None:
        """Asks a running run to stop; RunHasEnded is raised for one that is over."""

    def delete(self, project: str, run: str, *, force: bool) -> None:
        """Removes a run; a running one only with `force`, else RunIsRunning is raised."""

    def delete_project(self, project: str, *, force: bool) -> None:
        """Removes a project with all its runs; see :meth:`delete`."""

    def follow(self, project: str, run: str, cursor: str) -> Generator[Told, None, None]:
        """What happens to a run from `cursor` on (of a metrics answer), as it happens: ``metric``, ``status``, ``deleted``, … and
        what is told of each. Telling begins with the call; close the generator to end it.
        """

    def close(self) -> None:
        """Lets go of everything held."""


class LocalProvider:
    """A data directory."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.place = str(catalog.data_dir)

    def projects(self) -> list[ProjectInfo]:
        """All projects."""
        return self.catalog.projects()

    def project(self, project: str) -> ProjectInfo:
        """One of them."""
        self._look()
        return self.catalog.project(project)

    def runs(self, project: str, some: Sequence[str] | None = None) -> list[RunInfo]:
        """The runs of a project."""
        self._look()
        if some is None:
            return self.catalog.runs(project)
        found = {}
        for run in some:
            with contextlib.suppress(RunNotFound):
                info = self.catalog.run(project, run).info
                found[info.run] = info
        return latest_first(found.values())

    def _look(self) -> None:
        # A mistyped folder is the likely cause, and only here may its name be told: answers over HTTP tell no paths.
        if not self.catalog.data_dir.is_dir():
            raise ProjectNotFound(
                f"There is no data directory {self.place}, so there are no projects. Name it with dir= or ASPARA_DATA_DIR."
            )

    def run(self, project: str, run: str) -> RunDetail:
        """Everything about a run."""
        return self.catalog.run(project, run)

    def run_url(self, project: str, run: str) -> None:
        """None: files have no page of their own."""

    def history(self, project: str, run: str, query: HistoryQuery) -> Iterator[polars.DataFrame]:
        """The rows asked for."""
        info = self.catalog.run(project, run).info
        return history(self.catalog.index(project, info.run), query, captured(info.metadata), info.start_time)

    def rows(self, project: str, run: str) -> Iterator[Row]:
        """Every row as it was logged."""
        index = self.catalog.index(project, self.catalog.stem(project, run))
        index.refresh()
        with index.lock:
            replay = Backfill(index)
        return _taken(replay)

    def metrics(self, project: str, runs: Sequence[str], query: SeriesQuery) -> MetricsAnswer:
        """Series for charts."""
        return self.catalog.metrics(project, runs, query)

    def files(self, project: str, run: str) -> list[tuple[str, int]]:
        """Every file in the run's folder."""
        return [(name, size) for name, size, _ in kept_files(self._paths(project, run))]

    def file(self, project: str, run: str, name: str) -> Content:
        """One of them."""
        return LocalContent(kept_file(self._paths(project, run), name))

    def artifacts(self, project: str, run: str) -> list[dict[str, Any]]:
        """The plain artifacts."""
        return self.catalog.artifacts(project, run)

    def artifact(self, project: str, run: str, name: str) -> Content:
        """One of them."""
        return LocalContent(self.catalog.artifact_path(project, run, name))

    def media(self, project: str, run: str, query: MediaQuery) -> list[dict[str, Any]]:
        """The media values asked for."""
        return self.catalog.media(project, run, query)

    def media_file(self, project: str, run: str, name: str) -> Content:
        """The content of one."""
        return LocalContent(self.catalog.media_path(project, run, name))

    def collections(self, project: str) -> VersionStore:
        """The versioned artifacts."""
        return self.catalog.collections(project)

    def change(self, project: str, run: str, changes: Mapping[str, Any]) -> None:
        """Changes what is given."""
        self.catalog.change_run(project, run, dict(changes))

    def edit(self, project: str, run: str, change: Edit) -> dict[str, Any]:
        """Changes notes, tags and name."""

        def attempt() -> dict[str, Any]:
            before = self.catalog.run_metadata(project, run)
            return self.catalog.edit_run(project, run, dict(change(before.content)), if_match=before.etag).content

        return until_fresh(attempt)

    def stop(self, project: str, run: str) -> None:
        """Asks a run to stop."""
        self.catalog.request_stop(project, run, by=f"a program at {socket.gethostname()}")

    def delete(self, project: str, run: str, *, force: bool) -> None:
        """Removes a run."""
        self.catalog.delete_run(project, run, force=force)

    def delete_project(self, project: str, *, force: bool) -> None:
        """Removes a project."""
        self.catalog.delete_project(project, force=force)

    def follow(self, project: str, run: str, cursor: str) -> Generator[Told, None, None]:
        """What happens to a run."""
        watcher = Watcher(self.catalog)
        begun = watcher.subscribe(project, [run], cursor=cursor)

        def told() -> Generator[Told, None, None]:
            subscription = begun
            with contextlib.closing(watcher):
                yield "", {}
                while True:
                    for event in subscription.take(1.0):
                        yield event.kind, event.data
                    if subscription.overflowed:
                        # Whoever reads was too slow: what was not held for them is in the files.
                        behind = subscription.cursor
                        subscription.close()
                        subscription = watcher.subscribe(project, [run], cursor=behind)

        # One that is closed before anything was told must end the watching, too.
        events = told()
        next(events)
        return events

    def close(self) -> None:
        """Lets go of what was read."""
        self.catalog.close()

    def _paths(self, project: str, run: str) -> Any:
        return self.catalog.layout.run(project, self.catalog.stem(project, run))


def local(data_dir: Path) -> LocalProvider:
    """The library of a data directory."""
    return LocalProvider(Catalog(data_dir))


def _taken(replay: Backfill) -> Iterator[Row]:
    done = False
    while not done:
        found, done = replay.take(5000)
        yield from found
