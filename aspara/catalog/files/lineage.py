"""What came of what: the runs that used a version of an artifact, and the versions that a run made or used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from aspara.catalog.runs.run_info import RunInfo, noted
from aspara.errors import NotFound
from aspara.version_store import VersionStore


def used_by(runs: Iterable[RunInfo], project: str, version: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of `runs` those that used the version with this manifest: ``{"run", "name", "color", "use_as"}``."""
    found = []
    for run in runs:
        for entry in noted(run.metadata, "used_artifacts", project):
            same = (entry["project"], entry["name"]) == (project, version.get("name"))
            if same and (
                entry.get("version") == version.get("version")
                if "version" in entry
                else entry.get("digest") == version.get("digest")
            ):
                found.append({"run": run.run, "name": run.name, "color": run.color, "use_as": entry.get("use_as")})
                break
    return found


def kept(
    metadata: Mapping[str, Any], key: str, project: str, collections: Callable[[str], VersionStore]
) -> Iterator[tuple[VersionStore, str, dict[str, Any]]]:
    """(store, project, manifest) of the versions that a run's metadata has under ``logged_artifacts`` or ``used_artifacts``.

    ``collections`` gives the versioned artifacts of a project. Versions that were deleted since are left out.
    """
    for entry in noted(metadata, key, project):
        with contextlib.suppress(NotFound, KeyError):
            store = collections(entry["project"])
            yield store, entry["project"], store.manifest(entry["name"], entry.get("version") or entry["digest"])
