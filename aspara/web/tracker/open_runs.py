"""The runs that clients are sending at this moment, open for writing, and opened again after a restart or a replaced file."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara.catalog.runs.run_info import run_status
from aspara.errors import RunExists, RunNotFound
from aspara.storage import metadata
from aspara.storage.layout import Layout
from aspara.storage.local_recorder import open_recorder
from aspara.types import RunRequest
from aspara.web.tracker import lookup
from aspara.web.tracker.payloads import Origin
from aspara.web.tracker.received_run import ReceivedRun, cut_tail

_SILENCE = 60.0
_LATE_SILENCE = 2.0
UNSAID = Origin()
"""Of a client that does not say which run and item it means."""


class OpenRuns:
    """The runs being received. Their recorders hold the runs' locks, so they show as running; one that is silent for a
    minute is let go, and shows as crashed until its client is heard again. All methods block and are thread-safe.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._layout = Layout(data_dir)
        self._open: dict[tuple[str, str], ReceivedRun] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="aspara-intake", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Lets go of every run; their clients find them again at the next tracker."""
        self._stop.set()
        with self._lock:
            opened, self._open = list(self._open.values()), {}
        for run in opened:
            run.release()

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _item(self, project: str, run: str, origin: Origin) -> Iterator[ReceivedRun | None]:
        """The run that an item is for, None where the item has come before; it is counted once the block is through."""
        opened = self._find(project, run, origin)
        opened.contact = time.monotonic()
        with opened.items:
            paths = self._layout.run(project, opened.recorder.identity.run)
            if not lookup.is_new(metadata.read_or_empty(paths.metadata), origin):
                yield None
                return
            yield opened
            if origin.item is not None:
                self._edit(opened, lambda content: lookup.count_item(content, origin))

    def _edit(self, opened: ReceivedRun, change: Callable[[dict[str, Any]], None]) -> None:
        """Changes the run's metadata durably. Raises OSError, or RunNotFound where somebody has just removed it."""
        identity = opened.recorder.identity
        try:
            metadata.edit(self._layout.run(identity.project, identity.run).metadata, change, create=False)
        except FileNotFoundError:
            raise RunNotFound(f"Run {identity.run!r} of project {identity.project!r} is gone.") from None

    def _held(self, project: str, run: str, writer: str | None) -> dict[str, Any]:
        """How far the tracker is with a writer, for the answer to its create."""
        if writer is None:
            return {}
        paths = self._layout.run(project, run)
        found = lookup.held(paths, metadata.read_or_empty(paths.metadata), writer)
        return {"next": found["rows"], "items": found["items"]}

    def _drop_misplaced(self, key: tuple[str, str]) -> None:
        """Lets go of a run whose files were removed or replaced meanwhile. The caller holds the lock."""
        opened = self._open.get(key)
        if opened is not None and not opened.recorder.is_current():
            del self._open[key]
            opened.release()

    def _find(self, project: str, run: str, origin: Origin = UNSAID) -> ReceivedRun:
        """The open run of that name or id; opened again after a restart of the tracker."""
        paths, content = lookup.locate(self._layout, project, run, origin)
        key = (project, paths.run)
        with self._lock:
            self._drop_misplaced(key)
            opened = self._open.get(key)
            if opened is not None:
                return opened
            if not content.get("remote") and run_status(paths, content, None) == "running":
                raise RunExists(f"Run {paths.run!r} is being written by a process on the tracker's own machine.")
            cut_tail(paths.rows)
            request = RunRequest(project=project, id=str(content.get("run_id") or paths.run), resume="must")
            ended = content.get("is_finished") is True
            recorder = open_recorder(self.data_dir, request, backend="jsonl", begin=not ended)
            opened = self._open[key] = ReceivedRun(recorder, contact=time.monotonic(), ended=ended)
            return opened

    def _watch(self) -> None:
        while not self._stop.wait(5):
            now = time.monotonic()
            with self._lock:
                gone = [
                    key
                    for key, opened in self._open.items()
                    if opened.contact < now - (_LATE_SILENCE if opened.ended else _SILENCE)
                ]
                released = [self._open.pop(key) for key in gone]
            for opened in released:
                opened.release()

    def _let_late_ones_go(self, project: str) -> None:
        """A run that is continued now must not find its file in the hands of those who only came late."""
        with self._lock:
            late = [key for key, opened in self._open.items() if key[0] == project and opened.ended]
            released = [self._open.pop(key) for key in late]
        for opened in released:
            opened.release()
