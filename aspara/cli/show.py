"""`aspara show`."""

from __future__ import annotations

import argparse
import fnmatch
import math
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_json, add_place, add_target, library, run_target

if TYPE_CHECKING:
    from aspara.catalog.runs import RunDetail
    from aspara.catalog.series import Series

SUMMARY = "Show a run: its state, config, results and charts"
EXAMPLES = """
aspara show digits/lr-0.1
aspara show digits/lr-0.1 --metric val/accuracy
aspara show digits/lr-0.1 --metric 'train/*' --log --axis relative
aspara show digits/lr-0.1 --json
aspara show digits/lr-0.1 --tracker http://gpu-box:3142
"""
_POINTS = 2000
_AXES = {"step": "step", "relative": "since its start:", "time": "time"}


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="GLOB",
        help="the metrics that are drawn (may be repeated; default: a loss, else the first)",
    )
    parser.add_argument("--log", action="store_true", help="a logarithmic axis of values")
    parser.add_argument(
        "--axis",
        choices=("step", "relative", "time"),
        default="step",
        help="what lies below the charts (default: step)",
    )
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the run."""
    from aspara.catalog.series import SeriesQuery
    from aspara.cli.text import as_json

    project, name = run_target(args.target)
    with library(args) as found:
        detail = found.run(project, name)
        answer = found.metrics(project, [detail.info.run], SeriesQuery(points=_POINTS, x=args.axis))
        series = {metric: runs[detail.info.run] for metric, runs in answer.metrics.items() if detail.info.run in runs}
    for wanted in args.metric:
        if not _matching(series, wanted):
            from aspara.errors import UsageError

            raise UsageError(f"Run {name!r} has no metric {wanted!r}. Its metrics: {', '.join(series) or 'none'}.")
    if args.json:
        print(as_json(detail.json()))
        return 0
    columns = min(120, shutil.get_terminal_size((100, 24)).columns)
    parts = [_head(detail), _config(detail), _metrics(detail, series, columns), *_charts(detail, series, args, columns)]
    parts += [_artifacts(detail), _problems(detail)]
    print("\n\n".join(part for part in parts if part))
    return 0


def _matching(series: dict[str, Series], wanted: str) -> list[str]:
    return [name for name in series if name == wanted or fnmatch.fnmatchcase(name, wanted)]


def _head(detail: RunDetail) -> str:
    from aspara.cli.text import clean, duration, moment

    info, shown = detail.info, detail.json()
    end = info.finish_time or info.last_update
    took = None if end is None or info.start_time is None else end - info.start_time
    status = info.status if not info.exit_code else f"{info.status} (exit code {info.exit_code})"
    git: dict[str, Any] = shown["git"]
    command = shown["command"]
    lines = {
        "run": f"{info.project}/{info.run}",
        "name": info.name if info.name != info.run else "",
        "id": info.id,
        "status": status,
        "started": f"{moment(info.start_time)}, took {duration(took)}",
        "steps": "" if info.last_step is None else f"up to {info.last_step}" + _of(shown["total_steps"]),
        "host": info.host or "",
        "command": " ".join(map(str, command)) if isinstance(command, list) else command or "",
        "git": " ".join(str(git[part])[:40] for part in ("branch", "commit") if git.get(part)),
        "group": info.group or "",
        "tags": ", ".join(info.tags),
        "notes": info.notes,
    }
    return "\n".join(f"{title:<8}  {clean(value)}" for title, value in lines.items() if value)


def _of(total: Any) -> str:
    return f" of {total}" if total else ""


def _config(detail: RunDetail) -> str:
    from aspara.cli.text import number, table

    rows = [(key, number(value)) for key, value in _flat("", detail.info.config)]
    return "" if not rows else table(("CONFIG", "VALUE"), rows)


def _flat(prefix: str, content: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Nested values under their full names, ``net.depth``."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield f"{prefix}{key}", value


def _metrics(detail: RunDetail, series: dict[str, Series], columns: int) -> str:
    from aspara.cli.plot import sparkline
    from aspara.cli.text import number, table, width

    rows: list[tuple[str, ...]] = []
    for metric, found in series.items():
        known = detail.metric_summary.get(metric) or _extremes(found)
        numbers = [number(known.get(part)) for part in ("last", "min", "max")]
        rows.append((metric, *numbers, sparkline(found.values.tolist(), 28)))
    own = [(k, v) for k, v in _flat("", detail.info.summary) if k not in series]
    results = "" if not own else "\n\n" + table(("SUMMARY", "VALUE"), [(k, number(v)) for k, v in own])
    if not rows:
        return results.strip() or "No metric was logged."
    titles: tuple[str, ...] = ("METRIC", "LAST", "MIN", "MAX", "COURSE")
    drawn = table(titles, rows, right=(1, 2, 3))
    if max(map(width, drawn.splitlines())) > columns:
        # Long names and a narrow terminal: numbers before pictures.
        drawn = table(titles[:4], [row[:4] for row in rows], right=(1, 2, 3))
    return drawn + results


def _extremes(found: Series) -> dict[str, Any]:
    """Last, least and greatest value of a series that no summary speaks of: thinned out, it still has them all."""
    finite = [value for value in found.values.tolist() if math.isfinite(value)]
    return {"last": float(found.values[-1]), "min": min(finite), "max": max(finite)} if finite else {}


def _charts(detail: RunDetail, series: dict[str, Series], args: argparse.Namespace, columns: int) -> list[str]:
    if args.metric:
        names = list(dict.fromkeys(name for wanted in args.metric for name in _matching(series, wanted)))
    else:
        drawable = [metric for metric, found in series.items() if len(found.values) > 1]
        losses = [metric for metric in drawable if "loss" in metric.lower()]
        names = (losses or drawable)[:1]
    return [_chart(detail, name, series[name], args, columns) for name in names]


def _chart(detail: RunDetail, name: str, found: Series, args: argparse.Namespace, columns: int) -> str:
    from aspara.cli.plot import chart
    from aspara.cli.text import clean, duration, moment

    values = found.values.tolist()
    places, ends = found.steps.tolist(), None
    if args.axis != "step":
        places = found.timestamps.tolist()
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
    told = ", ".join(note for note in notes if note)
    head = clean(name) + (f"  ({told})" if told else "")
    if not drawn:
        return f"{head}\nNothing of it can be drawn." if args.metric else ""
    return f"{head}\n{drawn}"


def _artifacts(detail: RunDetail) -> str:
    from aspara.cli.text import size, table

    rows = [
        (a["name"], size(a["file_size"]), a.get("category") or "", a.get("description") or "") for a in detail.artifacts
    ]
    return "" if not rows else table(("ARTIFACT", "SIZE", "CATEGORY", "DESCRIPTION"), rows, right=(1,))


def _problems(detail: RunDetail) -> str:
    from aspara.cli.text import table

    rows = [(p["file"], p["line"] if p["line"] is not None else "-", p["count"], p["reason"]) for p in detail.problems]
    return "" if not rows else table(("PROBLEM IN", "LINE", "TIMES", "REASON"), rows, right=(1, 2))
