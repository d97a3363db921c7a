"""The whole examination of a data directory."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara.catalog.catalog import Catalog
from aspara.catalog.runs.run_info import RunInfo
from aspara.doctor import bad_lines
from aspara.doctor.artifacts import artifacts
from aspara.doctor.findings import Finding, LiveRunSkipped, Quarantine, Repair, held
from aspara.doctor.leftovers import surroundings
from aspara.doctor.outbox import waiting
from aspara.storage import metadata
from aspara.storage.layout import DOCTOR_PREFIX, RunPaths
from aspara.storage.parquet_errors import DamagedParquet, decoding
from aspara.types import STATUS_FROM_DISK, STATUS_ON_DISK
from aspara.util import files


def examine(
    catalog: Catalog, project: str | None = None, *, progress: Callable[[str], None] = lambda _: None
) -> Iterator[Finding]:
    """Everything found, in the order of the tree. Reads every row file and archive once. Changes nothing."""
    data_dir = catalog.data_dir
    progress("the tree")
    yield from surroundings(data_dir, project)
    layout = catalog.layout
    for name in layout.projects() if project is None else [project]:
        yield from _project(catalog, name)
        yield from artifacts(layout.artifacts(name), data_dir)
        infos = {info.run: info for info in catalog.runs(name)}
        ids = Counter(info.id for info in infos.values())
        for run in layout.runs(name):
            progress(f"{name}/{run}")
            info = infos.get(run)
            if info is not None:
                yield from _run(layout.run(name, run), info, data_dir)
                if ids[info.id] > 1:
                    yield Finding(
                        "id",
                        "note",
                        _relative(layout.run(name, run).metadata, data_dir),
                        f"run id {info.id!r} belongs to {ids[info.id]} runs; resuming by id takes the first",
                    )
        for paths in layout.orphans(name):
            found = _orphan(paths, data_dir)
            if found is not None:
                yield found
    yield from waiting(catalog, project)


def _project(catalog: Catalog, name: str) -> Iterator[Finding]:
    path = catalog.layout.project_metadata(name)
    try:
        metadata.read(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        yield Finding(
            "metadata",
            "problem",
            _relative(path, catalog.data_dir),
            f"cannot be understood ({error}); notes and tags of the project are missing",
            fix=f"is moved to a folder {DOCTOR_PREFIX}<date>",
            repair=_mover(path, "metadata that cannot be understood"),
        )


def _run(paths: RunPaths, info: RunInfo, data_dir: Path) -> Iterator[Finding]:
    running = any(files.is_locked(path) for path in paths.lock_files())
    yield from _metadata(paths, info, data_dir, running=running)
    for path, reason in paths.misplaced():
        yield Finding("rows", "problem", _relative(path, data_dir), f"is {reason}")
    for path in paths.row_files():
        yield from _rows(paths, path, data_dir, running=running)
    for part in paths.parts():
        trouble = _unreadable(part)
        if trouble:
            yield Finding("archive", "problem", _relative(part, data_dir), f"no readable Parquet: {trouble}")
    segments = paths.segment_files()
    if segments and not running:
        yield Finding(
            "segments",
            "note",
            _relative(segments[0].parent, data_dir),
            "rows that were to be archived; they are shown all the same",
            count=len(segments),
            fix="are archived",
            repair=_archiver(paths),
        )


def _metadata(paths: RunPaths, info: RunInfo, data_dir: Path, *, running: bool) -> Iterator[Finding]:
    where = _relative(paths.metadata, data_dir)
    try:
        content = metadata.read(paths.metadata)
    except FileNotFoundError:
        yield Finding("metadata", "note", where, "is missing; the run is shown by its rows alone")
        return
    except (OSError, ValueError) as error:
        yield Finding(
            "metadata",
            "problem",
            where,
            f"cannot be understood ({error}); config, notes and tags of the run are missing",
            fix=f"is moved to a folder {DOCTOR_PREFIX}<date>; the run stays, shown by its rows",
            repair=_mover(paths.metadata, "metadata that cannot be understood", paths),
        )
        return
    for reason in metadata.wrong_kinds(content):
        yield Finding("metadata", "problem", where, f"{reason}; it is passed over")
    if info.status == "crashed" and STATUS_FROM_DISK.get(str(content.get("status")), "running") == "running":
        # Every reader shows such a run as crashed; nothing is lost and nothing is hidden.
        yield Finding(
            "status",
            "note",
            where,
            "the run crashed (its process is gone), and the file still says running",
            fix="is marked as crashed",
            repair=_ender(paths, info),
        )
    mark = content.get("imported")
    if isinstance(mark, dict) and mark.get("complete") is False and not running:
        yield Finding(
            "import",
            "problem",
            where,
            f"an import from {mark.get('source')} was interrupted; import again to bring the rest",
        )
    lost = content.get("rows_lost")
    if isinstance(lost, int) and lost > 0:
        yield Finding("lost", "note", where, f"{lost} rows were lost when the disk was full", count=lost)
    yield from _artifacts(paths, content, data_dir)


def _artifacts(paths: RunPaths, content: dict[str, Any], data_dir: Path) -> Iterator[Finding]:
    for entry in content.get("artifacts") or []:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            path = paths.artifacts / os.path.basename(entry["name"])
            if not path.is_file():
                yield Finding(
                    "artifact", "problem", _relative(path, data_dir), "is listed as an artifact and not there"
                )


def _rows(paths: RunPaths, path: Path, data_dir: Path, *, running: bool) -> Iterator[Finding]:
    where = _relative(path, data_dir)
    try:
        found = bad_lines.scan(path)
    except OSError as error:
        yield Finding("rows", "problem", where, f"cannot be read: {error.strerror}")
        return
    bad = list(found.bad.values())
    if running and bad and bad[-1].count == 1:
        # The last line of a file that is being written is no problem, whatever there is of it.
        with contextlib.suppress(OSError), path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                bad.pop()
    repairable = [entry for entry in bad if not entry.whole]
    shared = _line_remover(paths, path) if repairable and not running else None
    for entry in bad:
        if entry.whole:
            yield Finding(
                "row", "note", where, f"{entry.reason}; the values are read", line=entry.line, count=entry.count
            )
        else:
            yield Finding(
                "line",
                "problem",
                where,
                f"no row: {entry.reason}",
                line=entry.line,
                count=entry.count,
                fix=None if running else f"is moved to a folder {DOCTOR_PREFIX}<date>",
                repair=shared,
            )


def _orphan(paths: RunPaths, data_dir: Path) -> Finding | None:
    """Parts of a run that no list shows, because its row and metadata files are gone."""
    archived, others = paths.parts(), [p for p in paths.row_files() if p.stat().st_size]
    if not archived and not others:
        if not paths.folder.is_dir():
            return None
        return Finding("orphan", "note", _relative(paths.folder, data_dir), "a folder that belongs to no run")
    place = paths.archive if archived else paths.folder
    return Finding(
        "orphan",
        "problem",
        _relative(place, data_dir),
        "rows of a run whose own files are gone, so that it is not shown",
        count=len(archived) + len(others),
        fix=f"an empty {paths.rows.name} is made, so that the run is shown",
        repair=_marker(paths),
    )


# -- repairs -----------------------------------------------------------------------------------------------------------


def _mover(path: Path, why: str, paths: RunPaths | None = None) -> Repair:
    def move(quarantine: Quarantine) -> str:
        with held(paths) if paths is not None else contextlib.nullcontext():
            quarantine.take(path, why)
        return f"moved to {quarantine.folder.name}"

    return move


def _line_remover(paths: RunPaths, path: Path) -> Repair:
    done: list[str] = []

    def remove(quarantine: Quarantine) -> str:
        # Several findings of one file have one repair.
        if not done:
            with held(paths):
                done.append(bad_lines.take_out(path, quarantine))
        return done[0]

    return remove


def _ender(paths: RunPaths, info: RunInfo) -> Repair:
    def end(quarantine: Quarantine) -> str:
        with held(paths):
            before = metadata.read(paths.metadata)
            quarantine.note({"status": before.get("status"), "of": f"{info.project}/{info.run}", "now": "maybe_failed"})
            changes = {
                "status": STATUS_ON_DISK["crashed"],
                "finish_time": before.get("finish_time") or info.last_update,
            }
            metadata.edit(paths.metadata, lambda content: content.update(changes))
        return "says crashed now"

    return end


def _archiver(paths: RunPaths) -> Repair:
    def archive(quarantine: Quarantine) -> str:
        from aspara.storage.parquet_archive import archive_segment

        del quarantine
        with held(paths):
            segments = paths.segment_files()
            for path in segments:
                archive_segment(paths, path.stem)
            left = paths.segment_files()
        if left:
            raise LiveRunSkipped(f"{len(left)} of them hold lines that are no rows; they stay readable as they are")
        return f"{len(segments)} archived"

    return archive


def _marker(paths: RunPaths) -> Repair:
    def mark(quarantine: Quarantine) -> str:
        os.close(files.open_append(paths.rows))
        files.sync_folder(paths.project_dir)
        quarantine.note({"made": f"{paths.project_dir.name}/{paths.rows.name}"})
        return f"the run is shown as {paths.run}"

    return mark


def _unreadable(part: Path) -> str | None:
    import polars as pl

    try:
        with decoding():
            pl.read_parquet(part, hive_partitioning=False)
    except OSError as error:
        return error.strerror if isinstance(error, DamagedParquet) else type(error).__name__
    return None


def _relative(path: Path, data_dir: Path) -> str:
    return os.path.relpath(path, data_dir)
