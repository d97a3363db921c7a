"""`aspara sql`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from aspara.cli.options import add_filter, add_json_for_programs, add_place, count, provider, seconds, wants_json

if TYPE_CHECKING:
    from aspara.analysis.sql import SqlAnswer
    from aspara.catalog.runs.run_info import RunInfo

SUMMARY = "Ask runs a question in SQL; nothing is ever written"
EXAMPLES = """
aspara sql 'select run, "config.lr", "summary.loss" from runs order by "summary.loss" limit 5' --project digits
aspara sql "select run, min(value) as best from points where metric = 'loss' group by run order by best" --project digits
aspara sql 'select key, count(*) as runs from config group by key' --limit 100
aspara sql - --json < question.sql
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "query",
        metavar="QUERY",
        help="one SELECT over the tables runs, config, summary and points; - reads it from stdin",
    )
    parser.add_argument(
        "--project",
        action="append",
        metavar="PROJECT",
        help="only runs of this project (may be repeated; default: all)",
    )
    add_filter(parser)
    parser.add_argument(
        "--metric", action="append", metavar="GLOB", help="only points of these metrics (may be repeated)"
    )
    parser.add_argument("--limit", type=count, default=1000, metavar="N", help="at most N rows (default: 1000)")
    parser.add_argument(
        "--timeout", type=seconds, default=60.0, metavar="TIME", help="give up after that: 90s, 5m (default: 60s)"
    )
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the answer."""
    from aspara.analysis.sql import Scope, query
    from aspara.cli.formatting import print_json

    text = sys.stdin.read() if args.query == "-" else args.query
    with provider(args) as source:
        scope = Scope(args.project, _accepted(args.filter), args.metric)
        answer = query(source, text, scope, rows=args.limit, seconds=args.timeout)
    if wants_json(args):
        rows = [[_plain(value) for value in row] for row in answer.frame.iter_rows()]
        print_json({"columns": answer.frame.columns, "rows": rows, "truncated": answer.truncated})
    else:
        print(_text(answer))
    return 0


def _accepted(expression: str | None) -> Any:
    from aspara.cli.options import filtered

    def accepted(info: RunInfo) -> bool:
        return bool(filtered([info], expression))

    return accepted


def _plain(value: Any) -> Any:
    """A value as JSON has it; moments as ISO 8601 in UTC."""
    return (
        f"{value.isoformat(timespec='milliseconds')}Z"
        if hasattr(value, "isoformat") and hasattr(value, "hour")
        else value
    )


def _text(answer: SqlAnswer) -> str:
    from aspara.cli.formatting import number, table

    frame = answer.frame
    numeric = [place for place, kind in enumerate(frame.dtypes) if kind.is_numeric()]
    rows = [[number(_plain(value)) for value in row] for row in frame.iter_rows()]
    if not frame.columns:
        return "No columns."
    drawn = table(frame.columns, rows, right=numeric)
    more = f"\n… and more rows; --limit shows more than {frame.height}" if answer.truncated else ""
    return drawn + (more or ("" if rows else "\nNo rows."))
