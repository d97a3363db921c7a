"""`aspara tail`."""

from __future__ import annotations

import argparse
import contextlib
import fnmatch
import sys
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_data_dir, add_target, catalog, run_target, whole

if TYPE_CHECKING:
    from aspara.catalog.catalog import Catalog
    from aspara.catalog.series import MetricsAnswer

SUMMARY = "Print a run's rows as they are logged, until it ends"
EXAMPLES = """
aspara tail digits/lr-0.1
aspara tail digits/lr-0.1 -n 100 --metric 'val/*'
aspara tail digits/lr-0.1 --no-follow
aspara tail digits/lr-0.1 --json | jq .metrics.loss
"""


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
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Prints rows until the run has ended; Ctrl-C ends it before."""
    from aspara.catalog.series import SeriesQuery
    from aspara.catalog.watch import Watcher

    project, name = run_target(args.target)
    with catalog(args) as found, contextlib.closing(Watcher(found)) as watcher, contextlib.suppress(KeyboardInterrupt):
        stem = found.stem(project, name)
        # The cursor comes first: what is logged while the last rows are looked for is told by the subscription.
        answer = found.metrics(project, [stem], SeriesQuery(metrics=()))
        subscription = watcher.subscribe(project, [stem], cursor=answer.cursor) if args.follow else None
        for row in _last(found, project, stem, args.lines, tuple(args.metric) or None):
            _print(row, as_json=args.json)
        sys.stdout.flush()
        # Asked after the subscription began, so that an end between the two is not missed.
        running = subscription is not None and found.run(project, stem).info.status == "running"
        while running and subscription is not None:
            for event in subscription.take(1.0):
                if event.kind == "metric":
                    row = _wanted(event.data, args.metric)
                    if row["metrics"]:
                        _print(row, as_json=args.json)
                elif event.kind == "deleted" or (event.kind == "status" and event.data["is_finished"]):
                    running = False
                    _say(stem, event.kind, event.data)
            sys.stdout.flush()
    return 0


def _wanted(row: dict[str, Any], globs: list[str]) -> dict[str, Any]:
    if not globs:
        return row
    kept = {k: v for k, v in row["metrics"].items() if any(fnmatch.fnmatchcase(k, glob) for glob in globs)}
    return {**row, "metrics": kept}


def _last(found: Catalog, project: str, stem: str, count: int, metrics: tuple[str, ...] | None) -> list[dict[str, Any]]:
    """The last `count` rows, put together from the series; of a long run only its end is asked for."""
    from aspara.catalog.series import SeriesQuery

    last = found.run(project, stem).info.last_step
    if not count or last is None:
        return []
    window = 4 * count
    while True:
        answer = found.metrics(project, [stem], SeriesQuery(metrics=metrics, start=last - window))
        rows = _rows(answer, stem)
        if len(rows) >= count or window > last:
            return rows[-count:]
        window *= 8


def _rows(answer: MetricsAnswer, stem: str) -> list[dict[str, Any]]:
    from aspara.catalog.statistics import plain

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
        import orjson

        kept = {key: row[key] for key in ("timestamp", "step", "metrics")}
        print(orjson.dumps(kept).decode())
        return
    from aspara.cli.text import clean, moment, number

    values = "  ".join(f"{clean(name)}={number(value)}" for name, value in row["metrics"].items())
    print(f"{moment(row['timestamp'])[11:]}  step {row['step']:<6}  {values}")


def _say(stem: str, kind: str, data: dict[str, Any]) -> None:
    what = "was deleted" if kind == "deleted" else f"has ended: {data['status']}"
    print(f"Run {stem!r} {what}.", file=sys.stderr)
