"""Which of the rows that a full disk left a run lacks: its writer may have died while it moved them into its file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from aspara.storage import row_codec
from aspara.storage.layout import RunPaths, part_segment
from aspara.storage.parquet_errors import decoding
from aspara.storage.rescue import RescuedRows


def missing_rows(paths: RunPaths, rest: RescuedRows, content: bytes, *, but: Path) -> bytes:
    """The rows of `content` that are not in the run yet; `but` is the file that they are to be put into."""
    lines = [line for line in content.splitlines(keepends=True) if line.strip()]
    if paths.run != rest.run:
        return b"".join(lines)  # a restored run: what its writer moved went to another one
    moved = _moved(paths, rest, lines)
    if moved is None:
        return b"".join(_not_anywhere(paths, lines, but))
    return b"".join(lines[moved:])


def _moved(paths: RunPaths, rest: RescuedRows, lines: list[bytes]) -> int | None:
    """How many of them stand in the row file from the very place on that they were to be written to: they are moved in order.
    None where that file is another one by now.
    """
    name, offset, mark = (rest.about.get(key) for key in ("rows", "offset", "file"))
    if not isinstance(name, str) or not isinstance(offset, int):
        return 0
    path = Path(paths.project_dir, name)
    try:
        with path.open("rb") as file:
            state = path.stat()
            if mark != [state.st_dev, state.st_ino]:
                return None
            file.seek(offset)
            count = 0
            for line in file:
                if not line.strip():
                    continue
                if count == len(lines) or line != lines[count]:
                    break
                count += 1
            return count
    except FileNotFoundError:
        return None


def _not_anywhere(paths: RunPaths, lines: list[bytes], but: Path) -> list[bytes]:
    """Those of `lines` that no file of the run holds: its rows were archived or set aside since."""
    wanted = {_key(line): line for line in lines}
    there: Counter[bytes] = Counter()
    for path in paths.row_files():
        if path != but:
            with path.open("rb") as file:
                there.update(key for key in map(_key, file) if key in wanted)
    segments = {path.stem for path in paths.segment_files()}
    points: set[tuple[int, int, str]] = set()
    for part in paths.parts():
        if part_segment(part) not in segments:
            points.update(_points(part))
    found = []
    for line in lines:
        key = _key(line)
        if there[key]:
            there[key] -= 1
        elif not _archived(line, points):
            found.append(line)
    return found


def _key(line: bytes) -> bytes:
    return line.strip()


def _archived(line: bytes, points: set[tuple[int, int, str]]) -> bool:
    if not points:
        return False
    try:
        time, step, metrics, _ = row_codec.decode(line.rstrip(b"\n"))
    except row_codec.Malformed:
        return False
    return bool(metrics) and all((time, step, name) in points for name in metrics)


def _points(part: Path) -> list[Any]:
    import polars as pl

    try:
        with decoding():
            frame = pl.read_parquet(part, hive_partitioning=False)
            milliseconds = pl.col("timestamp").dt.epoch("ms")
            return frame.select(milliseconds, "step", "metric_name").rows()
    except OSError:
        return []  # a damaged part is the reader's to report
