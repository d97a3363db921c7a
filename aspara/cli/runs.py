"""`aspara runs`."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_filter, add_json, add_place, count, filtered, provider
from aspara.types import STATUS_FROM_DISK
from aspara.vocabulary import COLUMNS, STATUSES

if TYPE_CHECKING:
    from aspara.catalog.runs.run_info import RunInfo

SUMMARY = "List the runs of a project, the newest first"
EXAMPLES = """
aspara runs digits
aspara runs digits --status running
aspara runs digits --filter 'config.lr < 0.05 and min(loss) < 0.2'
aspara runs digits --sort=-val/accuracy --limit 5
aspara runs digits --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument(
        "--status",
        "--state",
        type=_status,
        metavar="STATUS",
        help=f"only runs with this status: {', '.join(STATUSES)} (finished means completed)",
    )
    parser.add_argument("--tag", action="append", default=[], help="only runs with this tag (may be repeated)")
    add_filter(parser)
    parser.add_argument(
        "--sort",
        metavar="FIELD",
        help="a metric, a config key, or name, started, duration, step and so on, as in --filter; --sort=-FIELD for descending",
    )
    parser.add_argument("--limit", type=count, metavar="N", help="at most N runs")
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the list."""
    from aspara.cli.formatting import as_json

    with provider(args) as source:
        everything = source.runs(args.project)
    runs = [info for info in everything if args.status in (None, info.status) and set(args.tag) <= set(info.tags)]
    runs = filtered(runs, args.filter)
    total = len(runs)
    if args.sort:
        runs = _sorted(runs, args.sort, everything)
    runs = runs[: args.limit]
    if args.json:
        print(as_json({"project": args.project, "runs": [info.json() for info in runs], "total": total}))
    elif runs:
        print(_table(runs))
        if len(runs) < total:
            print(f"{total - len(runs)} more; --limit shows more of them.")
    elif everything:
        print(f"No runs of project {args.project!r} match; it has {len(everything)}.")
    else:
        print(f"Project {args.project!r} has no runs.")
    return 0


def _status(text: str) -> str:
    status = STATUS_FROM_DISK.get(text.lower())
    if status is None:
        from aspara.util.suggestions import did_you_mean

        raise argparse.ArgumentTypeError(
            f"{text!r} is not a status.{did_you_mean(text, STATUS_FROM_DISK)} Choose from {', '.join(STATUSES)}"
        )
    return status


def _table(runs: list[RunInfo]) -> str:
    from aspara.cli.formatting import moment, number, table, width
    from aspara.util.durations import duration
    from aspara.util.metric_rank import ranked_metrics

    fields = ["run", "name", "status", "started", "duration", "step"]
    rows: list[list[object]] = []
    for info in runs:
        end = info.finish_time or info.last_update
        spent = None if end is None or info.start_time is None else end - info.start_time
        name = info.name if info.name != info.run else ""
        rows.append([info.run, name, info.status, moment(info.start_time), duration(spent), number(info.last_step)])
    titles = [COLUMNS[field].upper() for field in fields]
    room = shutil.get_terminal_size((100, 24)).columns

    def drawn() -> str:
        right = [place for place, field in enumerate(fields) if field in ("duration", "step", "metric")]
        return table(titles, rows, right=right)

    def fits() -> bool:
        return max(map(width, drawn().splitlines())) <= room

    def drop(field: str) -> None:
        at = fields.index(field)
        del fields[at], titles[at]
        for row in rows:
            del row[at]

    if not any(row[1] for row in rows):
        drop("name")
    for field in ("duration", "started"):  # in a narrow terminal times make room for names and statuses
        if not fits():
            drop(field)
    # As many results as there is room for, the most telling first.
    summaries = [{name for name, value in info.summary.items() if _is_shown(value)} for info in runs]
    for metric in ranked_metrics(summaries, {name for info in runs for name in info.goals}):
        fields.append("metric")
        titles.append(metric)
        for row, info in zip(rows, runs, strict=True):
            row.append(number(info.summary.get(metric)) if metric in info.summary else "-")
        if not fits():
            del fields[-1], titles[-1]
            for row in rows:
                del row[-1]
            break
    return drawn()


def _is_shown(value: Any) -> bool:
    return isinstance(value, bool | int | float | str)


def _sorted(runs: list[RunInfo], sort: str, everything: list[RunInfo]) -> list[RunInfo]:
    """The runs by what a name means in the filter language: a field of the run, a config key or a metric."""
    import time

    from aspara.catalog.filters.expression import parse
    from aspara.catalog.filters.fields import OWN_FIELDS
    from aspara.catalog.filters.mongo import ordered
    from aspara.catalog.filters.tokens import quoted

    name = sort[1:] if sort.startswith(("-", "+")) else sort
    now = time.time() * 1000
    field = parse(name if name.endswith(")") else quoted(name))
    explicit = name in OWN_FIELDS or name.startswith(("summary.", "config.")) or name.endswith(")")
    if everything and not explicit and all(field.value(info.record(), now) is None for info in everything):
        from aspara.errors import UsageError
        from aspara.util.suggestions import did_you_mean

        known = [*OWN_FIELDS, *{key for info in everything for key in (*info.config, *info.summary)}]
        raise UsageError(
            f"--sort {sort}: no run has a metric or config key {name!r}.{did_you_mean(name, known)}"
            " Sort by name, started, duration, step, status, summary.METRIC or config.KEY."
        )
    direction = "-" if sort.startswith("-") else ""
    return ordered(
        runs, f"{direction}summary.value", lambda info: {"summary": {"value": field.value(info.record(), now)}}
    )
