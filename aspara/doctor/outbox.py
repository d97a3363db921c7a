"""What waits outside the data directory: rows and metadata of full disks, runs for trackers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from aspara.catalog.catalog import Catalog
from aspara.client.journal import Journal, journals
from aspara.doctor.findings import Finding, LiveRunSkipped, Quarantine, Repair, held
from aspara.doctor.missing_rows import missing_rows
from aspara.storage import metadata
from aspara.storage.layout import SYSTEM_PREFIX, RunPaths
from aspara.storage.local_recorder import open_recorder
from aspara.storage.recount import recount
from aspara.storage.rescue import RescuedRows, sheltered
from aspara.types import RunRequest
from aspara.util import files

RESTORED = "restored_from"
"""The metadata's key that says which run, by id and start, a restored one was."""


def waiting(catalog: Catalog, project: str | None) -> Iterator[Finding]:
    """All of it that belongs to the data directory, and notes of the rest; of one project only its own."""
    here = os.path.realpath(catalog.data_dir)
    # Rows first: what the metadata says of them is then true.
    for rest in sorted(sheltered(), key=lambda rest: rest.rows is None):
        parts = [name for name, path in (("rows", rest.rows), ("metadata", rest.changes)) if path is not None]
        what = f"{' and '.join(parts)} of {rest.project}/{rest.run}"
        if os.path.realpath(rest.data_dir) != here:
            if project is None:
                back = f"--data-dir {rest.data_dir} puts them back"
                yield Finding("spill", "note", str(rest.path), f"{what} in {rest.data_dir}; {back}")
        elif project in (None, rest.project):
            yield _finding(catalog, rest, what)
    if project is None:
        with contextlib.suppress(OSError):
            for folder in journals():
                journal = Journal(folder)
                if not journal.being_written():
                    yield Finding(
                        "outbox", "note", str(folder), "a run that waits for its tracker; `aspara sync` sends it"
                    )


def _finding(catalog: Catalog, rest: RescuedRows, what: str) -> Finding:
    where = str(rest.path)
    if rest.being_written():
        return Finding("spill", "note", where, f"{what} that wait for room on the disk; the run goes on")
    found = _owner(catalog, rest)
    if found is not None:
        what = f"{what} that a full disk left over"
        return Finding(
            "spill", "problem", where, what, fix="are put back into the run", repair=_returner(catalog, rest)
        )
    if rest.identity is None:
        why = "nothing says which run of that name they belong to"
    elif _by_identity(catalog, rest) is not None:
        why = "that run was taken back to an earlier step since"
    elif rest.run in catalog.layout.runs(rest.project):
        why = f"that run (id {rest.identity[0]}) is no longer here, and another one has its name"
    else:
        why = "that run is no longer here"
    return Finding(
        "spill",
        "problem",
        where,
        f"{what} that a full disk left over; {why}",
        fix="become a run of their own",
        repair=_returner(catalog, rest),
    )


def _owner(catalog: Catalog, rest: RescuedRows) -> RunPaths | None:
    """The run that `rest` belongs to, or what was restored of it; None where there is none, whatever has its name."""
    paths = _by_identity(catalog, rest)
    if paths is not None and not _rewound(metadata.read_or_empty(paths.metadata), rest):
        return paths
    return _by_identity(catalog, rest, restored=True)


def _by_identity(catalog: Catalog, rest: RescuedRows, *, restored: bool = False) -> RunPaths | None:
    known = catalog.layout.runs(rest.project)
    # Most often it bears its name still.
    for run in sorted(known, key=lambda run: run != rest.run):
        paths = catalog.layout.run(rest.project, run)
        found = metadata.read_or_empty(paths.metadata)
        if restored:
            if found.get(RESTORED) == _mark(rest):
                return paths
        elif rest.identity is not None and (found.get("run_id"), found.get("start_time")) == rest.identity:
            return paths
    return None


def _mark(rest: RescuedRows) -> dict[str, Any]:
    if rest.identity is None:
        return {"run": rest.run, "key": rest.key}
    return {"run": rest.run, "run_id": rest.identity[0], "start_time": rest.identity[1]}


