"""A place for what is fetched only to be read."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class TempFolder:
    """A temporary folder, made on first use; it goes when its owner closes or forgets it, and at the end of the process."""

    def __init__(self) -> None:
        self._root: Path | None = None
        self._count = 0
        self._end: weakref.finalize[..., TempFolder] | None = None

    def folder(self) -> Path:
        """A folder of its own for one file, so that names cannot meet."""
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="aspara-fetched-"))
            self._end = weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        self._count += 1
        made = self._root / str(self._count)
        made.mkdir()
        return made

    def close(self) -> None:
        """Removes everything."""
        if self._end is not None:
            self._end()
        self._root = None
