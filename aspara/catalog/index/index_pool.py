"""The indexes of a data directory's runs: made on first use, brought up to date, kept over a restart, let go of in time."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from aspara import settings
from aspara.catalog.columns.spill import SpillFiles
from aspara.catalog.index.background_reader import BackgroundReader
from aspara.catalog.index.points import RunPoints
from aspara.catalog.index.preview import PLACES, preview_of
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.index.snapshot import load
from aspara.catalog.index.snapshot_writer import SnapshotWriter
from aspara.storage.filesystem import is_shared
from aspara.storage.layout import Layout
from aspara.util import os_compat
from aspara.util.prefetch import Prefetcher

MEMORY = 256 << 20
"""Bytes of points that are kept between questions."""
_WORTH_SAVING = 128 << 10
_CLOSING = 5.0
_FEWEST = 12


class IndexPool:
    """One index a run, for all who ask.

    Args:
        layout: Where the runs lie.
        cache: The folder of their snapshots; it need not exist, nor be writable.
        memory: Bytes of points that are kept between questions; the runs asked for longest ago are let go first, also where
            the process may open few files.

    """

    def __init__(self, layout: Layout, cache: Path, memory: int = MEMORY) -> None:
        self._layout = layout
        self._memory = memory
        self._known: OrderedDict[tuple[str, str], RunIndex] = OrderedDict()
        self._made = 0
        self._builder = BackgroundReader(self._keep)
        self._shared = is_shared(str(cache)) or not os_compat.RENAMES_OPEN_FILES
        self._saver = SnapshotWriter(cache, shared=self._shared)
        own = Path(tempfile.gettempdir())
        self._scratch = SpillFiles((own, cache) if self._shared else (cache, own))
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def close(self) -> None:
        """Lets go of all of them; what is waiting to be kept for the next time is written first."""
        self._builder.close(_CLOSING)
        self._saver.close(_CLOSING)
        with self._lock:
            self._known.clear()

    def of(self, project: str, run: str) -> RunIndex:
        """The index of a run (by stem); made on first use, let go when memory is short and nobody listens to it."""
        key = (project, run)
        with self._lock:
            index = self._known.get(key)
            if index is None:
                snapshot = self._saver.path(project, run)
                index = self._known[key] = RunIndex(
                    self._layout.run(project, run),
                    load=lambda empty: load(empty, snapshot, shared=self._shared),
                    scratch=self._scratch,
                )
                # Thousands that are made one after the other are not all counted for each few of them.
                self._made += 1
                if self._made >= max(16, len(self._known) // 16):
                    self._made = 0
                    self._shrink()
            self._known.move_to_end(key)
            return index

    def known(self, project: str, run: str) -> RunIndex | None:
        """The index of a run, if somebody asked for it before."""
        with self._lock:
            return self._known.get((project, run))

    def release(self, project: str, run: str) -> None:
        """Lets go of the index of a run that is gone, unless somebody listens to it."""
        with self._lock:
            index = self._known.get((project, run))
            if index is not None and not index.listeners:
                del self._known[project, run]

    def forget(self, project: str, run: str | None = None) -> None:
        """Removes the index and the snapshot of a run that was deleted, or those of a project."""
        self._saver.forget(project, run)
        with self._lock:
            for key in [key for key in self._known if key[0] == project and run in (None, key[1])]:
                del self._known[key]

    def read(self, index: RunIndex, until: float | None = None) -> bool:
        """Brings `index` up to date, and has it kept for the next time when enough is new. With a moment of the monotonic clock
        it stops then and goes on in the background: False.
        """
        if until is not None and time.monotonic() >= until:
            done, whole = index.progress()
            if done < whole:
                self._builder.put(index)
                return False
        if not index.refresh(until):
            self._builder.put(index)
            return False
        self._keep(index)
        if index.doubt is not None:
            threading.Thread(target=index.check, name="aspara-check", daemon=True).start()
        return True

    def each(
        self, project: str, runs: Iterable[str], until: float | None = None
    ) -> Iterator[tuple[str, RunIndex, bool]]:
        """The index of each run (by stem) in turn, brought up to date, and whether it is whole; see :meth:`read`. Runs that nobody
        asked for before are read several at a time.
        """
        waiting: deque[tuple[str, RunIndex, bool]] = deque()
        with Prefetcher[RunIndex, bool](lambda index: self.read(index, until)) as ahead:

            def first() -> tuple[str, RunIndex, bool]:
                run, index, begun = waiting.popleft()
                return (run, *ahead.take()) if begun else (run, index, self.read(index, until))

            for run in runs:
                index = self.of(project, run)
                # A snapshot is quick to map, and does not leave the interpreter to others.
                begun = index.unread and not os.path.exists(self._saver.path(project, run))
                if begun:
                    ahead.put(index)
                waiting.append((run, index, begun))
                while waiting and (ahead.full or not waiting[0][2]):
                    yield first()
            while waiting:
                yield first()

    def preview(self, index: RunIndex, among: int = 1, until: float | None = None) -> tuple[RunPoints, float]:
        """What answers for an index that is not whole yet, one `among` many: a coarse look at all of the run, and the share of
        the points that it has; else what has been read. New looks end at a moment. The caller holds the lock.
        """
        if index.preview is None and (until is None or time.monotonic() < until):
            index.preview = preview_of(index.paths, max(_FEWEST, PLACES // among))
        return (index.points, 1.0) if index.preview is None else (index.preview.points, index.preview.share)

    def _keep(self, index: RunIndex) -> None:
        unsaved = index.bytes_read - index.bytes_saved
        if unsaved >= max(_WORTH_SAVING, index.bytes_saved // 4):
            self._saver.put(index)

    def _shrink(self) -> None:
        held = sum(index.points.held for index in self._known.values())
        # A mapped file is an open one: half of those that there may be are left to everybody else.
        files_open = os_compat.open_file_limit()
        most = len(self._known) if files_open is None else files_open // 2
        for key in list(self._known)[:-16]:
            if held <= self._memory and len(self._known) <= most:
                return
            if not self._known[key].listeners:
                held -= self._known.pop(key).points.held


def moment(patience: float | None) -> float | None:
    """The moment of the monotonic clock until which somebody waits who has so many seconds; None for as long as it takes."""
    return None if patience is None else time.monotonic() + patience


def cache_folder(data_dir: Path, cache_dir: Path | None) -> Path:
    """The folder of this data directory's indexes: two directories that hold runs of the same names have two."""
    place = hashlib.sha256(os.fsencode(os.path.realpath(data_dir))).hexdigest()[:16]
    return settings.cache_dir(cache_dir) / "reading" / place
