"""Files that a run keeps, as :class:`aspara.Api` gives them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from aspara.catalog.files.content import Content, copied


@dataclass(frozen=True)
class RunFile:
    """A file kept with a run: its path relative to the run's folder."""

    name: str
    size: int
    content: Content = field(repr=False, compare=False)

    @property
    def path(self) -> Path:
        """Where it lies; one from far away is fetched first, to where it stays as long as its Api."""
        return self.content.path()

    def download(self, root: str | os.PathLike[str] = ".", replace: bool = False) -> Path:
        """Copies it below `root` and returns the copy; an existing file is only overwritten with `replace`."""
        return copied(self.content, Path(root), self.name, replace=replace)


@dataclass(frozen=True)
class LoggedArtifact(RunFile):
    """An artifact: a file with a category and a description. ``timestamp`` is in ms."""

    category: str | None = None
    description: str | None = None
    timestamp: int | None = None

    @property
    def type(self) -> str | None:
        """The category."""
        return self.category
