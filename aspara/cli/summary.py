"""`aspara summary`."""

from __future__ import annotations

import argparse

from aspara.cli.options import add_json_for_programs, add_place, add_target, count, provider, run_target, wants_json
from aspara.cli.progress import reading

SUMMARY = "Tell a run in few words: how it stands, what its metrics do, what is unusual"
EXAMPLES = """
aspara summary digits/lr-0.1
aspara summary digits/lr-0.1 --tokens 100
aspara summary digits/lr-0.1 --json
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_target(parser, "PROJECT/RUN")
    parser.add_argument(
        "--tokens",
        type=count,
        default=400,
        metavar="N",
        help="about how many tokens of a language model the text may take, estimated on the high side (default: 400)",
    )
    add_place(parser)
    add_json_for_programs(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the text."""
    from aspara.analysis.run_summary import summarized
    from aspara.cli.formatting import clean, print_json

    project, name = run_target(args.target)
    with provider(args) as source:
        with reading(source, project, name):
            source.run(project, name)
        found = summarized(source, project, name, args.tokens)
    if wants_json(args):
        print_json(found.json())
    else:
        print("\n".join(map(clean, found.text.splitlines())))
    return 0
