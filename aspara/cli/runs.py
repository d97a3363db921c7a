"""`aspara runs`."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from aspara.cli.options import add_filter, add_json, add_place, count, filtered, provider

if TYPE_CHECKING:
    from aspara.catalog.runs.run_info import RunInfo

SUMMARY = "List the runs of a project, the one that began last first"
EXAMPLES = """
aspara runs digits
aspara runs digits --status running
aspara runs digits --filter 'config.lr < 0.05 and min(loss) < 0.2'
aspara runs digits --sort=-summary.val/accuracy --limit 5
aspara runs digits --json
"""
STATUSES = ("running", "completed", "failed", "crashed")


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("project", metavar="PROJECT")
    parser.add_argument("--status", choices=STATUSES, help="only runs in this state")
    parser.add_argument("--tag", action="append", default=[], help="only runs with this tag (may be repeated)")
    add_filter(parser)
    parser.add_argument(
        "--sort",
        metavar="FIELD",
        help="name, start_time, last_update, last_step, summary.METRIC or config.KEY; --sort=-FIELD for descending",
    )
    parser.add_argument("--limit", type=count, metavar="N", help="at most N runs")
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the list."""
    from aspara.cli.formatting import as_json

    with provider(args) as found:
        listed = [
            info
            for info in found.runs(args.project)
            if args.status in (None, info.status) and set(args.tag) <= set(info.tags)
        ]
    listed = filtered(listed, args.filter)
    total = len(listed)
    if args.sort:
        listed = _sorted(listed, args.sort)
    listed = listed[: args.limit]
    if args.json:
        print(as_json({"project": args.project, "runs": [info.json() for info in listed], "total": total}))
    elif listed:
        print(_table(listed))
        if len(listed) < total:
            print(f"{total - len(listed)} more; --limit shows more of them.")
    else:
        print(f"Project {args.project!r} has no such run.")
    return 0


def _table(listed: list[RunInfo]) -> str:
    from aspara.cli.formatting import duration, moment, number, table

    titles = ["RUN", "NAME", "STATUS", "STARTED", "TOOK", "STEP"]
    rows: list[list[object]] = []
    for info in listed:
        end = info.finish_time or info.last_update
        took = None if end is None or info.start_time is None else end - info.start_time
        rows.append(
            [
                info.run,
                info.name if info.name != info.run else "",
                info.status,
                moment(info.start_time),
                duration(took),
                number(info.last_step),
            ]
        )
    if not any(row[1] for row in rows):
        titles.remove("NAME")
        for row in rows:
            del row[1]
    room = shutil.get_terminal_size((100, 24)).columns
    for title in ("TOOK", "STARTED"):  # where there is no room for times
        if max(map(len, table(titles, rows).splitlines())) > room:
            at = titles.index(title)
            titles, rows = titles[:at] + titles[at + 1 :], [row[:at] + row[at + 1 :] for row in rows]
    right = [n for n, title in enumerate(titles) if title in ("TOOK", "STEP")]
    # As many results as there is room for, those that most runs have first.
    metrics = sorted(
        {m for info in listed for m in info.summary}, key=lambda m: (-sum(m in i.summary for i in listed), m)
    )
    shown = table(titles, rows, right=right)
    for metric in metrics:
        wider = [
            [*row, number(info.summary.get(metric)) if metric in info.summary else "-"]
            for row, info in zip(rows, listed, strict=True)
        ]
        tried = table([*titles, metric], wider, right=[*right, len(titles)])
        if max(map(len, tried.splitlines())) > room:
            break
        shown, rows = tried, wider
        right.append(len(titles))
        titles.append(metric)
    return shown


def _sorted(listed: list[RunInfo], sort: str) -> list[RunInfo]:
    from aspara.catalog.filters.mongo import ordered
    from aspara.catalog.runs.run_info import RunInfo
    from aspara.errors import UsageError

    name = sort.removeprefix("-")
    room, _, key = name.partition(".")
    plain = ("name", "run", "status", "start_time", "finish_time", "last_update", "last_step")
    if name not in plain and not (room in ("summary", "config") and key):
        raise UsageError(f"--sort {sort}: choose {', '.join(plain)}, summary.METRIC or config.KEY.")
    return ordered(listed, sort, RunInfo.record)
