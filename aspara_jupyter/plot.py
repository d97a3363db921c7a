"""Runs as a plotly figure: what ``run.plot()`` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aspara.catalog.series.query import METRIC, RELATIVE, STEP, TIME, Series, SeriesQuery
from aspara.errors import UsageError
from aspara.palette import run_color
from aspara_jupyter.formatting import escaped
from aspara_jupyter.run_selection import SelectedRun, chosen, colors, points_of, shown_names

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def plot(
    runs: Any,
    metrics: Sequence[str],
    *,
    x: str = "step",
    smoothing: float = 0.0,
    points: int = 1000,
) -> Any:
    """A ``plotly.graph_objects.Figure`` of the metrics (names or globs) of the runs (see :func:`chosen`), in one picture.

    One run's metrics differ in colour; several runs have the colours they have everywhere, and their metrics differ in
    dashes. Extremes are kept in `points` points a line. See :meth:`aspara.Run.plot` for the arguments and errors.
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise UsageError('plot() draws with plotly, which is not installed: pip install "aspara[jupyter]".') from None
    if not isinstance(smoothing, int | float) or not 0 <= smoothing <= 1:
        raise UsageError(f"smoothing={smoothing!r}: give a weight from 0 (none) to 1.")
    if not isinstance(points, int) or points < 1:
        raise UsageError(f"points={points!r}: give how many points a line has at most, 1 or more.")
    members = chosen(runs).runs
    found = _asked(members, metrics, x, points, float(smoothing))
    infos = {run.key: run.look() for run in members}
    slots = dict(zip(infos, colors(infos.values()), strict=True))
    names = dict(zip(infos, shown_names(infos.values()), strict=True))
    several = len(infos) > 1
    figure = go.Figure()
    for place, (metric, by_run) in enumerate(found.items()):
        for key, series in by_run.items():
            name = escaped(
                f"{names[key]} · {metric}" if several and len(found) > 1 else names[key] if several else metric
            )
            color = run_color(slots[key] if several or len(found) == 1 else place)
            line = {"color": color, "width": 1.8, "dash": _DASHES[place % len(_DASHES)] if several else "solid"}
            across = _across(series, x)
            group = f"{key} {metric}"
            look = {"x": across, "name": name, "legendgroup": group, "mode": "lines" if len(across) > 1 else "markers"}
            if smoothing:
                figure.add_scatter(y=series.values, **look, line=line, opacity=0.3, showlegend=False, hoverinfo="skip")
                over = series.smoothed or series
                figure.add_scatter(y=over.values, **{**look, "x": _across(over, x)}, line=line)
            else:
                figure.add_scatter(y=series.values, **look, line=line)
    only = next(iter(found)) if len(found) == 1 else None
    subject = infos[members[0].key].name if not several else f"{len(infos)} runs"
    figure.update_layout(
        title={"text": escaped(subject), "font": {"size": 15}},
        xaxis_title=escaped({STEP: "step", TIME: None, RELATIVE: "seconds"}.get(x, x) or ""),
        yaxis_title=escaped(only or ""),
        template="plotly_white",
        hovermode="x unified",
        showlegend=len(figure.data) > (2 if smoothing else 1),
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
    )
    return figure


def _asked(
    members: Sequence[SelectedRun], metrics: Sequence[str], x: str, points: int, smoothing: float
) -> dict[str, dict[str, Series]]:
    if not members:
        raise UsageError("There is no run to plot.")
    for metric in metrics:
        if not isinstance(metric, str):
            raise UsageError(f"plot() takes names of metrics, not {metric!r}.")
    axis = x if x in (STEP, TIME, RELATIVE) else f"{METRIC}{x.removeprefix(METRIC)}"
    there = points_of(members, SeriesQuery(points=1))
    known = ", ".join(list(there)[:20]) or "none so far"
    if not metrics:
        raise UsageError(f"Which metrics shall be drawn? There are {known}.")
    if axis.startswith(METRIC) and axis[len(METRIC) :] not in there:
        raise UsageError(f"x={x!r} is neither step, time or relative nor a metric of these runs. There are {known}.")
    query = SeriesQuery(tuple(metrics), x=axis, points=points, smoothing=smoothing)
    for metric in metrics:
        if not SeriesQuery((metric,)).wanted(there):
            raise UsageError(f"No metric is called {metric!r}. There are {known}.")
    found = points_of(members, query)
    # As they were asked for; what one pattern means, by name.
    order = list(dict.fromkeys(name for metric in metrics for name in SeriesQuery((metric,)).wanted(found)))
    return {name: found[name] for name in order}


def _across(series: Series, x: str) -> Any:
    if x == TIME:
        return series.timestamps.astype("datetime64[ms]")
    return series.steps if series.x is None else series.x
