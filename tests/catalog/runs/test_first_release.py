"""Data of the first release opens as it is; fixtures/v01/make.py says what was logged."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery

SAMPLES = Path(__file__).parents[2] / "fixtures" / "v01"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    data = tmp_path_factory.mktemp("v01") / "data"
    shutil.copytree(SAMPLES / "data", data)
    # The first release took no locks: only old files show that a run without an end is over.
    for file in data.rglob("*"):
        os.utime(file, (time.time() - 86_400,) * 2)
    catalog = Catalog(data)
    yield catalog
    catalog.close()


def test_every_run_is_listed(old: Catalog) -> None:
    """All runs of both backends are there, and the project counts them."""
    assert sorted(EXPECTED) == sorted(info.run for info in old.runs("digits"))
    project = old.project("digits")
    assert (len(EXPECTED), 0, ["images"]) == (project.run_count, project.running, project.tags)


@pytest.mark.parametrize("run", EXPECTED)
def test_every_point_is_read(old: Catalog, run: str) -> None:
    """The points of each metric are the ones logged, ordered by step; non-finite values are the very numbers."""
    answer = old.metrics("digits", [run], SeriesQuery())
    facts = EXPECTED[run]
    assert sorted(facts.get("metrics", facts["points"])) == sorted(answer.metrics)
    for metric, points in facts["points"].items():
        series = answer.metrics[metric][run]
        assert [step for step, _ in points] == series.steps.tolist()
        assert [NUMBERS.get(v, v) for _, v in points] == pytest.approx(
            series.values.tolist(), rel=0, abs=0, nan_ok=True
        )
        assert (series.timestamps > 1_700_000_000_000).all()
        assert series.raw


@pytest.mark.parametrize("run", EXPECTED)
def test_every_run_tells_what_it_was(old: Catalog, run: str) -> None:
    """Status, exit code, config, summary, tags, notes and artifacts are those that were set; nothing is a problem."""
    facts = EXPECTED[run]
    found = old.run("digits", run).json()
    assert facts["status"] == found["status"]
    assert facts["exit_code"] == found["exit_code"]
    assert facts.get("tags", []) == found["tags"]
    assert facts.get("notes", "") == found["notes"]
    assert facts.get("config", {}) == found["config"]
    assert facts.get("summary", {}).items() <= found["summary"].items()
    assert facts.get("artifacts", []) == [a["name"] for a in found["artifacts"]]
    assert found["problems"] == []


@pytest.mark.parametrize("run", EXPECTED)
def test_the_last_values_come_from_the_rows(old: Catalog, run: str) -> None:
    """A summary that nobody wrote holds the last value of each metric; `last_step` is the largest."""
    facts = EXPECTED[run]
    found = old.run("digits", run).json()
    for metric, points in facts["points"].items():
        assert points[-1][1] == pytest.approx(found["summary"][metric])
    assert max(points[-1][0] for points in facts["points"].values()) == found["last_step"]


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_given_moments_are_kept(old: Catalog, backend: str) -> None:
    """Timestamps that the program gave come back to the millisecond."""
    series = old.metrics("digits", [f"moments-{backend}"], SeriesQuery()).metrics["loss"][f"moments-{backend}"]
    assert EXPECTED[f"moments-{backend}"]["times"] == series.timestamps.tolist()


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_artifacts_can_be_opened(old: Catalog, backend: str) -> None:
    """An artifact's file has the content that was kept, its size and its description."""
    run = f"plain-{backend}"
    assert old.artifact_path("digits", run, "weights.txt").read_bytes() == b"0.25 0.5\n"
    (entry,) = old.artifacts("digits", run)
    assert (
        entry["name"],
        entry["file_size"],
        entry["description"],
        entry["category"],
    ) == ("weights.txt", 9, "the last weights", "model")


def test_a_run_without_an_end_may_still_be_running(tmp_path: Path) -> None:
    """A run of the first release that took no lock is running while its files are fresh."""
    shutil.copytree(SAMPLES / "data", tmp_path / "data", copy_function=shutil.copyfile)
    catalog = Catalog(tmp_path / "data")
    assert catalog.run("digits", "killed-jsonl").info.status == "running"
    assert catalog.run("digits", "killed-polars").info.status == "running"
    assert catalog.run("digits", "plain-jsonl").info.status == "completed"


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """No file in the data directory is made, touched or removed by reading."""
    data = tmp_path / "data"
    shutil.copytree(SAMPLES / "data", data)
    before = {f: (f.stat().st_mtime_ns, f.stat().st_size) for f in data.rglob("*")}
    catalog = Catalog(data)
    catalog.projects()
    catalog.runs("digits")
    catalog.metrics("digits", None, SeriesQuery(points=10))
    for run in EXPECTED:
        catalog.run("digits", run)
    assert before == {f: (f.stat().st_mtime_ns, f.stat().st_size) for f in data.rglob("*")}
