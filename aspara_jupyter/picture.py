"""The picture that stays: a run as a Plotly figure, as SVG and as text, for a notebook that nobody runs."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aspara.palette import run_color
from aspara_jupyter.feed import Columns
from aspara_jupyter.points import Floats, extremes

MOST = 48
"""Metrics that a picture shows at most; the others are named by their number."""

_PLOTLY_BYTES, _SVG_BYTES = (
    70_000,
    45_000,
)  # all series together: ten metrics must fit in 150 kB with what surrounds them
_CELL = 168
_HEAD = 40
# One ink for light and dark pages: nobody knows on which one the picture will lie.
_INK, _GRID = "#737c8c", "#737c8c33"
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_MONO = "ui-monospace,Menlo,Consolas,monospace"
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Subject:
    """What a picture's head says of its run."""

    name: str
    project: str
    status: str
    color: int
    steps: int
    seconds: float

    @property
    def facts(self) -> str:
        """One line: project, status, steps, time."""
        steps = f"{self.steps:,}".replace(",", "\u202f")
        return (
            f"{self.project} · {self.status} · {steps} step{'' if self.steps == 1 else 's'} · {_duration(self.seconds)}"
        )


def bundle(subject: Subject, series: Mapping[str, Columns]) -> dict[str, Any]:
    """The MIME bundle of a run's series (timestamps, steps, values): Plotly, SVG, text."""
    names = ordered(name for name, (_, _, values) in series.items() if len(values))
    chosen = {name: series[name] for name in names[:MOST]}
    if not chosen:
        return {"text/plain": text(subject, {}, 0)}
    more = len(names) - len(chosen)
    return {
        "application/vnd.plotly.v1+json": plotly_figure(subject, chosen),
        "image/svg+xml": svg(subject, chosen, more),
        "text/plain": text(subject, chosen, more),
    }


def ordered(names: Iterable[str]) -> list[str]:
    """Metric names as the charts stand: without a prefix first, then by section, ``system`` last."""

    def place(name: str) -> tuple[int, str, str]:
        section, slash, _ = name.partition("/")
        return (0 if not slash else 2 if section == "system" else 1, section if slash else "", name)

    return sorted(names, key=place)


# -- Plotly ------------------------------------------------------------------------------------------------------------


