"""A file of an artifact."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aspara.errors import UsageError


class FileOwner(Protocol):
    """The artifact that a file belongs to."""

    def get(self, name: str) -> Any:
        """The media object that was added under `name`."""

    def _fetch(self, file: ArtifactFile, root: Path) -> Path:
        """Copies the file below `root` and checks it; the copy's path."""

    def _root(self, root: str | os.PathLike[str] | None) -> Path:
        """Where copies of the artifact's files go."""


@dataclass
class ArtifactFile:
    """One file of an artifact: its path there, fingerprint and size; ``ref`` is the address of one that stays elsewhere."""

    artifact: FileOwner
    path: str
    size: int
    sha256: str | None = None
    ref: str | None = None

    @property
    def name(self) -> str:
        """The path within the artifact."""
        return self.path

    @property
    def digest(self) -> str | None:
        """The fingerprint."""
        return self.sha256

    def ref_target(self) -> str:
        """The address of a reference."""
        if self.ref is None:
            raise UsageError(f"{self.path!r} is no reference; its content is kept in the artifact.")
        return self.ref

    def download(self, root: str | os.PathLike[str] | None = None) -> str:
        """Copies the file below `root` (by default the artifact's own folder), checks it, and returns the copy's path."""
        return str(self.artifact._fetch(self, self.artifact._root(root)))
