"""Versioned artifacts of a project, as lists and downloads ask for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aspara.errors import ArtifactNotFound
from aspara.storage.artifact_store import ArtifactStore


def listed(store: ArtifactStore) -> list[dict[str, Any]]:
    """The artifacts by name: type, newest version, how many there are, aliases, size of the newest."""
    found = []
    for name in store.paths.names():
        with contextlib.suppress(ArtifactNotFound):  # one that is being made, or deleted
            versions = store.versions(name)
            newest = versions[0]
            found.append(
                {
                    "name": name,
                    "type": newest.get("type"),
                    "description": newest.get("description"),
                    "latest": newest["version"],
                    "versions": len(versions),
                    "aliases": {a: v["version"] for v in versions for a in v["aliases"]},
                    "size": newest.get("size"),
                    "created_at": versions[-1].get("created_at"),
                    "updated_at": newest.get("created_at"),
                }
            )
    return found


def file_of(store: ArtifactStore, name: str, version: str, path: str) -> Path:
    """Where the content of a file of a version lies; raises ArtifactNotFound, for references too."""
    manifest = store.manifest(name, version)
    for entry in _files_in(manifest):
        if entry["path"] == path:
            return _content(store, manifest, entry)
    raise _keeps_no(manifest, path)


def files_of(store: ArtifactStore, name: str, version: str) -> list[tuple[str, Path]]:
    """(path, place) of every file of a version, without references; raises ArtifactNotFound where one's content is gone."""
    manifest = store.manifest(name, version)
    return [(entry["path"], _content(store, manifest, entry)) for entry in _files_in(manifest)]


def _files_in(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries of a version that are files, no references."""
    return (entry for entry in manifest["entries"] if isinstance(entry.get("path"), str) and "ref" not in entry)


def _content(store: ArtifactStore, manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> Path:
    """Where the content of a version's file lies; raises ArtifactNotFound where it is gone, or a link."""
    sha256 = str(entry.get("sha256"))
    if not store.paths.holds(sha256):
        raise _keeps_no(manifest, entry["path"])
    return store.paths.blob(sha256)


def _keeps_no(manifest: Mapping[str, Any], path: str) -> ArtifactNotFound:
    return ArtifactNotFound(f"{manifest['name']}:{manifest['version']} keeps no file {path[:128]!r}.")
