"""The tracker: takes the runs of other machines, on a port of its own or on the dashboard's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from aspara.server.app import check_data_dir
from aspara.web.route import Route
from aspara.web.tracker.receiver import RunReceiver
from aspara.web.tracker.routes import routes


def ingest(data_dir: Path) -> tuple[Sequence[Route], Callable[[], None]]:
    """The tracker's routes, for ``Server(extra=...)``, and what lets go of open runs, for ``Server(on_close=...)``."""
    intake = RunReceiver(check_data_dir(data_dir, read_only=False))
    return routes(intake), intake.close
