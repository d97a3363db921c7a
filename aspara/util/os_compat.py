"""What differs between Linux, macOS and Windows: opening, reading, locking, renaming and syncing files.

No other module asks which system it runs on, or whether the `os` module has a function.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

Result = TypeVar("Result")

_fcntl: Any = None
_windows: ModuleType | None = None
try:
    _fcntl = importlib.import_module("fcntl")
except ImportError:
    with contextlib.suppress(ImportError, AttributeError, OSError):
        _windows = importlib.import_module("aspara.util.windows")

RENAMES_OPEN_FILES = _fcntl is not None
"""Whether a file can be renamed, replaced or removed while it is open. Windows refuses that."""
REFUSED_IN_NAMES = "" if RENAMES_OPEN_FILES else ":*?<>|"
"""Characters that no file's name can hold, besides the separators."""

_BINARY: int = getattr(os, "O_BINARY", 0)
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)
_FULL_SYNC: int | None = getattr(_fcntl, "F_FULLFSYNC", None)
_HIGH_DESCRIPTOR = 500
_ATTEMPTS = 12
_PAUSE = 0.005


def open_file(path: str | os.PathLike[str], flags: int, mode: int = 0o600, *, follow: bool = False) -> int:
    """A descriptor of the file `path`, opened with the `os.O_...` flags, for bytes. Raises OSError, ELOOP for a link unless
    `follow` is given.
    """
    if not follow and not _NOFOLLOW:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISLNK(os.lstat(path).st_mode):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(path))
    return os.open(path, flags | _BINARY | (0 if follow else _NOFOLLOW), mode)


