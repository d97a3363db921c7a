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
from collections.abc import Callable
from os import write  # each look-up on the way of log() costs
from pathlib import Path

from aspara.util import files, os_compat
from aspara.util.descriptors import copy, is_plain, mark, read, repair_tail, size_of
from aspara.util.spill import SpillQueue, SpillTarget

SPILL_BYTES = 64 << 20
"""How many bytes of rows wait in memory while the disk is full; more are counted as lost."""
_CHUNK = 1 << 18
_QUIET = 60.0
"""Seconds between two warnings of one kind: a disk that fails every other time would fill the console."""


class AppendFile:
    """An append-only file of rows with a single writer.

    ``warn`` is called once per trouble with a sentence for the user. ``clock`` is monotonic seconds. Rows that the disk refuses
    go to ``reserve``, a place on another disk, and only where there is none into memory, which a SIGKILL empties. ``reopen``
    opens the file anew, locked, after somebody has closed, removed or replaced it, and gives its path and descriptor; it raises
    FileNotFoundError where it shall not be made again.
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
        reserve: SpillTarget | None = None,
        reopen: Callable[[Path], tuple[Path, int]] | None = None,
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
        self._reopen = reopen
        repair_tail(descriptor)
        self._own = mark(descriptor)
        """What tells the file from any other that its descriptor may stand for one day."""
        self._synced = self._checked = size_of(descriptor)
        """The file's size at the last good sync: what lies behind it is written again after a failed one."""
        self._cuts = 0
        self._counted = self._lines = 0
        self.in_place = threading.RLock()
        """Held by whoever gives the file another name, or looks whether somebody else did; one sync at a time holds it too."""
        self._sync_troubled = False
        self._told: dict[str, float] = {}
        self._spill = SpillQueue(spill_bytes, reserve)
        self._waits = False
        """Whether rows wait: a flag, as log() looks at it."""
        self._retry_at = 0.0
        self._retry_pause = 0.1
        self._troubled = False
        if durability == "always":
            self.append = self._append_and_sync  # type: ignore[method-assign]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return size_of(self._descriptor)

    @property
    def pending(self) -> int:
        """Rows that wait, in memory or on another disk."""
        return self._spill.rows

    @property
    def kept(self) -> int:
        """Rows that wait on another disk."""
        return self._spill.kept

    def append(self, line: bytes) -> None:
        """Writes `line` (newline included), or keeps it in memory while the file cannot take it. Never raises OSError.

        The caller holds ``lock``: it has state of its own to guard (the step), and a second lock would cost as much as
        all the rest of this method but the write.
        """
        if self._waits:
            self._keep(line)
            return
        try:
            written = write(self._descriptor, line)
        except OSError as error:
            if error.errno == errno.EBADF and self._recover(None):
                AppendFile.append(self, line)
                return
            self._trouble(error)
            self._keep(line)
            return
        if written != len(line):
            self._trouble(OSError(errno.ENOSPC, "only a part of a row fitted"))
            self._take_back(line[:written])
            self._keep(line)

    def commit(self, content: bytes) -> None:
        """Appends whole rows and forces them to disk, or raises OSError and leaves the file as it was: for rows that somebody
        else keeps until they are acknowledged.
        """
        with self.in_place, self.lock:
            if self._waits or not self._is_own():
                raise OSError(errno.EAGAIN, "rows that came before wait for the disk")
            start, rest = size_of(self._descriptor), memoryview(content)
            try:
                while rest:
                    rest = rest[write(self._descriptor, rest) :]
                if self._sync_enabled:
                    os_compat.data_sync(self._descriptor)
            except OSError:
                # Part of a row, or rows whose pages the kernel calls clean though they are not on disk: they come again.
                self._cuts += 1
                self._counted = self._lines = 0
                os.ftruncate(self._descriptor, start)
                raise
            self._synced = start + len(content)

    def is_current(self) -> bool:
        """Whether the file is still the one at its path: nobody removed or replaced it."""
        try:
            there = os.lstat(self.path)
        except OSError:
            return False
        return self._is_own() and (there.st_dev, there.st_ino) == self._own

    def _append_and_sync(self, line: bytes) -> None:
        if not self._is_own():
            self._recover(None)
        AppendFile.append(self, line)
        if not self._waits:
            size = size_of(self._descriptor)
            unconfirmed = read(self._descriptor, self._synced, size)
            try:
                os_compat.data_sync(self._descriptor)
            except OSError as error:
                self._rewrite(error, unconfirmed, size)
            else:
                self._synced = size

    def sync(self) -> None:
        """Writes what waits, if it is time to try again, and forces the file to disk (not in mode ``os``). Before that it looks
        whether the file is still the one at its path.
        """
        self._look()
        self._drain(force=False)
        # One at a time: a program's flush() and the background thread may meet here. A disk that hangs holds up neither.
        if not self._sync_enabled:
            self._settle()
            return
        if not self.in_place.acquire(timeout=2.0):
            return
        try:
            with self.lock:
                descriptor, cuts, start = self._descriptor, self._cuts, self._synced
                if not self._is_own():
                    return
                size = size_of(descriptor)
            if size <= start:
                self._settle()
                return
            # Without the lock: log() must not wait for the disk. What a failed sync would leave in doubt is read before it,
            # as some file systems forget it then; so log() itself need not keep its rows in memory, which cost it more than
            # all the rest.
            unconfirmed = read(descriptor, max(start, size - self._spill_bytes), size)
            try:
                os_compat.data_sync(descriptor)
            except OSError as error:
                with self.lock:
                    if cuts == self._cuts:
                        self._rewrite(error, unconfirmed, size)
                return
            self._synced = size
            self._settle()
        finally:
            self.in_place.release()
        if self._sync_troubled:
            self._sync_troubled = False
            self._tell("synced", f"The disk confirms the rows in {self.path} again.")

    def count(self) -> int:
        """The rows in the file; it reads those that have come since it was last asked."""
        with self.lock:
            descriptor, cuts, start, lines = self._descriptor, self._cuts, self._counted, self._lines
        with contextlib.suppress(OSError):
            size = size_of(descriptor)
            while start < size and (chunk := os_compat.pread(descriptor, min(_CHUNK, size - start), start)):
                start += len(chunk)
                lines += chunk.count(b"\n")
        with self.lock:
            if cuts == self._cuts:
                self._counted, self._lines = start, lines
        return lines

    def swap(self, path: Path, descriptor: int) -> None:
        """Goes on in the empty file `path`; the old descriptor is synced and closed. Rows that wait go to the new file."""
        with self.in_place:
            with self.lock:
                old, self.path, self._descriptor = self._descriptor, path, descriptor
                self._own = mark(descriptor)
                self._synced = self._checked = self._counted = self._lines = 0
                self._cuts += 1
            with contextlib.suppress(OSError):
                if self._sync_enabled:
                    os_compat.data_sync(old)
            os.close(old)

    def swap_closed(self, move: Callable[[Path], None]) -> None:
        """As :meth:`swap`, where an open file cannot be renamed: has the file at its path moved away by `move` while it is closed,
        and goes on in a new one. Where `move` raises OSError the rows go on in the old one, and the error is raised.
        """
        with self.in_place, self.lock:
            if self._sync_enabled:
                with contextlib.suppress(OSError):
                    os_compat.data_sync(self._descriptor)
            os.close(self._descriptor)
            moved = False
            try:
                move(self.path)
                moved = True
            finally:
                self._descriptor = files.open_append(self.path)
                files.try_lock(self._descriptor)
                self._own = mark(self._descriptor)
                if moved:
                    self._synced = self._checked = self._counted = self._lines = 0
                    self._cuts += 1

    def close(self, timeout: float) -> list[bytes]:
        """Tries for `timeout` seconds to write what waits, syncs and closes; returns the rows that found no place, but for those
        that lie on another disk (:attr:`kept`).
        """
        deadline = self._clock() + timeout
        self._look()
        self._drain(force=True)
        while self._waits and self._clock() < deadline:
            time.sleep(0.1)
            self._drain(force=True)
        self.sync()
        with self.lock:
            rest = self._spill.rest()
            self.abandon()
        return rest

    def abandon(self) -> None:
        """Closes the descriptor, and with it the lock, at once."""
        own = self._is_own()
        descriptor, self._descriptor = self._descriptor, -1
        self._spill.close()
        if descriptor >= 0 and own:  # else the number is another file's by now
            with contextlib.suppress(OSError):
                os.close(descriptor)

    # -- trouble ------------------------------------------------------------------------------------------------------

    def _keep(self, line: bytes) -> None:
        try:
            offset = size_of(self._descriptor)
        except OSError:
            offset = self._checked
        if self._spill.put(line, self.path, offset):
            self._waits = True
        else:
            if self.rows_lost == 0:
                self._warn(
                    f"{self._spill_bytes >> 20} MiB of rows wait for disk space; further rows are lost until there is some."
                )
            self.rows_lost += 1

    def _take_back(self, torn: bytes) -> None:
        # A short write leaves half a row; the file is ours alone, so it can be cut back to the last whole one. Unless a
        # signal handler's log() came between: then the half is no longer the end.
        try:
            size = size_of(self._descriptor)
            if os_compat.pread(self._descriptor, len(torn), size - len(torn)) == torn:
                os.ftruncate(self._descriptor, size - len(torn))
                return
        except OSError:
            pass
        # The torn half stays; a newline in front of the next row keeps it from spoiling that one.
        self._spill.put_front(b"\n")
        self._waits = True

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
                f"Rows cannot be written to {self.path} ({error.strerror or error}). Training goes on; rows are kept "
                f"elsewhere, or in memory (up to {self._spill_bytes >> 20} MiB), and written as soon as the file takes them.",
            )

    def _drain(self, *, force: bool) -> None:
        while self._waits:
            with self.lock:
                if not self._waits or (not force and self._clock() < self._retry_at):
                    return
                # Some rows at a time, so that a log() on another thread waits a millisecond and not for all of it.
                batch = self._spill.next()
                written, error = 0, None
                try:
                    written = os.write(self._descriptor, batch)
                except OSError as problem:
                    error = problem
                whole = written if written == len(batch) else batch.rfind(b"\n", 0, written) + 1
                self._spill.done(batch[:whole])
                self._waits = bool(self._spill)
                if written > whole:
                    self._take_back(batch[whole:written])
                if error or written < len(batch) or not batch:
                    if error:
                        self._trouble(error)
                    if not whole:
                        return
        if self._troubled:
            self._troubled = False
            self._tell(
                "written",
                f"Rows are written to {self.path} again"
                + (f"; {self.rows_lost} were lost." if self.rows_lost else "; none was lost."),
            )

    def _settle(self) -> None:
        # Only now that the disk has the rows: until then another disk is the safer place.
        with self.lock:
            if not self._waits:
                self._spill.settled()

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
        end = size_of(self._descriptor)
        content += read(self._descriptor, until, end)
        if start > self._synced:
            # So much came since the last good sync that only the end of it is written again, from a row's beginning on.
            cut = content.find(b"\n") + 1
            start, content = start + cut, content[cut:]
        if start + len(content) != end:
            return  # it cannot even be read: there is nothing better than what the file holds
        try:
            os.ftruncate(self._descriptor, start)
        except OSError:
            return
        self._cuts += 1
        self._counted = self._lines = 0
        self._spill.put_front(content)
        self._waits = bool(self._spill)
        self._drain(force=True)

    # -- a file that is not where it was -------------------------------------------------------------------------------

    def _is_own(self) -> bool:
        try:
            return self._descriptor >= 0 and mark(self._descriptor) == self._own
        except OSError:
            return False

    def _look(self) -> None:
        """Whether the descriptor and the path still stand for the file; what somebody took away is made good."""
        # A file that is being renamed is looked at the next time.
        if self._reopen is None or self._descriptor < 0 or not self.in_place.acquire(timeout=2.0):
            return
        try:
            with self.lock:
                if not self._is_own():
                    self._recover(None)
                    return
                try:
                    there = os.stat(self.path, follow_symlinks=False)
                    moved = (there.st_dev, there.st_ino) != self._own
                except FileNotFoundError:
                    moved = True
                except OSError:
                    return
                if moved:
                    self._recover(self._descriptor)
                else:
                    self._checked = size_of(self._descriptor)
        finally:
            self.in_place.release()

    def _recover(self, old: int | None) -> bool:
        """Opens the file anew; from the descriptor `old` comes what the file at the path lacks. The caller holds the lock."""
        if self._reopen is None:
            return False
        try:
            path, descriptor = self._reopen(self.path)
            if not is_plain(descriptor):
                os.close(descriptor)
                raise OSError(errno.EINVAL, "something else stands in its place")
            repair_tail(descriptor)
        except FileNotFoundError:
            return False  # the run was deleted
        except OSError as error:
            why = error.strerror or error
            self._tell("moved", f"{self.path} was taken away and cannot be opened again ({why}); it is tried again.")
            return False
        rows = b""
        if old is None:
            found = f"The descriptor of {self.path} was closed or taken for another file"
        else:
            found = f"{self.path} was removed or replaced while it was being written"
            with contextlib.suppress(OSError):  # what cannot be read is lost, and no reason to stop
                rows = copy(old, descriptor, self.path, self._checked)
            with contextlib.suppress(OSError):
                os.close(old)
        self.path, self._descriptor, self._own = path, descriptor, mark(descriptor)
        self._cuts += 1
        self._synced = self._counted = self._lines = 0
        self._checked = size_of(descriptor)
        if rows:
            self._spill.put_front(rows)
            self._waits = True
            self._drain(force=True)
        self._tell("moved", f"{found}. It is opened again as {path}, and rows go on there.")
        return True
