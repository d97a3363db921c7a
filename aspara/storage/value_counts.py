"""How many values each metric has: what a row file holds, counted against what the archive holds of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aspara.storage.parquet_errors import decoding

TEXT_COLUMN = "metric_text"
"""The column of a part that holds texts and references; a part without any lacks it."""


class ArchiveDiffers(OSError):
    """What was read back from the archive is not what the row file holds; the message says where."""


class ValueCounts:
    """Values per metric: all of them, and which of them are NaN, and which are no numbers."""

    def __init__(self) -> None:
        self._all: Counter[str] = Counter()
        self._nan: Counter[str] = Counter()
        self._texts: Counter[str] = Counter()

    def add(self, metrics: Mapping[str, Any]) -> None:
        """Counts the values of a row."""
        self._all.update(metrics.keys())
        for name, value in metrics.items():
            if value != value:  # noqa: PLR0124  # NaN
                self._nan[name] += 1
            elif type(value) is not float and not isinstance(value, bool | int | float):
                self._texts[name] += 1

    def add_part(self, part: Path) -> None:
        """Counts the points of a Parquet part, read from its file. Raises OSError where it cannot be read."""
        import polars as pl

        with decoding():
            frame = pl.scan_parquet(part, hive_partitioning=False)
            has_text = TEXT_COLUMN in frame.collect_schema()
            number = pl.col("metric_value")
            text = pl.col(TEXT_COLUMN).is_not_null() if has_text else pl.lit(value=False)
            counted = (
                frame.group_by("metric_name")
                .agg(
                    (number.is_not_null() | text).sum().alias("all"),
                    number.is_nan().sum().alias("nan"),
                    text.sum().alias("texts"),
                )
                .collect()
            )
        for name, *counts in counted.iter_rows():
            for counter, count in zip((self._all, self._nan, self._texts), counts, strict=True):
                if count:
                    counter[name] += count

    def difference(self, archived: ValueCounts) -> str | None:
        """A metric of which `archived` holds other than this; None where there is none."""
        for kind, mine, theirs in (
            ("values", self._all, archived._all),
            ("NaN", self._nan, archived._nan),
            ("texts", self._texts, archived._texts),
        ):
            for name in mine.keys() | theirs.keys():
                if mine[name] != theirs[name]:
                    return f"{name!r}: {theirs[name]} {kind} instead of {mine[name]}"
        return None