def plotly_figure(subject: Subject, series: Mapping[str, Columns]) -> dict[str, Any]:
    """A Plotly figure with one small chart a metric; numbers in base64, a third of their length as text."""
    columns = _columns(len(series))
    rows = -(-len(series) // columns)
    points = max(60, min(600, int(_PLOTLY_BYTES / len(series) / 10.7)))
    height = 64 + 190 * rows
    gap_x, gap_y = 0.06, 54 / height
    width, tall = (1 - gap_x * (columns - 1)) / columns, (1 - gap_y * (rows - 1)) / rows
    data: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "title": {
            "text": f"<b>{_escaped(subject.name)}</b>  {_escaped(subject.facts)}",
            "font": {"size": 13},
            "x": 0,
            "xref": "paper",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 12},
        },
        "height": height,
        "margin": {"l": 46, "r": 10, "t": 60, "b": 28},
        "showlegend": False,
        "hovermode": "x",
        "font": {"size": 11, "color": _INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "annotations": notes,
    }
    for i, (name, (_, steps, values)) in enumerate(series.items()):
        row, column = divmod(i, columns)
        left, top = column * (width + gap_x), 1 - row * (tall + gap_y)
        axis = "" if i == 0 else str(i + 1)
        kept = extremes(steps, values, points)
        data.append(
            {
                "type": "scatter",
                "mode": "lines" if len(kept) > 1 else "markers",
                "name": _escaped(name),
                "x": _packed(steps[kept]),
                "y": _packed(values[kept]),
                "xaxis": f"x{axis}",
                "yaxis": f"y{axis}",
                "line": {"color": run_color(subject.color), "width": 1.6},
                "hovertemplate": "%{y:.5~g}<extra></extra>",
                # The name as it was logged, for whoever draws these numbers again.
                "meta": {"metric": name},
            }
        )
        look = {"gridcolor": _GRID, "zeroline": False, "nticks": 5}
        layout[f"xaxis{axis}"] = {**look, "domain": _domain(left, left + width), "anchor": f"y{axis}"}
        layout[f"yaxis{axis}"] = {**look, "domain": _domain(top - tall, top), "anchor": f"x{axis}"}
        notes.append(
            {
                "text": f"<b>{_escaped(name)}</b>",
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
    config = {"displaylogo": False, "showSendToCloud": False, "plotlyServerURL": "", "responsive": True}
    return {"data": data, "layout": layout, "config": config}


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


def _escaped(text: str) -> str:
    # Plotly reads some markup in texts; an entity shows the character itself.
    return html.escape(text, quote=False)


# -- SVG ---------------------------------------------------------------------------------------------------------------


def svg(subject: Subject, series: Mapping[str, Columns], more: int = 0) -> str:
    """The same as one SVG, made here; every name is escaped."""
    columns = _columns(len(series))
    cell = {1: 620, 2: 440}.get(columns, 300)
    rows = -(-len(series) // columns)
    width, height = columns * cell, _HEAD + rows * _CELL + (20 if more else 0)
    points = max(60, min(300, int(_SVG_BYTES / len(series) / 9)))
    color = run_color(subject.color)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        f' font-family="{_FONT}" font-size="10.5" fill="{_INK}" role="img" style="max-width:100%;height:auto">',
        f"<title>{_xml(subject.name)}: {_xml(subject.facts)}</title>",
        f'<rect x="10" y="12" width="11" height="11" rx="3" fill="{color}"/>',
        f'<text x="28" y="22" font-size="13"><tspan font-weight="650">{_xml(subject.name[:80])}</tspan>',
        f'<tspan dx="10" font-size="12">{_xml(subject.facts)}</tspan></text>',
    ]
    for i, (name, (_, steps, values)) in enumerate(series.items()):
        row, column = divmod(i, columns)
        kept = extremes(steps, values, points)
        small = _small(name, steps[kept], values[kept], color, cell)
        parts.append(f'<g transform="translate({column * cell} {_HEAD + row * _CELL})">{small}</g>')
    if more:
        parts.append(
            f'<text x="10" y="{height - 6}">and {more} more metric{"s" if more > 1 else ""} in the dashboard</text>'
        )
    return "".join(parts) + "</svg>"


def _small(name: str, steps: Floats, values: Floats, color: str, width: int) -> str:
    left, top, right, bottom = 44, 26, 12, 22
    inner_width, inner_height = width - left - right, _CELL - top - bottom - 8
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = (high - low) * 0.06
    if room <= 1e-12 * max(abs(low), abs(high)):
        room = abs(high) * 0.05 or 0.5
    low, high = low - room, high + room
    first = float(steps[0])
    last = max(float(steps[-1]), first + 1)

    def across(x: float) -> float:
        return left + (x - first) / (last - first) * inner_width

    def down(y: float) -> float:
        return top + (high - y) / (high - low) * inner_height

    grid = "".join(
        f'<path d="M{left} {down(tick):.1f}h{inner_width}" stroke="{_GRID}"/>'
        f'<text x="{left - 6}" y="{down(tick) + 3.5:.1f}" text-anchor="end">{_xml(label)}</text>'
        for tick, label in ticks(low, high, 4)
    )
    below = "".join(
        f'<text x="{across(tick):.1f}" y="{top + inner_height + 15}" text-anchor="middle">{_xml(label)}</text>'
        for tick, label in ticks(first, last, max(3, width // 90))
    )
    known = finite[-1] if len(finite) else math.nan
    room_for_name = int((width - left - 70) / 6.4)
    return (
        f'<text x="{left}" y="{top - 9}" font-size="11.5" font-weight="600">{_xml(_clipped(name, room_for_name))}</text>'
        f'<text x="{width - right}" y="{top - 9}" text-anchor="end" font-family="{_MONO}">{_number(float(known))}</text>'
        f"{grid}{below}{_line(steps, values, across, down, color)}"
    )


def _line(steps: Floats, values: Floats, across: Any, down: Any, color: str) -> str:
    path: list[str] = []
    pen_up = True
    drawn = 0
    for x, y in zip(steps.tolist(), values.tolist(), strict=True):
        if not math.isfinite(y):
            pen_up = True  # a gap stays a gap
            continue
        path.append(f"{'M' if pen_up else 'L'}{across(x):.1f} {down(y):.1f}")
        pen_up = False
        drawn += 1
    if drawn == 0:
        return ""
    # A lone point is a line of no length, which round caps make visible.
    path.extend(["h0"] if drawn == 1 else [])
    size = 6 if drawn == 1 else 1.6
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{color}" stroke-width="{size}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """At most about `most` round numbers from `low` to `high`, with their labels."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return []
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= rough * 0.999)
    start = math.ceil(low / step - 1e-9)
    found = [i * step for i in range(start, math.floor(high / step + 1e-9) + 1)][:20]
    half = 1 if round(step / power, 3) == 2.5 else 0  # 2.5 has one digit more than its power
    digits = half - math.floor(math.log10(step) + 1e-9)
    return [(value, _tick(value, digits)) for value in found]


def _tick(value: float, digits: int) -> str:
    """`value` with `digits` after its point: those that tell it from its neighbours."""
    size = abs(value)
    if size < 10.0 ** -(digits + 1):
        return "0"
    if size >= 1e6 or digits > 3:
        return _trimmed(f"{value:.{max(1, min(8, math.floor(math.log10(size)) + digits + 1))}g}")
    if size >= 1e4 and digits <= -2:
        return f"{value / 1000:.{max(0, 3 + digits)}f}k"
    return f"{value:.{max(0, digits)}f}"


# -- text --------------------------------------------------------------------------------------------------------------


def text(subject: Subject, series: Mapping[str, Columns], more: int) -> str:
    """The same for eyes in a terminal: a line a metric, with its course in eight heights of bars."""
    lines = [f"{subject.name}  {subject.facts}"]
    wide = min(40, max((len(name) for name in series), default=0))
    for name, (_, _, values) in series.items():
        finite = values[np.isfinite(values)]
        last = _number(float(finite[-1]) if len(finite) else math.nan)
        lines.append(f"  {_clipped(name, 40):<{wide}}  {last:>9}  {sparkline(values)}")
    if more:
        lines.append(f"  and {more} more")
    return "\n".join(lines)


def sparkline(values: Floats, width: int = 32) -> str:
    """The course of the values in bars; a blank where there is no finite value."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return ""
    low, high = float(finite.min()), float(finite.max())
    bars = []
    for part in np.array_split(values, min(width, len(values))):
        here = part[np.isfinite(part)]
        place = 0.5 if high == low else (float(here.mean()) - low) / (high - low) if len(here) else None
        bars.append(" " if place is None else _BARS[min(7, int(place * 8))])
    return "".join(bars)


# -- small parts -------------------------------------------------------------------------------------------------------


def _columns(count: int) -> int:
    return 1 if count == 1 else 2 if count in (2, 4) else 3


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    size = abs(value)
    if value == int(value) and size < 1e6:
        return str(int(value))
    return _trimmed(f"{value:.4g}" if size < 1e6 else f"{value:.3g}")


def _trimmed(number: str) -> str:
    return number.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s"
    return f"{whole // 3600}h {whole % 3600 // 60}m"


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else "…" + text[1 - length :]


def _xml(text: str) -> str:
    # XML has no place for most control characters, not even escaped.
    return html.escape("".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in text))
