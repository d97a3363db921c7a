"""A picture as a Plotly figure: one small chart a metric, numbers in base64, a third of their length as text."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aspara.palette import run_color, run_dash
from aspara_jupyter.formatting import escaped
from aspara_jupyter.point_buffer import Floats, dots, extremes
from aspara_jupyter.static_picture import StaticPicture, column_count

_BYTES = 70_000  # all series together: ten metrics must fit in 150 kB with what surrounds them
# One ink for light and dark pages: nobody knows on which one the picture will lie.
INK, GRID = "#737c8c", "#737c8c33"
_DOT = 5
CONFIG = {"displaylogo": False, "showSendToCloud": False, "plotlyServerURL": "", "responsive": True}


def plotly_figure(picture: StaticPicture) -> dict[str, Any]:
    """The figure as Plotly takes it: data, layout and config."""
    charts = picture.lines
    columns = column_count(len(charts))
    rows = -(-len(charts) // columns)
    points = max(30 if picture.legend else 60, min(600, int(_BYTES / max(1, picture.line_count) / 10.7)))
    foot = 36 if picture.legend else 0
    height = 64 + 190 * rows + foot
    gap_x, gap_y = 0.06, 54 / height
    width, tall = (1 - gap_x * (columns - 1)) / columns, (1 - gap_y * (rows - 1)) / rows
    data: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "title": {
            "text": f"<b>{escaped(picture.head)}</b>  {escaped(picture.facts)}",
            "font": {"size": 13},
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 12},
        },
        "height": height,
        "margin": {"l": 46, "r": 10, "t": 60, "b": 28 + foot},
        "showlegend": bool(picture.legend),
        "hovermode": "x",
        "font": {"size": 11, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "annotations": notes,
    }
    if picture.legend:
        layout["legend"] = {"orientation": "h", "x": 0, "y": -44 / height, "yanchor": "top"}
    told: set[str] = set()
    for i, (name, lines) in enumerate(charts.items()):
        row, column = divmod(i, columns)
        left, top = column * (width + gap_x), 1 - row * (tall + gap_y)
        axis = "" if i == 0 else str(i + 1)
        for line in lines:
            data.append(_trace(name, line.steps, line.values, points, axis, line.color))
            if picture.legend:
                data[-1] |= {"name": escaped(line.name), "legendgroup": line.key, "showlegend": line.key not in told}
                data[-1]["meta"]["run"] = line.key
                data[-1]["hovertemplate"] = "%{y:.5~g}<extra>%{fullData.name}</extra>"
                told.add(line.key)
        look = {"gridcolor": GRID, "zeroline": False, "nticks": 5}
        layout[f"xaxis{axis}"] = {**look, "domain": _domain(left, left + width), "anchor": f"y{axis}"}
        layout[f"yaxis{axis}"] = {**look, "domain": _domain(top - tall, top), "anchor": f"x{axis}"}
        notes.append(
            {
                "text": f"<b>{escaped(name)}</b>" + escaped(picture.title(name).removeprefix(name)),
                "x": round(left, 4),
                "y": round(top, 4),
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11.5},
            }
        )
    return {"data": data, "layout": layout, "config": CONFIG}


def _trace(name: str, steps: Floats, values: Floats, points: int, axis: str, color: int) -> dict[str, Any]:
    kept = extremes(steps, values, points)
    return {
        "type": "scatter",
        **_dots(values[kept]),
        "name": escaped(name),
        "x": _packed(steps[kept]),
        "y": _packed(values[kept]),
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "line": {
            "color": run_color(color),
            "width": 1.6,
            **({"dash": dash} if (dash := run_dash(color)) != "solid" else {}),
        },
        "hovertemplate": "%{y:.5~g}<extra></extra>",
        # The name as it was logged, for whoever draws these numbers again.
        "meta": {"metric": name},
    }


def _dots(values: Floats) -> dict[str, Any]:
    """Dots on the points of a short line, and on those that no line leads to."""
    dotted = dots(values)
    if not dotted.any():
        return {"mode": "lines"}
    size: Any = _DOT if dotted.all() else _array(np.where(dotted, _DOT, 0).astype("<i1"), "i1")
    return {"mode": "lines+markers", "marker": {"size": size}}


def _domain(low: float, high: float) -> list[float]:
    return [round(max(0.0, low), 4), round(min(1.0, high), 4)]


def _packed(values: Floats) -> dict[str, str]:
    """The smallest typed array that shows the same picture."""
    kept: NDArray[Any] = values.astype("<f8")
    finite = values[np.isfinite(values)]
    if len(finite) == len(values) and (values == np.round(values)).all() and np.abs(values).max(initial=0) < 2**31:
        return _array(values.astype("<i4"), "i4")
    if len(finite):
        reach = float(finite.max() - finite.min())
        # Large numbers that differ little, such as times, need all their digits.
        if np.abs(finite).max() < 3e38 and float(np.abs(finite - finite.astype("<f4")).max()) <= reach * 1e-4:
            return _array(values.astype("<f4"), "f4")
    return _array(kept, "f8")


def _array(values: NDArray[Any], dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "bdata": base64.b64encode(values.tobytes()).decode()}
