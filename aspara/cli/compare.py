"""`aspara compare`."""

from __future__ import annotations

import argparse

from aspara.cli.options import add_json_for_programs, add_place, provider, run_target, wants_json

SUMMARY = "Show in what runs differ, and only that: their config, their results, how they ran"
EXAMPLES = """
aspara compare digits/lr-0.1 digits/lr-0.01
aspara compare digits/lr-0.1 digits/lr-0.01 digits-old/baseline --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "targets", metavar="PROJECT/RUN", nargs="+", help="two runs or more, by file name or id (see aspara runs)"
    )
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the differences."""
    from aspara.analysis.comparison import SECTIONS, compared, label, same_count
    from aspara.cli.formatting import number, print_json, table
    from aspara.errors import UsageError

    targets = [run_target(target) for target in args.targets]
    with provider(args) as source:
        infos = [source.run(project, name).info for project, name in targets]
    labels = [label(info) for info in infos]
    if len(set(labels)) < 2:
        raise UsageError(f"{args.targets[0]!r} alone has nothing to be compared with: name two runs or more.")
    differences = compared(infos)
    if wants_json(args):
        found = {"runs": labels, "differences": [d.json() for d in differences], "same": same_count(infos)}
        print_json(found)
        return 0
    parts = []
    for section in SECTIONS:
        rows = [(d.key, *(number(d.values.get(name)) for name in labels)) for d in differences if d.section == section]
        if rows:
            parts.append(table((section.upper(), *labels), rows))
    same = ", ".join(f"{count} of {section}" for section, count in same_count(infos).items() if count)
    parts.append(f"The same in all: {same or 'nothing'}." if parts else "The runs do not differ.")
    print("\n\n".join(parts))
    return 0
