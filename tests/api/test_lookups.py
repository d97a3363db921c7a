"""Runs are found by name and by id at a cost that does not grow with the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.errors import RunNotFound
from aspara.storage.layout import Layout


def make(folder: Path, run: str, run_id: str) -> None:
    project = folder / "p"
    project.mkdir(exist_ok=True)
    (project / f"{run}.jsonl").write_text('{"timestamp": 1, "step": 0, "metrics": {"a": 1}}\n')
    (project / f"{run}.meta.json").write_text(json.dumps({"run_id": run_id, "status": "completed", "version": "0.2.0"}))


def test_names_that_do_not_exist_list_the_project_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand unknown names of an unchanged project cost one look at it, and no metadata is read again."""
    for n in range(20):
        make(tmp_path, f"run{n}", f"id{n}")
    for path in [tmp_path / "p", *(tmp_path / "p").iterdir()]:
        import os

        os.utime(path, (1_700_000_000, 1_700_000_000))
    catalog = Catalog(tmp_path)
    looks = []
    listed = Layout.runs

    def counted(self: Layout, project: str) -> Any:
        looks.append(project)
        return listed(self, project)

    monkeypatch.setattr(Layout, "runs", counted)
    answer = catalog.metrics("p", [f"ghost{n}" for n in range(1000)], SeriesQuery())
    assert len(answer.missing) == 1000
    for n in range(50):
        with pytest.raises(RunNotFound, match="Its runs: run0, run1, run10"):
            catalog.stem("p", f"other{n}")
    assert len(looks) <= 2
    assert [catalog.stem("p", f"id{n}") for n in range(20)] == [f"run{n}" for n in range(20)]
    assert len(looks) <= 2
    catalog.close()


def test_ids_follow_the_files(tmp_path: Path) -> None:
    """A run that appears is found by its id; one that was replaced or deleted is not found by its old one."""
    make(tmp_path, "a", "one")
    catalog = Catalog(tmp_path)
    assert catalog.stem("p", "one") == "a"
    make(tmp_path, "b", "two")
    assert catalog.stem("p", "b") == "b"
    assert catalog.stem("p", "two") == "b"
    for path in (tmp_path / "p").glob("a.*"):
        path.unlink()
    make(tmp_path, "a", "three")
    assert catalog.stem("p", "three") == "a"
    with pytest.raises(RunNotFound):
        catalog.stem("p", "one")
    catalog.close()


def test_the_rows_of_a_polars_run_are_no_run_of_their_own(tmp_path: Path) -> None:
    make(tmp_path, "a", "one")
    (tmp_path / "p" / "a.wal.jsonl").write_text("")
    catalog = Catalog(tmp_path)
    with pytest.raises(RunNotFound):
        catalog.stem("p", "a.wal")
    catalog.close()
