"""`aspara tag`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from aspara.cli.options import add_json_for_programs, add_place, add_target, provider, run_target, wants_json

SUMMARY = "Add tags to a run, remove some, or list them"
EXAMPLES = """
aspara tag digits/lr-0.1 baseline keep
aspara tag digits/lr-0.1 --remove keep
aspara tag digits/lr-0.1
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument("tags", metavar="TAG", nargs="*", help="the tags to add")
    parser.add_argument(
        "--remove", action="append", default=[], metavar="TAG", help="a tag to remove (may be repeated)"
    )
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Changes or lists the tags."""
    from aspara.cli.formatting import clean, print_json

    project, name = run_target(args.target)

    def change(before: Mapping[str, Any]) -> dict[str, Any]:
        kept = [tag for tag in before["tags"] if tag not in args.remove]
        return {"tags": [*kept, *dict.fromkeys(tag for tag in args.tags if tag not in kept)]}

    with provider(args) as source:
        info = source.run(project, name).info
        if args.remove:
            _check(info.run, args.remove, info.tags)
        tags = source.edit(project, info.run, change)["tags"] if args.tags or args.remove else info.tags
    if wants_json(args):
        print_json({"project": project, "run": info.run, "tags": tags})
    else:
        print(clean(", ".join(tags)) if tags else f"Run {info.run!r} has no tags.")
    return 0


def _check(run: str, removed: list[str], tags: list[str]) -> None:
    from aspara.errors import UsageError
    from aspara.util.suggestions import did_you_mean

    for tag in removed:
        if tag not in tags:
            listed = ", ".join(tags) or "none"
            raise UsageError(f"Run {run!r} has no tag {tag!r}.{did_you_mean(tag, tags)} Its tags: {listed}.")
