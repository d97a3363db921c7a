"""What may be changed in a data directory: notes, tags and the like, a request to stop, and deletion."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aspara.catalog.data_directory import DataDirectory, some
from aspara.catalog.edits import bulk_edits
from aspara.catalog.edits.bulk_edits import EditResult
from aspara.catalog.edits.deletion import discard
from aspara.catalog.edits.edits import OF_A_RUN, EditableMetadata, checked, edit, editable, iso_now
from aspara.catalog.runs.run_info import load, run_info
from aspara.errors import RunHasEnded, RunIsRunning, UsageError
from aspara.storage import deleted_runs, metadata
from aspara.storage.layout import RunPaths
from aspara.types import STOP_REQUESTED, STOP_REQUESTED_BY, Status
from aspara.util import files
from aspara.util.json_safe import storable

_OF_A_PROJECT = ("notes", "tags", "archived")


class Editing(DataDirectory):
    """Edits and deletions, for all who may make them."""

    # -- edits --------------------------------------------------------------------------------------------------------

    def project_metadata(self, project: str) -> EditableMetadata:
        """Notes and tags of a project, and whether it is put away."""
        self._check_project(project)
        return editable(metadata.read_or_empty(self.layout.project_metadata(project)), None)

    def run_metadata(self, project: str, run: str) -> EditableMetadata:
        """Notes, tags and display name of a run."""
        stem = self.stem(project, run)
        return editable(metadata.read_or_empty(self.layout.run(project, stem).metadata), stem)

    def edit_project(self, project: str, changes: dict[str, Any], *, if_match: str | None = None) -> EditableMetadata:
        """Changes notes, tags and whether the project is put away (`archived`); with `if_match` only if nobody changed them
        since (else :class:`Stale`).
        """
        self._check_project(project)
        wanted = checked(changes, _OF_A_PROJECT, self._limits)
        wanted["updated_at"] = iso_now()
        return edit(self.layout.project_metadata(project), wanted, if_match, None)

    def edit_run(
        self, project: str, run: str, changes: dict[str, Any], *, if_match: str | None = None
    ) -> EditableMetadata:
        """Changes notes, tags and display name, also while the run goes on; see :meth:`edit_project`."""
        stem = self.stem(project, run)
        wanted = checked(changes, OF_A_RUN, self._limits)
        return edit(self.layout.run(project, stem).metadata, wanted, if_match, stem)

    def change_run(
        self, project: str, run: str, changes: dict[str, Any], *, if_match: str | None = None
    ) -> EditableMetadata:
        """Changes what :meth:`edit_run` does, and config and summary key by key: for programs."""
        stem = self.stem(project, run)
        merged = storable({part: changes[part] for part in ("config", "summary") if part in changes})
        for part, content in merged.items():
            if not isinstance(content, dict):
                raise UsageError(f"{part} is an object: what is named in it is changed, the rest stays.")
        others = {key: value for key, value in changes.items() if key not in merged}
        merged.update(checked(others, OF_A_RUN, self._limits))
        return edit(self.layout.run(project, stem).metadata, merged, if_match, stem)

    def edit_runs(self, project: str, changes: Mapping[str, Mapping[str, Any]]) -> EditResult:
        """Changes several runs, given by stem or id, each whole or not at all: by run what :meth:`edit_run` takes, or
        ``add_tags`` and ``remove_tags``; with ``if_match`` only if nobody changed that run since. Raises UsageError before
        anything is done where a change makes no sense; what fails of a single run is told in the outcome.
        """
        self._check_project(project)
        bulk_edits.check(changes, self._limits)
        found = self._found(project, changes)
        bulk_edits.check_one_each(found, changes)
        undo: dict[str, dict[str, Any]] = {}

        def work(given: str, stem: str) -> None:
            back = bulk_edits.edit_one(self.layout.run(project, stem), changes[given], self._limits)
            if back is not None:
                undo[stem] = back

        outcome = replace(bulk_edits.each(project, found, work), undo=undo)
        files.sync_folder(self.layout.project_dir(project))
        return outcome

    def request_stop(self, project: str, run: str, *, by: str | None = None) -> None:
        """Asks a running run to stop: its ``should_stop`` turns True. The run keeps when that was, and `by` whom or what.

        Raises:
            RunNotFound: There is no such run.
            RunHasEnded: The run is not running.

        """
        stem = self.stem(project, run)
        paths = self.layout.run(project, stem)
        status = self._status(project, paths)
        if status != "running":
            raise RunHasEnded(f"Run {stem!r} is {status}: there is nothing to stop.")
        request = {STOP_REQUESTED: time.time_ns() // 1_000_000, STOP_REQUESTED_BY: by}
        metadata.edit(paths.metadata, lambda content: content.update(request))

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
        # A writer whose row file vanishes makes it anew; not while it is being deleted.
        with self._noted([paths]), files.folder_lock(paths.project_dir):
            discard([p for p in paths.all_paths() if p.exists() or p.is_symlink()], paths.project_dir)
        self._indexes.forget(project, stem)
        return stem

    @contextlib.contextmanager
    def _noted(self, runs: Sequence[RunPaths]) -> Iterator[None]:
        """Keeps in mind that these runs are deleted on purpose, so that their clients do not bring them back."""
        entries = [entry for paths in runs if (entry := deleted_runs.described(paths)) is not None]
        noted = False
        with contextlib.suppress(OSError):  # a full disk; the deletion makes room
            deleted_runs.note(self.data_dir, entries)
            noted = True
        yield
        if not noted:
            with contextlib.suppress(OSError):  # the runs are gone all the same; at worst a client sends its run again
                deleted_runs.note(self.data_dir, entries)

    def delete_runs(self, project: str, runs: Sequence[str], *, force: bool = False) -> EditResult:
        """Removes several runs; see :meth:`delete_run`. Those that cannot be are kept, and told in the outcome."""
        self._check_project(project)
        named = dict.fromkeys(runs)
        bulk_edits.check_count(named)
        return bulk_edits.each(
            project, self._found(project, named), lambda _, stem: self.delete_run(project, stem, force=force)
        )

    def delete_project(self, project: str, *, force: bool = False) -> None:
        """Removes a project with all its runs; see :meth:`delete_run`."""
        self._check_project(project)
        running = [i.run for i in self._infos(project) if i.status == "running"]
        if running and not force:
            raise RunIsRunning(
                f"Project {project!r} has running runs ({some(running)}). Wait for their end, or force the deletion."
            )
        with self._noted([self.layout.run(project, run) for run in self.layout.runs(project)]):
            discard([self.layout.project_dir(project)], self.data_dir)
        self._indexes.forget(project)
