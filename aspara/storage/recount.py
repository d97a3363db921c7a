"""A run's statistics out of its files: for a run whose writer died before it could keep them, and after a rewind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.storage import row_codec
from aspara.storage.layout import RunPaths, part_segment
from aspara.storage.metadata import own_summary
from aspara.storage.parquet_archive import REFERENCE_MARK
from aspara.storage.parquet_errors import decoding
from aspara.storage.statistics import Statistics
from aspara.storage.value_counts import TEXT_COLUMN
from aspara.util.json_safe import named

_MOST_RECOUNTED = 32 << 20
"""Bytes of rows that are read at the start of a resumed run."""


def survey(paths: RunPaths) -> Statistics:
    """The statistics of every readable row of the run. Costs a few microseconds a value: not for the training thread."""
    found = Statistics()
    segments = {path.stem for path in paths.segment_files()}
    for part in paths.parts():
        if part_segment(part) not in segments:
            for step, name, value in _points(part):
                found.fold(step, {name: value})
    for path in paths.row_files():
        for step, metrics in _rows(path):
            found.fold(step, metrics)
    return found


def recount(paths: RunPaths, content: dict[str, Any]) -> bool:
    """Makes the statistics in the metadata `content` of a resumed run out of its rows. False where they are too many to be
    counted at its start: then it has none, and readers have them from their index.
    """
    size = sum(path.stat().st_size for path in (*paths.row_files(), *paths.parts()))
    if size > _MOST_RECOUNTED:
        content.pop("metric_summary", None)
        return False
    statistics = survey(paths)
    kept = own_summary(content)
    content["summary_own"] = sorted(kept)
    content["metric_summary"] = statistics.json()
    content["summary"] = named({**statistics.last(), **kept})
    return True


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        count = 0
        for line in file:
            try:
                _, step, metrics, _ = row_codec.decode(line.rstrip(b"\n"))
            except row_codec.Malformed:
                continue
            # The first release kept booleans as they are; every reader takes them for numbers.
            yield count if step is None else step, {k: +v if isinstance(v, bool) else v for k, v in metrics.items()}
            count += 1


def _points(part: Path) -> Iterator[tuple[int, str, Any]]:
    import polars as pl

    try:
        with decoding():
            frame = pl.read_parquet(part, hive_partitioning=False)
            if TEXT_COLUMN not in frame.columns:
                frame = frame.with_columns(pl.lit(None, pl.String).alias(TEXT_COLUMN))
            frame = frame.select("step", "metric_name", "metric_value", TEXT_COLUMN)
    except OSError:
        return  # a damaged part is the reader's to report
    for number, (step, name, value, text) in enumerate(frame.iter_rows()):
        found = value if text is None else {} if text.startswith(REFERENCE_MARK) else text
        if found is not None:
            yield number if step is None else step, name, found
