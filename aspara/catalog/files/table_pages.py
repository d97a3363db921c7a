"""Rows of a logged table: a page of them, found, sorted and cut to what a page shows."""

from __future__ import annotations

import json
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.catalog.files.json_table import JsonTable, no_table, open_table
from aspara.catalog.filters.expression import Expression
from aspara.errors import UsageError
from aspara.storage.parquet_errors import DamagedParquet, decoding
from aspara.util.json_safe import presentable

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
class _Known:
    table: JsonTable
    left: tuple[tuple[str | None, ...], Sequence[int]] | None = None
    """What the last search, filter and order left, as numbers of rows: the next page of it is asked for next."""

    @property
    def size(self) -> int:
        return self.table.size + (0 if self.left is None else 8 * len(self.left[1]))


class TablePages:
    """Reads logged tables. Of those kept as JSON it remembers where the rows of the latest ones lie, `most` bytes of that."""

    def __init__(self, most: int = _KEPT) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, int, int], _Known] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, path: Path, query: TableQuery) -> dict[str, Any]:
        """``{"columns", "rows", "offset", "total"}`` of a table in JSON or Parquet; ``total`` counts the rows that are left."""
        if path.suffix != ".parquet":
            columns, rows, total = self._of_json(path, query)
        else:
            try:
                with decoding():
                    columns, rows, total = _of_parquet(path, query)
            except DamagedParquet:
                raise no_table(path) from None
        shown = [[_plain(cell, query.width) for cell in row] for row in rows]
        return {"columns": presentable(columns), "rows": shown, "offset": query.offset, "total": total}

    def _of_json(self, path: Path, query: TableQuery) -> tuple[list[Any], Iterable[Any], int]:
        known = self._opened(path)
        asked = (query.search, None if query.where is None else query.where.text, query.sort)
        kept = known.left
        numbers = kept[1] if kept is not None and kept[0] == asked else _left(known.table, query)
        known.left = (asked, numbers)
        page = numbers[query.offset : query.offset + min(query.limit, _MOST_ROWS)]
        return known.table.columns, known.table.some(page), len(numbers)

    def _opened(self, path: Path) -> _Known:
        state = path.stat()
        key = (str(path), state.st_mtime_ns, state.st_size)
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        found = _Known(open_table(path))
        with self._lock:
            self._known[key] = found
            while len(self._known) > 1 and sum(each.size for each in self._known.values()) > self._most:
                self._known.popitem(last=False)
        return found


def _left(table: JsonTable, query: TableQuery) -> Sequence[int]:
    """The numbers of the rows that search and filter leave, in order."""
    if not query.search and query.where is None and query.sort is None:
        return range(len(table))
    wanted = query.search.lower() if query.search else None
    meets = None if query.where is None else _meets(table.columns, query.where)
    place, down = (None, False) if query.sort is None else _sorting(table.columns, query.sort)
    left = array("q")
    ranks: list[tuple[int, Any] | None] = []
    for first, rows in table.blocks():
        for number, row in enumerate(rows, first):
            if wanted is not None and not any(wanted in _text(cell).lower() for cell in row):
                continue
            if meets is not None and not meets(row):
                continue
            left.append(number)
            if place is not None:
                ranks.append(_rank(row[place] if place < len(row) else None))
    if place is None:
        return left
    there = [at for at, rank in enumerate(ranks) if rank is not None]
    there.sort(key=ranks.__getitem__, reverse=down)  # type: ignore[arg-type]
    missing = (at for at, rank in enumerate(ranks) if rank is None)
    return array("q", (left[at] for at in chain(there, missing)))


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
    if isinstance(cell, float):
        return cell if cell - cell == 0 else str(cell)
    # A file may hold what no answer can: halves of surrogate pairs, integers without end, depth.
    cell = presentable(cell)
    if isinstance(cell, str) and width is not None and len(cell) > width:
        return f"{cell[:width]}…"
    if cell is None or isinstance(cell, bool | int | float | str):
        return cell
    if isinstance(cell, list | dict):
        # References to media are short; anything else is shown as text by who cut it.
        return (
            cell
            if width is None or "_type" in cell or len(json.dumps(cell)) <= width
            else f"{json.dumps(cell)[:width]}…"
        )
    return str(cell)
