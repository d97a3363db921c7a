"""Signs of life where locks do not reach: between hosts that share a data directory.

A living writer touches ``<run>/alive/<host>`` every ten seconds, silent or not. On its own host nobody needs that: a lock is
released by the kernel with its owner, and says so at once.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aspara.storage.layout import RunPaths
from aspara.util import files, os_compat

BEAT = 10.0
"""Seconds between two signs of life."""
SILENCE = 50.0
"""Seconds without one after which a writer elsewhere counts as gone; if it comes back, so does the run."""


def boot_id() -> str | None:
    """What tells this boot of this machine from every other: a lock is only meaningful within one."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return None


def here() -> str:
    """The name of this host's sign of life."""
    return boot_id() or re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname()) or "host"


def touch(paths: RunPaths, host: str) -> None:
    """Gives a sign of life. Its time is the file server's, where there is one."""
    path = paths.alive(host)
    with contextlib.suppress(OSError):  # a sign that cannot be given is no trouble to training
        try:
            os.utime(path)
        except FileNotFoundError:
            files.make_folder(path.parent)
            os.close(files.open_append(path))


def remove(paths: RunPaths, host: str) -> None:
    """Takes the sign away: the writer has ended and said so."""
    with contextlib.suppress(OSError):
        os_compat.remove(paths.alive(host))


class Heartbeats:
    """How long writers on other hosts have been silent.

    A file's time is compared with this machine's clock only at first sight. From then on what counts is whether it moves, by
    a clock that never jumps: hosts whose clocks disagree are judged rightly after one beat.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._now = now
        self._seen: dict[str, tuple[int, float]] = {}

    def silence(self, path: Path) -> float | None:
        """Seconds since the file `path` was last touched; None for a file that is not there."""
        try:
            # Opened, not only looked at: network disks answer from memory otherwise.
            descriptor = files.open_plain(path)
            try:
                touched = os.fstat(descriptor).st_mtime_ns
            finally:
                os.close(descriptor)
        except OSError:
            return None
        key, now = os.fspath(path), self._clock()
        known = self._seen.get(key)
        if known is None:
            age = max(0.0, self._now() - touched / 1e9)
            self._seen[key] = (touched, now - age)
        elif known[0] != touched:
            self._seen[key] = (touched, now)
        return now - self._seen[key][1]

    def elsewhere(self, paths: RunPaths, found: dict[str, Any], *, locks: bool = True) -> bool:
        """True while a writer on another host lives. Where the file system knows no locks, this host's is asked too."""
        own = here() if locks else None
        for path in paths.alive_files():
            if path.name != own and (self.silence(path) or 0.0) < SILENCE:
                return True
        begun = found.get("boot_id")
        host = found.get("host")
        if locks and (begun == boot_id() if begun else host in (None, socket.gethostname())):
            return False
        if begun and paths.alive(str(begun)).exists():
            return False
        # A run that has just begun has given no sign yet, but written its files.
        newest = min(
            (s for p in (paths.metadata, paths.rows, paths.wal) if (s := self.silence(p)) is not None), default=None
        )
        return newest is not None and newest < SILENCE
