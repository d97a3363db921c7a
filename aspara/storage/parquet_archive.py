"""The polars backend's archive: full row files become Parquet, never rewriting what is there.

A segment (an immutable row file) is turned into one Parquet part per UTC date. The parts are named after the segment and
readers ignore them while the segment exists, so a crash before its removal costs nothing and after it nothing either:
the removal is the commit. Running the conversion again gives the same parts. Before it, what the parts hold is counted against
the segment, metric by metric.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.storage import row_codec
from aspara.storage.layout import RunPaths
from aspara.storage.value_counts import TEXT_COLUMN, ArchiveDiffers, ValueCounts
from aspara.util import files, os_compat

if TYPE_CHECKING:
    import polars

_BITE = 0.001
_POINTS = 8192
_DAY = 86_400_000


def archive_segment(
    paths: RunPaths,
    segment: str,
    pause: Callable[[], object] | None = None,
    *,
    remove: Callable[[Path], object] = os_compat.remove,
) -> None:
    """Writes the Parquet parts of `segment`, reads back how many values of each metric they hold, and removes the segment.

    Lines that are no rows would vanish with the segment, so a segment that has any is kept as it is (readers count them).
    Raises OSError when the disk refuses, :class:`ArchiveDiffers` when the parts do not hold what the segment holds; the segment
    stays then, and its rows are read from it. `pause` is called about every millisecond of work, for a program that wants the
    interpreter meanwhile. `remove` removes the segment, for a caller that has it open.
    """
    source = paths.segment(segment)
    by_day: dict[int, _Part] = {}
    counts = ValueCounts()
    size = 0
    due = time.perf_counter() + _BITE
    with source.open("rb") as lines:
        for number, line in enumerate(lines):
            if pause is not None and number & 15 == 0 and time.perf_counter() >= due:
                pause()
                due = time.perf_counter() + _BITE
            size += len(line)
            try:
                timestamp, step, metrics, complaint = row_codec.decode(line.rstrip(b"\n"))
            except row_codec.Malformed:
                return
            if complaint or timestamp is None:
                return
            day = timestamp // _DAY
            if day not in by_day:
                try:
                    by_day[day] = _Part(datetime.fromtimestamp(timestamp / 1000, timezone.utc).strftime("%Y-%m-%d"))
                except (ValueError, OverflowError, OSError):  # a year that no calendar has
                    return
            counts.add(metrics)
            by_day[day].add(timestamp, step if step is not None else number, metrics)
    written: set[Path] = set()
    for day in sorted(by_day):
        part = by_day.pop(day)  # its points need no memory once they are written
        if pause is not None:
            pause()
        path = paths.part(segment, part.date)
        write_part(path, part.frame())
        written.add(path)
    _check(paths, segment, written, counts, size, pause)
    remove(source)
    files.sync_folder(source.parent)


def _check(
    paths: RunPaths,
    segment: str,
    written: Collection[Path],
    counts: ValueCounts,
    size: int,
    pause: Callable[[], object] | None,
) -> None:
    """Raises :class:`ArchiveDiffers` unless the parts of `segment`, as they lie in the archive, hold what was counted."""
    archived = ValueCounts()
    for path in paths.archive.glob(f"*/{paths.part(segment, 'any').name}"):
        if path not in written:
            # Of a date that an earlier, interrupted trial met, and that the segment has no rows of now.
            os_compat.remove(path)
            continue
        if pause is not None:
            pause()
        archived.add_part(path)
    difference = counts.difference(archived)
    now = paths.segment(segment).stat().st_size
    if difference is None and now != size:
        difference = f"{now} bytes, of which {size} were read"
    if difference is not None:
        for path in written:
            with contextlib.suppress(OSError):
                os_compat.remove(path)
        raise ArchiveDiffers(f"the archive does not hold what the file holds ({difference})")


REFERENCE_MARK = "\x00json:"


def _reference(value: Any) -> str:
    import orjson

    return REFERENCE_MARK + orjson.dumps(value).decode()


class _Part:
    """The points of one date, taken into columns some thousand at a time: building them all at once would hold the
    interpreter for a tenth of a second.
    """

    def __init__(self, date: str) -> None:
        self.date = date
        self._frames: list[polars.DataFrame] = []
        self._points: list[tuple[int, int, str, float | None, str | None]] = []
        self._has_text = False

    def add(self, timestamp: int, step: int, metrics: Mapping[str, Any]) -> None:
        for name, value in metrics.items():
            if isinstance(value, bool | int | float):
                self._points.append((timestamp, step, name, float(value), None))
            else:
                # Media references keep their structure as JSON text, marked so that they read back as they were.
                text = value if isinstance(value, str) else _reference(value)
                self._points.append((timestamp, step, name, None, text))
                self._has_text = True
        # Behind the whole row: taking its points puts a fresh list in the place of the one that they were added to.
        if len(self._points) >= _POINTS:
            self._take()

    def frame(self) -> polars.DataFrame:
        """All of it, as the files have it."""
        import polars as pl

        self._take()
        found: polars.DataFrame = pl.concat(self._frames, rechunk=False).with_columns(
            timestamp=pl.col("timestamp").cast(pl.Datetime("ms")).cast(pl.Datetime("us")),
            date=pl.lit(self.date).str.to_date(),
        )
        columns = ["timestamp", "step", "metric_name", "metric_value", "date"]
        return found.select([*columns, TEXT_COLUMN] if self._has_text else columns)

    def _take(self) -> None:
        import polars as pl

        schema = {
            "timestamp": pl.Int64,
            "step": pl.Int64,
            "metric_name": pl.String,
            "metric_value": pl.Float64,
            TEXT_COLUMN: pl.String,
        }
        columns = list(zip(*self._points, strict=True)) or [()] * len(schema)
        self._frames.append(pl.DataFrame(dict(zip(schema, columns, strict=True)), schema=schema))
        self._points = []


def write_part(part: Path, frame: polars.DataFrame) -> None:
    """Puts `frame` at `part` atomically and durably, or raises OSError; then nothing is left of it."""
    from polars.exceptions import PolarsError

    files.make_folder(part.parent)
    draft = part.with_name(f".{part.name}.tmp")
    try:
        frame.write_parquet(draft)
        draft.chmod(files.FILE_MODE)
        descriptor = os_compat.open_file(draft, os.O_RDWR)
        try:
            os_compat.sync(descriptor)  # polars does not
        finally:
            os.close(descriptor)
        os_compat.replace(draft, part)
    except (OSError, PolarsError) as error:
        # On a full disk its bytes are what the rows to come need.
        with contextlib.suppress(OSError):
            os_compat.remove(draft)
        if isinstance(error, PolarsError):  # a full disk too is told by an error of its own
            raise OSError(str(error)) from error
        raise
    files.sync_folder(part.parent)
