"""`aspara delete`."""

from __future__ import annotations

import argparse
import sys

from aspara.cli.options import add_data_dir, add_target, catalog, split_target

SUMMARY = "Delete a run, or a project with all its runs"
EXAMPLES = """
aspara delete digits/lr-0.1
aspara delete digits --yes
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT[/RUN]")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--force", action="store_true", help="even while it is running; what it logs then is lost")
    add_data_dir(parser)


def run(args: argparse.Namespace) -> int:
    """Asks, then deletes."""
    from aspara.errors import UsageError

    project, name = split_target(args.target)
    with catalog(args) as found:
        if name is None:
            what = f"project {project!r} with {found.project(project).run_count} runs"
        else:
            what = f"run {found.stem(project, name)!r} of project {project!r}"
        if not args.yes:
            if not sys.stdin.isatty():
                raise UsageError(f"Nobody can be asked whether to delete {what}. Say --yes if you mean it.")
            if input(f"Delete {what}, with all files? [y/N] ").strip().lower() not in ("y", "yes"):
                print("Nothing was deleted.")
                return 1
        if name is None:
            found.delete_project(project, force=args.force)
        else:
            found.delete_run(project, name, force=args.force)
    print(f"Deleted {what}.")
    return 0
