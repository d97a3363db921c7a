"""Places where runs are written: local jsonl, local polars, a tracker."""

from __future__ import annotations

from pathlib import Path

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.server.app import Server
from aspara.server.tracker import ingest
from aspara.settings import STORAGE_BACKENDS


class Place:
    """Where runs of one kind are written, and where they can be read afterwards."""

    def __init__(self, folder: Path, where: dict[str, str], **options: str) -> None:
        self.folder = folder
        self.where = where
        """The arguments that say where."""
        self.options = options

    def run(self, name: str | None = None, **options):
        return aspara.Run(name, "p", **{**self.where, **self.options, **options})

    def catalog(self) -> Catalog:
        return Catalog(self.folder)

    def values(self, run: str, metric: str) -> list[float]:
        return self.catalog().metrics("p", [run], SeriesQuery()).metrics[metric][run].values.tolist()


@pytest.fixture(params=[*STORAGE_BACKENDS, "remote"])
def place(request, tmp_path):
    folder = tmp_path / "data"
    if request.param != "remote":
        yield Place(folder, {"dir": str(folder)}, storage_backend=request.param)
        return
    routes, close = ingest(folder)
    server = Server(folder, port=0, extra=routes, on_close=[close])
    thread = server.start_in_thread()
    yield Place(folder, {"tracker_uri": server.url})
    server.stop()
    thread.join(10)
