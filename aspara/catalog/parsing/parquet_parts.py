"""Parquet parts of an archive, as points and as rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.catalog.parsing.line_reader import Found, Problems
from aspara.storage.parquet_archive import REFERENCE_MARK
from aspara.storage.parquet_errors import DamagedParquet, decoding
from aspara.storage.value_counts import TEXT_COLUMN

if TYPE_CHECKING:
    import polars


def read_part(part: Path, problems: Problems) -> polars.DataFrame | None:
    """A Parquet part as columns ``t`` (ms), ``s``, ``m``, ``v`` and ``x`` (text); None and a problem for a damaged one."""
    import polars as pl

    try:
        with decoding():
            frame = pl.read_parquet(part, hive_partitioning=False)
            names = set(frame.columns)
            when = frame["timestamp"]
            if when.dtype == pl.String:
                when = when.str.to_datetime(time_zone=None, strict=False)
            times = when.dt.epoch("ms") if when.dtype.is_temporal() else when.cast(pl.Int64)
            steps = frame["step"].cast(pl.Int64)
            if steps.null_count():
                steps = steps.fill_null(pl.int_range(0, len(frame), eager=True))
            found = pl.DataFrame(
                {
                    "t": times.fill_null(0),
                    "s": steps,
                    "m": frame["metric_name"].cast(pl.String),
                    "v": frame["metric_value"].cast(pl.Float64),
                    "x": frame[TEXT_COLUMN]
                    if TEXT_COLUMN in names
                    else pl.Series([None] * len(frame), dtype=pl.String),
                }
            )
            odd = found.with_row_index("row").filter(pl.col("x").str.starts_with(REFERENCE_MARK))
            lost = [row for row, text in odd.select("row", "x").iter_rows() if reference(text) is None]
            if not lost:
                return found
            problems.add(f"{part.parent.name}/{part.name}", None, "media that cannot be understood", len(lost))
            return found.filter(~pl.int_range(pl.len()).is_in(lost))
    except Exception as error:  # whatever a damaged file makes of the decoder: the other files are read all the same
        kind = error.strerror if isinstance(error, DamagedParquet) else type(error).__name__
        problems.add(f"{part.parent.name}/{part.name}", None, f"no readable Parquet: {kind}")
        return None


def points_in_part(part: Path) -> int:
    """How many points a part holds, by its footer; 0 for a damaged one."""
    import polars as pl

    try:
        with decoding():
            return int(pl.scan_parquet(part, hive_partitioning=False).select(pl.len()).collect().item())
    except Exception:  # whatever a damaged file makes of the decoder: whoever reads it says so
        return 0


def rows_of_part(frame: polars.DataFrame) -> Iterator[list[Found]]:
    """The rows of a part, put together again from its points, a thousand or so at a time."""
    batch: list[Found] = []
    for timestamp, step, name, value, text in frame.iter_rows():
        if value is None and text is None:
            continue
        found = value if text is None else reference(text)
        # A metric that stands twice at one step and moment takes two rows.
        if batch and batch[-1][0] == timestamp and batch[-1][1] == step and name not in batch[-1][2]:
            batch[-1][2][name] = found
            continue
        if len(batch) >= 1000:
            yield batch
            batch = []
        batch.append((timestamp, step, {name: found}))
    if batch:
        yield batch


def reference(text: str) -> Any:
    """A text as it was logged: itself, or the media reference that it stands for; None for a reference that is damaged."""
    if not text.startswith(REFERENCE_MARK):
        return text
    import orjson

    try:
        found = orjson.loads(text[len(REFERENCE_MARK) :])
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None
