"""The catalog: every question a viewer asks of a data directory, and the few edits it may make."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aspara import names
from aspara.catalog import batch, charts, kept, lineage, versions
from aspara.catalog.batch import Outcome
from aspara.catalog.charts import MetricNames
from aspara.catalog.console import console_part
from aspara.catalog.deletion import discard
from aspara.catalog.edits import Limits, Metadata, checked, edit, editable, iso_now
from aspara.catalog.groups import GroupsAnswer
from aspara.catalog.index import RunIndex
from aspara.catalog.indexes import MEMORY, Indexes, cache_folder, moment
from aspara.catalog.latest import freshened, with_problems
from aspara.catalog.listing import Known, Listing
from aspara.catalog.media import MediaQuery, glanced, media_keys, media_path, media_values
from aspara.catalog.present import storable
from aspara.catalog.runs import RunDetail, RunInfo, load, run_info
from aspara.catalog.series import RELATIVE, MetricsAnswer, SeriesQuery
from aspara.catalog.tables import TableQuery, Tables
from aspara.errors import ProjectNotFound, RunHasEnded, RunIsRunning, RunNotFound, UsageError
from aspara.model import STOP_REQUESTED, Status
from aspara.storage import metadata
from aspara.storage.collections import Collections
from aspara.storage.layout import Layout, RunPaths
from aspara.storage.pulse import Pulse
from aspara.storage.rows import parse_timestamp

PATIENCE = 0.5
"""Seconds that a page waits before it is told coarsely."""
_OF_A_RUN = ("notes", "tags", "display_name", "color")
_OF_A_PROJECT = ("notes", "tags", "archived")


@dataclass(frozen=True)
class ProjectInfo:
    """A project as the front page shows it."""

    name: str
    run_count: int
    running: int
    last_update: int | None
    created_at: int | None
    tags: list[str]
    notes: str
    archived: bool = False
    """Put away: pages show it only when asked."""

    def json(self) -> dict[str, Any]:
        """The API's shape."""
        return dict(vars(self))


