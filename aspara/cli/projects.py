"""`aspara projects`."""

from __future__ import annotations

import argparse

from aspara.cli.options import add_json, add_place, provider

SUMMARY = "List the projects, the one that changed last first"
EXAMPLES = """
aspara projects
aspara projects --search mnist
aspara projects --json --data-dir ./demo-data
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--search", metavar="TEXT", default="", help="only those with TEXT in their name or a tag")
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the list."""
    from aspara.cli.formatting import ago, as_json, table

    with provider(args) as found:
        wanted = args.search.lower()
        listed = [p for p in found.projects() if wanted in p.name.lower() or any(wanted in t.lower() for t in p.tags)]
        place = found.place
    if args.json:
        print(as_json({"projects": [p.json() for p in listed], "total": len(listed)}))
    elif listed:
        rows = [(p.name, p.run_count, p.running or "", ago(p.last_update), ", ".join(p.tags)) for p in listed]
        print(table(("PROJECT", "RUNS", "RUNNING", "CHANGED", "TAGS"), rows, right=(1, 2)))
    elif wanted:
        print(f"No project in {place} has {args.search!r} in its name or tags.")
    else:
        print(f"There is no project in {place} yet. `aspara demo` makes one.")
    return 0
