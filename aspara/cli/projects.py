"""`aspara projects`."""

from __future__ import annotations

import argparse
from pathlib import Path

from aspara.cli.options import DEMO_DATA_DIR, add_json, add_place, provider
from aspara.vocabulary import PROJECT_HEADS

SUMMARY = "List the projects, the most recently updated first"
EXAMPLES = """
aspara projects
aspara projects --search mnist
aspara projects --data-dir demo-data
aspara projects --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--search", metavar="TEXT", default="", help="only those with TEXT in their name or a tag")
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the list."""
    from aspara.cli.formatting import ago, as_json, table

    text = args.search.lower()
    with provider(args) as source:
        projects = [p for p in source.projects() if text in p.name.lower() or any(text in t.lower() for t in p.tags)]
        place = source.place
    if args.json:
        print(as_json({"projects": [p.json() for p in projects], "total": len(projects)}))
    elif projects:
        titles = [head.upper() for head in PROJECT_HEADS.values()]
        rows = [(p.name, p.run_count, p.running or "", ago(p.last_update), ", ".join(p.tags)) for p in projects]
        print(table(titles, rows, right=(1, 2)))
    elif text:
        print(f"No project in {place} has {args.search!r} in its name or tags.")
    elif (Path(DEMO_DATA_DIR) / "digits").is_dir():
        print(
            f"There is no project in {place} yet. The demo's runs are in {DEMO_DATA_DIR}: --data-dir {DEMO_DATA_DIR}."
        )
    else:
        print(f"There is no project in {place} yet. `aspara demo` makes one.")
    return 0
