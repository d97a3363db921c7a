"""What came of what: the runs that used a version of an artifact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aspara.catalog.runs import RunInfo, noted


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
