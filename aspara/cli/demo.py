"""`aspara demo`."""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aspara.cli.options import DEMO_DATA_DIR, port
from aspara.cli.server_options import DASHBOARD_PORT

if TYPE_CHECKING:
    from aspara.server.app import Server

SUMMARY = "Train a classifier on handwritten digits and watch it live"
EXAMPLES = """
aspara demo
aspara demo --once
aspara demo --data-dir /tmp/runs --port 8000 --open
"""
_PORTS_TRIED = 50


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--once", action="store_true", help="train for a few seconds, then exit")
    parser.add_argument(
        "--data-dir", metavar="DIR", default=DEMO_DATA_DIR, help=f"where its runs go (default: {DEMO_DATA_DIR})"
    )
    parser.add_argument(
        "--port", type=port, help=f"the dashboard's port (default: {DASHBOARD_PORT}, else the next free)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in a browser")


def run(args: argparse.Namespace) -> int:
    """Serves the dashboard here while another process trains, as in real life: they share nothing but the files."""
    from importlib.util import find_spec

    from aspara.errors import AsparaError

    if find_spec("sklearn") is None:
        raise AsparaError("The demo trains with scikit-learn, which is not installed: pip install scikit-learn")
    try:
        server = _server(args)
        print(f"Aspara dashboard: {server.url}", flush=True)
        print(f"Data:  {server.context.catalog.data_dir}")
        print("Ctrl-C ends it.", flush=True)
        if args.open:
            import webbrowser

            webbrowser.open(server.url)
        with _training(args, server) as trainer:
            server.run()
            code = trainer.poll()
    except KeyboardInterrupt:
        return 0
    # None: the training was still under way when somebody ended the demo, which is no failure.
    return 1 if code else 0


def _server(args: argparse.Namespace) -> Server:
    from aspara import settings
    from aspara.errors import AsparaError, UsageError
    from aspara.server.app import Server

    data_dir = settings.data_dir(args.data_dir)
    tried = range(DASHBOARD_PORT, DASHBOARD_PORT + _PORTS_TRIED) if args.port is None else (args.port,)
    for number in tried:
        try:
            return Server(data_dir, port=number, read_only=False)
        except UsageError as error:
            if number == tried[-1]:
                raise AsparaError(str(error)) from None
    raise AssertionError


@contextlib.contextmanager
def _training(args: argparse.Namespace, server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """The training process; when it ends, the server of a brief demo stops. It does not outlive the block."""
    command = [sys.executable, "-m", "aspara.cli.demo_training", str(Path(args.data_dir).absolute())]
    # A session of its own: Ctrl-C reaches us alone, and we end it in good order.
    process = subprocess.Popen(command + ["--once"] * args.once, stdin=subprocess.DEVNULL, start_new_session=True)

    def wait() -> None:
        code = process.wait()
        if args.once or code > 0:
            server.stop()
        elif code == 0:
            print("All runs are trained. The dashboard stays open until Ctrl-C.", flush=True)

    watcher = threading.Thread(target=wait, name="aspara-demo", daemon=True)
    watcher.start()
    try:
        yield process
    finally:
        # SIGTERM lets the run write its end: failed, exit code 143.
        process.terminate()
        watcher.join(20)
