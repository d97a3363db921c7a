"""Several runs for Python, in order: what :class:`aspara.Api` finds, as a sequence, a table and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from aspara import display_hooks
from aspara.api import table_view
from aspara.api.base_run import as_pandas
from aspara.api.run import ApiRun
from aspara.errors import UsageError
from aspara.util.nested import flattened

if TYPE_CHECKING:
    import polars


class ApiRuns(Sequence["ApiRun"]):
    """Runs in order; ``frame()`` gives them as one table, and a notebook shows them as one that can be sorted."""

    def __init__(self, runs: Sequence[ApiRun]) -> None:
        self._runs = list(runs)

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> ApiRun: ...
    @overload
    def __getitem__(self, index: slice) -> ApiRuns: ...
    def __getitem__(self, index: int | slice) -> ApiRun | ApiRuns:
        return ApiRuns(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def __repr__(self) -> str:
        return f"<{len(self)} run{'s' * (len(self) != 1)}: {', '.join(run.name for run in self._runs[:5])}{', …' if len(self) > 5 else ''}>"

    def plot(self, *metrics: str, x: str = "step", smoothing: float = 0.0, points: int = 1000) -> Any:
        """A plotly figure that compares the runs in one or several metrics; see :meth:`ApiRun.plot`."""
        return display_hooks.drawn(self._runs, metrics, x=x, smoothing=smoothing, points=points)

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        records = [run._record() for run in self._runs[: table_view.MOST_ROWS]]
        names = {run.project for run in self._runs}
        found = table_view.runs(records, names.pop() if len(names) == 1 else "", len(self))
        return display_hooks.bundle("table", found) or found.bundle()

    @overload
    def frame(self, format: Literal["polars"] = "polars") -> polars.DataFrame: ...
    @overload
    def frame(self, format: Literal["pandas"]) -> Any: ...
    def frame(self, format: Literal["polars", "pandas"] = "polars") -> Any:  # noqa: A002  the word users know
        """One row for each run: its own fields, then ``config.*`` and ``summary.*``, nested values flattened to ``a.b``.

        ``format="pandas"`` needs pandas installed.

        Raises:
            UsageError: `format` is neither polars nor pandas.

        """
        if format not in ("polars", "pandas"):
            raise UsageError(f"format={format!r}: choose polars or pandas.")
        found = self._table()
        return found if format == "polars" else as_pandas(found, "frame(format='pandas')")

    def _table(self) -> polars.DataFrame:
        import polars as pl

        rows = []
        for run in self._runs:
            item = run._record()
            row: dict[str, Any] = {
                key: item[key] for key in ("run", "id", "name", "state", "group", "job_type", "last_step")
            }
            row["tags"] = run.tags
            row["created_at"] = run.created_at
            for part in ("config", "summary"):
                row.update(flattened(item[part], f"{part}."))
            rows.append(row)
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pl.DataFrame({name: _series(name, [row.get(name) for row in rows]) for name in names})


def _series(name: str, values: list[Any]) -> polars.Series:
    """A column of whatever the runs hold: of one kind where it can be, else of texts."""
    import polars as pl

    there = {type(value) for value in values if value is not None}
    if there <= {int, float} and float in there:
        values = [None if value is None else float(value) for value in values]
    elif len(there) > 1 or there & {dict} or (there == {list} and name != "tags"):
        values = [None if value is None else str(value) for value in values]
    if name == "tags":
        return pl.Series(name, values, dtype=pl.List(pl.String))
    return pl.Series(name, values, strict=False)
