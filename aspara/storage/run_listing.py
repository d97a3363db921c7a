"""The row files and the archive of a run as they are at one moment, although files move while they are listed.

A polars run's rows move: a row file is renamed to a segment, Parquet parts of it appear, and the segment goes. A list of folders
that is made meanwhile can show a file at both places or at none. But each file moves only once, and never back: two lists that are
the same one after the other had nothing moving between them, and are true.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aspara.storage.layout import RunPaths, is_wal, part_segment

_MOST_LOOKS = 50


@dataclass(frozen=True)
class RunListing:
    """Which files hold the rows of a run: row files by inode, and Parquet parts with size and time (ns) of those that hold the
    rows of no row file. ``segments`` are the row files that are on their way into the archive.
    """

    row_files: dict[int, Path]
    segments: frozenset[str]
    parts: dict[Path, tuple[int, int]]

    @property
    def may_move(self) -> bool:
        """False for a run of the jsonl backend, whose files stay where they are."""
        return bool(self.parts or self.segments) or any(is_wal(path) for path in self.row_files.values())

    def agrees(self, other: RunListing) -> bool:
        """True if nothing moved between the two."""
        return (self.row_files, self.segments, self.parts.keys()) == (
            other.row_files,
            other.segments,
            other.parts.keys(),
        )


def list_run(paths: RunPaths) -> RunListing:
    """The files of a run; links are left out."""
    found = _look(paths)
    if not found.may_move:
        return found
    for _ in range(_MOST_LOOKS):
        again = _look(paths)
        if again.agrees(found):
            break
        found = again
    return RunListing(
        again.row_files,
        again.segments,
        {part: state for part, state in again.parts.items() if part_segment(part) not in again.segments},
    )


def _look(paths: RunPaths) -> RunListing:
    row_files: dict[int, Path] = {}
    for path in paths.row_files():
        try:
            row_files[path.stat().st_ino] = path
        except OSError:
            continue
    parts: dict[Path, tuple[int, int]] = {}
    for part in paths.parts():
        try:
            state = part.stat()
        except OSError:
            continue
        parts[part] = (state.st_size, state.st_mtime_ns)
    segments = frozenset(path.stem for path in row_files.values() if path.parent == paths.segments)
    return RunListing(row_files, segments, parts)
