"""`aspara tracker`."""

from __future__ import annotations

import argparse

from aspara.cli.server_options import TRACKER_PORT, add_address, serve

SUMMARY = "Take runs from other machines"
EXAMPLES = """
aspara tracker
aspara tracker --host 0.0.0.0 --token "$(openssl rand -hex 16)" --data-dir /srv/runs
ASPARA_TRACKER_URI=http://gpu-box:3142 ASPARA_TOKEN=... python train.py
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    add_address(parser, TRACKER_PORT)


def run(args: argparse.Namespace) -> int:
    """Serves the tracker."""
    return serve(args, "Aspara tracker", tracker=True)
