"""Versioned artifacts that a server far away keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aspara.client.http_client import HttpClient


class RemoteArtifactStore:
    """The versioned artifacts of one project; ``folder`` makes the folder of what was fetched."""

    def __init__(self, reader: HttpClient, project: str, folder: Callable[[], Path]) -> None:
        self._reader, self._folder = reader, folder
        self._at = ("projects", project, "artifacts")
        self._fetched: dict[str, Path] = {}

    def names(self) -> list[str]:
        """The names of all artifacts, sorted."""
        return sorted(str(found["name"]) for found in self._reader.get(*self._at)["artifacts"])

    def manifest(self, name: str, reference: str = "latest") -> dict[str, Any]:
        """A version by its number, alias or digest."""
        return self._reader.get(*self._at, name, reference)

    def versions(self, name: str) -> list[dict[str, Any]]:
        """All versions of an artifact, the newest first."""
        listed = self._reader.get(*self._at, name)["versions"]
        return [self.manifest(name, str(version["version"])) for version in listed]

    def content(self, name: str, version: str, entry: Mapping[str, Any]) -> Path:
        """The content of a file, fetched once."""
        sha256 = str(entry.get("sha256"))
        known = self._fetched.get(sha256)
        if known is None or not known.is_file():
            known = self._folder() / "content"
            self._reader.save(known, *self._at, name, version, "file", query={"path": entry["path"]})
            self._fetched[sha256] = known
        return known

    def change(
        self, name: str, version: str, changes: Mapping[str, Any], aliases: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Changes description, metadata, tags and aliases of a version."""
        body = dict(changes) if aliases is None else {**changes, "aliases": list(aliases)}
        return self._reader.put(*self._at, name, version, body=body)

    def delete(self, name: str, version: str) -> None:
        """Removes a version."""
        self._reader.delete(*self._at, name, version)
