"""`aspara tail`."""

from __future__ import annotations

import argparse
import bisect
import contextlib
import fnmatch
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_place, add_target, provider, run_target, whole
from aspara.cli.progress import reading

if TYPE_CHECKING:
    from aspara.api.provider import DataProvider
    from aspara.catalog.runs.run_info import RunDetail
    from aspara.catalog.series.query import MetricsAnswer

SUMMARY = "Print a run's rows as they are logged, until it ends"
EXAMPLES = """
aspara tail digits/lr-0.1
aspara tail digits/lr-0.1 -n 100 --metric 'val/*'
aspara tail digits/lr-0.1 --no-follow
aspara tail digits/lr-0.1 --json | jq .metrics.loss
aspara tail digits/lr-0.1 --tracker http://gpu-box:3142
"""
_MOST_NAMED = 40


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument(
        "-n", "--lines", type=whole, default=10, metavar="N", help="begin with the last N rows (default: 10)"
    )
    follow = parser.add_mutually_exclusive_group()
    follow.add_argument(
        "-f", "--follow", action="store_true", default=True, help="go on until the run ends (the default)"
    )
    follow.add_argument("--no-follow", dest="follow", action="store_false", help="print the last rows and end")
    parser.add_argument(
        "--metric", action="append", default=[], metavar="GLOB", help="only these metrics (may be repeated)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_place(parser)


def run(args: argparse.Namespace) -> int:
    """Prints rows until the run has ended; Ctrl-C ends it before."""
    from aspara.catalog.series.query import SeriesQuery

    project, name = run_target(args.target)
    with provider(args) as source, contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        with reading(source, project, name):
            detail = source.run(project, name)
        stem = detail.info.run
        _check_metrics(detail, args.metric)
        # The cursor comes first: what is logged while the last rows are looked for is told by the stream.
        answer = source.metrics(project, [stem], SeriesQuery(metrics=()))
        events = (
            stack.enter_context(contextlib.closing(source.follow(project, stem, answer.cursor)))
            if args.follow
            else None
        )
        for row in _last(source, project, stem, args.lines, tuple(args.metric) or None):
            _print(row, as_json=args.json)
        sys.stdout.flush()
        # Asked after the cursor was taken, so that an end between the two is not missed.
        if events is None or source.run(project, stem).info.status != "running":
            return 0
        for kind, data in events:
            if kind == "metric":
                row = _wanted(data, args.metric)
                if row["metrics"]:
                    _print(row, as_json=args.json)
                    sys.stdout.flush()
            elif kind == "deleted" or (kind == "status" and data["is_finished"]):
                _say(stem, kind, data)
                break
    return 0


def _check_metrics(detail: RunDetail, globs: list[str]) -> None:
    """Says which globs match no metric: of a run that ended they are mistyped, of a running one they may still come."""
    from aspara.errors import UsageError
    from aspara.util.suggestions import did_you_mean

    for glob in globs:
        if any(fnmatch.fnmatchcase(name, glob) for name in detail.metrics):
            continue
        if detail.info.is_finished:
            listed = ", ".join(detail.metrics[:_MOST_NAMED]) or "none"
            raise UsageError(
                f"Run {detail.info.run!r} has no metric {glob!r}.{did_you_mean(glob, detail.metrics)} Its metrics: {listed}."
            )
        print(
            f"Run {detail.info.run!r} has no metric {glob!r} yet.{did_you_mean(glob, detail.metrics)}", file=sys.stderr
        )


def _wanted(row: dict[str, Any], globs: list[str]) -> dict[str, Any]:
    if not globs:
        return row
    kept = {k: v for k, v in row["metrics"].items() if any(fnmatch.fnmatchcase(k, glob) for glob in globs)}
    return {**row, "metrics": kept}


def _last(
    found: DataProvider, project: str, stem: str, count: int, metrics: tuple[str, ...] | None
) -> list[dict[str, Any]]:
    """The last `count` rows, put together from the series and the texts; of a long run only its end is asked for."""
    from aspara.catalog.series.query import SeriesQuery

    detail = found.run(project, stem)
    last = detail.info.last_step
    named = {name for name in detail.metrics if not metrics or any(fnmatch.fnmatchcase(name, g) for g in metrics)}
    words = sorted(named - detail.metric_summary.keys())
    if not count or last is None:
        return []
    window = 4 * count
    while True:
        answer = found.metrics(project, [stem], SeriesQuery(metrics=metrics, start=last - window))
        rows = _rows(answer, stem)
        for row in _texts(found, project, stem, words, last - window) if words else ():
            # They stand in the last row of their step, or in one of their own.
            at = bisect.bisect_right(rows, row["step"], key=lambda other: other["step"])
            if at and rows[at - 1]["step"] == row["step"]:
                rows[at - 1]["metrics"].update(row["metrics"])
            else:
                rows.insert(at, row)
        if len(rows) >= count or window > last:
            return rows[-count:]
        window *= 8


def _texts(found: DataProvider, project: str, stem: str, names: list[str], start: int) -> Iterator[dict[str, Any]]:
    """The rows of what is no number, the last one of each step."""
    from aspara.catalog.series.history import STEP, TIMESTAMP, HistoryQuery

    for block in found.history(project, stem, HistoryQuery(keys=tuple(names), min_step=max(0, start))):
        for row in block.select(STEP, TIMESTAMP, *names).iter_rows(named=True):
            texts = {name: row[name] for name in names if isinstance(row[name], str)}
            if texts:
                yield {"timestamp": round(row[TIMESTAMP] * 1000), "step": row[STEP], "metrics": texts}


def _rows(answer: MetricsAnswer, stem: str) -> list[dict[str, Any]]:
    from aspara.catalog.series.summary import plain

    rows: dict[tuple[int, int], dict[str, Any]] = {}
    for metric, runs in answer.metrics.items():
        series = runs.get(stem)
        if series is None:
            continue
        points = (part.tolist() for part in (series.timestamps, series.steps, series.values))
        for time, step, value in zip(*points, strict=True):
            rows.setdefault((step, time), {})[metric] = plain(value)
    return [{"timestamp": time, "step": step, "metrics": metrics} for (step, time), metrics in sorted(rows.items())]


def _print(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        import json

        from aspara.cli.ascii_output import takes_unicode

        kept = {key: row[key] for key in ("timestamp", "step", "metrics")}
        print(json.dumps(kept, ensure_ascii=not takes_unicode(), separators=(",", ":")))
        return
    from aspara.cli.formatting import clean, moment, number

    shown = {n: f"<{v.get('_type', '')}>" if isinstance(v, dict) else number(v) for n, v in row["metrics"].items()}
    values = "  ".join(f"{clean(name)}={clean(value)}" for name, value in shown.items())
    print(f"{moment(row['timestamp'])[11:]}  step {row['step']:<6}  {values}")


def _say(stem: str, kind: str, data: dict[str, Any]) -> None:
    what = "was deleted" if kind == "deleted" else f"has ended: {data['status']}"
    print(f"Run {stem!r} {what}.", file=sys.stderr)
