"""The content of a file that a run keeps, whether it lies here or is fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aspara.errors import UsageError
from aspara.storage.artifact_store import check_path
from aspara.util import os_compat


class Content(Protocol):
    """A file's content. ``name`` is the file's own, without folders."""

    name: str

    def path(self) -> Path:
        """Where it lies on this machine; one from far away is fetched first and goes with its :class:`aspara.Api`."""

    def save(self, target: Path) -> None:
        """Writes it to `target`, which is whole or not there."""


class LocalContent:
    """A file on this machine."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path

    def path(self) -> Path:
        """The file itself."""
        return self._path

    def save(self, target: Path) -> None:
        """A copy."""
        draft = _draft(target)
        try:
            shutil.copyfile(self._path, draft)
            os_compat.replace(draft, target)
        finally:
            os_compat.remove(draft, missing_ok=True)


class RemoteContent:
    """A file far away: `fetch` writes it to the path it is given, `folder` makes the folder of what was fetched."""

    def __init__(self, name: str, fetch: Callable[[Path], None], folder: Callable[[], Path]) -> None:
        self.name = name
        self._fetch, self._folder = fetch, folder
        self._path: Path | None = None

    def path(self) -> Path:
        """What was fetched, on first use."""
        if self._path is None or not self._path.is_file():
            # The name came from elsewhere: only its ending, which tells what kind of file it is, is taken over.
            ending = Path(self.name).suffix if "\0" not in self.name else ""
            path = self._folder() / f"content{ending[:20]}"
            self.save(path)
            self._path = path
        return self._path

    def save(self, target: Path) -> None:
        """Fetches it anew."""
        draft = _draft(target)
        try:
            self._fetch(draft)
            os_compat.replace(draft, target)
        finally:
            os_compat.remove(draft, missing_ok=True)


def copied(content: Content, root: Path, name: str, *, replace: bool) -> Path:
    """The copy, `name` below `root`; raises UsageError for one that exists, unless it is to be replaced, and InvalidName for a
    name that would lead out of `root`: a server may say anything.
    """
    target = root / check_path(name)
    if target.exists() and not replace:
        raise UsageError(f"{target} exists already. Choose another root, or replace=True.")
    target.parent.mkdir(parents=True, exist_ok=True)
    content.save(target)
    return target


def _draft(target: Path) -> Path:
    return target.with_name(f".{target.name[:100]}.{os.getpid()}-{os.urandom(3).hex()}.tmp")