def _rewound(found: Mapping[str, Any], rest: RescuedRows) -> bool:
    since = rest.about.get("since")
    return any(
        isinstance(note, dict) and isinstance(since, int) and (note.get("timestamp") or 0) >= since
        for note in found.get("rewinds") or ()
    )


def _returner(catalog: Catalog, rest: RescuedRows) -> Repair:
    def put_back(quarantine: Quarantine) -> str:
        if rest.being_written():
            raise LiveRunSkipped("the run goes on; repair it when it has ended")
        # Anew: an earlier repair may have restored the run.
        paths = _owner(catalog, rest)
        made = paths is None
        if paths is None:
            paths = _restored(catalog, rest)
            quarantine.note({"made": f"{rest.project}/{paths.run}", "of": str(rest.path)})
        done: list[str] = []
        if rest.rows is not None:
            done.append(_put_rows_back(paths, rest, quarantine))
        if rest.changes is not None:
            done.append(_put_metadata_back(paths, rest, quarantine))
        if metadata.read_or_empty(paths.metadata).get(RESTORED):
            metadata.edit(paths.metadata, lambda content: _recounted(paths, content))
        rest.remove()
        return " and ".join(done) + (f", as the run {paths.run}" if made else "")

    return put_back


def _restored(catalog: Catalog, rest: RescuedRows) -> RunPaths:
    """A run for what belongs to none that is here."""
    name = rest.about.get("name")
    request = RunRequest(
        rest.project,
        name=f"{name if isinstance(name, str) else rest.run} (restored)",
        notes=f"What a full disk had left of a run {rest.run!r} that is no longer here.",
        details={RESTORED: _mark(rest), **({"start_time": rest.identity[1]} if rest.identity else {})},
    )
    recorder = open_recorder(catalog.data_dir, request, durability="os")
    recorder.finish("crashed", None, 0.0)
    paths = catalog.layout.run(rest.project, recorder.identity.run)
    metadata.edit(paths.metadata, lambda content: content.update(finish_time=rest.about.get("since")))
    return paths


def _recounted(paths: RunPaths, content: dict[str, Any]) -> dict[str, Any]:
    recount(paths, content)
    return content


def _put_rows_back(paths: RunPaths, rest: RescuedRows, quarantine: Quarantine) -> str:
    assert rest.rows is not None
    content = rest.rows.read_bytes()
    content += b"" if content.endswith(b"\n") else b"\n"
    # A file of its own among those of further writers: nothing of the run's own files is touched, and doing it again writes
    # the same file.
    system = SYSTEM_PREFIX if str(rest.about.get("writer") or "").startswith(SYSTEM_PREFIX) else ""
    target = paths.writer_rows(f"{system}rescued-{rest.key}")
    missing = missing_rows(paths, rest, content, but=target)
    quarantine.keep(rest.rows, content, f"rows put back into {rest.project}/{paths.run}")
    if missing:
        files.make_folder(target.parent)
        if target.exists() and target.read_bytes() != missing:
            raise LiveRunSkipped(f"{target.name} exists in the run already and says something else")
        files.replace(target, missing)
    count = missing.count(b"\n")
    return f"{count} rows put back"


def _put_metadata_back(paths: RunPaths, rest: RescuedRows, quarantine: Quarantine) -> str:
    assert rest.changes is not None
    content = rest.changes.read_bytes()
    try:
        changes = metadata.parse(content)
    except ValueError as error:
        raise LiveRunSkipped(f"it cannot be understood: {error}") from None

    def merge(found: dict[str, Any]) -> None:
        if (rest.of_process(found) and not found.get("is_finished")) or found.get(RESTORED):
            metadata.merge(found, changes)
            return
        # The run has gone on since then, or this is what one of several processes set: what is newer stays.
        missing = {
            part: {name: value for name, value in changes[part].items() if name not in (found.get(part) or {})}
            for part in ("config", "summary")
            if isinstance(changes.get(part), dict)
        }
        metadata.merge(found, missing)

    with held(paths):
        quarantine.keep(rest.changes, content, f"metadata put back into {rest.project}/{paths.run}")
        metadata.edit(paths.metadata, merge, create=False)
    return "metadata put back"
