"""`aspara serve`."""

from __future__ import annotations

import argparse

from aspara.cli.server_options import DASHBOARD_PORT, TRACKER_PORT, add_address, add_dashboard_options
from aspara.cli.server_options import serve as listen

SUMMARY = "Serve the dashboard, the tracker, or both on one port"
EXAMPLES = """
aspara serve
aspara serve tracker
aspara serve together --port 3141 --data-dir /srv/runs
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("what", nargs="?", choices=("dashboard", "tracker", "together"), default="dashboard")
    add_address(parser, DASHBOARD_PORT)
    parser.set_defaults(port=None)
    add_dashboard_options(parser)


def run(args: argparse.Namespace) -> int:
    """Serves what was asked for."""
    if args.port is None:
        args.port = TRACKER_PORT if args.what == "tracker" else DASHBOARD_PORT
    what = {"dashboard": "Aspara dashboard", "tracker": "Aspara tracker", "together": "Aspara dashboard and tracker"}
    return listen(args, what[args.what], tracker=args.what != "dashboard")
