"""Points that went into the run's archive, followed while they move there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aspara.catalog.index.row_files import RowFiles
from aspara.catalog.parsing.line_reader import (
    Replaced,
    Tail,
)
from aspara.catalog.parsing.parquet_parts import read_part, rows_of_part
from aspara.storage.layout import part_segment

if TYPE_CHECKING:
    import polars


class ArchivedPoints(RowFiles):
    """The points of a run's row files and of its archive."""

    def clear(self) -> None:
        """Forgets everything, how far the files were read too."""
        super().clear()
        self._parts: dict[Path, tuple[int, int]] = {}
        self._segments: dict[str, int] = {}

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
