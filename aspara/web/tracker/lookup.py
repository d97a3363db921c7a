"""Which run a client means, and how much of it the tracker has: looked up in the files, so that a restart forgets nothing."""

from __future__ import annotations

import os
from typing import Any

from aspara import names
from aspara.errors import RunDeleted, RunNotFound, SequenceGap
from aspara.storage import deleted_runs, metadata
from aspara.storage.layout import Layout, RunPaths
from aspara.util import files, os_compat
from aspara.web.tracker.payloads import Origin
from aspara.web.tracker.received_run import count_rows, rows_of

Found = tuple[RunPaths, dict[str, Any]]


def taken(layout: Layout, project: str, name: str) -> bool:
    """Whether a run of the project has that name."""
    return any(
        run == name or metadata.read_or_empty(layout.run(project, run).metadata).get("display_name") == name
        for run in layout.runs(project)
    )


def of_id(layout: Layout, project: str, run_id: str) -> Found | None:
    """The run of an id."""
    for run in layout.runs(project):
        paths = layout.run(project, run)
        content = metadata.read_or_empty(paths.metadata)
        if content.get("run_id") == run_id:
            return paths, content
    return None


def locate(layout: Layout, project: str, run: str, origin: Origin) -> Found:
    """The run of that name or id; where the client says which id it means, no other one that bears its name now.

    Raises RunDeleted for one that a person deleted, else RunNotFound.
    """
    if names.is_file_name(project) and names.is_file_name(run):
        paths = layout.run(project, run)
        content = metadata.read_or_empty(paths.metadata)
        if content and origin.run_id in (None, str(content.get("run_id") or run)):
            return paths, content
        found = of_id(layout, project, origin.run_id or run)
        if found is not None:
            return found
        if origin.run_id is not None:
            check_deleted(layout, project, origin.run_id)
    raise RunNotFound(f"There is no run {run[:128]!r} in project {project[:128]!r} here. Create it first.")


def check_deleted(layout: Layout, project: str, run_id: str, writer: str | None = None) -> None:
    """Raises RunDeleted for a run that a person deleted; with a `writer`, one that this writer had a share in."""
    if deleted_runs.was_deleted(layout.data_dir, project, run_id, writer):
        raise RunDeleted(f"Run {run_id!r} of project {project!r} was deleted here. Begin a new run to log further.")


def created_by(content: dict[str, Any]) -> list[Any]:
    """The writers that have made or continued a run."""
    found = content.get("created_by")
    return found if isinstance(found, list) else []


def of_writer(layout: Layout, project: str, writer: str) -> Found | None:
    """The run that a writer has made or continued."""
    for run in layout.runs(project):
        paths = layout.run(project, run)
        content = metadata.read_or_empty(paths.metadata)
        if writer in created_by(content):
            return paths, content
    return None


def items_of(content: dict[str, Any], writer: str) -> int:
    """How many items other than rows of a writer are here."""
    remote = content.get("remote")
    found = remote.get("items") if isinstance(remote, dict) else None
    number = found.get(writer) if isinstance(found, dict) else None
    return number if isinstance(number, int) else 0


def is_new(content: dict[str, Any], origin: Origin) -> bool:
    """Whether an item has not come before. Raises SequenceGap where an earlier one is missing."""
    if origin.item is None or origin.writer is None:
        return True
    expected = items_of(content, origin.writer)
    if origin.item > expected:
        raise SequenceGap(
            f"Item {origin.item} was sent where {expected} is the next one of this writer.", expected, "items"
        )
    return origin.item == expected


def count_item(content: dict[str, Any], origin: Origin) -> None:
    """Notes in the metadata that an item has come."""
    if origin.item is None or origin.writer is None:
        return
    remote = content.get("remote")
    items = remote.get("items") if isinstance(remote, dict) else None
    content["remote"] = {
        **(remote if isinstance(remote, dict) else {}),
        "items": {**(items if isinstance(items, dict) else {}), origin.writer: origin.item + 1},
    }


def held(paths: RunPaths, content: dict[str, Any], writer: str) -> dict[str, Any]:
    """What the tracker durably holds of a writer's share: `rows`, and `items` other than rows. Raises OSError."""
    path = rows_of(paths, writer, content.get("main_writer"))
    for each in (path, paths.metadata):
        if each.is_file():
            descriptor = files.open_append(each)
            try:
                os_compat.sync(descriptor)
            finally:
                os.close(descriptor)
            files.sync_folder(each.parent)
    return {"rows": count_rows(paths, path), "items": items_of(content, writer)}
