"""Runs in a folder of their own, and what they left on disk."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery


class Disk:
    """A data directory, and short questions to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, path: str) -> list[dict]:
        return [json.loads(line) for line in (self.folder / path).read_text().splitlines() if line]

    def meta(self, project: str, run: str) -> dict:
        return json.loads((self.folder / project / f"{run}.meta.json").read_text())

    def info(self, project: str, run: str):
        return Catalog(self.folder).run(project, run).info

    def values(self, project: str, run: str, metric: str) -> list[float]:
        found = Catalog(self.folder).metrics(project, [run], SeriesQuery())
        return found.metrics[metric][run].values.tolist() if metric in found.metrics else []

    def steps(self, project: str, run: str, metric: str) -> list[int]:
        return Catalog(self.folder).metrics(project, [run], SeriesQuery()).metrics[metric][run].steps.tolist()


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    folder = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # From 3.12 on Python says at each fork that the process has threads, which are ours.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:This process:DeprecationWarning")
    yield Disk(folder)
    aspara.finish()


@pytest.fixture
def script(disk: Disk, tmp_path: Path):
    """Runs a program that uses aspara in a process of its own."""

    def run(source: str, *arguments: str, wait: bool = True, **options):
        path = tmp_path / f"program-{uuid.uuid4().hex}.py"
        path.write_text(textwrap.dedent(source))
        # From Python 3.12 on it warns of every fork beside a thread; that is its word to the programmer, and not ours.
        command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", str(path), *arguments]
        if wait:
            return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    return run
