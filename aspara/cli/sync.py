"""`aspara sync`."""

from __future__ import annotations

import argparse
import sys

from aspara.cli.options import count

SUMMARY = "Send to a tracker what dead or offline processes left behind"
EXAMPLES = """
aspara sync
aspara sync --tracker-uri http://gpu-box:3142
aspara sync --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "--tracker-uri", "--tracker", metavar="URI", help="send everything there (default: where each run was to go)"
    )
    parser.add_argument(
        "--timeout", type=count, default=60, metavar="SECONDS", help="give up on a run after so long (default: 60)"
    )
    parser.add_argument("--json", action="store_true", help="print what became of each run as JSON")


def run(args: argparse.Namespace) -> int:
    """Sends, and says what became of each run. Exit code 1 if something is left to send."""
    from aspara.cli.formatting import as_json, table
    from aspara.cli.progress import ProgressBar
    from aspara.client.sync import sync

    with ProgressBar("Sending") as progress:

        def told(done: int, of: int, name: str) -> None:
            progress.of(of)
            progress.show(done, name)

        results = sync(tracker_uri=args.tracker_uri, timeout=args.timeout, warn=_warn, progress=told)
    if args.json:
        print(as_json({"runs": [vars(result) for result in results], "total": len(results)}))
    elif results:
        print(table(("RUN", "TRACKER", "STATE", "DETAIL"), [(r.run, r.tracker, r.state, r.detail) for r in results]))
    else:
        print("Nothing is left to send.")
    return 1 if any(result.state in ("kept", "broken") for result in results) else 0


def _warn(sentence: str) -> None:
    from aspara.cli.formatting import clean

    print(clean(sentence), file=sys.stderr)