def open_to_read(path: str | os.PathLike[str]) -> int:
    """A descriptor to read the plain file `path`. Raises OSError for a link, and for a pipe, device or folder, on which reading
    could wait for ever.
    """
    descriptor = open_file(path, os.O_RDONLY | _NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", os.fspath(path))
    return descriptor


def high_descriptor(descriptor: int) -> int:
    """The same open file under a high number; `descriptor` is closed. What a program prints goes to 0 to 2 even where those were
    closed, and the number of a file that other code closed by mistake should not be the next one in use.
    """
    if _fcntl is None:
        return descriptor
    for lowest in (_HIGH_DESCRIPTOR, 3):
        try:
            high: int = _fcntl.fcntl(descriptor, _fcntl.F_DUPFD_CLOEXEC, lowest)
        except OSError:  # fewer files are allowed than that
            continue
        os.close(descriptor)
        return high
    return descriptor


def pread(descriptor: int, size: int, offset: int) -> bytes:
    """Up to `size` bytes from `offset`, wherever the descriptor stands. Raises OSError."""
    if _windows is not None:
        content: bytes = _windows.read_at(descriptor, size, offset)
        return content
    return os.pread(descriptor, size, offset)


def sync(descriptor: int) -> None:
    """Forces the file's bytes and size to the disk itself. Raises OSError."""
    if _FULL_SYNC is not None:
        # On macOS fsync leaves them in the drive's cache; some network disks do not know more than fsync.
        with contextlib.suppress(OSError):
            _fcntl.fcntl(descriptor, _FULL_SYNC)
            return
    os.fsync(descriptor)


def data_sync(descriptor: int) -> None:
    """As :func:`sync`, without the file's times where the system can leave them out. Raises OSError."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(descriptor)
    else:
        sync(descriptor)


def sync_folder(path: str | os.PathLike[str]) -> None:
    """Forces creations, renames and removals in the folder `path` to disk, where the system can do that."""
    with contextlib.suppress(OSError):  # Windows opens no folder, and some file systems refuse fsync on one
        descriptor = os.open(path, os.O_RDONLY)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)


def try_lock(descriptor: int, *, shared: bool = False) -> bool | None:
    """Takes the file's lock: True if it is held now, False if another holds it, None where locks are not supported.

    The lock belongs to the open file: it lives until that is closed or the process dies.
    """
    if _windows is not None:
        taken: bool | None = _windows.try_lock(descriptor, shared=shared)
        return taken
    if _fcntl is None:
        return None
    try:
        _fcntl.flock(descriptor, (_fcntl.LOCK_SH if shared else _fcntl.LOCK_EX) | _fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES) else None
    return True


def unlock(descriptor: int) -> None:
    """Gives the file's lock back. Raises OSError."""
    if _windows is not None:
        _windows.unlock(descriptor)
    elif _fcntl is not None:
        _fcntl.flock(descriptor, _fcntl.LOCK_UN)


def open_folder_lock(folder: str | os.PathLike[str]) -> int:
    """A descriptor whose lock stands for `folder`: of the folder, or on Windows, which opens none, of a hidden file in it."""
    if RENAMES_OPEN_FILES:
        return os.open(folder, os.O_RDONLY)
    return open_file(os.path.join(folder, ".lock"), os.O_RDWR | os.O_CREAT)


def replace(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """`os.replace`; on Windows it waits a moment for those who have one of the files open. Raises OSError."""
    _retried(lambda: os.replace(source, target))


def rename(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """`os.rename`; on Windows it waits a moment for those who have the file, or one in the folder, open. Raises OSError."""
    _retried(lambda: os.rename(source, target))


def remove(path: str | os.PathLike[str], *, missing_ok: bool = False) -> None:
    """`os.unlink`; on Windows it waits a moment for those who have the file open. Raises OSError."""
    with contextlib.suppress(*([FileNotFoundError] if missing_ok else [])):
        _retried(lambda: os.unlink(path))


def remove_open(path: str | os.PathLike[str], descriptor: int) -> None:
    """Removes the file that `descriptor` has open and locked, and closes the descriptor. Where the system does not remove open
    files, another process may lock it in between. Raises OSError; the descriptor is closed then, too.
    """
    if RENAMES_OPEN_FILES:
        try:
            os.unlink(path)
        finally:
            os.close(descriptor)
    else:
        os.close(descriptor)
        remove(path)


def at_fork(
    *,
    before: Callable[[], None] | None = None,
    after_in_parent: Callable[[], None] | None = None,
    after_in_child: Callable[[], None] | None = None,
) -> None:
    """`os.register_at_fork`, where processes fork."""
    register: Callable[..., None] | None = getattr(os, "register_at_fork", None)
    if register is not None:
        calls = {"before": before, "after_in_parent": after_in_parent, "after_in_child": after_in_child}
        register(**{name: call for name, call in calls.items() if call is not None})


def processors() -> int:
    """How many processors this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def become(command: list[str]) -> int:
    """Goes on as the program `command`, by its path; where a shell would not wait for that, runs it and returns its exit code."""
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606  it is the user's own command
    return subprocess.call(command)


def kill_group(process_id: int) -> None:
    """Kills the processes of the group that `process_id` leads; on Windows there are no groups."""
    kill: Callable[[int, int], None] | None = getattr(os, "killpg", None)
    if kill is not None:
        with contextlib.suppress(OSError):
            kill(process_id, signal.SIGKILL)


def has_file_events() -> bool:
    """Whether the system reports each change of a file, also one that is made while the file stays open."""
    return sys.platform == "linux"


def open_file_limit() -> int | None:
    """How many files this process may have open; None for no limit, or where it is unknown."""
    resource = _resource()
    if resource is None:
        return None
    soft: int = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def raise_open_file_limit(wanted: int) -> None:
    """Lets this process open up to `wanted` files, as far as the system allows; for programs, not for libraries."""
    resource = _resource()
    if resource is None:
        return
    with contextlib.suppress(OSError, ValueError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def limit_memory(most: int) -> None:
    """Lets this process have `most` bytes beyond what it has; where the system cannot say or do that, what there is."""
    resource = _resource()
    if resource is None:
        return
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            now = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (now + most, now + most))
    except (OSError, ValueError, StopIteration):
        return


def _resource() -> Any:
    try:
        return importlib.import_module("resource")
    except ImportError:
        return None


def _retried(action: Callable[[], Result]) -> Result:
    if RENAMES_OPEN_FILES:
        return action()
    pause = _PAUSE
    for _ in range(_ATTEMPTS - 1):
        try:
            return action()
        except PermissionError:
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
    return action()
