"""Charts of the columns of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aspara.compat.plot.custom_chart import CustomChart, chart
from aspara.errors import UsageError
from aspara.media.table import Table


def bar(table: Table, label: str, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """Bars: the column `value`, named by the column `label`."""
    return chart("wandb/bar/v0", table, {"label": label, "value": value}, {"title": title}, split_table)


def histogram(table: Table, value: str, title: str = "", split_table: bool = False) -> CustomChart:
    """The distribution of the column `value`."""
    return chart("wandb/histogram/v0", table, {"value": value}, {"title": title}, split_table)


def line(
    table: Table, x: str, y: str, stroke: str | None = None, title: str = "", split_table: bool = False
) -> CustomChart:
    """A line of the column `y` over `x`, or one for each value of the column `stroke`."""
    return chart("wandb/line/v0", table, {"x": x, "y": y, "stroke": stroke}, {"title": title}, split_table)


def scatter(table: Table, x: str, y: str, title: str = "", split_table: bool = False) -> CustomChart:
    """Points at the columns `x` and `y`."""
    return chart("wandb/scatter/v0", table, {"x": x, "y": y}, {"title": title}, split_table)


def line_series(
    xs: Iterable[Any],
    ys: Iterable[Iterable[Any]],
    keys: Iterable[str] | None = None,
    title: str = "",
    xname: str = "x",
    split_table: bool = False,
) -> CustomChart:
    """Several lines.

    Args:
        xs: The x values: of all lines, or a list for each.
        ys: The y values, a list for each line.
        keys: The lines' names; by default ``line_0``, ``line_1``, …
        title: The title.
        xname: The name of the x axis.
        split_table: Accepted for wandb's sake.

    """
    lines = [list(y) for y in ys]
    shared = list(xs)
    nested = bool(shared) and _is_list(shared[0])
    positions = [list(x) for x in shared] if nested else [shared] * len(lines)
    names = [f"line_{i}" for i in range(len(lines))] if keys is None else [str(key) for key in keys]
    if not len(positions) == len(lines) == len(names):
        raise UsageError(
            f"{len(lines)} lines need as many keys and, if xs is a list of lists, as many of them; "
            f"there are {len(names)} keys and {len(positions)} lists."
        )
    rows = [
        [at, name, value]
        for x, y, name in zip(positions, lines, names, strict=True)
        for at, value in zip(x, y, strict=False)
    ]
    table = Table(columns=["step", "lineKey", "lineVal"], data=rows, allow_mixed_types=True)
    fields = {"step": "step", "lineKey": "lineKey", "lineVal": "lineVal"}
    return chart("wandb/lineseries/v0", table, fields, {"title": title, "xname": xname}, split_table)


def plot_table(
    vega_spec_name: str,
    data_table: Table,
    fields: dict[str, Any],
    string_fields: dict[str, Any] | None = None,
    split_table: bool = False,
) -> CustomChart:
    """A chart by wandb's name of it, such as ``wandb/bar/v0``. One that only its service knows is kept as its table."""
    return chart(vega_spec_name, data_table, fields, string_fields or {}, split_table)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | range) or (hasattr(value, "shape") and value.shape != ())
