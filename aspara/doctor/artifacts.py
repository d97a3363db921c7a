"""Versioned artifacts: whether what describes each version can be read, and the content it names is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.doctor.findings import Finding
from aspara.storage import metadata
from aspara.storage.artifact_store import is_entry
from aspara.storage.layout import ArtifactPaths


def artifacts(paths: ArtifactPaths, data_dir: Path) -> Iterator[Finding]:
    """Findings about the artifacts of one project. Content is looked at, not read: whoever takes it checks its fingerprint."""
    for name in paths.names():
        numbers = paths.numbers(name)
        for number in numbers:
            yield from _version(paths, name, number, data_dir)
        trouble = _trouble(paths.aliases(name))
        if trouble is not None and numbers:
            yield _finding(
                paths.aliases(name),
                data_dir,
                f"{trouble}; the aliases of {name!r} are lost: set them again on its versions",
            )


def _version(paths: ArtifactPaths, name: str, number: int, data_dir: Path) -> Iterator[Finding]:
    place = paths.manifest(name, number)
    trouble = _trouble(place)
    if trouble is not None:
        yield _finding(place, data_dir, f"{trouble}; {name}:v{number} is not shown, and its content is kept")
        return
    found = metadata.read(place).get("entries")
    listed: list[Any] = found if isinstance(found, list) else [None]
    entries = [entry for entry in listed if is_entry(entry)]
    if len(entries) < len(listed):
        yield _finding(
            place,
            data_dir,
            f"{len(listed) - len(entries)} files of {name}:v{number} are not described",
            len(listed) - len(entries),
        )
    for entry in entries:
        if "ref" in entry:
            continue
        content = paths.blob(entry["sha256"])
        try:
            size = os.lstat(content).st_size
        except OSError:
            yield _finding(content, data_dir, f"is missing, the content of {entry['path']} in {name}:v{number}")
            continue
        if entry.get("size") not in (None, size):
            yield _finding(
                content, data_dir, f"holds {size} bytes, not the {entry['size']} of {entry['path']} in {name}:v{number}"
            )


def _trouble(path: Path) -> str | None:
    try:
        metadata.read(path)
    except FileNotFoundError:
        return "is missing"
    except (OSError, ValueError) as error:
        return f"cannot be understood ({error})"
    return None


def _finding(path: Path, data_dir: Path, what: str, count: int = 1) -> Finding:
    place = os.fsencode(os.path.relpath(path, data_dir)).decode("utf-8", "replace")
    return Finding("artifact", "problem", place, what, count=count)
