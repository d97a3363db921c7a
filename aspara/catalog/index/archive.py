"""Points that went into the run's archive, also while they are being moved there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aspara.catalog.index.points import RunPoints
from aspara.catalog.index.row_files import RowFileReader
from aspara.catalog.parsing.line_reader import Replaced
from aspara.catalog.parsing.parquet_parts import points_in_part, read_part, rows_of_part
from aspara.storage.layout import part_segment
from aspara.storage.run_listing import RunListing

if TYPE_CHECKING:
    import polars


class ArchiveReader:
    """Adds the rows of a run's archive to its points; what was read as lines before it went there is not read again."""

    def __init__(self, points: RunPoints, row_files: RowFileReader) -> None:
        self._points = points
        self._row_files = row_files
        self.clear()

    def clear(self) -> None:
        """Forgets which parts were read."""
        self.parts: dict[Path, tuple[int, int]] = {}
        """The parts that were read, with the size and time of change that they had."""
        self.segments: dict[str, int] = {}
        """The inode of the row file that each archived segment was."""

    def read(self, listing: RunListing) -> bool:
        """Reads the parts that are new; False if the moment to stop came before. Raises Replaced where parts changed or moved in a
        way that cannot be followed.
        """
        if any(listing.parts.get(part) != state for part, state in self.parts.items()):
            raise Replaced
        new = [part for part in listing.parts if part not in self.parts]
        segments = set(self.segments.values())
        moved = [
            tail
            for inode, tail in self._row_files.tails.items()
            if inode not in listing.row_files and tail.offset and inode not in segments
        ]
        if moved:
            # A row file went into the archive between two looks.
            unseen = {s for s in map(part_segment, new) if s is not None and s not in self.segments}
            if len(moved) != 1 or len(unseen) != 1:
                raise Replaced
            self.segments[unseen.pop()] = moved[0].inode
        followed: dict[str, list[Path]] = {}
        for part in new:
            segment = part_segment(part)
            if segment is not None and segment in self.segments:
                followed.setdefault(segment, []).append(part)
        # First what was read as lines already: listeners are told of the rest in order.
        for segment, parts in followed.items():
            self._follow(segment, parts)
            self.parts.update((part, listing.parts[part]) for part in parts)
        for part in new:
            if part in self.parts:
                continue
            if self.parts and self._row_files.late():
                return False
            self.parts[part] = listing.parts[part]
            frame = read_part(part, self._row_files.problems)
            if frame is not None:
                self._take_part(frame, tell=False)
        return True

    def _follow(self, segment: str, parts: list[Path]) -> None:
        """Reads what had not been read as lines of a row file that is in the archive now: its last rows."""
        tail = self._row_files.tails.get(self.segments[segment])
        seen = 0 if tail is None else tail.points
        if seen >= sum(map(points_in_part, parts)):
            return
        if seen and len(parts) > 1:
            raise Replaced  # the order of the rows is not that of the parts
        for part in parts:
            frame = read_part(part, self._row_files.problems)
            if frame is not None:
                self._take_part(frame.slice(seen), tell=True)

    def _take_part(self, frame: polars.DataFrame, *, tell: bool) -> None:
        if not (tell and self._row_files.listeners):
            self._points.add_part(frame)
            self._points.put_away()
            return
        for batch in rows_of_part(frame):
            self._points.add(batch)
            self._row_files.emit(batch)
