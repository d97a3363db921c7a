"""Rows of a logged table: a page of them, found, sorted and cut to what a page shows."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from aspara.catalog.expression import Expression
from aspara.errors import UsageError

if TYPE_CHECKING:
    import polars

_MOST_ROWS = 1000
_KEPT = 16 << 20


@dataclass(frozen=True)
class TableQuery:
    """Which rows are wanted: `limit` from `offset` on (a thousand at most), of those that are left.

    ``search`` leaves rows that hold the text in some cell, whatever its case; ``where`` those that meet an expression over the
    columns. ``sort`` is a column, with ``-`` in front for descending; what is missing comes last. Texts of cells are cut after
    ``width`` characters.
    """

    offset: int = 0
    limit: int = 100
    sort: str | None = None
    search: str | None = None
    where: Expression | None = None
    width: int | None = None


@dataclass
class _Parsed:
    columns: list[Any]
    rows: list[Any]
    size: int
    left: tuple[tuple[str | None, ...], list[Any]] | None = None
    """What the last search, filter and order left: the next page of it is asked for next."""


class Tables:
    """Reads logged tables. Those kept as JSON are parsed whole; `most` bytes of the latest ones stay so, larger ones do not."""

    def __init__(self, most: int = _KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, int, int], _Parsed] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, path: Path, query: TableQuery) -> dict[str, Any]:
        """``{"columns", "rows", "offset", "total"}`` of a table in JSON or Parquet; ``total`` counts the rows that are left."""
        columns, rows, total = _of_parquet(path, query) if path.suffix == ".parquet" else self._of_json(path, query)
        shown = [[_plain(cell, query.width) for cell in row] for row in rows]
        return {"columns": columns, "rows": shown, "offset": query.offset, "total": total}

    def _of_json(self, path: Path, query: TableQuery) -> tuple[list[Any], Sequence[Any], int]:
        table = self._parsed(path)
        asked = (query.search, None if query.where is None else query.where.text, query.sort)
        kept = table.left
        rows = kept[1] if kept is not None and kept[0] == asked else _left(table, query)
        table.left = (asked, rows)
        return table.columns, rows[query.offset : query.offset + min(query.limit, _MOST_ROWS)], len(rows)

    def _parsed(self, path: Path) -> _Parsed:
        state = path.stat()
        key = (str(path), state.st_mtime_ns, state.st_size)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        found = _Parsed(*_read(path), state.st_size)
        if found.size <= self._most:
            with self._lock:
                self._kept[key] = found
                while sum(each.size for each in self._kept.values()) > self._most:
                    self._kept.popitem(last=False)
        return found


def _read(path: Path) -> tuple[list[Any], list[Any]]:
    content = path.read_bytes()
    try:
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:  # NaN and Infinity as bare words
            found = json.loads(content)
        return list(found["columns"]), [row for row in found["data"] if isinstance(row, list)]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path.name!r} is no table.") from None


def _left(table: _Parsed, query: TableQuery) -> list[Any]:
    """The rows that search and filter leave, in order."""
    rows = table.rows
    if query.search:
        wanted = query.search.lower()
        rows = [row for row in rows if any(wanted in _text(cell).lower() for cell in row)]
    if query.where is not None:
        meets = _meets(table.columns, query.where)
        rows = [row for row in rows if meets(row)]
    if query.sort is not None:
        place, down = _sorting(table.columns, query.sort)
        keyed = [(_rank(row[place] if place < len(row) else None), row) for row in rows]
        there = sorted((pair for pair in keyed if pair[0] is not None), key=lambda pair: pair[0], reverse=down)  # type: ignore[arg-type, return-value]
        rows = [row for _, row in there] + [row for rank, row in keyed if rank is None]
    return rows


def _of_parquet(path: Path, query: TableQuery) -> tuple[list[Any], Sequence[Any], int]:
    import polars as pl

    frame = pl.scan_parquet(path)
    columns = frame.collect_schema().names()
    if query.search:
        wanted = query.search.lower()
        cells = [pl.col(name).cast(pl.String, strict=False).str.to_lowercase() for name in columns]
        frame = frame.filter(pl.any_horizontal(cell.str.contains(wanted, literal=True) for cell in cells))
    if query.where is not None:
        frame = _met(frame.collect(), _meets(columns, query.where)).lazy()
    total = int(frame.select(pl.len()).collect().item())
    if query.sort is not None:
        place, down = _sorting(columns, query.sort)
        frame = frame.sort(columns[place], descending=down, nulls_last=True, maintain_order=True)
    part = frame.slice(query.offset, min(query.limit, _MOST_ROWS)).collect()
    return columns, part.rows(), total


def _met(frame: polars.DataFrame, meets: Callable[[Sequence[Any]], bool]) -> polars.DataFrame:
    import polars as pl

    return frame.filter(pl.Series([meets(row) for row in frame.iter_rows()], dtype=pl.Boolean))


def _meets(columns: Sequence[Any], where: Expression) -> Callable[[Sequence[Any]], bool]:
    names = [str(name) for name in columns]

    def meets(row: Sequence[Any]) -> bool:
        cells = dict(zip(names, row, strict=False))
        # A column may be called like a field that every run has: both ways lead to it.
        return where.matches({**cells, "config": cells}, 0.0)

    return meets


def _sorting(columns: Sequence[Any], sort: str) -> tuple[int, bool]:
    """(place of the column, whether descending). A column whose own name begins with ``-`` is found too."""
    names = [str(name) for name in columns]
    for name, down in ((sort, False), (sort.removeprefix("-"), True)):
        if name in names:
            return names.index(name), down
    raise UsageError(f"sort={sort[:60]!r}: the table has the columns {', '.join(names[:20])}.")


def _rank(cell: Any) -> tuple[int, Any] | None:
    """Numbers before texts before all else; None for what has no place."""
    if isinstance(cell, bool | int | float):
        return None if cell != cell else (0, cell)  # noqa: PLR0124  only NaN differs from itself
    if isinstance(cell, str):
        return (1, cell)
    return None if cell is None else (2, _text(cell))


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, dict | list):
        return json.dumps(cell)
    return "" if cell is None else str(cell)


def _plain(cell: Any, width: int | None) -> Any:
    if isinstance(cell, str) and width is not None and len(cell) > width:
        return f"{cell[:width]}…"
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float):
        return cell if cell - cell == 0 else str(cell)
    if isinstance(cell, list | dict):
        # References to media are short; anything else is shown as text by who cut it.
        return (
            cell
            if width is None or "_type" in cell or len(json.dumps(cell)) <= width
            else f"{json.dumps(cell)[:width]}…"
        )
    return str(cell)
