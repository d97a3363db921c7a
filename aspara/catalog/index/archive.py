"""Points that went into the run's archive, followed while they move there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aspara.catalog.index.row_files import RowFiles
from aspara.catalog.parsing.line_reader import Replaced
from aspara.catalog.parsing.parquet_parts import points_in_part, read_part, rows_of_part
from aspara.storage.layout import part_segment
from aspara.storage.run_listing import RunListing

if TYPE_CHECKING:
    import polars


class ArchivedPoints(RowFiles):
    """The points of a run's row files and of its archive."""

    def clear(self) -> None:
        """Forgets everything, how far the files were read too."""
        super().clear()
        self._parts: dict[Path, tuple[int, int]] = {}
        self._segments: dict[str, int] = {}

    def _read_parts(self, listing: RunListing) -> bool:
        if any(listing.parts.get(part) != state for part, state in self._parts.items()):
            raise Replaced
        new = [part for part in listing.parts if part not in self._parts]
        segments = set(self._segments.values())
        moved = [
            tail
            for inode, tail in self._tails.items()
            if inode not in listing.row_files and tail.offset and inode not in segments
        ]
        if moved:
            # A row file went into the archive between two looks.
            unseen = {s for s in map(part_segment, new) if s is not None and s not in self._segments}
            if len(moved) != 1 or len(unseen) != 1:
                raise Replaced
            self._segments[unseen.pop()] = moved[0].inode
        followed: dict[str, list[Path]] = {}
        for part in new:
            segment = part_segment(part)
            if segment is not None and segment in self._segments:
                followed.setdefault(segment, []).append(part)
        # First what was read as lines already: listeners are told of the rest in order.
        for segment, parts in followed.items():
            self._follow(segment, parts)
            self._parts.update((part, listing.parts[part]) for part in parts)
        for part in new:
            if part in self._parts:
                continue
            if self._parts and self._late():
                return False
            self._parts[part] = listing.parts[part]
            frame = read_part(part, self.problems)
            if frame is not None:
                self._take_part(frame, tell=False)
        return True

    def _follow(self, segment: str, parts: list[Path]) -> None:
        """Reads what had not been read as lines of a row file that is in the archive now: its last rows."""
        tail = self._tails.get(self._segments[segment])
        seen = 0 if tail is None else tail.points
        if seen >= sum(map(points_in_part, parts)):
            return
        if seen and len(parts) > 1:
            raise Replaced  # the order of the rows is not that of the parts
        for part in parts:
            frame = read_part(part, self.problems)
            if frame is not None:
                self._take_part(frame.slice(seen), tell=True)

    def _take_part(self, frame: polars.DataFrame, *, tell: bool) -> None:
        if not (tell and self.listeners):
            self.add_part(frame)
            self.put_away()
            return
        for batch in rows_of_part(frame):
            self.add(batch)
            for listener in list(self.listeners):
                listener(batch)
