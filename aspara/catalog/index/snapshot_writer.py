"""Writing snapshots when nobody waits for it, and sweeping those of runs that are gone."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from pathlib import Path

from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.index.snapshot import ENDING, save
from aspara.util import os_compat

_STALE_DRAFT = 86_400.0
_REST = 0.4
_PAUSE = 60.0
"""Seconds until a cache that could not be written is tried again."""
_MUCH = 1 << 30


class SnapshotWriter:
    """Writes snapshots on one background thread, which lives while there is something to write."""

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self.folder = folder
        self._shared = shared
        self._waiting: deque[RunIndex] = deque()
        self._known: set[int] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._try_at = 0.0
        self._swept = False
        self._held = 0
        self._put_at = 0.0
        self._closing = threading.Event()

    def path(self, project: str, run: str) -> Path:
        """Where the snapshot of a run lies."""
        return self.folder / project / (run + ENDING)

    def put(self, index: RunIndex) -> None:
        """Has `index` saved soon."""
        with self._lock:
            if self._closed or time.monotonic() < self._try_at or id(index) in self._known:
                return
            self._known.add(id(index))
            self._waiting.append(index)
            self._held += index.bytes_read
            self._put_at = time.monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="aspara-snapshots", daemon=True)
                self._thread.start()

    def forget(self, project: str, run: str | None = None) -> None:
        """Removes the snapshot of a run, or those of a project."""
        with contextlib.suppress(OSError):
            if run is not None:
                os_compat.remove(self.path(project, run))
                return
            for path in (self.folder / project).iterdir():
                os_compat.remove(path)

    def close(self, timeout: float) -> None:
        """Waits at most so many seconds for what is waiting to be written; the rest is read again next time."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        with self._lock:
            self._waiting.clear()
            self._closed = True

    def _work(self) -> None:
        while True:
            # Whoever reads a whole project for the first time has both cores for it; much memory is not waited with.
            while self._held < _MUCH and time.monotonic() < self._put_at + _REST and not self._closing.wait(_REST / 4):
                pass
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                index = self._waiting.popleft()
                self._held -= index.bytes_read
            done = save(index, self.path(index.paths.project_dir.name, index.paths.run), shared=self._shared)
            with self._lock:
                self._known.discard(id(index))
                if not done:
                    # A cache that cannot be written is no trouble worth a word: everything works without it. A disk may get
                    # room again.
                    self._try_at = time.monotonic() + _PAUSE
                    self._waiting.clear()
                    self._known.clear()
                    self._held = 0
            if done and not self._swept:
                self._swept = True
                self._sweep(index.paths.project_dir.parent)

    def _sweep(self, data_dir: Path) -> None:
        """Removes the snapshots of runs that are gone, and drafts that somebody left behind."""
        with contextlib.suppress(OSError):
            for project in self.folder.iterdir():
                for path in project.iterdir() if project.is_dir() else ():
                    if path.name.endswith(ENDING):
                        stem = data_dir / project.name / path.name[: -len(ENDING)]
                        gone = not stem.with_name(stem.name + ".jsonl").exists()
                    else:
                        gone = time.time() - path.stat().st_mtime > _STALE_DRAFT
                    if gone:
                        os_compat.remove(path)
