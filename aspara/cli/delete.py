"""`aspara delete`."""

from __future__ import annotations

import argparse
import sys

from aspara.cli.options import add_json, add_place, add_target, provider, split_target

SUMMARY = "Delete a run, or a project with all its runs"
EXAMPLES = """
aspara delete digits/lr-0.1
aspara delete digits --yes --json
aspara delete digits/lr-0.1 --tracker http://gpu-box:3142
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT[/RUN]")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    parser.add_argument(
        "--force", action="store_true", help="delete a running run too; what it logs afterwards is lost"
    )
    add_place(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Asks, then deletes."""
    from aspara.errors import UsageError

    project, name = split_target(args.target)
    with provider(args) as source:
        if name is None:
            count, stem = source.project(project).run_count, None
            what = f"project {project!r} with {count} {'run' if count == 1 else 'runs'}"
        else:
            count, stem = 1, source.run(project, name).info.run
            what = f"run {stem!r} of project {project!r}"
        if not args.yes:
            if args.json or not sys.stdin.isatty():
                raise UsageError(f"Not a terminal: pass --yes to confirm the deletion of {what}.")
            try:
                answer = input(f"Delete {what} in {source.place}, with all files? [y/N] ")
            except EOFError:  # Ctrl-D
                print()
                answer = ""
            if answer.strip().lower() not in ("y", "yes"):
                print("Nothing was deleted.")
                return 1
        if stem is None:
            source.delete_project(project, force=args.force)
        else:
            source.delete(project, stem, force=args.force)
    if args.json:
        from aspara.cli.formatting import as_json

        print(as_json({"deleted": {"project": project, "run": stem, "runs": count}}))
    else:
        print(f"Deleted {what}.")
    return 0
