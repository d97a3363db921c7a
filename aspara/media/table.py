"""Tables; cells may hold other media."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aspara.errors import UsageError
from aspara.media.base import BlobStore, Media, Plain
from aspara.media.figures import converted

_JSON_ROWS = 10_000
_MODES = (None, "IMMUTABLE", "MUTABLE", "INCREMENTAL")


class Table(Media):
    """Rows and columns.

    Kept as JSON, or as Parquet where it has more than ten thousand rows of plain values. A table that was logged may grow
    and be logged again: each time it is kept as it is then.

    Args:
        columns: The names of the columns.
        data: The rows, a list of lists or of dicts, or an array; or a data frame.
        rows: Another word for `data`.
        dataframe: A pandas or polars frame instead of both.
        dtype: Accepted for compatibility.
        optional: Whether cells may be None; or one such answer for each column.
        allow_mixed_types: True: a column may hold values of several kinds.
        log_mode: Accepted for compatibility.
        caption: A line of text below it.

    Raises:
        UsageError: `log_mode` is unknown, `dataframe` is not a data frame, or the names of columns or the data do not fit.

    """

    kind = "table"

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: bool | Sequence[bool] = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
        caption: str | None = None,
    ) -> None:
        del dtype
        if log_mode not in _MODES:
            raise UsageError(f"log_mode={log_mode!r}: choose IMMUTABLE, MUTABLE or INCREMENTAL.")
        self.log_mode = log_mode
        self.caption = None if caption is None else str(caption)
        self.columns: list[Any] = []
        """The columns' names."""
        self.data: list[list[Any]] = []
        """The rows, each a list."""
        self._mixed = allow_mixed_types
        self._optional = optional
        self._kinds: list[str | None] = []
        data = rows if data is None else data
        if dataframe is None and _is_frame(data):
            dataframe, data = data, None
        if dataframe is not None:
            if not _is_frame(dataframe):
                raise UsageError(f"dataframe is a pandas or polars frame, not {type(dataframe).__name__}.")
            names, data = _of_frame(dataframe)
            columns = columns or names
        elif hasattr(data, "tolist"):
            data = data.tolist()
        records = list(data) if data is not None else []
        if records and all(isinstance(row, Mapping) for row in records):
            columns = (
                list(columns) if columns is not None else list(dict.fromkeys(key for row in records for key in row))
            )
            found = [[row.get(name) for name in columns] for row in records]
        else:
            found = [list(row) for row in records]
        if columns is None:
            # As wandb names them where nobody does.
            columns = ["Input", "Output", "Expected"] if not found else [str(i) for i in range(len(found[0]))]
        self.columns = list(columns)
        if not all(isinstance(name, str | int) for name in self.columns):
            raise UsageError("Columns are named by texts.")
        self._kinds = [None] * len(self.columns)
        for row in found:
            self.add_data(*row)

    def add_data(self, *data: Any) -> None:
        """Adds a row: one value for each column. Raises UsageError for a wrong number of them, TypeError for a wrong kind.

        Raises:
            UsageError: The row does not have one value for each column.

        """
        if len(data) != len(self.columns):
            raise UsageError(f"The table has {len(self.columns)} columns; a row of {len(data)} values does not fit.")
        kinds = list(self._kinds)
        for position, value in enumerate(data):
            kinds[position] = self._kind_with(position, value)
        self._kinds = kinds
        self.data.append(list(data))

    def add_row(self, *row: Any) -> None:
        """Another word for :meth:`add_data`."""
        self.add_data(*row)

    def add_column(self, name: str, data: Sequence[Any], optional: bool = True) -> None:
        """Adds a column: one value for each row, or the first column of an empty table.

        Raises:
            UsageError: The column exists already, or does not have one value for each row.

        """
        del optional
        values = data.tolist() if hasattr(data, "tolist") else list(data)
        if name in self.columns:
            raise UsageError(f"The table has a column {name!r} already.")
        if self.data and len(values) != len(self.data):
            raise UsageError(f"The table has {len(self.data)} rows; a column of {len(values)} values does not fit.")
        if not self.data:
            if self.columns:
                raise UsageError("A table without rows takes rows first: add_data().")
            self.data = [[] for _ in values]
        self.columns.append(name)
        self._kinds.append(None)
        for row, value in zip(self.data, values, strict=True):
            self._kinds[-1] = self._kind_with(len(self._kinds) - 1, value)
            row.append(value)

    def add_computed_columns(self, fn: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
        """Adds the columns that ``fn(index, row as a dict)`` returns for each row."""
        found = [fn(index, dict(zip(self.columns, row, strict=True))) for index, row in enumerate(self.data)]
        for name in found[0] if found else ():
            self.add_column(name, [each[name] for each in found])

    def get_column(self, name: str, convert_to: str | None = None) -> Any:
        """The values of a column, as a list, or with ``convert_to="numpy"`` as an array.

        Raises:
            UsageError: There is no such column.

        """
        if name not in self.columns:
            raise UsageError(f"The table has no column {name!r}; it has {', '.join(map(str, self.columns))}.")
        position = self.columns.index(name)
        values = [row[position] for row in self.data]
        if convert_to == "numpy":
            import numpy as np

            return np.array(values)
        return values

    def get_dataframe(self) -> Any:
        """The table as a pandas frame; needs pandas.

        Raises:
            UsageError: pandas is not installed.

        """
        try:
            import pandas as pd
        except ImportError:
            raise UsageError("get_dataframe() gives pandas, which is not installed: pip install pandas.") from None
        return pd.DataFrame(self.data, columns=self.columns)

    def get_index(self) -> list[int]:
        """The numbers of the rows."""
        return list(range(len(self.data)))

    def iterrows(self) -> Iterator[tuple[int, list[Any]]]:
        """(number, row) pairs."""
        yield from enumerate(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.columns == other.columns and self.data == other.data

    __hash__ = None  # type: ignore[assignment]

    # -- storing ------------------------------------------------------------------------------------------------------

    def frozen(self, plain: Plain) -> Media:
        """The rows as they are now: media stay, everything else becomes what JSON can say."""
        taken = Table.__new__(Table)
        taken.caption = self.caption
        taken.columns = _distinct([_encodable(str(name)) for name in self.columns])
        taken.data = []
        simple = (bool, int, str)
        for row in self.data:
            cells = []
            for value in row:
                if value is None or type(value) in simple:
                    cells.append(_encodable(value) if type(value) is str else value)
                    continue
                found = converted(value, plain, _table_of) if not isinstance(value, float | list | dict) else None
                cells.append(found if found is not None else plain(value))
            taken.data.append(cells)
        return taken

    def held(self) -> int:
        inner = sum(cell.held() for row in self.data for cell in row if isinstance(cell, Media))
        return inner + 60 * len(self.data) * max(1, len(self.columns))

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        facts = {"columns": self.columns, "rows": len(self.data)}
        has_media = any(isinstance(cell, Media) for row in self.data for cell in row)
        if len(self.data) > _JSON_ROWS and not has_media:
            content = _parquet(self.columns, self.data)
            if content is not None:
                return self._described(**shelf.keep(content, "parquet"), **facts, format="parquet")
        data = [[cell.stored(shelf) if isinstance(cell, Media) else cell for cell in row] for row in self.data]
        content = json.dumps({"columns": self.columns, "data": data}, separators=(",", ":")).encode()
        return self._described(**shelf.keep(content, "json"), **facts, format="json")

    # -- kinds of columns ---------------------------------------------------------------------------------------------

    def _kind_with(self, position: int, value: Any) -> str | None:
        """The kind of a column with `value` in it; raises TypeError where that is another one."""
        known = self._kinds[position]
        if self._mixed:
            return known
        if value is None:
            allowed = self._optional if isinstance(self._optional, bool) else self._optional[position]
            if not allowed:
                raise TypeError(f"The column {self.columns[position]!r} takes no None; make it optional.")
            return known
        kind = _kind(value)
        if known is not None and kind != known:
            raise TypeError(
                f"The column {self.columns[position]!r} holds {known}s, so a {kind} ({str(value)[:40]!r}) does not fit. "
                "Use allow_mixed_types=True to have both."
            )
        return kind


def _kind(value: Any) -> str:
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Media):
        return value.kind
    if hasattr(value, "dtype") and getattr(value, "shape", None) == ():
        return "text" if getattr(value.dtype, "kind", "") in "US" else "number"
    return type(value).__name__


def _encodable(text: str) -> str:
    """`text` with half surrogate pairs, which no file can keep, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _distinct(names: list[str]) -> list[str]:
    """Column names with ``.1``, ``.2`` ... behind those that stand there already, as pandas has them."""
    seen: set[str] = set()
    for position, name in enumerate(names):
        number, distinct = 0, name
        while distinct in seen or (number and distinct in names):
            number += 1
            distinct = f"{name}.{number}"
        seen.add(distinct)
        names[position] = distinct
    return names


def _is_frame(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in ("pandas", "polars") and hasattr(value, "columns")


def _of_frame(frame: Any) -> tuple[list[Any], list[list[Any]]]:
    names = [str(name) for name in frame.columns]
    if type(frame).__module__.startswith("polars"):
        return names, [list(row) for row in frame.rows()]
    if type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None:
        frame = frame.rename_axis(
            index=[name or f"index{f'_{n}' if n else ''}" for n, name in enumerate(frame.index.names)]
        )
        index = frame.index.to_frame(index=False)
        index.index = frame.index
        names = [*map(str, index.columns), *names]
        frame = _side_by_side(index, frame)
    missing = frame.isna().to_numpy()
    rows = frame.to_numpy(dtype=object).tolist()
    return names, [
        [None if gone else cell for cell, gone in zip(row, holes, strict=True)]
        for row, holes in zip(rows, missing, strict=True)
    ]


def _side_by_side(index: Any, frame: Any) -> Any:
    """Two frames of the same rows side by side, whatever their columns are named."""
    import pandas as pd

    return pd.concat([index, frame], axis=1)


def _parquet(columns: list[Any], data: list[list[Any]]) -> bytes | None:
    """The table as Parquet; None where a column's values have no common type."""
    import polars as pl

    if len(set(columns)) != len(columns):
        return None
    try:
        frame = pl.DataFrame(data, schema=list(columns), orient="row", infer_schema_length=None)
    except (TypeError, pl.exceptions.PolarsError):
        return None
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def _table_of(frame: Any) -> Table:
    return Table(dataframe=frame, allow_mixed_types=True)
