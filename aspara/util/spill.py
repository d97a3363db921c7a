"""Rows that their file refuses, in order: on another disk as far as they fit there, and behind them in memory."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from pathlib import Path
from typing import Protocol

from aspara.util import os_compat

_BLOCK = 1 << 16


class SpillTarget(Protocol):
    """A place on another disk."""

    def open(self, path: Path, offset: int) -> int:
        """A descriptor to append to, for rows that belong into the file `path` from byte `offset` on. Raises OSError."""

    def reopen(self) -> int:
        """A descriptor for the rows that are there already. Raises OSError."""

    def clear(self) -> None:
        """Takes them out: they are in their file."""


class SpillQueue:
    """Rows that wait. Whoever calls holds the lock of their file.

    Rows in memory are packed into blocks: an object for each costs more than a short row itself, and a codec's output may hold
    its whole buffer. So `limit` counts bytes that are held.
    """

    def __init__(self, limit: int, reserve: SpillTarget | None) -> None:
        self._limit = limit
        self._reserve = reserve
        self._front = bytearray()
        self._descriptor = -1
        self._read = self._end = 0
        self._refused = reserve is None
        self._blocks: deque[bytes] = deque()
        self._open = bytearray()
        self._held = 0
        self.rows = 0
        """How many rows wait, in memory and on the other disk."""
        self.kept = 0
        """How many of them lie on the other disk."""

    def __bool__(self) -> bool:
        return bool(self._front or self._read < self._end or self._held)

    def put(self, line: bytes, path: Path, offset: int) -> bool:
        """Takes a row behind all others; False where there is no room for it."""
        if not self._refused and self._append(line, path, offset):
            self.rows += 1
            self.kept += 1
            return True
        if len(self._front) + self._held + len(line) > self._limit:
            return False
        if self._open and len(self._open) + len(line) > _BLOCK:
            self._blocks.append(bytes(self._open))  # without the room that a bytearray keeps for growing
            self._open = bytearray()
        self._open += line
        self._held += len(line)
        self.rows += 1
        return True

    def put_front(self, content: bytes) -> None:
        """Takes rows, or the newline that ends a torn one, before all others."""
        self._front[:0] = content
        self.rows += _rows(content)

    def next(self) -> bytes:
        """The first rows, some at a time; nothing where they cannot be read back."""
        if self._front:
            return _whole(bytes(self._front[:_BLOCK])) or bytes(self._front)
        if self._read < self._end:
            size = _BLOCK
            while True:
                found = self._pread(min(size, self._end - self._read))
                if not found or b"\n" in found or len(found) < size:
                    return _whole(found)
                size *= 2
        return self._blocks[0] if self._blocks else bytes(self._open)

    def done(self, content: bytes) -> None:
        """The first rows, which are `content`, have found their place."""
        count = _rows(content)
        self.rows -= count
        if self._front:
            del self._front[: len(content)]
        elif self._read < self._end:
            self._read += len(content)
            self.kept -= count
        else:
            self._held -= len(content)
            if self._blocks:
                rest = self._blocks.popleft()[len(content) :]
                if rest:
                    self._blocks.appendleft(rest)
            else:
                del self._open[: len(content)]

    def settled(self) -> None:
        """All rows that waited are safe in their file."""
        if self._reserve is not None and (self._descriptor >= 0 or self._end):
            self.close()
            self._reserve.clear()
            self._read = self._end = 0
        self._refused = self._reserve is None

    def rest(self) -> list[bytes]:
        """Takes out the rows in memory."""
        content = b"".join((self._front, *self._blocks, self._open))
        self._front.clear()
        self._blocks.clear()
        self._open.clear()
        self._held = 0
        self.rows = self.kept
        return [line for line in content.splitlines(keepends=True) if line != b"\n"]

    def close(self) -> None:
        """Lets go of the other disk; what lies there stays."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def _append(self, line: bytes, path: Path, offset: int) -> bool:
        assert self._reserve is not None
        try:
            if self._descriptor < 0:
                self._descriptor = self._reserve.open(path, offset)
            if os.write(self._descriptor, line) == len(line):
                self._end += len(line)
                return True
        except OSError:
            pass
        # What comes after rows in memory has to stay behind them, so the other disk is not asked again until all is written.
        self._refused = True
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
        return False

    def _pread(self, size: int) -> bytes:
        with contextlib.suppress(OSError):
            return os_compat.pread(self._descriptor, size, self._read)
        self._descriptor = -1  # somebody else has closed it
        with contextlib.suppress(OSError):
            assert self._reserve is not None
            self._descriptor = self._reserve.reopen()
            return os_compat.pread(self._descriptor, size, self._read)
        return b""


def _whole(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def _rows(content: bytes) -> int:
    return content.count(b"\n") - content.startswith(b"\n")
