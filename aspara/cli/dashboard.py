"""`aspara dashboard`."""

from __future__ import annotations

import argparse

from aspara.cli.server_options import DASHBOARD_PORT, add_address, add_dashboard_options, serve

SUMMARY = "Show the runs in a browser, live"
EXAMPLES = """
aspara dashboard
aspara dashboard --open --data-dir ./demo-data
aspara dashboard --host 0.0.0.0 --token "$(openssl rand -hex 16)" --read-only
aspara dashboard --with-tracker
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_address(parser, DASHBOARD_PORT)
    add_dashboard_options(parser)
    parser.add_argument(
        "--with-tracker", action="store_true", help="also take runs from other machines, on the same port"
    )


def run(args: argparse.Namespace) -> int:
    """Serves the dashboard."""
    return serve(args, "Aspara dashboard", tracker=args.with_tracker)
