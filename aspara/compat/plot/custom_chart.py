"""A chart of a table: what is drawn, and of which columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aspara.compat.plot.figures import DRAWN
from aspara.errors import UsageError, WrongType
from aspara.media.base import BlobStore, Media, Plain
from aspara.media.plotly import Plotly
from aspara.media.table import Table
from aspara.util.messages import say_once


@dataclass
class CustomChartSpec:
    """Which chart (`spec_name`), of which columns (`fields`), with which texts (`string_fields`)."""

    spec_name: str
    fields: dict[str, Any]
    string_fields: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    panel_type: str = "Vega2"
    split_table: bool = False


class CustomChart(Media):
    """A table and the chart that is drawn of it. Logged, it is kept as a Plotly figure; a chart that only wandb's service
    knows is kept as its table.
    """

    kind = "plotly"

    def __init__(self, table: Table, spec: CustomChartSpec) -> None:
        self.table = table
        self.spec = spec

    def frozen(self, plain: Plain) -> Media:
        draw = DRAWN.get(self.spec.spec_name)
        if draw is None:
            say_once(f"The chart {self.spec.spec_name!r} is drawn by wandb's service only; its table is kept.")
            return self.table.frozen(plain)
        columns = {name: self.table.get_column(name) for name in self.table.columns}
        return Plotly(draw(columns, self.spec.fields, self.spec.string_fields))

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        # Inside of a list or a table, where nobody asked for a frozen one.
        from aspara.recording.log.conversion import to_json

        return self.frozen(to_json).stored(shelf)


class Visualize(CustomChart):
    """wandb's older kind of chart, named by its id."""


def visualize(id: str, value: Table) -> Visualize:  # noqa: A002  wandb's argument
    """A chart that wandb's service knows by its id; its table is kept."""
    return Visualize(table_of(value), CustomChartSpec(id, {}))


def table_of(value: Any) -> Table:
    """A table, or a data frame as one; raises UsageError for anything else."""
    if isinstance(value, Table):
        return value
    if hasattr(value, "columns"):
        return Table(dataframe=value)
    raise WrongType(f"A chart is drawn of a Table, not of {type(value).__name__}.")


def chart(name: str, table: Any, fields: Mapping[str, Any], texts: Mapping[str, Any], split: bool) -> CustomChart:
    """A chart of columns that the table has; raises UsageError naming those that it has not."""
    found = table_of(table)
    for column in fields.values():
        if column is not None and column not in found.columns:
            raise UsageError(f"The table has no column {column!r}; it has {', '.join(map(str, found.columns))}.")
    return CustomChart(found, CustomChartSpec(name, dict(fields), dict(texts), split_table=split))
