"""`aspara show`."""

from __future__ import annotations

import argparse
import fnmatch
import math
import shutil
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_json, add_place, add_target, provider, run_target
from aspara.cli.progress import reading
from aspara.util.nested import flattened
from aspara.vocabulary import COLUMNS

if TYPE_CHECKING:
    from aspara.catalog.runs.run_info import RunDetail
    from aspara.catalog.series.query import Series

SUMMARY = "Show a run: its status, config, results and charts"
EXAMPLES = """
aspara show digits/lr-0.1
aspara show digits/lr-0.1 --metric val/accuracy
aspara show digits/lr-0.1 --metric 'train/*' --log --axis relative
aspara show digits/lr-0.1 --all
aspara show digits/lr-0.1 --json
aspara show digits/lr-0.1 --tracker http://gpu-box:3142
"""
_POINTS = 2000
_MOST, _MOST_CHARTS, _LOSSES = 40, 12, 8
"""Lines of each table and charts that are shown unless all are asked for; losses among which the one to draw is looked for."""
_AXES = {"step": "step", "relative": "since its start:", "time": "time"}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="GLOB",
        help="the metrics to draw (may be repeated; default: a loss, else the first)",
    )
    parser.add_argument("--log", action="store_true", help="draw values on a logarithmic axis")
    parser.add_argument(
        "--axis",
        choices=("step", "relative", "time"),
        default="step",
        help="the horizontal axis of the charts (default: step)",
    )
    parser.add_argument("--all", action="store_true", help=f"print everything, not only {_MOST} lines of each table")
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the run."""
    from aspara.catalog.series.query import SeriesQuery
    from aspara.cli.formatting import as_json

    project, name = run_target(args.target)
    with provider(args) as source:
        with reading(source, project, name):
            detail = source.run(project, name)
        if args.json:
            print(as_json(detail.json()))
            return 0
        chosen, charts = _choose(detail, args)
        query = SeriesQuery(metrics=tuple({*chosen, *charts}), points=_POINTS, x=args.axis)
        answer = source.metrics(project, [detail.info.run], query)
        series = {metric: runs[detail.info.run] for metric, runs in answer.metrics.items() if detail.info.run in runs}
    most = None if args.all else _MOST
    columns = min(120, shutil.get_terminal_size((100, 24)).columns)
    listed = {name: series[name] for name in sorted(chosen) if name in series}
    parts = [_head(detail), _exception(detail), _config(detail, most), _metrics(detail, listed, columns, most)]
    parts += [*_charts(detail, series, charts, args, columns), _artifacts(detail, most), _problems(detail, most)]
    print("\n\n".join(part for part in parts if part))
    return 0


def _choose(detail: RunDetail, args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The metrics that are listed and those that may be drawn: what was asked for, and no more than a terminal takes."""
    names: list[str] = detail.metrics
    matching: list[str] = []
    for glob in args.metric:
        chosen = [name for name in names if name == glob or fnmatch.fnmatchcase(name, glob)]
        if not chosen:
            from aspara.errors import UsageError
            from aspara.util.suggestions import did_you_mean

            there = ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
            raise UsageError(
                f"Run {detail.info.run!r} has no metric {glob!r}.{did_you_mean(glob, names)} Its metrics: {there or 'none'}."
            )
        matching += chosen
    first = list(dict.fromkeys([*matching, *names]))
    listed = first if args.all else first[:_MOST]
    losses = [name for name in names if "loss" in name.lower()][:_LOSSES]
    charts = matching if args.all else matching[:_MOST]
    return listed, list(dict.fromkeys(charts or [*losses, *listed]))


def _bounded(drawn: str, total: int, most: int | None, what: str) -> str:
    """A table with a line that says how much of it was left out."""
    if most is None or total <= most:
        return drawn
    return f"{drawn}\n… and {total - most} more {what}; --all shows them" + (
        ", --metric GLOB those you want" if what == "metrics" else ""
    )


def _head(detail: RunDetail) -> str:
    from aspara.cli.formatting import clean, moment
    from aspara.util.durations import duration

    info, shown = detail.info, detail.json()
    end = info.finish_time or info.last_update
    spent = None if end is None or info.start_time is None else end - info.start_time
    status = info.status if not info.exit_code else f"{info.status} (exit code {info.exit_code})"
    git: dict[str, Any] = shown["git"]
    command = shown["command"]
    lines = {
        "run": f"{info.project}/{info.run}",
        "name": info.name if info.name != info.run else "",
        "id": info.id,
        COLUMNS["status"].lower(): status,
        COLUMNS["started"].lower(): moment(info.start_time),
        COLUMNS["duration"].lower(): duration(spent),
        COLUMNS["step"].lower(): "" if info.last_step is None else f"{info.last_step}" + _of(shown["total_steps"]),
        "host": info.host or "",
        "command": " ".join(map(str, command)) if isinstance(command, list) else command or "",
        "git": " ".join(str(git[part])[:40] for part in ("branch", "commit") if git.get(part)),
        "group": info.group or "",
        "tags": ", ".join(info.tags),
        "notes": info.notes,
    }
    return "\n".join(f"{title:<9}  {clean(value)}" for title, value in lines.items() if value)


