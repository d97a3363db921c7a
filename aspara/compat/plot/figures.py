"""How each chart is drawn: from the columns of a table to a Plotly figure, as a dict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Columns = Mapping[str, Sequence[Any]]
Texts = Mapping[str, Any]
Figure = dict[str, Any]

_MOST_POINTS = 20_000


def bar(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """Horizontal bars, the first one at the top."""
    labels, values = columns[fields["label"]], columns[fields["value"]]
    trace = {"type": "bar", "orientation": "h", "y": [str(label) for label in labels], "x": _plain(values)}
    return _figure([trace], texts, fields["value"], fields["label"], {"yaxis": {"autorange": "reversed"}})


def histogram(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """How values are distributed."""
    return _figure([{"type": "histogram", "x": _plain(columns[fields["value"]])}], texts, fields["value"], "count")


def line(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """One line, or one for each value of the column `stroke`."""
    return _lines(columns, fields["x"], fields["y"], fields.get("stroke"), texts, fields["x"], fields["y"])


def line_series(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """Lines by their keys."""
    return _lines(
        columns, fields["step"], fields["lineVal"], fields["lineKey"], texts, str(texts.get("xname") or "x"), ""
    )


def area_under_curve(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """A curve for each class."""
    found = _lines(columns, fields["x"], fields["y"], fields["class"], texts, "", "")
    for axis, name in (("xaxis", "x-axis-title"), ("yaxis", "y-axis-title")):
        found["layout"][axis] = {"title": {"text": str(texts.get(name) or "")}, "range": [-0.02, 1.02]}
    return found


def scatter(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """Points."""
    x, y = _thinned([_plain(columns[fields["x"]]), _plain(columns[fields["y"]])])
    return _figure([{"type": "scatter", "mode": "markers", "x": x, "y": y}], texts, fields["x"], fields["y"])


def grouped_bars(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """Bars side by side, one for each value of the column `group`."""
    return _figure(_grouped(columns, fields, {"type": "bar"}), texts, fields["label"], fields["value"])


def grouped_points(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """Points, in a colour for each value of the column `group`."""
    named = {"label": fields["x"], "value": fields["y"], "group": fields["group"]}
    traces = _grouped(columns, named, {"type": "scatter", "mode": "markers"})
    return _figure(traces, texts, fields["x"], fields["y"])


def confusion_matrix(columns: Columns, fields: Mapping[str, Any], texts: Texts) -> Figure:
    """How often which class was taken for which."""
    actual, predicted = columns[fields["Actual"]], columns[fields["Predicted"]]
    counts = _plain(columns[fields["nPredictions"]])
    names = list(dict.fromkeys([*map(str, actual), *map(str, predicted)]))
    place = {name: position for position, name in enumerate(names)}
    matrix: list[list[Any]] = [[0] * len(names) for _ in names]
    for a, p, count in zip(actual, predicted, counts, strict=True):
        matrix[place[str(a)]][place[str(p)]] = count
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": matrix,
        "colorscale": "Blues",
        "texttemplate": "%{z}",
        "hovertemplate": "actual %{y}<br>predicted %{x}<br>%{z}<extra></extra>",
    }
    # Classes are named by numbers too, which are no quantities.
    axes = {"xaxis": {"type": "category"}, "yaxis": {"type": "category", "autorange": "reversed"}}
    return _figure([trace], texts, "Predicted", "Actual", axes)


DRAWN: Mapping[str, Callable[[Columns, Mapping[str, Any], Texts], Figure]] = {
    "wandb/bar/v0": bar,
    "wandb/histogram/v0": histogram,
    "wandb/line/v0": line,
    "wandb/lineseries/v0": line_series,
    "wandb/scatter/v0": scatter,
    "wandb/area-under-curve/v0": area_under_curve,
    "wandb/confusion_matrix/v1": confusion_matrix,
    "aspara/grouped_bars": grouped_bars,
    "aspara/grouped_points": grouped_points,
}
"""The charts by wandb's names of them."""


def _grouped(columns: Columns, fields: Mapping[str, Any], trace: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    rows = zip(
        columns[fields["group"]], _plain(columns[fields["label"]]), _plain(columns[fields["value"]]), strict=True
    )
    for name, label, value in rows:
        found = groups.setdefault(str(name), {**trace, "name": str(name), "x": [], "y": []})
        found["x"].append(label)
        found["y"].append(value)
    return list(groups.values())


def _lines(columns: Columns, x: str, y: str, group: str | None, texts: Texts, x_title: str, y_title: str) -> Figure:
    xs, ys = _plain(columns[x]), _plain(columns[y])
    lines: dict[str, tuple[list[Any], list[Any]]] = {}
    for at, value, name in zip(xs, ys, columns[group] if group is not None else [""] * len(xs), strict=True):
        line_x, line_y = lines.setdefault(str(name), ([], []))
        line_x.append(at)
        line_y.append(value)
    traces = []
    for name, points in lines.items():
        line_x, line_y = _thinned(list(points))
        traces.append({"type": "scatter", "mode": "lines", "name": name, "x": line_x, "y": line_y})
    return _figure(traces, texts, x_title, y_title, {"showlegend": group is not None})


def _figure(
    traces: list[dict[str, Any]], texts: Texts, x_title: str, y_title: str, more: Mapping[str, Any] | None = None
) -> Figure:
    layout: dict[str, Any] = {"title": {"text": str(texts.get("title") or "")}}
    for axis, title in (("xaxis", x_title), ("yaxis", y_title)):
        layout[axis] = {"title": {"text": str(title)}}
    for key, value in (more or {}).items():
        layout[key] = {**layout[key], **value} if isinstance(layout.get(key), dict) else value
    return {"data": traces, "layout": layout}


def _plain(values: Sequence[Any]) -> list[Any]:
    """Numpy's numbers as Python's."""
    return [value.item() if hasattr(value, "item") else value for value in values]


def _thinned(columns: list[list[Any]]) -> list[list[Any]]:
    """Evenly chosen rows, of more than a browser draws with ease."""
    count = len(columns[0])
    if count <= _MOST_POINTS:
        return columns
    kept = [round(i * (count - 1) / (_MOST_POINTS - 1)) for i in range(_MOST_POINTS)]
    return [[column[i] for i in kept] for column in columns]
