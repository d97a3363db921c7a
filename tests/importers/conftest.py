"""Samples made by the other trackers themselves, and an importer as a function."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import aspara
from aspara.importers.common.run_writer import ImportResult, RunWriter
from aspara.importers.common.source import ImportReport

SAMPLES = Path(__file__).parent / "samples"


@pytest.fixture
def sample(tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a sample that the test may change: ``sample("wandb")``, ``sample("mlflow.sql")`` as a database."""

    def copy(name: str) -> Path:
        source = SAMPLES / name
        target = tmp_path / "source" / name
        if source.is_dir():
            return Path(shutil.copytree(source, target))
        target.parent.mkdir(exist_ok=True)
        database = target.with_suffix(".db")
        with sqlite3.connect(database) as connection:
            connection.executescript(source.read_text(encoding="utf-8"))
        connection.close()
        return database

    return copy


class Importer:
    """``bring("wandb", path)``: every run of `path` into project ``p`` of a data directory of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.report = ImportReport()

    def __call__(
        self, kind: str, path: Path, *, dry: bool = False, project: str = "p", **options
    ) -> list[ImportResult]:
        self.report = ImportReport()
        keeper = RunWriter(self.data)
        try:
            found = importlib.import_module(f"aspara.importers.{kind}").runs(path, self.report, **options)
            return [keeper.keep(source, project, dry=dry) for source in found]
        finally:
            keeper.close()

    def run(self, name: str, project: str = "p"):
        """The imported run of that name."""
        return next(run for run in aspara.Api(self.data).runs(project) if run.name == name)

    def points(self, name: str, metric: str, project: str = "p") -> list[tuple[int, int, float]]:
        """(step, ms, value) of every point of a metric, repeated steps too."""
        from aspara.catalog.catalog import Catalog
        from aspara.catalog.series.query import SeriesQuery

        catalog = Catalog(self.data)
        run = self.run(name, project).run
        found = catalog.metrics(project, [run], SeriesQuery()).metrics[metric][run]
        catalog.close()
        return list(zip(found.steps.tolist(), found.timestamps.tolist(), found.values.tolist(), strict=True))


@pytest.fixture
def bring(tmp_path: Path) -> Importer:
    return Importer(tmp_path / "data")
