"""The archive of a polars run that goes on: a full row file becomes a segment, and a thread moves that into Parquet.

Each step is one rename, so that a crash at any instant leaves every row where readers find it; see :mod:`aspara.storage.parquet_archive`.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from aspara.storage.layout import RunPaths
from aspara.util import files, os_compat
from aspara.util.append_file import AppendFile

_REST = 0.002
"""Seconds that the archive's thread leaves the interpreter to the training after each millisecond of work."""
_LEFT_BEHIND = 600.0
"""Seconds after which a segment of another host is taken for one that it will not archive itself."""
_AGAIN = 60.0
"""Seconds after which what could not be archived is tried again, and between two warnings of that."""


class _LateRows(Exception):
    """The end of the run waits no longer; the segment stays as it is."""


class Archiver:
    """Moves the rows of one writer's `file` into Parquet, some at a time.

    Args:
        paths: The run's.
        file: The row file, which goes on in a fresh one at each turn.
        host: A fingerprint of this host, part of a segment's name.
        name: What the run is called in warnings.
        leads: Whether segments that earlier processes left behind go with this writer's.
        warn: Takes a sentence for the user.

    """

    def __init__(
        self, paths: RunPaths, file: AppendFile, *, host: str, name: str, leads: bool, warn: Callable[[str], None]
    ) -> None:
        self._paths = paths
        self._file = file
        self._host = host[:8]
        self._name = name
        self._leads = leads
        self._warn = warn
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._until = math.inf
        self._left: set[str] = set()
        self._again_at = self._quiet_until = 0.0
        self._troubled = False
        self._kept: set[str] = set()
        """Segments of which the archive did not hold everything: this process does not try them again."""

    def turn(self) -> None:
        """Renames the full row file to a segment, goes on in a fresh one, and archives the segment in a thread; not while an
        earlier one is still at it.

        Never under the lock that log() takes: a row that comes meanwhile goes to the old file, under its new name.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        with self._file.in_place:
            self._turn()

    def _turn(self) -> None:
        segment = f"{time.time_ns() // 1_000_000:x}-{os.urandom(4).hex()}-{self._host}"
        wal = self._file.path
        if not os_compat.RENAMES_OPEN_FILES:
            self._turn_closed(segment)
            return
        fresh = wal.with_name(f".{wal.name}.next")
        descriptor = -1
        try:
            files.make_folder(self._paths.segments)
            descriptor = files.open_append(fresh)
            files.try_lock(descriptor)
            os_compat.rename(wal, self._paths.segment(segment))
            try:
                os_compat.rename(fresh, wal)
            except OSError:
                os_compat.rename(self._paths.segment(segment), wal)
                raise
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            self._trouble(f"The rows of {self._name!r}", "they stay where they are", error)
            return
        self._left.add(segment)
        self._file.swap(wal, descriptor)
        files.sync_folder(self._paths.segments)
        files.sync_folder(wal.parent)
        self._start()

    def _turn_closed(self, segment: str) -> None:
        try:
            files.make_folder(self._paths.segments)
            self._file.swap_closed(lambda wal: os_compat.rename(wal, self._paths.segment(segment)))
        except OSError as error:
            self._trouble(f"The rows of {self._name!r}", "they stay where they are", error)
            return
        self._left.add(segment)
        self._start()

    def again(self, *, now: bool = False) -> None:
        """Tries once more, in a thread, what could not be archived: a minute after the last trial, or `now`."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._left and (now or time.monotonic() >= self._again_at):
            self._start()

    def work(self) -> None:
        """Archives this writer's segments, and with them what earlier processes left behind. Never raises an Exception."""
        self._again_at = time.monotonic() + _AGAIN
        own = set(self._left)
        try:
            # At the end of the interpreter a module may no longer be importable: the next run archives the rows.
            import polars  # noqa: F401

            from aspara.storage.value_counts import ArchiveDiffers

            segments = self._paths.segment_files() if self._leads else [self._paths.segment(name) for name in own]
        except Exception as error:  # whatever it is, the rows are readable where they are
            if threading.main_thread().is_alive():
                self._trouble(f"The rows of {self._name!r}", "they stay readable as they are", error)
            return
        for path in segments:
            if path.stem in self._kept:
                continue
            try:
                if self._archive(path):
                    self._left.discard(path.stem)
            except FileNotFoundError:
                self._left.discard(path.stem)  # whoever archived it meanwhile
            except _LateRows:
                return
            except ArchiveDiffers as error:
                if not self._kept:
                    self._warn(
                        f"{path} stays as it is: {error}. Its rows are read from it, and none is lost; "
                        "please report this as a fault of Aspara."
                    )
                self._kept.add(path.stem)
                self._left.discard(path.stem)
            except Exception as error:  # polars has errors of its own for a full disk; the rows are where they were
                self._trouble(str(path), "its rows stay readable there, and it is tried again", error)
        if not self._left:
            self._troubled = False

    def settle(self, timeout: float | None = None) -> None:
        """Waits, `timeout` seconds at most, for the segments that are being archived, without leaving the interpreter to others.

        What is not archived by then stays readable as it is, and goes with the next rows.
        """
        if self._thread is None:
            return
        self._until = math.inf if timeout is None else time.monotonic() + timeout
        self._hurry.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        else:
            self.work()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._thread = threading.Thread(target=self.work, name="aspara-archive", daemon=True)
        # From Python 3.12 on no thread starts at the end of the interpreter: then settle() does it.
        with contextlib.suppress(RuntimeError):
            self._thread.start()

    def _archive(self, path: Path) -> bool:
        """Archives the segment at `path` if nobody else does; whether that was so."""
        from aspara.storage.parquet_archive import archive_segment

        own = path.stem in self._left
        # Another host's only when it must have left it.
        if not path.stem.endswith(f"-{self._host}") and time.time() - path.stat().st_mtime < _LEFT_BEHIND:
            return False
        descriptor = files.open_append(path)

        def remove(segment: Path) -> None:
            nonlocal descriptor
            locked, descriptor = descriptor, -1
            os_compat.remove_open(segment, locked)

        try:
            free = files.try_lock(descriptor)
            # Another writer may still write or archive it; without locks only our own is surely nobody else's.
            if not (free or (free is None and own)):
                return False
            archive_segment(self._paths, path.stem, self._pause, remove=remove)
            return True
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _pause(self) -> None:
        if self._hurry.wait(_REST) and time.monotonic() >= self._until:
            raise _LateRows

    def _trouble(self, what: str, fate: str, error: Exception) -> None:
        if not self._troubled and time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _AGAIN
            reason = getattr(error, "strerror", None) or str(error).split("\n")[0] or type(error).__name__
            self._warn(f"{what} could not be archived ({reason}); {fate}.")
        self._troubled = True
