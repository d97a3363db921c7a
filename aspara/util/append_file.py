"""One writer's row file: one ``write(2)`` a row, a bounded spill while the disk refuses, durability on request.

A row file has exactly one writer, who holds its exclusive lock; that is why truncating back to the last good offset after
a short write is safe. Rows go straight to the kernel: no buffer stands in front that a SIGKILL could empty.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from os import write  # each look-up on the way of log() costs
from pathlib import Path

SPILL_BYTES = 64 << 20
"""How many bytes of rows wait in memory while the disk is full; more are counted as lost."""
_CHUNK = 1 << 18
_QUIET = 60.0
"""Seconds between two warnings of one kind: a disk that fails every other time would fill the console."""


class AppendFile:
    """An append-only file of rows with a single writer.

    ``warn`` is called once per trouble with a sentence for the user. ``clock`` is monotonic seconds.
    """

    def __init__(
        self,
        path: Path,
        descriptor: int,
        *,
        durability: str = "interval",
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        spill_bytes: int = SPILL_BYTES,
    ) -> None:
        self.path = path
        self.rows_lost = 0
        self.lock = threading.RLock()
        """Held by whoever calls :meth:`append`. Re-entrant: a signal handler may log in the middle of an append."""
        self._descriptor = descriptor
        self._sync_enabled = durability != "os"
        self._warn = warn
        self._clock = clock
        self._spill_bytes = spill_bytes
        _repair_tail(descriptor)
        self._synced = _size(descriptor)
        """The file's size at the last good sync: what lies behind it is written again after a failed one."""
        self._cuts = 0
        self._counted = self._lines = 0
        self._sync_lock = threading.Lock()
        self._sync_troubled = False
        self._told: dict[str, float] = {}
        self._spill: deque[bytes] = deque()
        self._spilled = 0
        self._retry_at = 0.0
        self._retry_pause = 0.1
        self._troubled = False
        if durability == "always":
            self.append = self._append_and_sync  # type: ignore[method-assign]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return _size(self._descriptor)

    @property
    def pending(self) -> int:
        """Rows that wait in memory."""
        return len(self._spill)

    def append(self, line: bytes) -> None:
        """Writes `line` (newline included), or keeps it in memory while the file cannot take it. Never raises OSError.

        The caller holds ``lock``: it has state of its own to guard (the step), and a second lock would cost as much as
        all the rest of this method but the write.
        """
        if self._spill:
            self._keep(line)
            return
        try:
            written = write(self._descriptor, line)
        except OSError as error:
            self._trouble(error)
            self._keep(line)
            return
        if written != len(line):
            self._trouble(OSError(errno.ENOSPC, "only a part of a row fitted"))
            self._take_back(line[:written])
            self._keep(line)

    def _append_and_sync(self, line: bytes) -> None:
        AppendFile.append(self, line)
        if not self._spill:
            size = _size(self._descriptor)
            unconfirmed = _read(self._descriptor, self._synced, size)
            try:
                _data_sync(self._descriptor)
            except OSError as error:
                self._rewrite(error, unconfirmed, size)
            else:
                self._synced = size

    def sync(self) -> None:
        """Writes what waits, if it is time to try again, and forces the file to disk (not in mode ``os``)."""
        self._drain(force=False)
        # One at a time: a program's flush() and the background thread may meet here. A disk that hangs holds up neither.
        if not self._sync_enabled or not self._sync_lock.acquire(timeout=2.0):
            return
        try:
            with self.lock:
                descriptor, cuts, start = self._descriptor, self._cuts, self._synced
                if descriptor < 0:
                    return
                size = _size(descriptor)
            if size <= start:
                return
            # Without the lock: log() must not wait for the disk. What a failed sync would leave in doubt is read before it,
            # as some file systems forget it then; so log() itself need not keep its rows in memory, which cost it more than
            # all the rest.
            unconfirmed = _read(descriptor, max(start, size - self._spill_bytes), size)
            try:
                _data_sync(descriptor)
            except OSError as error:
                with self.lock:
                    if cuts == self._cuts:
                        self._rewrite(error, unconfirmed, size)
                return
            self._synced = size
        finally:
            self._sync_lock.release()
        if self._sync_troubled:
            self._sync_troubled = False
            self._tell("synced", f"The disk confirms the rows in {self.path} again.")

    def count(self) -> int:
        """The rows in the file; it reads those that have come since it was last asked."""
        with self.lock:
            descriptor, cuts, start, lines = self._descriptor, self._cuts, self._counted, self._lines
        if descriptor < 0:
            return lines
        size = _size(descriptor)
        with contextlib.suppress(OSError):
            while start < size and (chunk := os.pread(descriptor, min(_CHUNK, size - start), start)):
                start += len(chunk)
                lines += chunk.count(b"\n")
        with self.lock:
            if cuts == self._cuts:
                self._counted, self._lines = start, lines
        return lines

    def swap(self, path: Path, descriptor: int) -> None:
        """Goes on in the empty file `path`; the old descriptor is synced and closed. Rows that wait go to the new file."""
        with self._sync_lock:
            with self.lock:
                old, self.path, self._descriptor = self._descriptor, path, descriptor
                self._synced = self._counted = self._lines = 0
                self._cuts += 1
            with contextlib.suppress(OSError):
                if self._sync_enabled:
                    _data_sync(old)
            os.close(old)

    def close(self, timeout: float) -> list[bytes]:
        """Tries for `timeout` seconds to write what waits, syncs and closes; returns the rows that found no place."""
        deadline = self._clock() + timeout
        self._drain(force=True)
        while self._spill and self._clock() < deadline:
            time.sleep(0.1)
            self._drain(force=True)
        self.sync()
        with self.lock:
            rest = [line for line in self._spill if line != b"\n"]
            self._spill.clear()
            self.abandon()
        return rest

    def abandon(self) -> None:
        """Closes the descriptor, and with it the lock, at once."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    # -- trouble ------------------------------------------------------------------------------------------------------

    def _keep(self, line: bytes) -> None:
        if self._spilled + len(line) > self._spill_bytes:
            if self.rows_lost == 0:
                self._warn(
                    f"{self._spill_bytes >> 20} MiB of rows wait for disk space; further rows are lost until there is some."
                )
            self.rows_lost += 1
            return
        self._spill.append(line)
        self._spilled += len(line)

    def _take_back(self, torn: bytes) -> None:
        # A short write leaves half a row; the file is ours alone, so it can be cut back to the last whole one. Unless a
        # signal handler's log() came between: then the half is no longer the end.
        try:
            size = _size(self._descriptor)
            if os.pread(self._descriptor, len(torn), size - len(torn)) == torn:
                os.ftruncate(self._descriptor, size - len(torn))
                return
        except OSError:
            pass
        # The torn half stays; a newline in front of the next row keeps it from spoiling that one.
        self._spill.appendleft(b"\n")
        self._spilled += 1

    def _tell(self, what: str, sentence: str) -> None:
        now = self._clock()
        if now - self._told.get(what, -_QUIET) >= _QUIET:
            self._told[what] = now
            self._warn(sentence)

    def _trouble(self, error: OSError) -> None:
        self._retry_pause = min(self._retry_pause * 2, 5.0) if self._troubled else 0.1
        self._retry_at = self._clock() + self._retry_pause
        if not self._troubled:
            self._troubled = True
            self._tell(
                "write",
                f"Rows cannot be written to {self.path} ({error.strerror or error}). Training goes on; rows are kept in "
                f"memory (up to {self._spill_bytes >> 20} MiB) and written as soon as the file takes them.",
            )

    def _drain(self, *, force: bool) -> None:
        while self._spill:
            with self.lock:
                if not self._spill or (not force and self._clock() < self._retry_at):
                    return
                batch: list[bytes] = []
                size = 0
                # Some rows at a time, so that a log() on another thread waits a millisecond and not for all of it.
                for line in self._spill:
                    batch.append(line)
                    size += len(line)
                    if size >= 1 << 16:
                        break
                written, error = 0, None
                try:
                    written = os.write(self._descriptor, b"".join(batch))
                except OSError as problem:
                    error = problem
                kept = self._commit(batch, written)
                if error or written < size:
                    if error:
                        self._trouble(error)
                    if not kept:
                        return
        if self._troubled:
            self._troubled = False
            self._tell(
                "written",
                f"Rows are written to {self.path} again"
                + (f"; {self.rows_lost} were lost." if self.rows_lost else "; none was lost."),
            )

    def _commit(self, batch: list[bytes], written: int) -> int:
        """Takes the whole rows among `written` bytes off the spill, cuts a torn rest back; returns how many went."""
        whole = 0
        done = 0
        for line in batch:
            if done + len(line) > written:
                break
            done += len(line)
            whole += 1
            self._spilled -= len(line)
            self._spill.popleft()
        if written > done:
            self._take_back(batch[whole][: written - done])
        return whole

    def _rewrite(self, error: OSError, content: bytes, until: int) -> None:
        # After a failed sync the kernel calls the pages clean, so syncing again proves nothing. What came since the last good
        # sync is cut off and written anew: `content`, which ends at byte `until`, and what came behind it during the sync.
        # The caller holds the lock.
        if not self._sync_troubled:
            self._sync_troubled = True
            self._tell(
                "sync",
                f"The disk does not confirm the rows in {self.path} ({error.strerror or error}). Training goes on; they are "
                "written again until it does.",
            )
        start = until - len(content)
        end = _size(self._descriptor)
        content += _read(self._descriptor, until, end)
        if start > self._synced:
            # So much came since the last good sync that only the end of it is written again, from a row's beginning on.
            cut = content.find(b"\n") + 1
            start, content = start + cut, content[cut:]
        if start + len(content) != end:
            return  # it cannot even be read: there is nothing better than what the file holds
        rows = content.splitlines(keepends=True)
        try:
            os.ftruncate(self._descriptor, start)
        except OSError:
            return
        self._cuts += 1
        self._counted = self._lines = 0
        self._spill.extendleft(reversed(rows))
        self._spilled += len(content)
        self._drain(force=True)


def _repair_tail(descriptor: int) -> None:
    """Ends a torn last line with a newline, so that the next row stands alone."""
    with contextlib.suppress(OSError):  # a full disk must not keep a run from being resumed; the reader copes
        size = _size(descriptor)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")


def _size(descriptor: int) -> int:
    # Asked from the system: the file has one writer, and counting along would cost each append.
    return os.fstat(descriptor).st_size


def _read(descriptor: int, start: int, end: int) -> bytes:
    """The bytes from `start` to `end`, or the last of them that can be read."""
    found: list[bytes] = []
    try:
        while start < end and (chunk := os.pread(descriptor, min(_CHUNK, end - start), start)):
            found.append(chunk)
            start += len(chunk)
    except OSError:
        return b""
    return b"".join(found) if start >= end else b""


def _data_sync(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)
