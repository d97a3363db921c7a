"""A data directory as the catalog sees it: which projects and runs there are, and the index of each run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aspara import names
from aspara.catalog.edits.edits import EditLimits
from aspara.catalog.files.table_pages import TablePages
from aspara.catalog.index.index_pool import MEMORY, IndexPool, cache_folder
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.runs.run_cache import CachedRun, RunCache
from aspara.catalog.runs.run_info import RunInfo
from aspara.errors import ProjectNotFound, RunNotFound
from aspara.storage.heartbeat import Heartbeats
from aspara.storage.layout import Layout
from aspara.util.suggestions import did_you_mean

_MOST_COMPARED = 1000


class DataDirectory:
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
        self._limits = EditLimits(max_notes, max_tags)
        self._indexes = IndexPool(self.layout, cache_folder(self.data_dir, cache_dir), index_bytes)
        self._pulse = Heartbeats()
        self._listing = RunCache(self.layout, self._pulse)
        self._tables = TablePages()

    def close(self) -> None:
        """Lets go of everything held in memory; what is waiting to be kept for the next time is written first."""
        self._indexes.close()
        self._listing.clear()

    # -- what there is ------------------------------------------------------------------------------------------------

    def _check_project(self, project: str) -> None:
        if (
            not names.is_file_name(project)
            or not self.layout.project_dir(project).is_dir()
            or self.layout.project_dir(project).is_symlink()
        ):
            raise self._no_project(project)

    def _no_project(self, project: str) -> ProjectNotFound:
        projects = self.layout.projects()
        return ProjectNotFound(
            f"There is no project {project[:128]!r}.{did_you_mean(project, projects)} Projects: {some(projects)}."
        )

    def _infos(self, project: str) -> list[RunInfo]:
        return [known.info for known in self._look(project).values()]

    def _look(self, project: str) -> dict[str, CachedRun]:
        """What is known of each run by name."""
        now, gone = self._listing.look(project)
        for run in gone:
            # Lets go of what somebody removed, whoever it was.
            self._indexes.release(project, run)
        return now

    def stem(self, project: str, run: str) -> str:
        """The file stem of a run given by stem or id; raises RunNotFound naming some runs there are."""
        self._check_project(project)
        stem = self._stem(project, run)
        if stem is None:
            runs = self._listing.ids(project).runs
            # Names are compared with a bounded number of others: unknown ones must cost little in large projects too.
            hint = did_you_mean(run[:128], runs[:_MOST_COMPARED])
            raise RunNotFound(f"There is no run {run[:128]!r} in project {project!r}.{hint} Its runs: {some(runs)}.")
        return stem

    def _stem(self, project: str, run: str) -> str | None:
        """The file stem of a run given by stem or id, at a cost that does not grow with the project; None for one that does not
        exist.
        """
        return run if self.layout.has_run(project, run) else self._listing.ids(project).stem(run)

    def index(self, project: str, run: str) -> RunIndex:
        """The index of a run (by stem); made on first use, let go when memory is short and nobody listens to it."""
        return self._indexes.of(project, run)

    def _load(self, path: Path) -> tuple[dict[str, Any], str | None]:
        """The metadata at `path`, and why it could not be understood, if so."""
        return self._listing.load(path)

    def _stems(self, project: str, runs: Sequence[str] | None) -> tuple[list[str], list[str]]:
        """The stems of `runs` (stems or ids; None: all), and those that do not exist."""
        if runs is None:
            return self.layout.runs(project), []
        found = self._found(project, runs)
        stems = [stem for stem in found.values() if stem is not None]
        return list(dict.fromkeys(stems)), [run for run, stem in found.items() if stem is None]

    def _found(self, project: str, runs: Iterable[str]) -> dict[str, str | None]:
        """The stem of each of `runs` (stems or ids), in their order; None for one that does not exist."""
        found: dict[str, str | None] = {}
        look = True
        for run in dict.fromkeys(runs):
            found[run] = run if self.layout.has_run(project, run) else self._listing.ids(project).stem(run, look=look)
            # One look answers for all names that there is no run of.
            look = look and found[run] is not None
        return found


def latest_first(infos: Iterable[RunInfo]) -> list[RunInfo]:
    """The runs, the one that began last first."""
    return sorted(infos, key=lambda i: (-(i.start_time or 0), i.run))


def some(found: Sequence[str]) -> str:
    """The first ten of names, for an error that says which there are."""
    if not found:
        return "none"
    return ", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")
