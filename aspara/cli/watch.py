"""`aspara watch`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from aspara.cli.options import add_json_for_programs, add_place, add_target, provider, run_target, seconds, wants_json

if TYPE_CHECKING:
    from aspara.analysis.watch import WatchResult

SUMMARY = "Wait until a condition on a run holds"
EXAMPLES = """
aspara watch digits/lr-0.1 --until 'val/loss < 0.3'
aspara watch digits/lr-0.1 --until 'val/loss < 0.3 or step > 5000' --timeout 2h && echo good
aspara watch digits/lr-0.1 --until 'loss == nan' --json
"""
MET, ENDED, TIMEOUT = 0, 3, 4


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument(
        "--until",
        required=True,
        metavar="CONDITION",
        help="in the filter language; it is tried on every row of the run, those before this command too. Exit codes: 0 it "
        "holds, 3 the run ended before, 4 the time was over",
    )
    add_timeout(parser)
    add_place(parser)
    add_json_for_programs(parser)


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """``--timeout``."""
    parser.add_argument(
        "--timeout", type=seconds, metavar="TIME", help="give up after that: 90s, 5m, 2h, 7d (default: never)"
    )


def run(args: argparse.Namespace) -> int:
    """Waits."""
    from aspara.analysis.watch import wait_until
    from aspara.catalog.filters.expression import parse
    from aspara.cli.formatting import clean

    project, name = run_target(args.target)
    condition = parse(args.until)
    with provider(args) as source:
        result = wait_until(source, project, name, condition, timeout=args.timeout)
    if wants_json(args):
        show(result, condition=args.until)
    elif result.outcome == "met":
        at = "" if result.step is None else f" at step {result.step}"
        print(f"{clean(args.until)} holds{at}.")
    elif result.outcome == "ended":
        print(f"Run {result.info.run!r} has ended ({result.info.status}); {clean(args.until)} never held.")
    else:
        print(f"{clean(args.until)} does not hold yet; the time is over.")
    return {"met": MET, "ended": ENDED, "timeout": TIMEOUT}[result.outcome]


def show(result: WatchResult, **more: str) -> None:
    """Prints the result as JSON."""
    from aspara.cli.formatting import print_json

    found = {"project": result.info.project, "outcome": result.outcome, "step": result.step, "run": result.info.json()}
    print_json({**more, **found})
