"""A run's index: everything read of it so far, as columns, extended as its files grow."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara import files
from aspara.catalog import bulk
from aspara.catalog.ahead import Ahead
from aspara.catalog.parts import read_part, rows_of_part
from aspara.catalog.points import Points
from aspara.catalog.reader import (
    CHUNK,
    Found,
    Problems,
    Replaced,
    Tail,
    head_of,
    open_rows,
    parse,
    read_blocks,
    read_last,
    rest_of,
)
from aspara.storage.layout import RunPaths, part_segment, shown

if TYPE_CHECKING:
    import polars

    from aspara.catalog.scratch import Scratch
    from aspara.catalog.sketch import Sketch

_WIDE, _WIDE_CHUNK = 1000, 32 << 20
MOMENT = "t"
"""Beside the byte offsets of a position: the latest timestamp (ms) among the rows seen."""

Listener = Callable[[list[Found]], None]


class RunIndex(Points):
    """The points of one run. :meth:`refresh` reads what is new; all reading happens under ``lock``.

    ``listeners`` are told of every batch of new rows, whoever caused the reading, so that watchers and charts share it.
    """

    def __init__(
        self, paths: RunPaths, *, load: Callable[[RunIndex], bool] | None = None, scratch: Scratch | None = None
    ) -> None:
        self.paths = paths
        self.lock = threading.RLock()
        self.listeners: list[Listener] = []
        self.building = False
        """True while a background thread reads on."""
        self.sketch: Sketch | None = None
        """What stands in for the points until all of them are read."""
        self.doubt: Callable[[], bool] | None = None
        """Says whether the snapshot that the columns were taken from is as it was written; takes a while."""
        self.home: Callable[[], bool] | None = None
        """Says whether the snapshot that the columns are mapped from was left alone since."""
        self._worthless = False
        self._load = load
        self._until: float | None = None
        super().__init__(scratch)

    def clear(self) -> None:
        """Forgets everything, how far the files were read too."""
        super().clear()
        self.problems = Problems()
        self.bytes_read = 0
        self.bytes_saved = 0
        self._tails: dict[int, Tail] = {}
        self._torn: dict[int, tuple[int, Tail]] = {}
        self._refused: dict[int, tuple[Path, str]] = {}
        self._looked: dict[int, int] = {}
        """Size of each row file when everything in it had been looked at, half a last line included."""
        self._quiet: dict[int, int] = {}
        self._parts: dict[Path, tuple[int, int]] = {}
        self._segments: dict[str, int] = {}
        self._rewound: str | None = None
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
                self.version += 1

    def problem_list(self) -> list[dict[str, Any]]:
        """What could not be read, in the API's shape; half a last line counts once the writer is gone."""
        torn = [
            {"file": shown(tail.path), "line": tail.lines + 1, "reason": "torn last line", "count": 1}
            for _, tail in self._torn.values()
        ]
        refused = [
            {"file": shown(path), "line": None, "reason": f"cannot be read: {reason}", "count": 1}
            for path, reason in self._refused.values()
        ]
        return self.problems.json() + torn + refused

    def positions(self) -> dict[str, int]:
        """Where a cursor stands that has seen everything read: file key to byte offset, and the last moment under ``t``."""
        found = {tail.key: tail.offset for tail in self._tails.values() if tail.offset}
        found[MOMENT] = max(0, self.last_time or 0)
        return found

    def ends(self) -> dict[str, int]:
        """The position of a cursor that has seen all whole lines that there are, read here or not."""
        found = {MOMENT: time.time_ns() // 1_000_000}
        for inode, path in self.present().items():
            try:
                descriptor = open_rows(path)
            except OSError:
                continue
            try:
                key = Tail(path, inode, head=head_of(descriptor)).key
            finally:
                os.close(descriptor)
            found[key] = _whole_lines(path)
        return found

    def frontier(self) -> dict[int, int]:
        """For each row file (by inode) the byte from which listeners are told of its rows; 0 for those not named."""
        found = {inode: tail.offset for inode, tail in self._tails.items()}
        for inode, size in self._quiet.items():
            found[inode] = max(size, found.get(inode, 0))
        return found

    def listen(self, listener: Listener) -> None:
        """Tells `listener` of every row that is written from now on. The caller holds the lock."""
        if not self.listeners:
            # What lies there unread is not news: it is read in silence when somebody asks for it.
            for inode, path in self.present().items():
                self._quiet[inode] = _whole_lines(path)
        self.listeners.append(listener)

    def refresh(self, until: float | None = None) -> bool:
        """Reads everything new, or what can be read until a moment of the monotonic clock (a block of lines or a Parquet part
        at least): True when nothing is left. A file that was replaced or truncated has the whole run read anew.
        """
        with self.lock:
            self._until = until
            done = self._refreshed()
            if done:
                self.sketch = None
            return done

    def _refreshed(self) -> bool:
        if self._load is not None:
            # What an earlier server has read need not be read again.
            load, self._load = self._load, None
            load(self)
        anew, told = False, None
        for _ in range(3):
            try:
                return self._read_anew(told) if anew else self._refresh()
            except Replaced:
                anew, told = True, told if told is not None else self.last_time
            except FileNotFoundError:  # a segment was committed between listing and opening
                continue
        return True

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def progress(self) -> tuple[int, int]:
        """Bytes that were read, and bytes that there are, of row files and archive."""
        done = whole = 0
        for inode, path in self.present().items():
            size = _size(path)
            whole += size
            tail = self._tails.get(inode)
            if inode in self._refused or self._looked.get(inode) == size:
                done += size
            elif tail is not None:
                done += min(size, tail.offset)
        for part in self.paths.parts():
            size = _size(part)
            whole += size
            done += size if part in self._parts else 0
        return done, whole

    def _read_anew(self, told: int | None) -> bool:
        """Forgets everything and reads it again; listeners hear only of rows behind the moment they know."""
        listeners = self.listeners
        self.clear()
        if told is None or not listeners:
            return self._refresh()
        # Who listens is told right only of what is read at one go.
        known, self._until = told, None

        def only_later(batch: list[Found]) -> None:
            later = [row for row in batch if row[0] > known]
            for listener in list(listeners) if later else ():
                listener(later)

        self.listeners = [only_later]
        try:
            return self._refresh()
        finally:
            self.listeners = listeners

    # -- lines --------------------------------------------------------------------------------------------------------

    def _refresh(self) -> bool:
        rewound = self.paths.next_rewound().name
        if self._rewound not in (None, rewound) or self._worthless or self.spoiled:
            self._worthless, self.home, self.doubt = False, None, None
            raise Replaced
        self._rewound = rewound
        segments = {path.stem for path in self.paths.segment_files()}
        present = self.present()
        vanished = [
            tail
            for inode, tail in self._tails.items()
            if inode not in present and tail.offset and tail.path.stem not in self._segments
        ]
        # First what went into the archive: it was written before what lies in the row files now.
        if not self._read_parts(segments, vanished):
            return False
        for inode, path in present.items():
            tail = self._tails.get(inode)
            if tail is None:
                tail = self._tails[inode] = Tail(path, inode)
            tail.path = path
            if path.parent == self.paths.segments:
                self._segments[path.stem] = inode
            size = _size(path)
            if size == tail.offset or (inode in self._torn and self._torn[inode][0] == size):
                continue
            try:
                if not self._read_lines(tail):
                    return False
                self._looked[inode] = size
                self._refused.pop(inode, None)
            except FileNotFoundError:
                raise
            except OSError as error:
                # Somebody else's file, or a bad block: the other files are read all the same.
                self._refused[inode] = (path, error.strerror or type(error).__name__)
        return True

    def present(self) -> dict[int, Path]:
        """The run's row files by inode, links left out."""
        found: dict[int, Path] = {}
        for path in self.paths.row_files():
            try:
                found[path.stat().st_ino] = path
            except OSError:
                continue
        return found

    def _read_lines(self, tail: Tail) -> bool:
        self._torn.pop(tail.inode, None)
        descriptor = open_rows(tail.path)
        before = tail.offset
        try:
            quiet = self._quiet.get(tail.inode, 0)
            if quiet > tail.offset and not self._read_up_to(descriptor, tail, quiet, self._absorb):
                return False
            self._quiet.pop(tail.inode, None)
            if not self._read_up_to(descriptor, tail, None, self._tell if self.listeners else self._absorb):
                return False
            rest = rest_of(descriptor, tail)
            if rest and self._writer_gone():
                last = read_last(rest, descriptor, tail, self.problems)
                if last is not None:
                    self.add([last])
                    for listener in list(self.listeners):
                        listener([last])
                else:
                    self._torn[tail.inode] = (tail.offset + len(rest), tail)
            return True
        finally:
            self.bytes_read += tail.offset - before
            os.close(descriptor)

    def _read_up_to(self, descriptor: int, tail: Tail, end: int | None, take: Callable[[bytes, Tail], None]) -> bool:
        blocks = self._blocks(descriptor, tail, end)
        if take == self._absorb and os.fstat(descriptor).st_size - tail.offset > CHUNK:
            return self._absorb_all(blocks, tail)
        for block in blocks:
            take(block, tail)
            if self._late():
                return False
        return True

    def _blocks(self, descriptor: int, tail: Tail, end: int | None) -> Iterator[bytes]:
        for block in read_blocks(descriptor, tail, self.problems, end=end):
            yield block
            if len(self.columns) >= _WIDE:
                break
        # Wide rows are read in larger blocks: what a block costs grows with its columns.
        yield from read_blocks(descriptor, tail, self.problems, end=end, size=_WIDE_CHUNK)

    def _absorb_all(self, blocks: Iterator[bytes], tail: Tail) -> bool:
        """Adds many blocks that nobody waits for; while one is added, the next ones are parsed."""
        with Ahead(self._parsed) as parsed:
            try:
                for block in blocks:
                    if block:
                        parsed.put(block)
                    # Large blocks are many bytes, and their columns as many again.
                    most = 1 if len(block) > CHUNK else len(parsed)
                    while parsed and (parsed.full or len(parsed) > most or not block):
                        self._take_in(*parsed.take(), tail)
                    if self._late():
                        return False
            finally:
                # The tail stands behind all that was begun.
                while parsed:
                    self._take_in(*parsed.take(), tail)
        return True

    def _tell(self, block: bytes, tail: Tail) -> None:
        """Adds rows that listeners wait for."""
        batch = parse(block, tail, self.problems)
        if batch:
            self.add(batch)
            self.put_away()
            for listener in list(self.listeners):
                listener(batch)

    def _parsed(self, block: bytes) -> tuple[bulk.Bulk | None, set[str]]:
        """The block as columns, where it is regular, and the names that were expected in it."""
        if len(block) < bulk.SMALLEST or len(self.columns) > bulk.MOST_NAMES:
            return None, set()
        names = bulk.names_in(block, set(self.columns))
        return bulk.parse_bulk(block, names), names

    def _absorb(self, block: bytes, tail: Tail) -> None:
        """Adds rows that nobody waits for, many at a time where they are regular."""
        self._take_in(block, self._parsed(block), tail)

    def _take_in(self, block: bytes, parsed: tuple[bulk.Bulk | None, set[str]], tail: Tail) -> None:
        found, names = parsed
        if found is None and names and not names.issuperset(self.columns):
            # A metric came up while the block was being parsed.
            found, _ = self._parsed(block)
        if found is not None:
            self.add_bulk(found)
            count = len(found.steps)
            tail.lines += count
            tail.rows += count
            tail.points += found.points
            tail.time = int(found.times[-1])
        else:
            batch = parse(block, tail, self.problems)
            if batch:
                self.add(batch)
        self.put_away()

    def _writer_gone(self) -> bool:
        return not any(files.is_locked(path) for path in self.paths.lock_files())

    # -- archive ------------------------------------------------------------------------------------------------------

    def _read_parts(self, segments: set[str], vanished: list[Tail]) -> bool:
        parts = self.paths.parts()
        states: dict[Path, tuple[int, int]] = {}
        for part in parts:
            if part_segment(part) in segments:
                continue
            try:
                state = part.stat()
            except OSError:
                continue
            states[part] = (state.st_size, state.st_mtime_ns)
        if any(states.get(part) != state for part, state in self._parts.items()):
            raise Replaced
        new = [part for part in states if part not in self._parts]
        moved: str | None = None
        if vanished:
            # A row file went into the archive between two looks: its rows come first there, in their order.
            unseen = {s for s in map(part_segment, new) if s is not None and s not in self._segments}
            if len(vanished) != 1 or len(unseen) != 1:
                raise Replaced
            moved = unseen.pop()
        skip = vanished[0].points if moved else 0
        for number, part in enumerate(new):
            # What moved here is followed at one go.
            if number and not moved and self._late():
                return False
            self._parts[part] = states[part]
            segment = part_segment(part)
            # Rows that were read as lines while they were on their way into the archive are not read again.
            if segment is not None and segment in self._segments:
                continue
            frame = read_part(part, self.problems)
            if frame is None:
                continue
            if moved and segment == moved:
                skipped = min(skip, len(frame))
                frame, skip = frame.slice(skipped), skip - skipped
                self._take_part(frame, tell=True)
            else:
                self._take_part(frame, tell=False)
        if moved:
            self._segments[moved] = vanished[0].inode
        return True

    def _take_part(self, frame: polars.DataFrame, *, tell: bool) -> None:
        if not (tell and self.listeners):
            self.add_part(frame)
            self.put_away()
            return
        for batch in rows_of_part(frame):
            self.add(batch)
            for listener in list(self.listeners):
                listener(batch)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _whole_lines(path: Path) -> int:
    """The byte behind the last newline: a cursor must never stand within a line."""
    try:
        descriptor = open_rows(path)
    except OSError:
        return 0
    try:
        end = os.fstat(descriptor).st_size
        while end > 0:
            begin = max(0, end - (1 << 16))
            cut = os.pread(descriptor, end - begin, begin).rfind(b"\n")
            if cut >= 0:
                return begin + cut + 1
            end = begin
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return 0
