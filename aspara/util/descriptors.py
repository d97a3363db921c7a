"""Reading, syncing and mending a file of rows by its descriptor."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from aspara.util import os_compat

_CHUNK = 1 << 18


def repair_tail(descriptor: int) -> None:
    """Ends a torn last line with a newline, so that the next row stands alone."""
    with contextlib.suppress(OSError):  # a full disk must not keep a run from being resumed; the reader copes
        size = size_of(descriptor)
        if size and os_compat.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")


def mark(descriptor: int) -> tuple[int, int]:
    """What tells the file from any other."""
    state = os.fstat(descriptor)
    return state.st_dev, state.st_ino


def is_plain(descriptor: int) -> bool:
    """Whether it is a plain file, and no pipe on which writing could wait for ever."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def copy(old: int, new: int, path: Path, checked: int) -> bytes:
    """Gives the empty or other file `new` what stands in `old`, which was taken away from `path`, and not in the file that is at
    `path` now; returns what `new` did not take. Up to byte `checked` `old` was known to stand there: whoever put another in its
    place has seen that much, and perhaps more.
    """
    there = path.stat().st_size if path.exists() else 0
    start, whole = 0, size_of(old)
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        while (
            start < there
            and (part := file.read(min(_CHUNK, there - start)))
            and part == os_compat.pread(old, len(part), start)
        ):
            start += len(part)
        if start < there:
            # It is another file: what came since the last look is behind what of that it has already.
            tail = read(old, checked, whole)
            file.seek(max(0, there - len(tail)))
            ending = file.read()
            end = len(tail)
            while end and not ending.endswith(tail[:end]):
                end = tail.rfind(b"\n", 0, end - 1) + 1
            start = checked + end
    while start < whole and (part := os_compat.pread(old, min(_CHUNK, whole - start), start)):
        taken = 0
        with contextlib.suppress(OSError):
            taken = os.write(new, part)
        start += taken
        if taken < len(part):
            with contextlib.suppress(OSError):
                torn = taken - (part.rfind(b"\n", 0, taken) + 1)
                if torn <= taken:
                    os.ftruncate(new, size_of(new) - torn)
                    start -= torn
            return read(old, start, whole)
    return b""


def size_of(descriptor: int) -> int:
    """Its bytes. Raises OSError."""
    # Asked from the system: the file has one writer, and counting along would cost each append.
    return os.fstat(descriptor).st_size


def read(descriptor: int, start: int, end: int) -> bytes:
    """The bytes from `start` to `end`, or the last of them that can be read."""
    found: list[bytes] = []
    try:
        while start < end and (chunk := os_compat.pread(descriptor, min(_CHUNK, end - start), start)):
            found.append(chunk)
            start += len(chunk)
    except OSError:
        return b""
    return b"".join(found) if start >= end else b""
