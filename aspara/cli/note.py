"""`aspara note`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from aspara.cli.options import add_json_for_programs, add_place, add_target, provider, run_target, wants_json

SUMMARY = "Add a line to the notes of a run, or print them"
EXAMPLES = """
aspara note digits/lr-0.1 "Loss spikes at step 400: the bad batch again."
aspara note digits/lr-0.1
aspara note digits/lr-0.1 --replace "Kept as baseline."
git log -1 --format=%s | aspara note digits/lr-0.1 -
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument("text", metavar="TEXT", nargs="?", help="the line to add; - reads it from stdin")
    parser.add_argument("--replace", action="store_true", help="TEXT takes the place of the notes")
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Changes or prints the notes."""
    from aspara.cli.formatting import print_json
    from aspara.errors import UsageError

    project, name = run_target(args.target)
    text = sys.stdin.read().rstrip("\n") if args.text == "-" else args.text
    if text is None and args.replace:
        raise UsageError("--replace needs the text that takes the place of the notes; '' leaves none.")

    def change(before: Mapping[str, Any]) -> dict[str, Any]:
        notes = str(before.get("notes") or "")
        return {"notes": text if args.replace or not notes else f"{notes}\n{text}"}

    with provider(args) as source:
        info = source.run(project, name).info
        notes = info.notes if text is None else str(source.edit(project, info.run, change)["notes"])
    if wants_json(args):
        print_json({"project": project, "run": info.run, "notes": notes})
    else:
        print(notes or f"Run {info.run!r} has no notes.")
    return 0
