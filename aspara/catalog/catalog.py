"""The catalog: every question a viewer asks of a data directory, and the few edits it may make."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aspara import files, names, settings
from aspara.catalog import cursor, lineage
from aspara.catalog.builder import Builder
from aspara.catalog.groups import GroupsAnswer, Member, grouped, statistics
from aspara.catalog.index import RunIndex
from aspara.catalog.listing import Known, Listing
from aspara.catalog.media import MediaQuery, media_keys, media_path, media_values
from aspara.catalog.present import storable
from aspara.catalog.reader import open_rows
from aspara.catalog.runs import RunDetail, RunInfo, captured, chosen_color, definitions_in, load, run_info
from aspara.catalog.series import RELATIVE, MetricsAnswer, SeriesQuery, pieces, select
from aspara.catalog.sketch import PLACES, sketched
from aspara.catalog.snapshot import Saver
from aspara.catalog.snapshot import load as load_snapshot
from aspara.catalog.statistics import last_values, metric_summary
from aspara.catalog.tables import TableQuery, Tables
from aspara.errors import (
    ArtifactNotFound,
    InvalidName,
    ProjectNotFound,
    RunHasEnded,
    RunIsRunning,
    RunNotFound,
    Stale,
    UsageError,
)
from aspara.model import STOP_REQUESTED, Status
from aspara.storage import metadata
from aspara.storage.artifacts import check_name
from aspara.storage.collections import Collections
from aspara.storage.layout import DIFF, PACKAGES, TRASH_PREFIX, Layout, RunPaths
from aspara.storage.pulse import Pulse
from aspara.storage.rows import parse_timestamp

_INDEX_BYTES = 256 << 20
_MOST_CONSOLE = 1 << 20
_MOST_CAPTURED = 8 << 20
_WORTH_SAVING = 128 << 10
_CLOSING = 5.0
PATIENCE = 0.5
"""Seconds that a page waits before it is told coarsely."""
_LOOKS = 0.5
"""Seconds that looking coarsely at runs may take; those that are left out are told of the next time."""
_FEWEST = 12
_GLANCED = ("last", "last_step")
_COLORS = 1000
_GRID = 1000


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


@dataclass(frozen=True)
class Metadata:
    """What people edit of a run or project, with the fingerprint that guards against lost edits."""

    content: dict[str, Any]
    etag: str


@dataclass(frozen=True)
class MetricNames:
    """Metrics and how many of the runs have each; the run that began last; and the cursor that a stream goes on from."""

    counts: dict[str, int]
    latest: str | None
    missing: Sequence[str]
    cursor: str

    def json(self) -> dict[str, Any]:
        """The API's shape."""
        return {
            "metrics": [{"name": name, "runs": self.counts[name]} for name in sorted(self.counts)],
            "latest": self.latest,
            "missing": list(self.missing),
            "cursor": self.cursor,
        }


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
        index_bytes: int = _INDEX_BYTES,
        patience: float | None = None,
        max_notes: int | None = None,
        max_tags: int | None = None,
    ) -> None:
        self.data_dir = Path(data_dir)
        self._patience = patience
        self._builder = Builder(self._keep)
        self._tables = Tables()
        self._saver = Saver(_cache_folder(self.data_dir, cache_dir))
        self.layout = Layout(self.data_dir)
        self._index_bytes = index_bytes
        self._indexes: OrderedDict[tuple[str, str], RunIndex] = OrderedDict()
        self._pulse = Pulse()
        self._listing = Listing(self.layout, self._pulse)
        self._max_notes, self._max_tags = max_notes, max_tags
        self._lock = threading.Lock()

    def close(self) -> None:
        """Lets go of everything held in memory; what is waiting to be kept for the next time is written first."""
        self._builder.close(_CLOSING)
        self._saver.close(_CLOSING)
        with self._lock:
            self._indexes.clear()
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
        until = _moment(self._patience)
        for known in self._look(project).values():
            info = known.info
            if info.status in ("running", "crashed") or "metric_summary" not in info.metadata:
                if known.fresh is None or info.status == "running":
                    info, whole = self._freshened(project, info, until)
                    known.fresh = info if whole else None
                else:
                    info = known.fresh
            else:
                info = self._with_problems(info)
            infos.append(info)
        return _latest_first(infos)

    def _with_problems(self, info: RunInfo) -> RunInfo:
        """`info` with the problems of its rows, where these were read already; nothing is read for them, nobody waited for."""
        with self._lock:
            index = self._indexes.get((info.project, info.run))
        if index is None or not index.lock.acquire(blocking=False):
            return info
        try:
            count = sum(problem["count"] for problem in index.problem_list())
        finally:
            index.lock.release()
        return replace(info, problem_count=info.problem_count + count) if count else info

    def _infos(self, project: str) -> list[RunInfo]:
        return [known.info for known in self._look(project).values()]

    def _look(self, project: str) -> dict[str, Known]:
        """What is known of each run by name."""
        now, gone = self._listing.look(project)
        for run in gone:
            # Lets go of what somebody removed, whoever it was.
            with self._lock:
                index = self._indexes.get((project, run))
                if index is not None and not index.listeners:
                    del self._indexes[project, run]
        return now

    def _freshened(self, project: str, info: RunInfo, until: float | None) -> tuple[RunInfo, bool]:
        """`info` with what its rows say (a copy, for others hold the original), and whether all of them were read."""
        info = replace(info)
        read_here = self.index(project, info.run)
        whole = self._read(read_here, until)
        with read_here.lock:
            index = read_here if whole else self._stand_in(read_here)[0]
            # What a program set itself wins; what was merely the last value when the metadata was written does not.
            own = info.metadata.get("summary_own")
            # So does all that the metadata says, where the rows have only been glanced at.
            over = info.status in ("completed", "failed") or not whole
            kept = info.summary if own is None or over else {k: v for k, v in info.summary.items() if k in own}
            definitions, aside = definitions_in(info.metadata), captured(info.metadata)
            info.summary = {**_without(aside, last_values(index, definitions)), **kept}
            found = _without(aside, metric_summary(index, definitions))
            if not whole:
                # A glance may miss extremes, and then says none.
                found = {name: {**dict.fromkeys(f), **{k: f[k] for k in _GLANCED}} for name, f in found.items()}
                found.update(info.metric_summary)
            info.metric_summary = found
            info.last_step = index.last_step if index.last_step is not None else info.last_step
            if index.first_time and parse_timestamp(info.metadata.get("start_time")) is None:
                info.start_time = index.first_time
            if index.last_time and not info.finish_time:
                info.last_update = max(info.last_update or 0, index.last_time)
            info.problem_count += sum(p["count"] for p in read_here.problem_list())
        return info, whole

    def stem(self, project: str, run: str) -> str:
        """The file stem of a run given by stem or id; raises RunNotFound naming some runs there are."""
        self._check_project(project)
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
        info, _ = self._freshened(project, info, _moment(self._patience))
        index = self.index(project, stem)
        with index.lock:
            problems = index.problem_list()
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
        key = (project, run)
        with self._lock:
            index = self._indexes.get(key)
            if index is None:
                snapshot = self._saver.path(project, run)
                index = self._indexes[key] = RunIndex(
                    self.layout.run(project, run), load=lambda empty: load_snapshot(empty, snapshot)
                )
                if len(self._indexes) % 16 == 0:
                    self._shrink()
            self._indexes.move_to_end(key)
            return index

    def _read(self, index: RunIndex, until: float | None = None) -> bool:
        """Brings `index` up to date, and has it kept for the next time when enough is new. With a moment of the monotonic clock
        it stops then and goes on in the background: False.
        """
        if until is not None and time.monotonic() >= until:
            done, whole = index.progress()
            if done < whole:
                self._builder.put(index)
                return False
        if not index.refresh(until):
            self._builder.put(index)
            return False
        self._keep(index)
        return True

    def _stand_in(self, index: RunIndex, among: int = 1, until: float | None = None) -> tuple[RunIndex, float]:
        """What answers for an index that is not whole yet, one `among` many: a coarse look at all of the run, and the share of
        the points that it has; else what has been read. New looks end at a moment. The caller holds the lock.
        """
        if index.sketch is None and (until is None or time.monotonic() < until):
            index.sketch = sketched(index.paths, RunIndex(index.paths), max(_FEWEST, PLACES // among))
        return (index, 1.0) if index.sketch is None else (index.sketch.index, index.sketch.share)

    def _keep(self, index: RunIndex) -> None:
        unsaved = index.bytes_read - index.bytes_saved
        if unsaved >= max(_WORTH_SAVING, index.bytes_saved // 4):
            self._saver.put(index)

    def _shrink(self) -> None:
        held = sum(index.held for index in self._indexes.values())
        for key in list(self._indexes)[:-16]:
            if held <= self._index_bytes:
                return
            if not self._indexes[key].listeners:
                held -= self._indexes.pop(key).held

    def _load(self, path: Path) -> tuple[dict[str, Any], str | None]:
        """The metadata at `path`, and why it could not be understood, if so."""
        return self._listing.load(path)

    # -- points -------------------------------------------------------------------------------------------------------

    def metrics(self, project: str, runs: Sequence[str] | None, query: SeriesQuery) -> MetricsAnswer:
        """The series of the given runs (stems or ids; None: all) that the query asks for; unknown runs are listed as missing."""
        self._check_project(project)
        answer = MetricsAnswer(project)
        stems, missing = self._stems(project, runs)
        answer.missing = missing
        positions: dict[str, dict[str, int]] = {}
        now = cursor.now()
        began = self._beginnings(project, query)
        until = _moment(query.wait)
        looks = None if until is None else until + _LOOKS
        read = there = 0
        for stem in stems:
            index = self.index(project, stem)
            whole = self._read(index, until)
            with index.lock:
                source, share = (index, 1.0) if whole else self._stand_in(index, len(stems), looks)
                along = source.columns.get(query.x_metric or "")
                for name in query.wanted(source.columns):
                    series = select(source.columns[name], query, along=along, began=began(source))
                    if share < 1:
                        series = replace(series, count=max(series.count + 1, round(series.count / share)))
                    if len(series.values) or query.since is None:
                        answer.metrics.setdefault(name, {})[stem] = series
                if cursor.matters(index.paths):
                    positions[stem] = index.positions() if whole else index.ends()
                done, size = (index.bytes_read, index.bytes_read) if whole else index.progress()
                read, there = read + done, there + size
                answer.complete = answer.complete and whole
        if not answer.complete:
            answer.progress = min(0.999, read / there) if there else 0.0
        answer.metrics = dict(sorted(answer.metrics.items()))
        answer.cursor = cursor.Cursor(now, positions).encode()
        return answer

    def groups(self, project: str, runs: Sequence[str] | None, by: Sequence[str], query: SeriesQuery) -> GroupsAnswer:
        """The given runs (stems or ids; None: all) in groups by the fields `by`, and of each metric that the query asks for the
        statistics of each group. ``query.points`` is the most places of the grid.
        """
        self._check_project(project)
        stems, missing = self._stems(project, runs)
        infos = {info.run: info for info in self._infos(project)}
        stems = [stem for stem in stems if stem in infos]
        found = grouped([infos[stem].record() for stem in stems], by)
        answer = GroupsAnswer(project, by, found, missing=missing)
        began = self._beginnings(project, query)
        members: dict[str, list[Member]] = {}
        for group in found:
            for stem in group.runs:
                index = self.index(project, stem)
                self._read(index)
                with index.lock:
                    along = index.columns.get(query.x_metric or "")
                    zero = began(index)
                    for name in query.wanted(index.columns):
                        part = pieces(index.columns[name], query, along=along, began=zero)
                        members.setdefault(name, []).append(Member(group.key, part, zero))
        for name in sorted(members):
            found_here, exact = statistics(members[name], x=query.x, points=query.points or _GRID, log=query.log)
            if found_here:
                answer.metrics[name], answer.raw[name] = found_here, exact
        return answer

    def _beginnings(self, project: str, query: SeriesQuery) -> Callable[[RunIndex], int]:
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
        stems, missing = self._stems(project, runs)
        look = self._look(project)
        counts: dict[str, int] = {}
        positions: dict[str, dict[str, int]] = {}
        now = cursor.now()
        until = _moment(self._patience)
        latest: RunInfo | None = None
        for stem in stems:
            known = look.get(stem)
            if known is None:
                continue
            info, summary = known.info, known.info.metadata.get("metric_summary")
            if latest is None or (info.start_time or 0) > (latest.start_time or 0):
                latest = info
            moving = cursor.matters(known.paths)
            if info.status in ("completed", "failed") and isinstance(summary, dict) and not moving:
                found: Iterable[str] = summary
            else:
                index = self.index(project, stem)
                whole = self._read(index, until)
                with index.lock:
                    found = index.columns if whole else {**self._stand_in(index)[0].columns, **info.metric_summary}
                    found = list(found)
                    if moving:
                        positions[stem] = index.positions() if whole else index.ends()
            for name in found:
                counts[name] = counts.get(name, 0) + 1
        return MetricNames(
            counts, None if latest is None else latest.run, missing, cursor.Cursor(now, positions).encode()
        )

    def _stems(self, project: str, runs: Sequence[str] | None) -> tuple[list[str], list[str]]:
        """The stems of `runs` (stems or ids; None: all), and those that do not exist."""
        present = self.layout.runs(project)
        if runs is None:
            return present, []
        known = set(present)
        by_id: dict[str, str] | None = None
        stems: list[str] = []
        missing: list[str] = []
        for run in dict.fromkeys(runs):
            if run in known:
                stems.append(run)
                continue
            if by_id is None:
                by_id = self._by_id(project, present)
            if run in by_id:
                stems.append(by_id[run])
            else:
                missing.append(run)
        return list(dict.fromkeys(stems)), missing

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
        return _editable(metadata.read_or_empty(self.layout.project_metadata(project)), None)

    def run_metadata(self, project: str, run: str) -> Metadata:
        """Notes, tags and display name of a run."""
        stem = self.stem(project, run)
        return _editable(metadata.read_or_empty(self.layout.run(project, stem).metadata), stem)

    def edit_project(self, project: str, changes: dict[str, Any], *, if_match: str | None = None) -> Metadata:
        """Changes notes, tags and whether the project is put away (`archived`); with `if_match` only if nobody changed them
        since (else :class:`Stale`).
        """
        self._check_project(project)
        checked = self._checked_changes(changes, ("notes", "tags", "archived"))
        checked["updated_at"] = _iso_now()
        return self._edit(self.layout.project_metadata(project), checked, if_match, None)

    def edit_run(self, project: str, run: str, changes: dict[str, Any], *, if_match: str | None = None) -> Metadata:
        """Changes notes, tags and display name, also while the run goes on; see :meth:`edit_project`."""
        stem = self.stem(project, run)
        checked = self._checked_changes(changes, ("notes", "tags", "display_name", "color"))
        return self._edit(self.layout.run(project, stem).metadata, checked, if_match, stem)

    def change_run(self, project: str, run: str, changes: dict[str, Any], *, if_match: str | None = None) -> Metadata:
        """Changes what :meth:`edit_run` does, and config and summary key by key: for programs."""
        stem = self.stem(project, run)
        merged = storable({part: changes[part] for part in ("config", "summary") if part in changes})
        for part, content in merged.items():
            if not isinstance(content, dict):
                raise UsageError(f"{part} is an object: what is named in it is changed, the rest stays.")
        others = {key: value for key, value in changes.items() if key not in merged}
        merged.update(self._checked_changes(others, ("notes", "tags", "display_name", "color")))
        return self._edit(self.layout.run(project, stem).metadata, merged, if_match, stem)

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

    def _edit(self, path: Path, changes: dict[str, Any], if_match: str | None, stem: str | None) -> Metadata:
        def change(content: dict[str, Any]) -> None:
            if if_match is not None and if_match.strip().strip('"') not in ("*", _editable(content, stem).etag):
                raise Stale("Somebody changed this since you opened it. Load it again, then repeat your edit.")
            metadata.merge(content, changes)

        return _editable(metadata.edit(path, change), stem)

    def _checked_changes(self, changes: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(changes, dict):
            raise UsageError(f"An edit is an object with some of {', '.join(allowed)}.")
        unknown = sorted(set(changes) - set(allowed))
        if unknown:
            raise UsageError(f"{unknown[0][:60]!r} cannot be edited; {', '.join(allowed)} can.")
        checked: dict[str, Any] = {}
        if "notes" in changes:
            notes, limit = changes["notes"], self._max_notes
            if limit is None:
                limit = settings.get("ASPARA_MAX_NOTES_LENGTH")
            if not isinstance(notes, str) or len(notes) > limit:
                raise UsageError(f"Notes are text of at most {limit} characters (ASPARA_MAX_NOTES_LENGTH).")
            checked["notes"] = notes.encode("utf-8", "replace").decode()
        if "tags" in changes:
            tags, limit = changes["tags"], self._max_tags
            if limit is None:
                limit = settings.get("ASPARA_MAX_TAGS_COUNT")
            if (
                not isinstance(tags, list)
                or len(tags) > limit
                or not all(isinstance(t, str) and 0 < len(t.strip()) <= 128 for t in tags)
            ):
                raise UsageError(
                    f"Tags are a list of at most {limit} texts of 1 to 128 characters (ASPARA_MAX_TAGS_COUNT)."
                )
            checked["tags"] = list(dict.fromkeys(t.strip().encode("utf-8", "replace").decode() for t in tags))
        if "archived" in changes:
            if not isinstance(changes["archived"], bool):
                raise UsageError("archived is true or false.")
            checked["archived"] = changes["archived"]
        if "display_name" in changes:
            checked["display_name"] = names.check_display_name(changes["display_name"])
        if "color" in changes:
            color = changes["color"]
            if color is not None and (
                isinstance(color, bool) or not isinstance(color, int) or not 0 <= color < _COLORS
            ):
                raise UsageError(f"A colour is a slot of the palette, 0 to {_COLORS - 1}, or null for the run's own.")
            checked["chosen_color"] = color
        return checked

    # -- deletion -----------------------------------------------------------------------------------------------------

    def delete_run(self, project: str, run: str, *, force: bool = False) -> str:
        """Removes every file of a run and returns its stem. A running one needs `force`; else :class:`RunIsRunning`."""
        stem = self.stem(project, run)
        paths = self.layout.run(project, stem)
        if not force and self._status(project, paths) == "running":
            raise RunIsRunning(
                f"Run {stem!r} is still running. Wait for its end, or force the deletion: what it logs after that is lost."
            )
        self._discard([p for p in paths.all_paths() if p.exists() or p.is_symlink()], paths.project_dir)
        self._saver.forget(project, stem)
        with self._lock:
            self._indexes.pop((project, stem), None)
        return stem

    def delete_project(self, project: str, *, force: bool = False) -> None:
        """Removes a project with all its runs; see :meth:`delete_run`."""
        self._check_project(project)
        running = [i.run for i in self._infos(project) if i.status == "running"]
        if running and not force:
            raise RunIsRunning(
                f"Project {project!r} has running runs ({_some(running)}). Wait for their end, or force the deletion."
            )
        self._discard([self.layout.project_dir(project)], self.data_dir)
        self._saver.forget(project)
        with self._lock:
            for key in [k for k in self._indexes if k[0] == project]:
                del self._indexes[key]

    def _discard(self, paths: list[Path], folder: Path) -> None:
        # Everything is renamed away first: a viewer sees all of it or nothing, and a crash leaves only hidden trash.
        trash = folder / f"{TRASH_PREFIX}{os.urandom(6).hex()}"
        trash.mkdir(mode=files.FOLDER_MODE)
        moved: list[Path] = []
        try:
            for path in paths:
                os.rename(path, trash / path.name)
                moved.append(path)
        except OSError:
            for path in moved:
                os.rename(trash / path.name, path)
            trash.rmdir()
            raise
        files.sync_folder(folder)
        shutil.rmtree(trash, ignore_errors=True)  # links in it are removed, never followed

    # -- files of a run -----------------------------------------------------------------------------------------------

    def artifacts(self, project: str, run: str) -> list[dict[str, Any]]:
        """The run's artifacts: those its metadata lists and those that merely lie there; links are not listed."""
        stem = self.stem(project, run)
        paths = self.layout.run(project, stem)
        content, _ = self._load(paths.metadata)
        said = content.get("artifacts")
        listed = {
            a["name"]: a
            for a in (said if isinstance(said, list) else ())
            if isinstance(a, dict) and isinstance(a.get("name"), str)
        }
        found: list[dict[str, Any]] = []
        if _behind_link(paths.artifacts):
            return found
        with contextlib.suppress(OSError), os.scandir(paths.artifacts) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                    continue
                state = entry.stat(follow_symlinks=False)
                known = listed.get(entry.name, {})
                found.append(
                    {
                        "name": entry.name,
                        "file_size": state.st_size,
                        "timestamp": known.get("timestamp") or int(state.st_mtime * 1000),
                        "description": known.get("description"),
                        "category": known.get("category"),
                    }
                )
        return found

    def artifact_path(self, project: str, run: str, name: str) -> Path:
        """Where an artifact lies; raises ArtifactNotFound, for links too."""
        stem = self.stem(project, run)
        folder = self.layout.run(project, stem).artifacts
        try:
            path = folder / check_name(name)
        except InvalidName:
            path = None
        if path is None or path.is_symlink() or _behind_link(folder) or not path.is_file():
            raise ArtifactNotFound(
                f"Run {stem!r} keeps no artifact {name[:128]!r}. Its artifacts: {_some([a['name'] for a in self.artifacts(project, stem)])}."
            )
        return path

    def collections(self, project: str) -> Collections:
        """The versioned artifacts of a project; raises ProjectNotFound."""
        self._check_project(project)
        return Collections(self.layout.artifacts(project))

    def versioned(self, project: str) -> list[dict[str, Any]]:
        """A project's artifacts by name: type, newest version, how many there are, aliases, size of the newest."""
        store = self.collections(project)
        found = []
        for name in store.paths.names():
            with contextlib.suppress(ArtifactNotFound):  # one that is being made, or deleted
                versions = store.versions(name)
                newest = versions[0]
                found.append(
                    {
                        "name": name,
                        "type": newest.get("type"),
                        "description": newest.get("description"),
                        "latest": newest["version"],
                        "versions": len(versions),
                        "aliases": {a: v["version"] for v in versions for a in v["aliases"]},
                        "size": newest.get("size"),
                        "created_at": versions[-1].get("created_at"),
                        "updated_at": newest.get("created_at"),
                    }
                )
        return found

    def used_by(self, project: str, version: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The runs of the project that used a version, given as its manifest, the one that began last first; see
        :func:`lineage.used_by`. Metadata says it: no rows are read.
        """
        self._check_project(project)
        return lineage.used_by(_latest_first(self._infos(project)), project, version)

    def version_file(self, project: str, name: str, version: str, path: str) -> Path:
        """Where the content of a file of an artifact lies; raises ArtifactNotFound, for references too."""
        store = self.collections(project)
        manifest = store.manifest(name, version)
        for entry in _files_in(manifest):
            if entry["path"] == path:
                return _content(store, manifest, entry)
        raise _keeps_no(manifest, path)

    def version_files(self, project: str, name: str, version: str) -> list[tuple[str, Path]]:
        """(path, place) of every file of an artifact, without references; raises ArtifactNotFound where one's content is gone."""
        store = self.collections(project)
        manifest = store.manifest(name, version)
        return [(entry["path"], _content(store, manifest, entry)) for entry in _files_in(manifest)]

    def console(self, project: str, run: str, after: int = 0) -> dict[str, Any]:
        """Captured output from byte `after` on, a megabyte at most: ``{"text", "start", "end", "size"}``."""
        path = self.layout.run(project, self.stem(project, run)).console
        try:
            if path.parent.is_symlink():
                raise FileNotFoundError
            with os.fdopen(open_rows(path), "rb") as file:
                size = file.seek(0, os.SEEK_END)
                # A file that is shorter than what was read of it began anew.
                start = after if 0 <= after <= size else 0
                file.seek(start)
                content = file.read(_MOST_CONSOLE)
        except OSError:
            return {"text": "", "start": 0, "end": 0, "size": 0}
        return {"text": content.decode("utf-8", "replace"), "start": start, "end": start + len(content), "size": size}

    def captured(self, project: str, run: str, name: str) -> bytes:
        """A text captured beside a run: ``diff.patch`` or ``requirements.txt``; raises ArtifactNotFound, for links too."""
        stem = self.stem(project, run)
        path = self.layout.run(project, stem).folder / name
        if name not in (DIFF, PACKAGES):
            raise ArtifactNotFound(f"{name[:80]!r} is nothing that is captured; {DIFF} and {PACKAGES} are.")
        try:
            if path.parent.is_symlink():
                raise FileNotFoundError
            with os.fdopen(open_rows(path), "rb") as file:
                return file.read(_MOST_CAPTURED)
        except OSError:
            raise ArtifactNotFound(
                f"Run {stem!r} has no {name}: nothing was changed, or it was not captured (ASPARA_CAPTURE)."
            ) from None

    def media(self, project: str, run: str, query: MediaQuery | None = None) -> list[dict[str, Any]]:
        """Media values logged, in order of step; see :func:`media_values`."""
        return media_values(self.index(project, self.stem(project, run)), query or MediaQuery())

    def media_keys(self, project: str, run: str) -> list[dict[str, Any]]:
        """What media a run has, by metric; see :func:`media_keys`."""
        return media_keys(self.index(project, self.stem(project, run)))

    def media_path(self, project: str, run: str, name: str) -> Path:
        """Where a media file lies; raises MediaNotFound, for links too."""
        return media_path(self.layout.run(project, self.stem(project, run)), name)

    def media_rows(self, project: str, run: str, name: str, query: TableQuery) -> dict[str, Any]:
        """A part of a table's rows."""
        return self._tables.rows(self.media_path(project, run, name), query)


def _moment(patience: float | None) -> float | None:
    return None if patience is None else time.monotonic() + patience


def _latest_first(infos: Iterable[RunInfo]) -> list[RunInfo]:
    return sorted(infos, key=lambda i: (-(i.start_time or 0), i.run))


def _without(names: frozenset[str], found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names} if names else found


def _cache_folder(data_dir: Path, cache_dir: Path | None) -> Path:
    """The folder of this data directory's indexes: two directories that hold runs of the same names have two."""
    place = hashlib.sha256(os.fsencode(os.path.realpath(data_dir))).hexdigest()[:16]
    return settings.cache_dir(cache_dir) / "reading" / place


def _files_in(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a version that are files, no references."""
    return (entry for entry in manifest["entries"] if isinstance(entry.get("path"), str) and "ref" not in entry)


def _content(store: Collections, manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> Path:
    """Where the content of a version's file lies; raises ArtifactNotFound where it is gone, or a link."""
    blob = store.paths.blob(str(entry.get("sha256")))
    if not blob.is_file() or blob.is_symlink():
        raise _keeps_no(manifest, entry["path"])
    return blob


def _keeps_no(manifest: Mapping[str, Any], path: str) -> ArtifactNotFound:
    return ArtifactNotFound(f"{manifest['name']}:{manifest['version']} keeps no file {path[:128]!r}.")


def _behind_link(folder: Path) -> bool:
    """True for a folder of a run that is a link, or stands in one: it could lead anywhere."""
    try:
        return folder.is_symlink() or folder.parent.is_symlink()
    except PermissionError:  # and so it is for a folder that cannot be looked into
        return True


def _editable(content: dict[str, Any], stem: str | None) -> Metadata:
    tags = content.get("tags")
    shown: dict[str, Any] = {
        "notes": str(content.get("notes") or ""),
        "tags": [str(t) for t in tags] if isinstance(tags, list) else [],
    }
    if stem is not None:
        shown["display_name"] = str(content.get("display_name") or stem)
        shown["color"] = chosen_color(content)
    else:
        shown["archived"] = content.get("archived") is True
    return Metadata(shown, metadata.etag(shown))


def _iso_now() -> str:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _some(found: Sequence[str]) -> str:
    if not found:
        return "none"
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
