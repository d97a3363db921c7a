"""What is known of a project's runs without their points, remembered for as long as their files look the same."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from aspara.catalog.runs.cursor import STILL, matters
from aspara.catalog.runs.run_info import RunInfo, run_info
from aspara.storage import metadata
from aspara.storage.heartbeat import Heartbeats
from aspara.storage.layout import Layout, RunPaths
from aspara.util.json_safe import presentable

_COARSE = 2_500_000_000
"""Nanoseconds: the coarsest file times there are (FAT counts by two seconds), and a little."""
_CRASHED_LOOK = 30.0
_LONG_LOOK = 0.01
_SHARE_OF_LOOKS = 10
"""A folder is looked at again, for names that are not known, after so many times what the last look took."""
_DEEPEST = 64

Stamp = tuple[int, int, int]
"""When a file changed (ns), its size and its inode."""


class CachedRun:
    """A run as it was when its files were last looked at."""

    __slots__ = ("_files", "_settled", "_shared", "_until", "fresh", "info", "paths", "stamps")

    def __init__(self, paths: RunPaths) -> None:
        self.paths = paths
        self._files = paths.signs()
        # Taken before anything is read: what changes meanwhile is then seen as a change.
        self.stamps = self._look()
        self._settled = all(stamp is None or _is_settled(stamp) for stamp in self.stamps)
        self._until = time.monotonic() + _CRASHED_LOOK
        self.info: RunInfo
        self.fresh: RunInfo | None = None
        self._shared: bool | None = None

    @property
    def metadata(self) -> str:
        """The place of its metadata."""
        return self._files[0]

    @property
    def modified(self) -> float | None:
        """When metadata or rows changed last, in seconds."""
        return max((stamp[0] / 1e9 for stamp in self.stamps[:3] if stamp is not None), default=None)

    def moves(self) -> bool:
        """True for a run whose position a cursor must hold; see :func:`cursor.matters`."""
        # Of a run that is over the look just taken tells it; of others, every file of every writer and their locks.
        over = self.info.status in ("completed", "failed") and not self.shared()
        return (not over or self.logged_after(time.time() - STILL)) and matters(self.paths)

    def logged_after(self, moment: float) -> bool:
        """True if rows may have come after a moment (seconds since the epoch); an edit of the metadata is none."""
        return any(stamp is not None and stamp[0] > moment * 1e9 for stamp in self.stamps[1:])

    def shared(self) -> bool:
        """True if further processes have logged to the run: its metadata tells of the first one's metrics alone."""
        if self._shared is None:
            self._shared = self.stamps[3] is not None and self.paths.is_shared()
        return self._shared

    def stands(self) -> bool:
        """True while the run's files look as they did and its state cannot have changed without that."""
        status = self.info.status
        # A run that is over comes back by a writer that changes a file; a crashed one also by one that was merely silent.
        if not self._settled or status == "running" or (status == "crashed" and time.monotonic() > self._until):
            return False
        return self._look() == self.stamps

    def _look(self) -> tuple[Stamp | None, ...]:
        return tuple(_stamp(path) for path in self._files)


class RunIds:
    """The runs of one project by their ids, kept up to date as its folder changes.

    Only metadata that is new or was replaced is read. Where a look takes long, the next one comes after a multiple of that time:
    whoever asks for names that do not exist costs a bounded share of the time, even where the folder changes all the time.
    """

    def __init__(self, layout: Layout, project: str, load: Callable[[Path], tuple[dict[str, Any], str | None]]) -> None:
        self._layout = layout
        self._project = project
        self._load = load
        self._folder = os.fspath(layout.project_dir(project))
        self._stamp: Stamp | None = None
        self._settled = False
        self._look_at = 0.0
        self._known: dict[str, tuple[int, str | None]] = {}
        self._stems: dict[str, str] = {}
        self.runs: list[str] = []
        """The file stems of all runs, sorted, as of the last look."""
        self._lock = threading.Lock()

    def stem(self, run_id: str, *, look: bool = True) -> str | None:
        """The file stem of the run with that id; of several the first one. Without `look`, of the runs known from the last look."""
        with self._lock:
            stem = self._stems.get(run_id)
            if stem is not None and self._id_of(stem) == run_id:
                return stem
            if look:
                self._refresh()
            return self._stems.get(run_id)

    def _refresh(self) -> None:
        began = time.monotonic()
        if began < self._look_at:
            return
        stamp = _stamp(self._folder)
        if stamp is not None and stamp == self._stamp and self._settled:
            return
        self._stamp, self._settled = stamp, stamp is not None and _is_settled(stamp)
        self.runs = self._layout.runs(self._project)
        self._known = {stem: self._read(stem) for stem in self.runs}
        self._stems = {run_id: stem for stem in reversed(self.runs) if (run_id := self._known[stem][1]) is not None}
        now = time.monotonic()
        self._look_at = now + (_SHARE_OF_LOOKS * (now - began) if now - began > _LONG_LOOK else 0.0)

    def _read(self, stem: str) -> tuple[int, str | None]:
        """The inode of a run's metadata, and its id; an id is kept for as long as the file is the same or merely edited."""
        path = self._layout.run(self._project, stem).metadata
        stamp = _stamp(os.fspath(path))
        if stamp is None:
            return 0, None
        known = self._known.get(stem)
        if known is not None and known[0] == stamp[0]:
            return known
        run_id = self._load(path)[0].get("run_id")
        return stamp[0], run_id if isinstance(run_id, str) else None

    def _id_of(self, stem: str) -> str | None:
        self._known[stem] = found = self._read(stem)
        return found[1]