class Catalog:
    """Reads a data directory. Safe to use from several threads; every method blocks, so an event loop uses an executor.

    Args:
        data_dir: The data directory. It need not exist: then there are no projects.
        cache_dir: Where indexes are kept over a restart (default: the user's cache folder); safe to delete at any time.
        index_bytes: Memory for points kept between questions; the runs asked for longest ago are let go first.
        patience: Seconds that lists and details wait for runs to be read: what is still unread then is told of by metadata and
            a coarse look, and read in the background. None: until everything is read.
        max_notes: Characters of notes that an edit may leave (default: ASPARA_MAX_NOTES_LENGTH).
        max_tags: Tags that an edit may leave (default: ASPARA_MAX_TAGS_COUNT).

    """

    def __init__(
        self,
        data_dir: Path,
        *,
        cache_dir: Path | None = None,
        index_bytes: int = MEMORY,
        patience: float | None = None,
        max_notes: int | None = None,
        max_tags: int | None = None,
    ) -> None:
        self.data_dir = Path(data_dir)
        self.layout = Layout(self.data_dir)
        self._patience = patience
        self._limits = Limits(max_notes, max_tags)
        self._indexes = Indexes(self.layout, cache_folder(self.data_dir, cache_dir), index_bytes)
        self._pulse = Pulse()
        self._listing = Listing(self.layout, self._pulse)
        self._tables = Tables()

    def close(self) -> None:
        """Lets go of everything held in memory; what is waiting to be kept for the next time is written first."""
        self._indexes.close()
        self._listing.clear()

    # -- projects -----------------------------------------------------------------------------------------------------

    def projects(self) -> list[ProjectInfo]:
        """All projects, the one that changed last first."""
        found = []
        for name in self.layout.projects():
            with contextlib.suppress(
                PermissionError
            ):  # a folder of somebody else's hides no other; `aspara doctor` names it
                found.append(self._project(name))
        return sorted((p for p in found if p is not None), key=lambda p: (-(p.last_update or 0), p.name))

    def project(self, project: str) -> ProjectInfo:
        """One project; raises ProjectNotFound naming those there are."""
        self._check_project(project)
        found = self._project(project)
        if found is None:
            raise ProjectNotFound(f"There is no project {project!r}. Projects: {_some(self.layout.projects())}.")
        return found

    def _project(self, project: str) -> ProjectInfo | None:
        path = self.layout.project_metadata(project)
        runs = self.layout.runs(project)
        content, _ = self._load(path)
        if not runs and not path.is_file():
            return None
        infos = self._infos(project)
        times = [i.last_update for i in infos if i.last_update is not None]
        tags = content.get("tags")
        return ProjectInfo(
            project,
            len(runs),
            sum(i.status == "running" for i in infos),
            max(times) if times else parse_timestamp(content.get("updated_at")),
            parse_timestamp(content.get("created_at")),
            [str(t) for t in tags] if isinstance(tags, list) else [],
            str(content.get("notes") or ""),
            content.get("archived") is True,
        )

    def _check_project(self, project: str) -> None:
        if (
            not names.is_file_name(project)
            or not self.layout.project_dir(project).is_dir()
            or self.layout.project_dir(project).is_symlink()
        ):
            raise ProjectNotFound(f"There is no project {project[:128]!r}. Projects: {_some(self.layout.projects())}.")

    # -- runs ---------------------------------------------------------------------------------------------------------

    def runs(self, project: str) -> list[RunInfo]:
        """The project's runs, the one that began last first; unfinished ones with their latest values."""
        self._check_project(project)
        infos = []
        until = moment(self._patience)
        for known in self._look(project).values():
            info = known.info
            if info.status in ("running", "crashed") or "metric_summary" not in info.metadata:
                if known.fresh is None or info.status == "running":
                    info, whole = freshened(self._indexes, project, info, until)
                    known.fresh = info if whole else None
                else:
                    info = known.fresh
            else:
                info = with_problems(self._indexes, info)
            infos.append(info)
        return latest_first(infos)

    def _infos(self, project: str) -> list[RunInfo]:
        return [known.info for known in self._look(project).values()]

    def _look(self, project: str) -> dict[str, Known]:
        """What is known of each run by name."""
        now, gone = self._listing.look(project)
        for run in gone:
            # Lets go of what somebody removed, whoever it was.
            self._indexes.release(project, run)
        return now

    def stem(self, project: str, run: str) -> str:
        """The file stem of a run given by stem or id; raises RunNotFound naming some runs there are."""
        self._check_project(project)
        # Thousands of runs that are edited one after the other need not be listed for each.
        if self.layout.has_metadata(project, run):
            return run
        runs = self.layout.runs(project)
        if run in runs:
            return run
        for stem in runs:
            if self._load(self.layout.run(project, stem).metadata)[0].get("run_id") == run:
                return stem
        raise RunNotFound(f"There is no run {run[:128]!r} in project {project!r}. Its runs: {_some(runs)}.")

    def run(self, project: str, run: str) -> RunDetail:
        """Everything about a run (given by stem or id) but its points."""
        stem = self.stem(project, run)
        paths = self.layout.run(project, stem)
        content, broken = self._load(paths.metadata)
        position = self.layout.runs(project).index(stem)
        info = run_info(project, paths, content, position, broken=broken, pulse=self._pulse)
        info, _ = freshened(self._indexes, project, info, moment(self._patience))
        index = self.index(project, stem)
        with index.lock:
            problems = index.problem_list()
            reason = "a link, which is not followed"
            problems += [{"file": p.name, "line": None, "reason": reason, "count": 1} for p in paths.links()]
            if broken:
                problems.append({"file": paths.metadata.name, "line": None, "reason": broken, "count": 1})
            info.problem_count = sum(p["count"] for p in problems)
            return RunDetail(
                info,
                sorted({*index.columns, *index.last_text, *info.metric_summary}),
                info.metric_summary,
                self.artifacts(project, stem),
                problems,
            )

    def index(self, project: str, run: str) -> RunIndex:
        """The index of a run (by stem); made on first use, let go when memory is short and nobody listens to it."""
        return self._indexes.of(project, run)

    def _load(self, path: Path) -> tuple[dict[str, Any], str | None]:
        """The metadata at `path`, and why it could not be understood, if so."""
        return self._listing.load(path)

    # -- points -------------------------------------------------------------------------------------------------------

    def metrics(self, project: str, runs: Sequence[str] | None, query: SeriesQuery) -> MetricsAnswer:
        """The series of the given runs (stems or ids; None: all) that the query asks for; unknown runs are listed as missing."""
        self._check_project(project)
        stems, missing = self._stems(project, runs)
        answer = charts.series(self._indexes, project, stems, query, self._beginnings(project, query))
        answer.missing = missing
        return answer

    def groups(self, project: str, runs: Sequence[str] | None, by: Sequence[str], query: SeriesQuery) -> GroupsAnswer:
        """The given runs (stems or ids; None: all) in groups by the fields `by`, and of each metric that the query asks for the
        statistics of each group. ``query.points`` is the most places of the grid.
        """
        self._check_project(project)
        stems, missing = self._stems(project, runs)
        infos = {info.run: info for info in self._infos(project)}
        members = [infos[stem] for stem in stems if stem in infos]
        answer = charts.groups(self._indexes, project, members, by, query, self._beginnings(project, query))
        answer.missing = missing
        return answer

    def _beginnings(self, project: str, query: SeriesQuery) -> charts.Beginning:
        """When a run began (ms), for the axis that counts from there: as its metadata says, else its first point."""
        if query.x != RELATIVE:
            return lambda _: 0
        infos = {info.run: info for info in self._infos(project)}

        def began(index: RunIndex) -> int:
            info = infos.get(index.paths.run)
            said = None if info is None else parse_timestamp(info.metadata.get("start_time"))
            return said if said is not None else index.first_time or 0

        return began

    def metric_names(self, project: str, runs: Sequence[str] | None = None) -> MetricNames:
        """Which metrics the given runs (None: all) have. Runs that are over say it in their metadata; no points are read."""
        self._check_project(project)
        look = self._look(project)
        stems, missing = (list(look), []) if runs is None else self._stems(project, runs)
        found = charts.metric_names(self._indexes, project, stems, look, moment(self._patience))
        return replace(found, missing=missing)

    def _stems(self, project: str, runs: Sequence[str] | None) -> tuple[list[str], list[str]]:
        """The stems of `runs` (stems or ids; None: all), and those that do not exist."""
        if runs is None:
            return self.layout.runs(project), []
        found = self._found(project, runs)
        stems = [stem for stem in found.values() if stem is not None]
        return list(dict.fromkeys(stems)), [run for run, stem in found.items() if stem is None]

    def _found(self, project: str, runs: Iterable[str]) -> dict[str, str | None]:
        """The stem of each of `runs` (stems or ids), in their order; None for one that does not exist."""
        present = self.layout.runs(project)
        known = set(present)
        by_id: dict[str, str] | None = None
        found: dict[str, str | None] = {}
        for run in runs:
            if run in known:
                found[run] = run
            elif run not in found:
                by_id = self._by_id(project, present) if by_id is None else by_id
                found[run] = by_id.get(run)
        return found

    def _by_id(self, project: str, stems: Sequence[str]) -> dict[str, str]:
        found = {}
        for stem in reversed(stems):
            run_id = self._load(self.layout.run(project, stem).metadata)[0].get("run_id")
            if isinstance(run_id, str):
                found[run_id] = stem
        return found

    # -- edits --------------------------------------------------------------------------------------------------------

    def project_metadata(self, project: str) -> Metadata:
        """Notes and tags of a project, and whether it is put away."""
        self._check_project(project)
        return editable(metadata.read_or_empty(self.layout.project_metadata(project)), None)

    def run_metadata(self, project: str, run: str) -> Metadata:
        """Notes, tags and display name of a run."""
        stem = self.stem(project, run)
        return editable(metadata.read_or_empty(self.layout.run(project, stem).metadata), stem)

    def edit_project(self, project: str, changes: dict[str, Any], *, if_match: str | None = None) -> Metadata:
        """Changes notes, tags and whether the project is put away (`archived`); with `if_match` only if nobody changed them
        since (else :class:`Stale`).
        """
        self._check_project(project)
        wanted = checked(changes, _OF_A_PROJECT, self._limits)
        wanted["updated_at"] = iso_now()
        return edit(self.layout.project_metadata(project), wanted, if_match, None)

    def edit_run(self, project: str, run: str, changes: dict[str, Any], *, if_match: str | None = None) -> Metadata:
        """Changes notes, tags and display name, also while the run goes on; see :meth:`edit_project`."""
        stem = self.stem(project, run)
        wanted = checked(changes, _OF_A_RUN, self._limits)
        return edit(self.layout.run(project, stem).metadata, wanted, if_match, stem)

    def change_run(self, project: str, run: str, changes: dict[str, Any], *, if_match: str | None = None) -> Metadata:
        """Changes what :meth:`edit_run` does, and config and summary key by key: for programs."""
        stem = self.stem(project, run)
        merged = storable({part: changes[part] for part in ("config", "summary") if part in changes})
        for part, content in merged.items():
            if not isinstance(content, dict):
                raise UsageError(f"{part} is an object: what is named in it is changed, the rest stays.")
        others = {key: value for key, value in changes.items() if key not in merged}
        merged.update(checked(others, _OF_A_RUN, self._limits))
        return edit(self.layout.run(project, stem).metadata, merged, if_match, stem)

    def edit_runs(self, project: str, changes: Mapping[str, Mapping[str, Any]]) -> Outcome:
        """Changes several runs, given by stem or id, each whole or not at all: by run what :meth:`edit_run` takes, or
        ``add_tags`` and ``remove_tags``; with ``if_match`` only if nobody changed that run since. Raises UsageError before
        anything is done where a change makes no sense; what fails of a single run is told in the outcome.
        """
        self._check_project(project)
        batch.check(changes, self._limits)
        found = self._found(project, changes)
        batch.check_one_each(found, changes)
        undo: dict[str, dict[str, Any]] = {}

        def work(given: str, stem: str) -> None:
            back = batch.edit_one(self.layout.run(project, stem), changes[given], self._limits)
            if back is not None:
                undo[stem] = back

        return replace(batch.each(project, found, work), undo=undo)

    def request_stop(self, project: str, run: str) -> None:
        """Asks a running run to stop: its ``should_stop`` turns True. Raises :class:`RunHasEnded` where nobody listens."""
        stem = self.stem(project, run)
        paths = self.layout.run(project, stem)
        status = self._status(project, paths)
        if status != "running":
            raise RunHasEnded(f"Run {stem!r} is {status}: there is nothing to stop.")
        metadata.edit(paths.metadata, lambda content: content.update({STOP_REQUESTED: time.time_ns() // 1_000_000}))

    def _status(self, project: str, paths: RunPaths) -> Status:
        """How the run stands at this moment, by the same signs of life as lists know."""
        content, broken = load(paths)
        return run_info(project, paths, content, 0, broken=broken, pulse=self._pulse).status

    # -- deletion -----------------------------------------------------------------------------------------------------

    def delete_run(self, project: str, run: str, *, force: bool = False) -> str:
        """Removes every file of a run and returns its stem. A running one needs `force`; else :class:`RunIsRunning`."""
        stem = self.stem(project, run)
        paths = self.layout.run(project, stem)
        if not force and self._status(project, paths) == "running":
            raise RunIsRunning(
                f"Run {stem!r} is still running. Wait for its end, or force the deletion: what it logs after that is lost."
            )
        discard([p for p in paths.all_paths() if p.exists() or p.is_symlink()], paths.project_dir)
        self._indexes.forget(project, stem)
        return stem

    def delete_runs(self, project: str, runs: Sequence[str], *, force: bool = False) -> Outcome:
        """Removes several runs; see :meth:`delete_run`. Those that cannot be are kept, and told in the outcome."""
        self._check_project(project)
        named = dict.fromkeys(runs)
        batch.check_count(named)
        return batch.each(
            project, self._found(project, named), lambda _, stem: self.delete_run(project, stem, force=force)
        )

    def delete_project(self, project: str, *, force: bool = False) -> None:
        """Removes a project with all its runs; see :meth:`delete_run`."""
        self._check_project(project)
        running = [i.run for i in self._infos(project) if i.status == "running"]
        if running and not force:
            raise RunIsRunning(
                f"Project {project!r} has running runs ({_some(running)}). Wait for their end, or force the deletion."
            )
        discard([self.layout.project_dir(project)], self.data_dir)
        self._indexes.forget(project)

    # -- files of a run -----------------------------------------------------------------------------------------------

    def artifacts(self, project: str, run: str) -> list[dict[str, Any]]:
        """The run's artifacts: those its metadata lists and those that merely lie there; links are not listed."""
        paths = self.layout.run(project, self.stem(project, run))
        return kept.artifacts(paths, self._load(paths.metadata)[0].get("artifacts"))

    def artifact_path(self, project: str, run: str, name: str) -> Path:
        """Where an artifact lies; raises ArtifactNotFound, for links too."""
        return kept.artifact_path(self.layout.run(project, self.stem(project, run)), name)

    def collections(self, project: str) -> Collections:
        """The versioned artifacts of a project; raises ProjectNotFound."""
        self._check_project(project)
        return Collections(self.layout.artifacts(project))

    def versioned(self, project: str) -> list[dict[str, Any]]:
        """A project's artifacts by name: type, newest version, how many there are, aliases, size of the newest."""
        return versions.listed(self.collections(project))

    def used_by(self, project: str, version: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The runs of the project that used a version, given as its manifest, the one that began last first; see
        :func:`lineage.used_by`. Metadata says it: no rows are read.
        """
        self._check_project(project)
        return lineage.used_by(latest_first(self._infos(project)), project, version)

    def version_file(self, project: str, name: str, version: str, path: str) -> Path:
        """Where the content of a file of an artifact lies; raises ArtifactNotFound, for references too."""
        return versions.file_of(self.collections(project), name, version, path)

    def version_files(self, project: str, name: str, version: str) -> list[tuple[str, Path]]:
        """(path, place) of every file of an artifact, without references; raises ArtifactNotFound where one's content is gone."""
        return versions.files_of(self.collections(project), name, version)

    def console(
        self, project: str, run: str, after: int = 0, last: int | None = None, mark: int | None = None
    ) -> dict[str, Any]:
        """Captured output from byte `after` on, or the lines within the `last` bytes; a megabyte of either at most."""
        return console_part(self.layout.run(project, self.stem(project, run)), after, last, mark)

    def captured(self, project: str, run: str, name: str) -> bytes:
        """A text captured beside a run: ``diff.patch`` or ``requirements.txt``; raises ArtifactNotFound, for links too."""
        return kept.captured(self.layout.run(project, self.stem(project, run)), name)

    def media(self, project: str, run: str, query: MediaQuery | None = None) -> list[dict[str, Any]]:
        """Media values logged, in order of step; see :func:`media_values`."""
        return media_values(self.index(project, self.stem(project, run)), query or MediaQuery())

    def media_keys(self, project: str, run: str) -> list[dict[str, Any]]:
        """What media a run has, by metric; see :func:`media_keys`."""
        return media_keys(self.index(project, self.stem(project, run)))

    def media_soon(
        self, project: str, run: str, query: MediaQuery | None, wait: float
    ) -> tuple[list[dict[str, Any]], float]:
        """:meth:`media`, or :meth:`media_keys` without a query, within so many seconds: of a run that is still being read then,
        what is known of it; and the share of its files that is read.
        """
        index = self.index(project, self.stem(project, run))
        whole = self._indexes.read(index, moment(wait))
        if whole:
            return (media_keys(index) if query is None else media_values(index, query)), 1.0
        far = charts.Progress()
        with index.lock:
            far.add(index, whole)
            return glanced(index, self._indexes.stand_in(index)[0], query), far.share

    def media_path(self, project: str, run: str, name: str) -> Path:
        """Where a media file lies; raises MediaNotFound, for links too."""
        return media_path(self.layout.run(project, self.stem(project, run)), name)

    def media_rows(self, project: str, run: str, name: str, query: TableQuery) -> dict[str, Any]:
        """A part of a table's rows."""
        return self._tables.rows(self.media_path(project, run, name), query)


def latest_first(infos: Iterable[RunInfo]) -> list[RunInfo]:
    """The runs, the one that began last first."""
    return sorted(infos, key=lambda i: (-(i.start_time or 0), i.run))


def _some(found: Sequence[str]) -> str:
    if not found:
        return "none"
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