def _exception(detail: RunDetail) -> str:
    """The traceback of a failed run."""
    from aspara.cli.formatting import clean

    exception = detail.json()["exception"] or {}
    lines = str(exception.get("traceback") or "").rstrip().splitlines()
    return "\n".join(["EXCEPTION", *(f"  {clean(line)}" for line in lines)]) if lines else ""


def _of(total: Any) -> str:
    return f" of {total}" if total else ""


def _config(detail: RunDetail, most: int | None) -> str:
    return _values("CONFIG", list(flattened(detail.info.config)), most)


def _values(title: str, entries: list[tuple[str, Any]], most: int | None) -> str:
    from aspara.cli.formatting import number, table

    if not entries:
        return ""
    drawn = table((title, "VALUE"), [(key, number(value)) for key, value in entries[:most]])
    return _bounded(drawn, len(entries), most, "values")


def _metrics(detail: RunDetail, series: dict[str, Series], columns: int, most: int | None) -> str:
    from aspara.cli.formatting import number, table, width
    from aspara.cli.terminal_plot import sparkline

    rows: list[tuple[str, ...]] = []
    for metric, points in series.items():
        statistics = detail.metric_summary.get(metric) or _extremes(points)
        numbers = [number(statistics.get(part)) for part in ("last", "min", "max")]
        rows.append((metric, *numbers, sparkline(points.values.tolist(), 28)))
    metrics = set(detail.metrics)
    # Numbers of metrics that are not listed are left out with them.
    own = [
        (k, v)
        for k, v in flattened(detail.info.summary)
        if k not in series and (isinstance(v, str) or k not in metrics)
    ]
    results = _values("SUMMARY", own, most)
    if not rows:
        return results or "No metrics were logged."
    titles: tuple[str, ...] = ("METRIC", "LAST", "MIN", "MAX", "TREND")
    drawn = table(titles, rows, right=(1, 2, 3))
    if max(map(width, drawn.splitlines())) > columns:
        # Long names and a narrow terminal: numbers before pictures.
        drawn = table(titles[:4], [row[:4] for row in rows], right=(1, 2, 3))
    drawn = _bounded(drawn, len(metrics), most, "metrics")
    return f"{drawn}\n\n{results}" if results else drawn


def _extremes(series: Series) -> dict[str, Any]:
    """Last, least and greatest value of a series without a summary; decimation keeps all three."""
    finite = [value for value in series.values.tolist() if math.isfinite(value)]
    return {"last": float(series.values[-1]), "min": min(finite), "max": max(finite)} if finite else {}


def _charts(
    detail: RunDetail, series: dict[str, Series], names: list[str], args: argparse.Namespace, columns: int
) -> list[str]:
    drawable = [name for name in names if name in series]
    if not args.metric:
        drawable = [name for name in drawable if len(series[name].values) > 1][:1]
    shown = drawable if args.all else drawable[:_MOST_CHARTS]
    drawn = [_chart(detail, name, series[name], args, columns) for name in shown]
    return drawn if len(shown) == len(drawable) else [*drawn, "… and more charts; --all draws them"]


def _chart(detail: RunDetail, name: str, series: Series, args: argparse.Namespace, columns: int) -> str:
    from aspara.cli.formatting import clean, moment
    from aspara.cli.terminal_plot import chart
    from aspara.util.durations import duration

    values = series.values.tolist()
    places, ends = series.steps.tolist(), None
    if args.axis != "step":
        places = series.timestamps.tolist()
        begin = detail.info.start_time or (places[0] if places else 0)
        shown = [place for place, value in zip(places, values, strict=True) if math.isfinite(value)] or [begin]
        ends = (
            (moment(shown[0]), moment(shown[-1]))
            if args.axis == "time"
            else (duration(shown[0] - begin), duration(shown[-1] - begin))
        )
    drawn = chart(places, values, columns=columns, axis=_AXES[args.axis], log=args.log, ends=ends)
    odd = sum(not math.isfinite(value) for value in values)
    low = sum(value <= 0 for value in values) if args.log else 0
    notes = [f"{odd} not finite" if odd else "", f"{low} not above 0" if low else "", "log" if args.log else ""]
    remarks = ", ".join(note for note in notes if note)
    head = clean(name) + (f"  ({remarks})" if remarks else "")
    if not drawn:
        return f"{head}\nNothing to draw: it has no finite value." if args.metric else ""
    return f"{head}\n{drawn}"


def _artifacts(detail: RunDetail, most: int | None) -> str:
    from aspara.cli.formatting import size, table

    rows = [
        (a["name"], size(a["file_size"]), a.get("category") or "", a.get("description") or "") for a in detail.artifacts
    ]
    drawn = "" if not rows else table(("ARTIFACT", "SIZE", "CATEGORY", "DESCRIPTION"), rows[:most], right=(1,))
    return _bounded(drawn, len(rows), most, "artifacts")


def _problems(detail: RunDetail, most: int | None) -> str:
    from aspara.cli.formatting import table

    rows = [(p["file"], p["line"] if p["line"] is not None else "-", p["count"], p["reason"]) for p in detail.problems]
    drawn = "" if not rows else table(("PROBLEM IN", "LINE", "TIMES", "REASON"), rows[:most], right=(1, 2))
    return _bounded(drawn, len(rows), most, "problems")