class RunCache:
    """The runs of the projects of a data directory."""

    def __init__(self, layout: Layout, pulse: Heartbeats) -> None:
        self._layout = layout
        self._pulse = pulse
        self._runs: dict[str, dict[str, CachedRun]] = {}
        self._metadata: dict[str, tuple[Stamp, dict[str, Any], str | None]] = {}
        self._ids: dict[str, RunIds] = {}

    def ids(self, project: str) -> RunIds:
        """The runs of a project by their ids."""
        found = self._ids.get(project)
        if found is None:
            found = self._ids[project] = RunIds(self._layout, project, self.load)
        return found

    def clear(self) -> None:
        """Forgets everything."""
        self._runs.clear()
        self._metadata.clear()
        self._ids.clear()

    def look(self, project: str) -> tuple[dict[str, CachedRun], list[str]]:
        """What is known of each run by name, and the names of those that are gone since the last look.

        Files that look as before are not opened again.
        """
        before = self._runs.get(project, {})
        now: dict[str, CachedRun] = {}
        for position, run in enumerate(self._layout.runs(project)):
            known = before.get(run)
            if known is None or not known.stands():
                known = CachedRun(known.paths if known is not None else self._layout.run(project, run))
                content, broken = self._content(known.metadata, known.stamps[0])
                known.info = run_info(
                    project,
                    known.paths,
                    content,
                    position,
                    broken=broken,
                    pulse=self._pulse,
                    modified=known.modified,
                )
            now[run] = known
        self._runs[project] = now
        gone = list(before.keys() - now.keys())
        for run in gone:
            self._metadata.pop(before[run].metadata, None)
        return now, gone

    def load(self, path: Path) -> tuple[dict[str, Any], str | None]:
        """The metadata at `path`, fit to be shown, and why it could not be understood, if so."""
        place = os.fspath(path)
        return self._content(place, _stamp(place))

    def _content(self, path: str, stamp: Stamp | None) -> tuple[dict[str, Any], str | None]:
        """Metadata, parsed once for each state of the file."""
        if stamp is None:
            return {}, None
        known = self._metadata.get(path)
        if known is not None and known[0] == stamp:
            return known[1], known[2]
        broken = None
        try:
            content = _shown(metadata.raw(path))
        except FileNotFoundError:
            return {}, None
        except (OSError, ValueError) as error:
            content, broken = {}, _reason(error)
        if _is_settled(stamp):
            self._metadata[path] = (stamp, content, broken)
        else:
            self._metadata.pop(path, None)  # thousands of runs that were just edited are not held as they were besides
        return content, broken


def _shown(content: bytes) -> dict[str, Any]:
    # The quick parser gives nothing that has to be made presentable but depth; what it refuses the tolerant one may take.
    try:
        found = orjson.loads(content)
    except ValueError:
        found = None
    # Nothing is nested deeper than it has brackets.
    if type(found) is dict and (content.count(b"{") + content.count(b"[") < _DEEPEST or not _deeper(found, _DEEPEST)):
        return found
    shown: dict[str, Any] = presentable(metadata.parse(content))
    return shown


def _deeper(value: Any, levels: int) -> bool:
    for each in value.values() if type(value) is dict else value:
        kind = type(each)
        if (kind is dict or kind is list) and each and (levels <= 1 or _deeper(each, levels - 1)):
            return True
    return False


def _reason(error: Exception) -> str:
    # The file is named beside it; the path would tell a page's reader where the server keeps its data.
    if isinstance(error, OSError) and error.errno == errno.ELOOP:
        return "a link, which is not followed"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _stamp(path: str) -> Stamp | None:
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _is_settled(stamp: Stamp) -> bool:
    """False for a file that changed just now: it could change again and look the same, for times are coarse and inode numbers
    are used again.
    """
    return time.time_ns() - stamp[0] > _COARSE
