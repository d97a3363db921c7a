"""The seam between an artifact and where its versions are kept: a project's folder here, or a server far away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class VersionStore(Protocol):
    """The versioned artifacts of one project. What is not there raises ArtifactNotFound naming what is."""

    def names(self) -> list[str]:
        """The names of all artifacts, sorted."""

    def manifest(self, name: str, reference: str = "latest") -> dict[str, Any]:
        """A version by its number (``v3``), alias or digest."""

    def versions(self, name: str) -> list[dict[str, Any]]:
        """All versions of an artifact, the newest first."""

    def content(self, name: str, version: str, entry: Mapping[str, Any]) -> Path:
        """Where the content of a version's file lies on this machine."""

    def change(
        self, name: str, version: str, changes: Mapping[str, Any], aliases: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Changes description, metadata or tags of a version, and which aliases mean it (None: leaves them)."""

    def delete(self, name: str, version: str) -> None:
        """Removes a version, and content that no other one holds."""
