"""`aspara stop`."""

from __future__ import annotations

import argparse

from aspara.cli.options import add_json_for_programs, add_place, add_target, provider, run_target, wants_json
from aspara.cli.watch import ENDED, MET, TIMEOUT, add_timeout

SUMMARY = "Ask a running run to stop: its program sees run.should_stop"
EXAMPLES = """
aspara stop digits/lr-0.1
aspara stop digits/lr-0.1 --wait --timeout 5m
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument(
        "--wait",
        action="store_true",
        help="wait until it has ended. Exit codes: 0 it completed, 3 it failed or crashed, 4 the time was over",
    )
    add_timeout(parser)
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Asks, and waits if that is wanted."""
    from aspara.analysis.watch import wait_for_end
    from aspara.cli.formatting import print_json

    project, name = run_target(args.target)
    with provider(args) as source:
        run_name = source.run(project, name).info.run
        source.stop(project, run_name)
        result = wait_for_end(source, project, run_name, timeout=args.timeout if args.wait else 0.0)
    if wants_json(args):
        print_json({"project": project, "run": result.info.json()})
    elif result.outcome == "ended":
        print(f"Run {run_name!r} has ended: {result.info.status}.")
    else:
        print(f"Run {run_name!r} was asked to stop. It stops when its program reads run.should_stop.")
    if not args.wait:
        return MET
    return TIMEOUT if result.outcome == "timeout" else MET if result.info.status == "completed" else ENDED
