"""What a catalog remembers is never older than the files, however they change."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.runs.run_cache import RunCache
from aspara.catalog.runs.run_info import run_info
from aspara.storage import metadata
from aspara.storage.layout import Layout
from aspara.util import files
from tests.catalog.conftest import Folder, row

META: dict[str, Any] = {
    "status": "completed",
    "is_finished": True,
    "metric_summary": {},
    "notes": "aaaa",
    "version": "1",
}


def age(path: Path, seconds: float) -> None:
    """Makes everything of the project look as if it had changed so many seconds ago (negative: in the future)."""
    then = time.time() - seconds
    for file in path.rglob("*"):
        os.utime(file, (then, then))


def notes(catalog: Catalog) -> str:
    return catalog.runs("p")[0].notes


def test_an_edit_within_the_resolution_of_file_times_is_seen(folder: Folder, catalog: Catalog) -> None:
    """Same size, same inode, same time: a file that changed a moment ago is not trusted by its looks."""
    folder.run("r", [(0, {"loss": 1})], meta=META)
    path = folder.path / "p" / "r.meta.json"
    age(folder.path / "p", -60)
    state = path.stat()
    assert notes(catalog) == "aaaa"
    with path.open("r+") as file:
        file.write(json.dumps({**META, "notes": "bbbb"}))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_ino) == (state.st_size, state.st_ino)
    assert notes(catalog) == "bbbb"
    assert catalog.run("p", "r").info.notes == "bbbb"


def test_an_edit_while_the_run_is_looked_at_is_seen_the_next_time(folder: Folder, catalog: Catalog) -> None:
    """What changes between the look at a file and its reading, or just behind that, is no older knowledge for ever."""
    folder.run("r", [(0, {"loss": 1})], meta=META)
    path = folder.path / "p" / "r.meta.json"
    age(folder.path / "p", 3600)
    edits = ["bbbb"]

    class Overtaken(RunCache):
        def _content(self, path: str, stamp: Any) -> Any:
            found = super()._content(path, stamp)
            if edits and path.endswith("r.meta.json"):
                folder.meta("r", {**META, "notes": edits.pop()})
                then = time.time() - 1800
                os.utime(path, (then, then))
            return found

    catalog._listing = Overtaken(catalog.layout, catalog._pulse)
    assert notes(catalog) == "aaaa"
    assert not edits
    assert notes(catalog) == "bbbb"
    assert path.exists()


def test_a_run_that_dies_is_crashed_though_no_file_changes(folder: Folder, catalog: Catalog) -> None:
    """A lock that is gone is no change of a file."""
    file = folder.run("r", [(0, {"loss": 1})], meta={"status": "wip", "version": "1"})
    descriptor = files.open_append(file)
    try:
        assert files.try_lock(descriptor)
        age(folder.path / "p", 3600)
        assert catalog.runs("p")[0].status == "running"
    finally:
        os.close(descriptor)
    assert catalog.runs("p")[0].status == "crashed"


def test_a_finished_run_that_goes_on_is_running(folder: Folder, catalog: Catalog) -> None:
    """A further writer that comes when the first one has long ended is seen, and so is what it writes."""
    folder.run("r", [(0, {"loss": 1.0})], meta={k: v for k, v in META.items() if k != "metric_summary"})
    age(folder.path / "p", 3600)
    assert [(r.status, r.summary) for r in catalog.runs("p")] == [("completed", {"loss": 1})]
    writers = folder.path / "p" / "r" / "writers"
    writers.mkdir(parents=True)
    descriptor = files.open_append(writers / "w.jsonl")
    try:
        assert files.try_lock(descriptor)
        os.write(descriptor, row(2000, 1, {"loss": 0.5}))
        assert [(r.status, r.summary) for r in catalog.runs("p")] == [("running", {"loss": 0.5})]
    finally:
        os.close(descriptor)
    assert catalog.runs("p")[0].status == "completed"


@pytest.mark.parametrize("seconds", [0, 3600])
def test_a_run_removed_and_made_again_is_the_new_one(folder: Folder, catalog: Catalog, seconds: float) -> None:
    """By whatever means: nothing of the old one is shown, and nothing of it is kept in memory."""
    for value in (1.0, 2.0, 3.0):
        folder.run("r", [(i, {"loss": value}) for i in range(int(value))], meta={**META, "notes": str(value)})
        age(folder.path / "p", seconds)
        assert notes(catalog) == str(value)
        detail = catalog.run("p", "r")
        assert (detail.metric_summary["loss"]["last"], detail.metric_summary["loss"]["count"]) == (value, value)
        for file in (folder.path / "p").iterdir():
            file.unlink()
        (folder.path / "p" / "metadata.json").write_text("{}")
        assert catalog.runs("p") == []
    assert not catalog._indexes
    assert not [path for path in catalog._listing._metadata if path.endswith("r.meta.json")]


def test_a_run_that_ends_while_it_is_looked_at_has_not_crashed(tmp_path: Path) -> None:
    """Its metadata was read while it ran, its lock when it had ended: what counts is its last word."""
    run = aspara.Run("r", "p", dir=str(tmp_path))
    run.log({"a": 1.0})
    paths = Layout(tmp_path).run("p", "r")
    before = metadata.read_or_empty(paths.metadata)
    assert "running" == run_info("p", paths, before, 0).status
    run.finish()
    assert "completed" == run_info("p", paths, before, 0).status


@pytest.mark.parametrize("seconds", [0.0, 3600.0], ids=["just now", "an hour ago"])
def test_a_run_that_is_over_has_the_metrics_of_its_machine_too(
    folder: Folder, catalog: Catalog, seconds: float
) -> None:
    """Whether its files are read or its metadata is believed: the summary has what the program logged alone."""
    folder.run(
        "r",
        [(0, {"loss": 1.0}), (0, {"system/cpu": 7.0})],
        meta={**META, "metric_summary": {"loss": {"last": 1.0}}, "captured_metrics": ["system/cpu"]},
    )
    folder.age(seconds)
    assert {"loss": 1, "system/cpu": 1} == catalog.metric_names("p", ["r"]).counts


def test_a_run_that_is_over_has_the_metrics_of_all_its_processes(folder: Folder, catalog: Catalog) -> None:
    """The metadata is the first one's."""
    folder.run("r", [(0, {"loss": 1.0})], meta={**META, "metric_summary": {"loss": {"last": 1.0}}})
    other = folder.path / "p" / "r" / "writers" / "0123456789abcdef.jsonl"
    other.parent.mkdir(parents=True)
    other.write_bytes(row(0, 0, {"worker/loss": 2.0}))
    folder.age(3600)
    assert {"loss": 1, "worker/loss": 1} == catalog.metric_names("p").counts
