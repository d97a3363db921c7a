"""A picture as one SVG, made here; every name is escaped."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from aspara.palette import run_color, run_dash
from aspara_jupyter.formatting import clipped, latest, number, trimmed, xml
from aspara_jupyter.plotly_figure import GRID, INK
from aspara_jupyter.point_buffer import dots, extremes
from aspara_jupyter.static_picture import PictureLine, StaticPicture, column_count

_BYTES = 45_000  # all lines together
_CELL = 168
_HEAD = 40
_LEGEND = 18
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_MONO = "ui-monospace,Menlo,Consolas,monospace"


def svg(picture: StaticPicture) -> str:
    """The picture as SVG text."""
    columns = column_count(len(picture.lines))
    cell = {1: 620, 2: 440}.get(columns, 300)
    rows = -(-len(picture.lines) // columns)
    width = columns * cell
    legend, legend_rows = _legend(picture.legend, width)
    head = _HEAD + _LEGEND * legend_rows
    height = head + rows * _CELL + (20 if picture.more else 0)
    points = max(30 if picture.legend else 60, min(300, int(_BYTES / max(1, picture.line_count) / 9)))
    square = f'<rect x="10" y="12" width="11" height="11" rx="3" fill="{run_color(picture.color)}"/>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
        f' font-family="{_FONT}" font-size="10.5" fill="{INK}" role="img" style="max-width:100%;height:auto">',
        f"<title>{xml(picture.head)}: {xml(picture.facts)}</title>",
        "" if picture.legend else square,
        f'<text x="{10 if picture.legend else 28}" y="22" font-size="13">',
        f'<tspan font-weight="650">{xml(picture.head[:80])}</tspan>',
        f'<tspan dx="10" font-size="12">{xml(picture.facts)}</tspan></text>',
        legend,
    ]
    for i, (name, lines) in enumerate(picture.lines.items()):
        row, column = divmod(i, columns)
        small = _small(picture.title(name), [_thinned(line, points) for line in lines], cell, alone=not picture.legend)
        parts.append(f'<g transform="translate({column * cell} {head + row * _CELL})">{small}</g>')
    if picture.more:
        parts.append(
            f'<text x="10" y="{height - 6}">and {picture.more} more metric{"s" if picture.more > 1 else ""}'
            " in the dashboard</text>"
        )
    return "".join(parts) + "</svg>"


def _legend(runs: Sequence[tuple[str, int]], width: int) -> tuple[str, int]:
    """The runs' names beside their colours, and how many rows they take."""
    parts, x, row = [], 10.0, 0
    for name, color in runs:
        shown = clipped(name, 40)
        takes = 18 + 6.2 * len(shown) + 14
        if x + takes > width and x > 10:
            x, row = 10.0, row + 1
        y = _HEAD - 4 + _LEGEND * row
        parts.append(
            f'<rect x="{x:.0f}" y="{y - 9}" width="10" height="10" rx="3" fill="{run_color(color)}"/>'
            f'<text x="{x + 15:.0f}" y="{y}" font-size="11">{xml(shown)}</text>'
        )
        x += takes
    return "".join(parts), row + 1 if runs else 0


def _thinned(line: PictureLine, points: int) -> PictureLine:
    kept = extremes(line.steps, line.values, points)
    return PictureLine(line.name, line.color, line.steps[kept], line.values[kept], line.key)


def _small(name: str, lines: Sequence[PictureLine], width: int, *, alone: bool) -> str:
    left, top, right, bottom = 44, 26, 12, 22
    inner_width, inner_height = width - left - right, _CELL - top - bottom - 8
    values = np.concatenate([line.values for line in lines])
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    room = (high - low) * 0.06
    if room <= 1e-12 * max(abs(low), abs(high)):
        room = abs(high) * 0.05 or 0.5
    low, high = low - room, high + room
    first = min(float(line.steps[0]) for line in lines)
    last = max(*(float(line.steps[-1]) for line in lines), first + 1)

    def across(x: float) -> float:
        return left + (x - first) / (last - first) * inner_width

    def down(y: float) -> float:
        return top + (high - y) / (high - low) * inner_height

    grid = "".join(
        f'<path d="M{left} {down(tick):.1f}h{inner_width}" stroke="{GRID}"/>'
        f'<text x="{left - 6}" y="{down(tick) + 3.5:.1f}" text-anchor="end">{xml(label)}</text>'
        for tick, label in ticks(low, high, 4)
    )
    below = "".join(
        f'<text x="{across(tick):.1f}" y="{top + inner_height + 15}" text-anchor="middle">{xml(label)}</text>'
        for tick, label in ticks(first, last, max(3, width // 90))
    )
    room_for_name = int((width - left - 70) / 6.4)
    value = (
        f'<text x="{width - right}" y="{top - 9}" text-anchor="end" font-family="{_MONO}">'
        f"{number(latest(lines[0].values))}</text>"
        if alone
        else ""
    )
    return (
        f'<text x="{left}" y="{top - 9}" font-size="11.5" font-weight="600">{xml(clipped(name, room_for_name))}</text>'
        f"{value}{grid}{below}" + "".join(_line(line, across, down) for line in lines)
    )


def _line(line: PictureLine, across: Callable[[float], float], down: Callable[[float], float]) -> str:
    path: list[str] = []
    marks: list[str] = []
    lifted = True
    dotted = dots(line.values).tolist()
    for x, y, dot in zip(line.steps.tolist(), line.values.tolist(), dotted, strict=True):
        if not math.isfinite(y):
            lifted = True  # a gap stays a gap
            continue
        place = f"{across(x):.1f} {down(y):.1f}"
        path.append(f"{'M' if lifted else 'L'}{place}")
        if dot:
            marks.append(f"M{place}h0")
        lifted = False
    if not path:
        return ""
    style = f'fill="none" stroke="{run_color(line.color)}" stroke-linejoin="round" stroke-linecap="round"'
    # A dot is a line of no length, which round caps make visible.
    points = f'<path d="{"".join(marks)}" {style} stroke-width="{6 if len(path) == 1 else 4}"/>' if marks else ""
    dash = {"dash": ' stroke-dasharray="5 4"', "dot": ' stroke-dasharray="0 3.5"'}.get(run_dash(line.color), "")
    return f'<path d="{"".join(path)}" {style} stroke-width="1.6"{dash}/>{points}'


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
        return trimmed(f"{value:.{max(1, min(8, math.floor(math.log10(size)) + digits + 1))}g}")
    if size >= 1e4 and digits <= -2:
        return f"{value / 1000:.{max(0, 3 + digits)}f}k"
    return f"{value:.{max(0, digits)}f}"
