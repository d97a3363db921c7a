"""What waits outside the data directory: rows and metadata of full disks, runs for trackers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from aspara.catalog.catalog import Catalog
from aspara.client.journal import Journal, journals
from aspara.doctor.findings import Finding, LiveRunSkipped, Quarantine, Repair, held
from aspara.storage import metadata
from aspara.storage.rescue import RescuedRows, sheltered
from aspara.util import files


def waiting(catalog: Catalog, project: str | None) -> Iterator[Finding]:
    """All of it that belongs to the data directory, and notes of the rest; of one project only its own."""
    here = os.path.realpath(catalog.data_dir)
    # Rows first: what the metadata says of them is then true.
    for rest in sorted(sheltered(), key=lambda rest: not rest.is_rows):
        what = f"{'rows' if rest.is_rows else 'metadata'} of {rest.project}/{rest.run}"
        if os.path.realpath(rest.data_dir) != here:
            if project is None:
                back = f"--data-dir {rest.data_dir} puts them back"
                yield Finding("spill", "note", str(rest.path), f"{what} in {rest.data_dir}; {back}")
        elif project in (None, rest.project):
            known = rest.run in catalog.layout.runs(rest.project)
            put_back = _rows_returner if rest.is_rows else _metadata_returner
            yield Finding(
                "spill",
                "problem",
                str(rest.path),
                f"{what} that a full disk left over" + ("" if known else "; that run is no longer here"),
                fix="are put back into the run" if known else None,
                repair=put_back(catalog, rest) if known else None,
            )
    if project is None:
        with contextlib.suppress(OSError):
            for folder in journals():
                journal = Journal(folder)
                if not journal.being_written():
                    yield Finding(
                        "outbox", "note", str(folder), "a run that waits for its tracker; `aspara sync` sends it"
                    )


def _rows_returner(catalog: Catalog, rest: RescuedRows) -> Repair:
    def put_back(quarantine: Quarantine) -> str:
        paths = catalog.layout.run(rest.project, rest.run)
        content = rest.path.read_bytes()
        # A file of its own among those of further writers: nothing of the run's own files is touched, and doing it again
        # writes the same file.
        target = paths.writer_rows(f"rescued-{rest.pid}")
        files.make_folder(target.parent)
        if target.exists() and target.read_bytes() != content:
            raise LiveRunSkipped(f"{target.name} exists in the run already and says something else")
        files.replace(target, content if content.endswith(b"\n") else content + b"\n")
        quarantine.keep(rest.path, content, f"rows put back into {rest.project}/{rest.run}")
        rest.path.unlink()
        return f"{len(content.splitlines())} rows put back"

    return put_back


def _metadata_returner(catalog: Catalog, rest: RescuedRows) -> Repair:
    def put_back(quarantine: Quarantine) -> str:
        paths = catalog.layout.run(rest.project, rest.run)
        content = rest.path.read_bytes()
        try:
            changes = metadata.parse(content)
        except ValueError as error:
            raise LiveRunSkipped(f"it cannot be understood: {error}") from None

        def merge(found: dict[str, Any]) -> None:
            if str(found.get("pid")) == rest.pid and not found.get("is_finished"):
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
            quarantine.keep(rest.path, content, f"metadata put back into {rest.project}/{rest.run}")
            metadata.edit(paths.metadata, merge, create=False)
        rest.path.unlink()
        return "put back"

    return put_back
