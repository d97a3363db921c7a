"""One HTML page with everything in it: the charts, the numbers behind them, and the library that draws them.

It asks nobody for anything, so it can be mailed, archived, and opened without a network. Every name in it is data.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from aspara.catalog.series.query import Series, SeriesQuery
from aspara.exporters.selection import ExportSelection
from aspara.palette import run_color

if TYPE_CHECKING:
    from aspara.api.run import ApiRun

POINTS = 1500
"""Points of one line at most. Thinned lines keep their extremes, first and last."""
SMOOTHING = (0.3, 0.6, 0.8, 0.9, 0.95, 0.99)
"""Weights that the page offers."""
SMOOTHED_POINTS = 500
"""Points of a thinned line for each weight. The page itself smooths lines of which it has every point."""
_TEMPLATE = Path(__file__).with_name("page.html")


def write(selection: ExportSelection, file: IO[bytes], *, plotly: Path, points: int = POINTS) -> int:
    """Writes the page; `plotly` is the chart library. Returns the number of points drawn."""
    runs: list[dict[str, Any]] = []
    metrics: dict[str, list[dict[str, Any]]] = {}
    count = 0
    for number, run in enumerate(selection.runs):
        selection.progress(number, run.run)
        info = run._info
        runs.append(
            {
                "run": run.run,
                "name": run.name,
                "state": run.state,
                "color": run_color(info.color),
                "start": info.start_time,
                "end": info.finish_time or info.last_update,
                "step": info.last_step,
                "tags": run.tags,
                "notes": run.notes,
                "config": run.config,
                "summary": run.summary,
            }
        )
        answer = run._library.metrics(run.project, [run.run], SeriesQuery(points=points))
        thinned: dict[str, dict[str, Any]] = {}
        for name in selection.wanted(list(answer.metrics)):
            series = answer.metrics[name].get(run.run)
            if series is None or not len(series.values):
                continue
            count += len(series.values)
            line = {"run": number, "count": series.count, **_points(series)}
            metrics.setdefault(name, []).append(line)
            if not series.raw:
                thinned[name] = line
        _smooth(run, thinned)
    project = selection.runs[0].project if selection.runs else ""
    title = f"{project}/{selection.runs[0].name}" if len(selection.runs) == 1 else project
    content = {
        "title": title,
        "project": project,
        "runs": runs,
        "smoothing": SMOOTHING,
        "metrics": [{"name": name, "lines": metrics[name]} for name in sorted(metrics, key=_order)],
    }
    before, _, rest = _TEMPLATE.read_text(encoding="utf-8").partition("/*DATA*/")
    middle, _, after = rest.partition("/*PLOTLY*/")
    file.write(before.replace("TITLE", _escaped(title)).encode())
    file.write(_inert(orjson.dumps(content)))
    file.write(middle.encode())
    file.write(plotly.read_bytes().replace(b"</script", b"<\\/script"))
    file.write(after.encode())
    return count


def _smooth(run: ApiRun, lines: dict[str, dict[str, Any]]) -> None:
    """Adds to each thinned line, by its metric, its smoothed points, which are averages of all that were logged."""
    if not lines:
        return
    for line in lines.values():
        line["smoothed"] = {}
    for weight in SMOOTHING:
        query = SeriesQuery(metrics=tuple(lines), points=SMOOTHED_POINTS, smoothing=weight)
        answer = run._library.metrics(run.project, [run.run], query)
        for name, line in lines.items():
            series = answer.metrics.get(name, {}).get(run.run)
            if series is not None and series.smoothed is not None:
                line["smoothed"][str(weight)] = _points(series.smoothed)


def _points(series: Series) -> dict[str, list[Any]]:
    return {
        "steps": series.steps.tolist(),
        "times": series.timestamps.tolist(),
        "values": [_number(value) for value in series.values.tolist()],
    }


def _number(value: float) -> float | str:
    """JSON has no word for what is not finite; the page knows these."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _inert(content: bytes) -> bytes:
    """JSON that nothing in a page can mistake for markup."""
    return content.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")


def _escaped(text: str) -> str:
    import html

    return html.escape(text.encode("utf-8", "replace").decode())


def _order(name: str) -> tuple[str, str]:
    section, slash, _ = name.partition("/")
    return (section if slash else "", name)
