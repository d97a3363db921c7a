"""What a subscriber has missed of a run, read from its files when it is taken, however long the history."""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Iterator
from pathlib import Path

from aspara.catalog.index.run_index import MOMENT, RunIndex
from aspara.catalog.parsing.line_reader import Found, Problems, Replaced, Tail, head_of, open_rows, parse, read_blocks
from aspara.catalog.parsing.parquet_parts import read_part, rows_of_part
from aspara.catalog.runs.cursor import ROWS
from aspara.storage.layout import part_segment

_BLOCK = 256 << 10
_CLOCKS_APART = 2000

_Told = tuple[Found, str, int]
"""A row, the key of its file ('' for the archive), and the byte behind it."""


def here(index: RunIndex) -> dict[str, int]:
    """The position of a cursor that has seen everything up to where live telling begins. The caller holds the lock."""
    found = Backfill(index, seen={})
    return {**{tail.key: found._ends[tail.inode] for tail in found._spans}, MOMENT: time.time_ns() // 1_000_000}


class Backfill:
    """The rows of a run from a moment or a position on, up to where live telling begins; in order of time across its files.

    Made while the caller holds the index's lock and after it has begun to listen, so that nothing comes between the two.

    Args:
        index: The run.
        since: Only rows from this moment on (ms), inclusive; None: all.
        seen: The position of a cursor: file key to bytes, and the latest moment; None: the cursor does not name the run.
        when: For a run that the cursor does not name: only rows after this moment (ms).

    """

    def __init__(
        self,
        index: RunIndex,
        *,
        since: int | None = None,
        seen: dict[str, int] | None = None,
        when: int | None = None,
    ) -> None:
        self.paths = index.paths
        self.positions: dict[str, int] = {}
        self._after = None if since is None else since - 1
        self._since_parts = self._after
        self._spans: list[Tail] = []
        self._ends: dict[int, int] = {}
        self._parts: list[Path] = []
        self._rows_seen: dict[str, int] = {}
        frontier = index.frontier()
        keys = set()
        for inode, path in index.row_files.present().items():
            tail = Tail(path, inode)
            try:
                descriptor = open_rows(path)
            except OSError:
                continue
            try:
                tail.head = head_of(descriptor)
                changed = os.fstat(descriptor).st_mtime_ns // 1_000_000
            finally:
                os.close(descriptor)
            keys.add(tail.key)
            end = frontier.get(inode, 0)
            if seen is not None:
                tail.offset = seen.get(tail.key, 0)
                rows = seen.get(ROWS + tail.key, 0)
                if rows:
                    self._rows_seen[tail.key] = self.positions[ROWS + tail.key] = rows
                if tail.offset > end:
                    # The cursor has seen more than this process: what it has seen must not be told again.
                    index.refresh()
                    end = index.frontier().get(inode, end)
            elif when is not None and changed < when - _CLOCKS_APART:
                tail.offset = end
            if tail.offset:
                self.positions[tail.key] = min(tail.offset, end)
            if tail.offset < end:
                self._spans.append(tail)
                self._ends[inode] = end
        if seen is not None:
            self._moment = seen.get(MOMENT, 0)
            if {key.removeprefix(ROWS) for key in seen} - keys - {MOMENT}:
                # A file has moved into the archive since: the last moment that was told decides there.
                self._since_parts = self._moment
                self._parts = _parts_since(index, self._since_parts)
        else:
            self._moment = max(0, when or 0)
            if when is not None:
                self._after = self._since_parts = when
            self._parts = _parts_since(index, self._since_parts, changed=when)
        self.positions[MOMENT] = self._moment
        self._rows: Iterator[_Told] | None = None

    @property
    def empty(self) -> bool:
        """True when there is nothing to tell."""
        return not self._spans and not self._parts

    def take(self, most: int) -> tuple[list[Found], bool]:
        """At most `most` further rows, and whether that was the last of them; ``positions`` stands behind them."""
        if self._rows is None:
            self._rows = self._merged()
        found: list[Found] = []
        for row, key, end in self._rows:
            if key:
                self.positions[key] = end
                self.positions.pop(ROWS + key, None)
            self._moment = self.positions[MOMENT] = max(self._moment, row[0])
            found.append(row)
            if len(found) >= most:
                return found, False
        return found, True

    def _merged(self) -> Iterator[_Told]:
        sources = [self._of_parts()] if self._parts else []
        sources += [self._of_file(tail) for tail in self._spans]
        return heapq.merge(*sources, key=lambda told: told[0][0])

    def _of_file(self, tail: Tail) -> Iterator[_Told]:
        # Opened only now: a project of a thousand runs must not hold a thousand descriptors.
        path = next((p for p in self.paths.row_files() if _inode(p) == tail.inode), None)
        if path is None:
            yield from self._archived_since()
            return
        try:
            descriptor = open_rows(path)
        except OSError:
            return
        end = self._ends[tail.inode]
        try:
            problems, key = Problems(), tail.key
            seen = self._rows_seen.get(key, 0)
            for block in read_blocks(descriptor, tail, problems, end=end, size=_BLOCK):
                at = tail.offset - len(block)
                for line in block.split(b"\n")[:-1]:
                    at += len(line) + 1
                    for row in parse(line + b"\n", tail, problems):
                        if seen:
                            seen -= 1
                        elif self._after is None or row[0] > self._after:
                            yield row, key, at
        except Replaced:
            return
        finally:
            os.close(descriptor)

    def _archived_since(self) -> Iterator[_Told]:
        # The file went into the archive after this replay was made: its rows are in the parts that were not there then.
        known = set(self._parts)
        yield from self._rows_of([part for part in self.paths.parts() if part not in known], self._moment)

    def _of_parts(self) -> Iterator[_Told]:
        return self._rows_of(self._parts, self._since_parts)

    def _rows_of(self, parts: list[Path], after: int | None) -> Iterator[_Told]:
        for part in parts:
            frame = read_part(part, Problems())
            if frame is not None:
                for batch in rows_of_part(frame):
                    for row in batch:
                        if after is None or row[0] > after:
                            yield row, "", 0


def _parts_since(index: RunIndex, after: int | None, *, changed: int | None = None) -> list[Path]:
    """The parts that may hold rows after a moment, those of segments that still are row files left out."""
    segments = {path.stem for path in index.paths.segment_files()}
    found = []
    for part in index.paths.parts():
        if part_segment(part) in segments:
            continue
        if changed is not None and _modified(part) < changed - _CLOCKS_APART:
            continue
        if after is not None and part.parent.name < f"date={_day(after)}":
            continue
        found.append(part)
    return found


def _day(moment: int) -> str:
    from datetime import datetime, timezone

    try:
        return datetime.fromtimestamp(moment / 1000, timezone.utc).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):  # beyond any calendar: every part is looked at
        return ""


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except OSError:
        return 0
