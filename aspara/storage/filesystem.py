"""What disk a folder lies on: one of this machine, or one that others write too."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

LINUX = frozenset(
    "bcachefs btrfs exfat ext2 ext3 ext4 f2fs jfs nilfs2 ntfs3 overlay ramfs reiserfs tmpfs vfat xfs zfs".split()
)
"""Linux's file systems of the machine's own, on which nobody else can write."""
_ESCAPE = re.compile(r"\\([0-7]{3})")
_OWN = LINUX | {"", "apfs", "hfs", "ntfs", "refs", "fat", "fat32", "ufs"}


def kind(folder: str) -> str:
    """The type of the file system at `folder`, which need not be there yet, by the table of mounts; empty where nobody knows."""
    place = os.path.realpath(folder)
    best, found = -1, ""
    for root, name in _mounts():
        # Of two mounts at one place the later one hides the earlier.
        if len(root) >= best and (place == root or place.startswith(root.rstrip("/") + "/")):
            best, found = len(root), name
    return found


def _mounts() -> list[tuple[str, str]]:
    """Place and type of every mounted file system, in the order they were mounted."""
    with contextlib.suppress(OSError):  # Linux says it in a file, at once
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return [
            (_ESCAPE.sub(lambda code: chr(int(code[1], 8)), place), name)
            for _, place, name, *_ in map(str.split, lines)
        ]
    import psutil

    try:
        return [(mount.mountpoint, mount.fstype) for mount in psutil.disk_partitions(all=True)]
    except (OSError, psutil.Error):
        return []


def is_shared(folder: str) -> bool:
    """Whether another machine may change files below `folder`, or remove them while they are open here."""
    return kind(folder).lower() not in _OWN
