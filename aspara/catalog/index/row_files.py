"""Points as the run's row files grow: a file's new lines, many at a time where nobody waits for each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from aspara.catalog.index.points import RunPoints
from aspara.catalog.parsing import bulk_parser
from aspara.catalog.parsing.line_reader import (
    CHUNK,
    Found,
    Problems,
    Tail,
    open_rows,
    parse,
    read_blocks,
    read_last,
    rest_of,
)
from aspara.storage.layout import RunPaths
from aspara.util import files
from aspara.util.prefetch import Prefetcher

_WIDE, _WIDE_CHUNK = 1000, 32 << 20

Listener = Callable[[list[Found]], None]


class RowFileReader:
    """Adds the rows of a run's files to its points, and knows how far each file was read. ``listeners`` receive every batch of
    new rows.
    """

    def __init__(self, paths: RunPaths, points: RunPoints) -> None:
        self.paths = paths
        self.points = points
        self.listeners: list[Listener] = []
        self.until: float | None = None
        """The moment of the monotonic clock at which reading stops; None: at the end of the files."""
        self.clear()

    def clear(self) -> None:
        """Forgets how far the files were read."""
        self.problems = Problems()
        self.bytes_read = 0
        self.tails: dict[int, Tail] = {}
        """By inode, how far each file was read."""
        self.torn: dict[int, tuple[int, Tail]] = {}
        """By inode, the files whose last line is incomplete, with their size then."""
        self.silent_until: dict[int, int] = {}
        """By inode, the byte up to which rows are read without a word to listeners."""

    def present(self) -> dict[int, Path]:
        """The run's row files by inode, links left out."""
        found: dict[int, Path] = {}
        for path in self.paths.row_files():
            try:
                found[path.stat().st_ino] = path
            except OSError:
                continue
        return found

    def late(self) -> bool:
        """Whether the moment at which reading stops has come."""
        return self.until is not None and time.monotonic() >= self.until

    def read(self, tail: Tail) -> bool:
        """Reads what is new in a file; False if the moment to stop came before its end."""
        self.torn.pop(tail.inode, None)
        descriptor = open_rows(tail.path)
        before = tail.offset
        try:
            if os.fstat(descriptor).st_ino != tail.inode:
                raise FileNotFoundError(tail.path)  # it was renamed, and another one has its name
            quiet = self.silent_until.get(tail.inode, 0)
            if quiet > tail.offset and not self._read_up_to(descriptor, tail, quiet, self._absorb):
                return False
            self.silent_until.pop(tail.inode, None)
            if not self._read_up_to(descriptor, tail, None, self._tell if self.listeners else self._absorb):
                return False
            rest = rest_of(descriptor, tail)
            if rest and self._writer_gone():
                last = read_last(rest, descriptor, tail, self.problems)
                if last is not None:
                    self.points.add([last])
                    self.emit([last])
                else:
                    self.torn[tail.inode] = (tail.offset + len(rest), tail)
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
            if self.late():
                return False
        return True

    def _blocks(self, descriptor: int, tail: Tail, end: int | None) -> Iterator[bytes]:
        for block in read_blocks(descriptor, tail, self.problems, end=end):
            yield block
            if len(self.points.columns) >= _WIDE:
                break
        # Wide rows are read in larger blocks: what a block costs grows with its columns.
        yield from read_blocks(descriptor, tail, self.problems, end=end, size=_WIDE_CHUNK)

    def _absorb_all(self, blocks: Iterator[bytes], tail: Tail) -> bool:
        """Adds many blocks that nobody waits for; while one is added, the next ones are parsed."""
        with Prefetcher(self._parsed) as parsed:
            try:
                for block in blocks:
                    if block:
                        parsed.put(block)
                    # Large blocks are many bytes, and their columns as many again.
                    most = 1 if len(block) > CHUNK else len(parsed)
                    while parsed and (parsed.full or len(parsed) > most or not block):
                        self._take_in(*parsed.take(), tail)
                    if self.late():
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
            self.points.add(batch)
            self.points.put_away()
            self.emit(batch)

    def emit(self, batch: list[Found]) -> None:
        """Hands rows to all listeners."""
        for listener in list(self.listeners):
            listener(batch)

    def _parsed(self, block: bytes) -> tuple[bulk_parser.ParsedRows | None, set[str]]:
        """The block as columns, where it is regular, and the names that were expected in it."""
        if len(block) < bulk_parser.SMALLEST or len(self.points.columns) > bulk_parser.MOST_NAMES:
            return None, set()
        names = bulk_parser.names_in(block, set(self.points.columns))
        return bulk_parser.parse_bulk(block, names), names

    def _absorb(self, block: bytes, tail: Tail) -> None:
        """Adds rows that nobody waits for, many at a time where they are regular."""
        self._take_in(block, self._parsed(block), tail)

    def _take_in(self, block: bytes, parsed: tuple[bulk_parser.ParsedRows | None, set[str]], tail: Tail) -> None:
        found, names = parsed
        if found is None and names and not names.issuperset(self.points.columns):
            # A metric came up while the block was being parsed.
            found, _ = self._parsed(block)
        if found is not None:
            self.points.add_bulk(found)
            count = len(found.steps)
            tail.lines += count
            tail.rows += count
            tail.points += found.points
            tail.time = int(found.times[-1])
        else:
            batch = parse(block, tail, self.problems)
            if batch:
                self.points.add(batch)
        self.points.put_away()

    def _writer_gone(self) -> bool:
        return not any(files.is_locked(path) for path in self.paths.lock_files())
