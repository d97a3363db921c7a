"""The catalog: every question a viewer asks of a data directory, and the few edits it may make."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aspara.catalog.data_directory import latest_first
from aspara.catalog.editing import Editing
from aspara.catalog.index.index_pool import moment
from aspara.catalog.index.points import RunPoints
from aspara.catalog.run_files import RunFiles
from aspara.catalog.runs.run_info import RunDetail, RunInfo, run_info
from aspara.catalog.series import charts
from aspara.catalog.series.charts import MetricNames
from aspara.catalog.series.fresh_info import freshened, with_problems
from aspara.catalog.series.groups import GroupsAnswer
from aspara.catalog.series.query import RELATIVE, MetricsAnswer, SeriesQuery
from aspara.storage import metadata
from aspara.storage.row_codec import parse_timestamp

PATIENCE = 0.5
"""Seconds that a page waits before it is told coarsely."""


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
    display_name: str = ""
    """The name people see, where it is another one than `name`, which stands on disk and in URLs."""

    def json(self) -> dict[str, Any]:
        """The API's shape."""
        return dict(vars(self))


class Catalog(Editing, RunFiles):
    """Every question a viewer asks of a data directory, and the few edits it may make. See :class:`Directory` for how it is made."""

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
            raise self._no_project(project)
        return found

    def require_project(self, project: str) -> None:
        """Raises ProjectNotFound as :meth:`project` does, but reads no run: it takes as long in a project of many runs as of few."""
        self._check_project(project)
        if not self.layout.runs(project) and not self.layout.project_metadata(project).is_file():
            raise self._no_project(project)

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
            str(content.get("display_name") or project),
        )

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
            told = [(path.name, reason) for path, reason in paths.misplaced()]
            told += [
                (paths.metadata.name, reason) for reason in ([broken] if broken else metadata.wrong_kinds(content))
            ]
            problems += [{"file": name, "line": None, "reason": reason, "count": 1} for name, reason in told]
            info.problem_count = sum(p["count"] for p in problems)
            return RunDetail(
                info,
                sorted({*index.points.metric_names(), *info.metric_summary}),
                info.metric_summary,
                self.artifacts(project, stem),
                problems,
            )

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
            return lambda _run, _points: 0
        infos = {info.run: info for info in self._infos(project)}

        def began(run: str, points: RunPoints) -> int:
            info = infos.get(run)
            said = None if info is None else parse_timestamp(info.metadata.get("start_time"))
            return said if said is not None else points.first_time or 0

        return began

    def metric_names(self, project: str, runs: Sequence[str] | None = None) -> MetricNames:
        """Which metrics the given runs (None: all) have. Runs that are over say it in their metadata; no points are read."""
        self._check_project(project)
        look = self._look(project)
        stems, missing = (list(look), []) if runs is None else self._stems(project, runs)
        found = charts.metric_names(self._indexes, project, stems, look, moment(self._patience))
        return replace(found, missing=missing)
