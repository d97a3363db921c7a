"""What stands in a text column of a history: a text as it was logged, or a list, a media reference or a number as marked JSON.

A column of a data frame has one kind. So a metric that is a number at some steps and a text at others is a column of texts, and a
mark tells its numbers, lists and references from texts that look like them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aspara.storage.parquet_archive import REFERENCE_MARK as MARK
from aspara.util.json_safe import NONFINITE, nonfinite_name

if TYPE_CHECKING:
    import polars


def encoded(value: Any) -> str:
    """A value as a text column holds it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{MARK}{value!r}" if value - value == 0 else f'{MARK}"{nonfinite_name(value)}"'
    import orjson

    return MARK + orjson.dumps(value).decode()


def decoded(value: Any) -> Any:
    """The value that was logged."""
    if not isinstance(value, str) or not value.startswith(MARK):
        return value
    import orjson

    found = orjson.loads(value[len(MARK) :])
    return NONFINITE.get(found, found) if isinstance(found, str) else found


def logged_rows(block: polars.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a block with the values that were logged, without those that were not."""
    for row in block.iter_rows(named=True):
        yield {name: decoded(value) for name, value in row.items() if value is not None}


def with_plain_texts(block: polars.DataFrame) -> polars.DataFrame:
    """The block with lists, references and numbers in its text columns as plain JSON text."""
    import polars as pl

    return block.with_columns(pl.col(pl.String).str.strip_prefix(MARK))
