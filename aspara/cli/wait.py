"""`aspara wait`."""

from __future__ import annotations

import argparse

from aspara.cli.options import add_json_for_programs, add_place, provider, run_target, wants_json
from aspara.cli.watch import ENDED, MET, TIMEOUT, add_timeout

SUMMARY = "Wait until runs have ended"
EXAMPLES = """
aspara wait digits/lr-0.1 && aspara show digits/lr-0.1
aspara wait digits/lr-0.1 digits/lr-0.01 --timeout 2h
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "targets",
        metavar="PROJECT/RUN",
        nargs="+",
        help="by file name or id. Exit codes: 0 all completed, 3 one failed or crashed, 4 the time was over",
    )
    add_timeout(parser)
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Waits."""
    import time

    from aspara.analysis.watch import wait_for_end
    from aspara.cli.formatting import print_json

    targets = [run_target(target) for target in args.targets]
    end = None if args.timeout is None else time.monotonic() + args.timeout
    with provider(args) as source:
        for project, name in targets:
            source.run(project, name)  # a mistyped name is told before the waiting begins
        results = [
            wait_for_end(source, project, name, timeout=None if end is None else max(0.0, end - time.monotonic()))
            for project, name in targets
        ]
    if wants_json(args):
        print_json({"runs": [result.info.json() for result in results]})
    else:
        print("\n".join(f"{result.info.project}/{result.info.run}  {result.info.status}" for result in results))
    if any(result.outcome == "timeout" for result in results):
        return TIMEOUT
    return MET if all(result.info.status == "completed" for result in results) else ENDED
