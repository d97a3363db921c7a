"""Careful file work: atomic replacement, locks that the kernel drops with their owner, opening without following links."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara.util import json_safe, os_compat
from aspara.util.signals import defer_signals

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(path: Path) -> Path:
    """`path`, made with its parents; new folders are the user's alone (0700)."""
    if not path.is_dir():
        make_folder(path.parent)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=FOLDER_MODE)
            sync_folder(path.parent)
    return path


def sync_folder(path: Path) -> None:
    """Makes creations, renames and removals in `path` survive a power failure, where the system can."""
    os_compat.sync_folder(path)


def open_append(path: Path, *, exclusive: bool = False) -> int:
    """A descriptor that appends to `path` (made if missing, 0600), never through a link. `exclusive` demands a new file."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | (os.O_EXCL if exclusive else 0)
    return os_compat.high_descriptor(os_compat.open_file(path, flags, FILE_MODE))


def open_plain(path: Path | str) -> int:
    """A descriptor to read the plain file `path` by. Raises OSError for a link, and for a pipe, device or folder, on which
    reading could wait for ever.
    """
    return os_compat.open_to_read(path)


def replace(path: Path, content: bytes, *, provided: Callable[[], bool] = lambda: True, settled: bool = True) -> bool:
    """Puts `content` at `path` atomically and durably: readers see the old file or the new one, whole. At the last moment
    `provided` is asked: False, and nothing happened, if it says so. Without `settled` a power failure may still bring the old
    file back: for who replaces many, and ends with :func:`sync_folder`.
    """
    # Processes of two hosts may have one number.
    draft = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        descriptor = os_compat.high_descriptor(
            os_compat.open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        )
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os_compat.sync(descriptor)
        finally:
            os.close(descriptor)
        if not provided():
            os_compat.remove(draft)
            return False
        os_compat.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os_compat.remove(draft)
        raise
    if settled:
        sync_folder(path.parent)
    return True


def replace_json(
    path: Path, content: Any, *, provided: Callable[[], bool] = lambda: True, settled: bool = True
) -> bool:
    """Puts `content` at `path` as JSON with an indent of two; see :func:`replace` and :func:`json_safe.encode`."""
    text = json_safe.encode(content) + "\n"
    return replace(path, text.encode("utf-8", "backslashreplace"), provided=provided, settled=settled)


def is_plain(path: Path) -> bool:
    """True for a plain file that is no link; False, too, for what cannot be looked at, and for a name that no file can have."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def mark(path: Path) -> tuple[int, int, int] | None:
    """What tells the plain file at `path` from one that takes its place; None where there is none."""
    try:
        # Opened, not only looked at: network disks answer from memory otherwise.
        descriptor = open_plain(path)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return found.st_ino, found.st_mtime_ns, found.st_size


def try_lock(descriptor: int, *, shared: bool = False) -> bool | None:
    """Takes the file's lock if nobody else holds it; None where the file system knows no locks (some network disks).

    It lives until the descriptor closes or the process dies.
    """
    return os_compat.try_lock(descriptor, shared=shared)


def unlock(descriptor: int) -> None:
    """Gives the file's lock back."""
    os_compat.unlock(descriptor)


def lock_state(path: Path) -> bool | None:
    """True while a living process holds the exclusive lock of `path`, False for none and for a missing file; None where the
    file system knows no locks.
    """
    try:
        descriptor = open_plain(path)
    except OSError:
        return False
    try:
        free = try_lock(descriptor, shared=True)
        return None if free is None else not free
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """True while a living process holds the exclusive lock of `path`, as far as the file system can tell."""
    return lock_state(path) is True


# The lock belongs to the open file, so two threads that open the same folder exclude each other too.
@contextlib.contextmanager
def folder_lock(folder: Path, *, timeout: float = 10.0) -> Iterator[None]:
    """Holds the lock of `folder` among all processes of this machine, for short read-change-replace sections.

    Gives up waiting after `timeout` seconds and goes on unlocked: a stuck neighbour must not stop training, and every
    replacement is atomic in itself. A signal that ends the program waits until the lock is given back: whoever finishes its
    runs needs it.
    """
    deadline = time.monotonic() + timeout
    pause = 0.0005
    while True:
        # Closed before the signals that waited happen, and held from before the lock is taken.
        with defer_signals(), _opened(folder) as descriptor:
            if try_lock(descriptor) is not False or time.monotonic() >= deadline:
                yield
                return
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os_compat.open_folder_lock(folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
