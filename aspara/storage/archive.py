"""The archive of a polars run that goes on: a full row file becomes a segment, and a thread moves that into Parquet.

Each step is one rename, so that a crash at any instant leaves every row where readers find it; see :mod:`aspara.storage.polars`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable

from aspara import files
from aspara.rowfile import RowFile
from aspara.storage.layout import RunPaths

_REST = 0.002
"""Seconds that the archive's thread leaves the interpreter to the training after each millisecond of work."""
_LEFT_BEHIND = 600.0
"""Seconds after which a segment of another host is taken for one that it will not archive itself."""


class Archive:
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
        self, paths: RunPaths, file: RowFile, *, host: str, name: str, leads: bool, warn: Callable[[str], None]
    ) -> None:
        self._paths = paths
        self._file = file
        self._host = host[:8]
        self._name = name
        self._leads = leads
        self._warn = warn
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._troubled = False

    def turn(self) -> None:
        """Renames the full row file to a segment, goes on in a fresh one, and archives the segment in a thread; not while an
        earlier one is still at it.

        Never under the lock that log() takes: a row that comes meanwhile goes to the old file, under its new name.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        segment = f"{time.time_ns() // 1_000_000:x}-{os.urandom(4).hex()}-{self._host}"
        wal = self._file.path
        fresh = wal.with_name(f".{wal.name}.next")
        descriptor = -1
        try:
            files.make_folder(self._paths.segments)
            descriptor = files.open_append(fresh)
            files.try_lock(descriptor)
            os.rename(wal, self._paths.segment(segment))
            try:
                os.rename(fresh, wal)
            except OSError:
                os.rename(self._paths.segment(segment), wal)
                raise
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            if not self._troubled:
                self._troubled = True
                self._warn(
                    f"The rows of {self._name!r} could not be archived ({error.strerror or error}); they stay where they are."
                )
            return
        self._troubled = False
        self._file.swap(wal, descriptor)
        files.sync_folder(self._paths.segments)
        files.sync_folder(wal.parent)
        self._thread = threading.Thread(target=self.work, args=(segment,), name="aspara-archive", daemon=True)
        # At the end of the interpreter no thread starts: the next run archives it.
        with contextlib.suppress(RuntimeError):
            self._thread.start()

    def work(self, segment: str) -> None:
        """Archives this writer's `segment`, and with it what earlier processes left behind."""
        from aspara.storage.polars import archive_segment

        # Another host's only when it must have left it.
        for path in self._paths.segment_files() if self._leads else [self._paths.segment(segment)]:
            try:
                if not path.stem.endswith(f"-{self._host}") and time.time() - path.stat().st_mtime < _LEFT_BEHIND:
                    continue
                descriptor = files.open_append(path)
                try:
                    free = files.try_lock(descriptor)
                    # Another writer may still write or archive it; without locks only our own is surely nobody else's.
                    if free or (free is None and path.stem == segment):
                        archive_segment(self._paths, path.stem, lambda: self._hurry.wait(_REST))
                finally:
                    os.close(descriptor)
            except FileNotFoundError:
                continue  # its own writer has archived it meanwhile
            except OSError as error:
                self._warn(f"{path} could not be archived ({error.strerror or error}); its rows stay readable there.")

    def settle(self, timeout: float | None = None) -> None:
        """Waits, `timeout` seconds at most, for the segment that is being archived, without leaving the interpreter to others.

        What is not archived by then stays readable as it is, and goes with the next rows.
        """
        if self._thread is not None and self._thread.ident is not None:
            self._hurry.set()
            self._thread.join(timeout)
