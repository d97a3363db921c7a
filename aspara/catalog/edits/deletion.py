"""Deleting so that a viewer sees all of a run or nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from aspara.storage.layout import DELETION_NOTE, TRASH_PREFIX, doomed
from aspara.util import files, os_compat

_GIVEN_UP = 60.0
"""Seconds after which a deletion that is not done was killed."""


def discard(paths: list[Path], folder: Path) -> None:
    """Removes `paths`, all of them in `folder`; where that fails they stay, or none of them is seen any more."""
    finish_deletions(folder)
    # Everything is renamed away first, and a note says what: a crash leaves only hidden trash, and what the note names is not
    # listed any more, wherever the crash came.
    trash = folder / f"{TRASH_PREFIX}{os.urandom(6).hex()}"
    trash.mkdir(mode=files.FOLDER_MODE)
    moved: list[Path] = []
    try:
        files.replace_json(trash / DELETION_NOTE, {path.name: path.lstat().st_ino for path in paths})
        for path in paths:
            os_compat.rename(path, trash / path.name)
            moved.append(path)
    except OSError:
        for path in moved:
            os_compat.rename(trash / path.name, path)
        shutil.rmtree(trash, ignore_errors=True)
        raise
    files.sync_folder(folder)
    shutil.rmtree(trash, ignore_errors=True)  # links in it are removed, never followed


def finish_deletions(folder: Path) -> None:
    """Removes what deletions in `folder` left behind that were killed: files that their notes name, and their trash."""
    for trash in folder.glob(f"{TRASH_PREFIX}*"):
        note = trash / DELETION_NOTE
        with contextlib.suppress(OSError):
            if trash.is_symlink() or time.time() - note.stat().st_mtime < _GIVEN_UP:
                continue
            for name, inode in doomed(trash).items():
                path = folder / name
                with contextlib.suppress(FileNotFoundError):
                    if path.lstat().st_ino == inode:
                        os_compat.rename(path, trash / name)
            shutil.rmtree(trash, ignore_errors=True)
