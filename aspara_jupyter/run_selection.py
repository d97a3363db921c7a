"""What people mean by "runs": run objects, paths, projects and lists of them, made one list of runs in files."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aspara.api.base_api import open_provider
from aspara.api.projects import ApiProject
from aspara.api.provider import DataProvider, LocalProvider, local
from aspara.api.run import ApiRun
from aspara.catalog.catalog import ProjectInfo
from aspara.catalog.runs.run_info import RunInfo
from aspara.catalog.series.query import Series, SeriesQuery
from aspara.errors import NotFound, UsageError
from aspara.palette import deal_colors
from aspara.recording.run import Run
from aspara_jupyter.point_buffer import Columns

NEWEST = 20
"""Runs of a project that are shown where the project alone is given."""
MOST = 100
"""Runs of one chart; more tell nothing."""
_EPOCHS = ("epochs", "num_epochs", "n_epochs", "max_epochs", "num_train_epochs", "total_epochs")


@dataclass(frozen=True)
class SelectedRun:
    """A run (by its file name) and what reads it."""

    library: DataProvider
    project: str
    run: str

    @property
    def key(self) -> str:
        """``project/run``."""
        return f"{self.project}/{self.run}"

    def look(self) -> RunInfo:
        """How it stands; raises RunNotFound once it is deleted."""
        return self.library.run(self.project, self.run).info


@dataclass
class SelectedProject:
    """A project that was given whole, and the runs of it that are known: others have begun since."""

    library: DataProvider
    project: str
    known: set[str]


@dataclass
class RunSelection:
    """The runs that somebody chose, in their order, and the projects that were given whole."""

    runs: list[SelectedRun] = field(default_factory=list)
    projects: list[SelectedProject] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def whole(self, library: DataProvider, project: str) -> SelectedProject | None:
        """The project, if it was given whole."""
        return next((one for one in self.projects if one.library is library and one.project == project), None)

    def groups(self) -> list[list[SelectedRun]]:
        """The runs by library and project: each group is asked for together."""
        return grouped(self.runs)

    def look(self) -> dict[SelectedRun, RunInfo]:
        """How the runs stand. Those that were deleted are let go; those that have begun in whole projects are taken in.

        Of runs far away everything is learned in one request for each project. May be called from several threads.
        """
        with self._lock:
            return self._look()

    def _look(self) -> dict[SelectedRun, RunInfo]:
        here: dict[str, RunInfo] = {}
        for place in self.projects:
            with contextlib.suppress(NotFound):
                here |= self._begun(place)
        for members in self.groups():
            library, project = members[0].library, members[0].project
            asked = [run.run for run in members if run.key not in here]
            if asked and (isinstance(library, LocalProvider) or self.whole(library, project) is None):
                with contextlib.suppress(NotFound):
                    here |= {f"{project}/{info.run}": info for info in library.runs(project, asked)}
        self.runs[:] = [run for run in self.runs if run.key in here]
        return {run: here[run.key] for run in self.runs}

    def _begun(self, place: SelectedProject) -> dict[str, RunInfo]:
        """Takes in the runs that have begun in a project; what was learned by the way of those that are known."""
        if isinstance(place.library, LocalProvider):
            infos = []
            names = place.library.catalog.layout.runs(place.project)
        else:
            infos = place.library.runs(place.project)
            names = [info.run for info in reversed(infos)]
        begun = [name for name in names if name not in place.known][: max(0, MOST - len(self.runs))]
        place.known.update(begun)
        self.runs += [SelectedRun(place.library, place.project, name) for name in begun]
        return {f"{place.project}/{info.run}": info for info in infos}


def grouped(runs: Iterable[SelectedRun]) -> list[list[SelectedRun]]:
    """The runs by library and project."""
    groups: dict[tuple[int, str], list[SelectedRun]] = {}
    for run in runs:
        groups.setdefault((id(run.library), run.project), []).append(run)
    return list(groups.values())


def chosen(things: Any) -> RunSelection:
    """The runs that `things` names: a run, ``"project/run"``, a project or its name, or any number of these.

    Names and paths are looked up where :class:`aspara.Api` looks by itself.

    Raises:
        UsageError: Something names no run, or its files are elsewhere.
        NotFound: There is no such project or run; the message names those there are.

    """
    found = RunSelection()
    known: dict[Path | None, DataProvider] = {}

    def library(folder: Path | None = None) -> DataProvider:
        if folder not in known:
            known[folder] = open_provider() if folder is None else local(folder)
        return known[folder]

    def add(run: SelectedRun) -> None:
        if all(run.key != other.key for other in found.runs):
            found.runs.append(run)

    def take(thing: Any) -> None:
        if isinstance(thing, ApiRun):
            add(SelectedRun(thing._library, thing.project, thing.run))
        elif isinstance(thing, Run):
            folder = folder_of(thing)
            add(SelectedRun(_tracker_of(thing) if folder is None else library(folder), thing.project, thing.run))
        elif isinstance(thing, ApiProject):
            whole(thing._library, thing.name)
        elif isinstance(thing, ProjectInfo):
            whole(library(), thing.name)
        elif isinstance(thing, str):
            project, slash, name = thing.strip("/").rpartition("/")
            if not slash:
                whole(library(), name)
                return
            project = project.rsplit("/", 1)[-1]
            add(SelectedRun(library(), project, library().run(project, name).info.run))
        elif isinstance(thing, Iterable) and not isinstance(thing, bytes | Mapping):
            for item in thing:
                take(item)
        else:
            raise UsageError(
                f"{thing!r} names no run. Give a run, 'project/run', a project, Api().runs(...), or a list of these."
            )

    def whole(reader: DataProvider, project: str) -> None:
        infos = reader.runs(project)
        for info in reversed(infos[:NEWEST]):
            add(SelectedRun(reader, project, info.run))
        found.projects.append(SelectedProject(reader, project, {info.run for info in infos}))

    take(things)
    return found


def folder_of(run: Run) -> Path | None:
    """The data directory of a run that records; None where it is kept by a tracker. Raises UsageError for a disabled one."""
    if run.disabled:
        raise UsageError(f"Run {run.name!r} is disabled: it keeps nothing that could be shown.")
    folder = run._identity.path
    return None if folder is None else Path(folder).parent.parent


def _tracker_of(run: Run) -> DataProvider:
    """What reads a run at its tracker."""
    base, found, _ = (run.url or "").rpartition("/projects/")
    if not found:
        raise UsageError(f"Run {run.name!r} keeps no files here: give Api(...).run(...) of where it is kept.")
    return open_provider(base + "/")


def points_of(runs: Iterable[SelectedRun], query: SeriesQuery) -> dict[str, dict[str, Series]]:
    """Metric → key of a run → its series, by one question to each library and project."""
    found: dict[str, dict[str, Series]] = {}
    for members in grouped(runs):
        project = members[0].project
        answer = members[0].library.metrics(project, [run.run for run in members], query)
        for metric, by_run in answer.metrics.items():
            for name, series in by_run.items():
                found.setdefault(metric, {})[f"{project}/{name}"] = series
    return found


def columns_of(series: Series) -> Columns:
    """A series as the live feed has it: timestamps, steps and values as float64."""
    return series.timestamps.astype("f8"), series.steps.astype("f8"), series.values.astype("f8", copy=False)


def info_of(found: RunInfo) -> dict[str, Any]:
    """What a page is told of a run; ``now`` is the moment of which it is true."""
    ended = found.finish_time or found.last_update if found.is_finished else None
    return {
        "version": 1,
        "project": found.project,
        "run": found.run,
        "id": found.id,
        "name": found.name,
        "color": found.color,
        "status": found.status,
        "start_time": found.start_time or 0,
        "step": 0 if found.last_step is None else found.last_step + 1,
        "total_steps": found.metadata.get("total_steps"),
        "epochs": epochs(found.config),
        "tags": list(found.tags),
        "step_metrics": dict(found.step_metrics),
        "hidden_metrics": list(found.hidden_metrics),
        "now": ended or time.time_ns() // 1_000_000,
    }


def colors(infos: Iterable[RunInfo]) -> list[int]:
    """Slots of the palette that tell the runs apart: their own, and free ones for those whose own an earlier run has."""
    return deal_colors(info.color for info in infos)


def shown_names(infos: Collection[RunInfo]) -> list[str]:
    """The runs' names, with that of the file where several have the same."""
    counts = Counter(info.name for info in infos)
    return [info.name if counts[info.name] == 1 else f"{info.name} ({info.run})" for info in infos]


def epochs(config: Any) -> float | None:
    """How many epochs there will be, by the names that configs have for it."""
    for name in _EPOCHS:
        value = config.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
            return value
    return None
