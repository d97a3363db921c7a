"""Deleting so that a viewer sees all of a run or nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from aspara.storage.layout import TRASH_PREFIX
from aspara.util import files


def discard(paths: list[Path], folder: Path) -> None:
    """Removes `paths`, all of them in `folder`; where that fails they stay, or none of them is seen any more."""
    # Everything is renamed away first: a crash leaves only hidden trash.
    trash = folder / f"{TRASH_PREFIX}{os.urandom(6).hex()}"
    trash.mkdir(mode=files.FOLDER_MODE)
    moved: list[Path] = []
    try:
        for path in paths:
            os.rename(path, trash / path.name)
            moved.append(path)
    except OSError:
        for path in moved:
            os.rename(trash / path.name, path)
        trash.rmdir()
        raise
    files.sync_folder(folder)
    shutil.rmtree(trash, ignore_errors=True)  # links in it are removed, never followed
