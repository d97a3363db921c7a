"""The polars backend's archive: full row files become Parquet, never rewriting what is there.

A segment (an immutable row file) is turned into one Parquet part per UTC date. The parts are named after the segment and
readers ignore them while the segment exists, so a crash before its removal costs nothing and after it nothing either:
the removal is the commit. Running the conversion again gives the same parts.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara import files
from aspara.storage import rows
from aspara.storage.layout import RunPaths

if TYPE_CHECKING:
    import polars

TEXT_COLUMN = "metric_text"


def archive_segment(paths: RunPaths, segment: str) -> None:
    """Writes the Parquet parts of `segment` and removes it. Raises OSError when the disk refuses; then nothing changed.

    Lines that are no rows would vanish with the segment, so a segment that has any is kept as it is (readers count them).
    """
    source = paths.segment(segment)
    by_date: dict[str, list[tuple[int, int | None, str, float | None, str | None]]] = {}
    with source.open("rb") as lines:
        for number, line in enumerate(lines):
            try:
                timestamp, step, metrics, complaint = rows.decode(line.rstrip(b"\n"))
            except rows.Malformed:
                return
            if complaint or timestamp is None:
                return
            try:
                date = datetime.fromtimestamp(timestamp / 1000, timezone.utc).strftime("%Y-%m-%d")
            except (ValueError, OverflowError, OSError):  # a year that no calendar has
                return
            points = by_date.setdefault(date, [])
            for name, value in metrics.items():
                if isinstance(value, bool | int | float):
                    points.append((timestamp, step if step is not None else number, name, float(value), None))
                elif isinstance(value, str):
                    points.append((timestamp, step if step is not None else number, name, None, value))
                else:
                    # Media references keep their structure as JSON text, marked so that they read back as they were.
                    points.append((timestamp, step if step is not None else number, name, None, _reference(value)))
    for date, points in by_date.items():
        _write_part(paths.part(segment, date), points, date)
    source.unlink()
    files.sync_folder(source.parent)


REFERENCE_MARK = "\x00json:"


def _reference(value: Any) -> str:
    import orjson

    return REFERENCE_MARK + orjson.dumps(value).decode()


def _write_part(part: Path, points: list[tuple[int, int | None, str, float | None, str | None]], date: str) -> None:
    import polars as pl

    has_text = any(point[4] is not None for point in points)
    frame: polars.DataFrame = pl.DataFrame(
        points,
        schema={
            "timestamp": pl.Int64,
            "step": pl.Int64,
            "metric_name": pl.String,
            "metric_value": pl.Float64,
            TEXT_COLUMN: pl.String,
        },
        orient="row",
    ).with_columns(
        timestamp=pl.col("timestamp").cast(pl.Datetime("ms")).cast(pl.Datetime("us")),
        date=pl.lit(date).str.to_date(),
    )
    columns = ["timestamp", "step", "metric_name", "metric_value", "date"] + ([TEXT_COLUMN] if has_text else [])
    write_part(part, frame.select(columns))


def write_part(part: Path, frame: polars.DataFrame) -> None:
    """Puts `frame` at `part` atomically and durably."""
    files.make_folder(part.parent)
    draft = part.with_name(f".{part.name}.tmp")
    frame.write_parquet(draft)
    draft.chmod(files.FILE_MODE)
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # polars does not
    finally:
        os.close(descriptor)
    os.replace(draft, part)
    files.sync_folder(part.parent)
