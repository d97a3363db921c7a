"""A run's index: everything read of it so far, as columns, extended as its files grow."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.catalog.index.archive import ArchiveReader
from aspara.catalog.index.points import RunPoints
from aspara.catalog.index.preview import Preview
from aspara.catalog.index.row_files import Listener, RowFileReader
from aspara.catalog.parsing.line_reader import (
    Found,
    Replaced,
    Tail,
    head_of,
    open_rows,
    size_of,
    whole_lines,
)
from aspara.storage.layout import RunPaths, shown
from aspara.storage.run_listing import list_run

if TYPE_CHECKING:
    from aspara.catalog.columns.spill import SpillFiles

MOMENT = "t"
"""Beside the byte offsets of a position: the latest timestamp (ms) among the rows seen."""


_MOST_TRIES = 20
"""How often files are listed again that moved while they were read."""


class RunIndex:
    """What was read of one run: ``points`` out of its ``row_files`` and its ``archive``. :meth:`refresh` reads what is new; all
    reading happens under ``lock``. Who listens (:meth:`listen`) receives every batch of new rows, whoever caused the reading, so
    that watchers and charts share it.
    """

    def __init__(
        self, paths: RunPaths, *, load: Callable[[RunIndex], bool] | None = None, scratch: SpillFiles | None = None
    ) -> None:
        self.paths = paths
        self.points = RunPoints(scratch)
        self.row_files = RowFileReader(paths, self.points)
        self.archive = ArchiveReader(self.points, self.row_files)
        self.lock = threading.RLock()
        self.building = False
        """True while a background thread reads on."""
        self.preview: Preview | None = None
        """What stands in for the points until all of them are read."""
        self.doubt: Callable[[], bool] | None = None
        """Says whether the snapshot that the columns were taken from is as it was written; takes a while."""
        self.home: Callable[[], bool] | None = None
        """Says whether the snapshot that the columns are mapped from was left alone since."""
        self._worthless = False
        self._load = load
        self._reset()

    def clear(self) -> None:
        """Forgets everything, how far the files were read too."""
        self.points.clear()
        self.row_files.clear()
        self.archive.clear()
        self._reset()

    def _reset(self) -> None:
        self.bytes_saved = 0
        self._refused: dict[int, tuple[Path, str]] = {}
        self._looked: dict[int, int] = {}
        """Size of each row file when everything in it had been looked at, half a last line included."""
        self.rewound: str | None = None
        """The place of the next rewind when the files were last read: another one means that rows have left them."""

    @property
    def unread(self) -> bool:
        """True for a run whose files nobody has looked into yet."""
        return self._load is not None

    @property
    def spoiled(self) -> bool:
        """True where somebody changed the snapshot in its place. To look at what is mapped from a file that was cut off ends the
        process, so this is asked before.
        """
        return self.home is not None and not self.home()

    def check(self) -> None:
        """Looks whether the columns are what was written; if not, all is read again when somebody asks next."""
        doubt, self.doubt = self.doubt, None
        if self.spoiled:
            return
        if doubt is not None and not doubt():
            with self.lock:
                self._worthless = True
                self.points.version += 1

    def problem_list(self) -> list[dict[str, Any]]:
        """What could not be read, in the API's shape; half a last line counts once the writer is gone."""
        torn = [
            {"file": shown(tail.path), "line": tail.lines + 1, "reason": "torn last line", "count": 1}
            for _, tail in self.row_files.torn.values()
        ]
        refused = [
            {"file": shown(path), "line": None, "reason": f"cannot be read: {reason}", "count": 1}
            for path, reason in self._refused.values()
        ]
        return self.row_files.problems.json() + torn + refused

    def positions(self) -> dict[str, int]:
        """Where a cursor stands that has seen everything read: file key to byte offset, and the last moment under ``t``."""
        found = {tail.key: tail.offset for tail in self.row_files.tails.values() if tail.offset}
        found[MOMENT] = max(0, self.points.last_time or 0)
        return found

    def ends(self) -> dict[str, int]:
        """The position of a cursor that has seen all whole lines that there are, read here or not."""
        found = {MOMENT: time.time_ns() // 1_000_000}
        for inode, path in self.row_files.present().items():
            try:
                descriptor = open_rows(path)
            except OSError:
                continue
            try:
                key = Tail(path, inode, head=head_of(descriptor)).key
            finally:
                os.close(descriptor)
            found[key] = whole_lines(path)
        return found

    def frontier(self) -> dict[int, int]:
        """For each row file (by inode) the byte from which listeners are told of its rows; 0 for those not named."""
        found = {inode: tail.offset for inode, tail in self.row_files.tails.items()}
        for inode, size in self.row_files.silent_until.items():
            found[inode] = max(size, found.get(inode, 0))
        return found

    def listen(self, listener: Listener) -> None:
        """Tells `listener` of every row that is written from now on. The caller holds the lock."""
        if not self.row_files.listeners:
            # What lies there unread is not news: it is read in silence when somebody asks for it.
            for inode, path in self.row_files.present().items():
                self.row_files.silent_until[inode] = whole_lines(path)
        self.row_files.listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Ends what :meth:`listen` began. The caller holds the lock."""
        self.row_files.listeners.remove(listener)

    @property
    def listeners(self) -> list[Listener]:
        """Who receives new rows."""
        return self.row_files.listeners

    @property
    def bytes_read(self) -> int:
        """Bytes of rows that were read."""
        return self.row_files.bytes_read

    def refresh(self, until: float | None = None) -> bool:
        """Reads everything new, or what can be read until a moment of the monotonic clock (a block of lines or a Parquet part
        at least): True when nothing is left. A file that was replaced or truncated has the whole run read anew.
        """
        with self.lock:
            self.row_files.until = until
            done = self._refreshed()
            if done:
                self.preview = None
            return done

    def _refreshed(self) -> bool:
        if self._load is not None:
            # What an earlier server has read need not be read again.
            load, self._load = self._load, None
            load(self)
        anew, told = False, None
        for _ in range(_MOST_TRIES):
            try:
                return self._read_anew(told) if anew else self._refresh()
            except Replaced:
                anew, told = True, told if told is not None else self.points.last_time
            except FileNotFoundError:  # a row file was renamed or archived between listing and opening
                continue
        return False

    def progress(self) -> tuple[int, int]:
        """Bytes that were read, and bytes that there are, of row files and archive."""
        done = whole = 0
        for inode, path in self.row_files.present().items():
            size = size_of(path)
            whole += size
            tail = self.row_files.tails.get(inode)
            if inode in self._refused or self._looked.get(inode) == size:
                done += size
            elif tail is not None:
                done += min(size, tail.offset)
        for part in self.paths.parts():
            size = size_of(part)
            whole += size
            done += size if part in self.archive.parts else 0
        return done, whole

    def _read_anew(self, told: int | None) -> bool:
        """Forgets everything and reads it again; listeners hear only of rows behind the moment they know."""
        listeners = self.row_files.listeners
        self.clear()
        if told is None or not listeners:
            return self._refresh()
        # Who listens is told right only of what is read at one go.
        known, self.row_files.until = told, None

        def only_later(batch: list[Found]) -> None:
            later = [row for row in batch if row[0] > known]
            for listener in list(listeners) if later else ():
                listener(later)

        self.row_files.listeners = [only_later]
        try:
            return self._refresh()
        finally:
            self.row_files.listeners = listeners

    def _refresh(self) -> bool:
        rewound = self.paths.next_rewound().name
        if self.rewound not in (None, rewound) or self._worthless or self.spoiled:
            self._worthless, self.home, self.doubt = False, None, None
            raise Replaced
        self.rewound = rewound
        listing = list_run(self.paths)
        # First what went into the archive: it was written before what lies in the row files now.
        if not self.archive.read(listing):
            return False
        for inode, path in listing.row_files.items():
            tail = self.row_files.tails.get(inode)
            if tail is None:
                tail = self.row_files.tails[inode] = Tail(path, inode)
            tail.path = path
            if path.parent == self.paths.segments and self.archive.segments.setdefault(path.stem, inode) != inode:
                raise Replaced  # a copy of what was read already: out of a backup, or mended
            size = size_of(path)
            if size == tail.offset or (inode in self.row_files.torn and self.row_files.torn[inode][0] == size):
                continue
            try:
                if not self.row_files.read(tail):
                    return False
                self._looked[inode] = size
                self._refused.pop(inode, None)
            except FileNotFoundError:
                raise
            except OSError as error:
                # Somebody else's file, or a bad block: the other files are read all the same.
                self._refused[inode] = (path, error.strerror or type(error).__name__)
        if listing.may_move and not list_run(self.paths).agrees(listing):
            # What moved while it was read was perhaps missed: a new file can even have the inode of one that is gone.
            raise FileNotFoundError(self.paths.rows)
        return True
