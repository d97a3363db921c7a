"""While an index is being built: questions are answered coarsely at once, say how far it is, and soon have every point."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.files.media import MediaQuery
from aspara.catalog.live.watcher import Watcher
from aspara.catalog.series.query import MetricsAnswer, SeriesQuery
from tests.catalog.conftest import Folder, row

ROWS = 300_000
"""Some blocks of eight megabytes."""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return b"".join(
        b'{"timestamp": %d, "step": %d, "metrics": {"train/loss": %d.5, "train/accuracy": %d}}\n'
        % (1000 + i, i, i, 2 * i)
        for i in range(ROWS)
    )


@pytest.fixture
def impatient(folder: Folder, tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(folder.path, cache_dir=tmp_path / "cache", patience=0)
    yield catalog
    catalog.close()


def until_complete(catalog: Catalog, query: SeriesQuery) -> MetricsAnswer:
    deadline = time.monotonic() + 60
    while True:
        answer = catalog.metrics("p", None, query)
        if answer.complete or time.monotonic() > deadline:
            return answer
        time.sleep(0.01)


def test_a_coarse_answer_comes_first_and_the_whole_one_soon(folder: Folder, impatient: Catalog, history: bytes) -> None:
    """Nobody who will not wait does: the first answer spans the whole run and says that it is not all; the last has all."""
    folder.run("r", history)
    first = impatient.metrics("p", ["r"], SeriesQuery(points=1000, wait=0))
    told = json.loads(first.json_bytes())
    series = told["metrics"]["train/loss"]["r"]
    assert (told["complete"], series["raw"]) == (False, False)
    assert 0 <= told["progress"] < 1
    assert (series["steps"][0], series["steps"][-1]) == (0, ROWS - 1)
    assert len(series["steps"]) > 500
    assert all(value == step + 0.5 for step, value in zip(series["steps"], series["values"], strict=True))
    assert abs(series["count"] - ROWS) < ROWS / 10
    whole = json.loads(until_complete(impatient, SeriesQuery(points=1000, wait=0)).json_bytes())
    assert (whole["complete"], whole["progress"]) == (True, 1.0)
    assert whole["metrics"]["train/loss"]["r"]["count"] == ROWS


def test_groups_are_told_of_coarsely_too(folder: Folder, impatient: Catalog, history: bytes) -> None:
    """Two long runs in a group: the first answer spans them and says how far it is; the last is that of a patient reader."""
    for run in ("r", "s"):
        folder.run(run, history, meta={"config": {"lr": 1}, "status": "completed"})
    query = SeriesQuery(metrics=("train/loss",), points=200, wait=0)
    first = impatient.groups("p", None, ["config.lr"], query).json()
    of = first["metrics"]["train/loss"]["config.lr=1"]
    assert (first["complete"], first["raw"]["train/loss"]) == (False, False)
    assert 0 <= first["progress"] < 1
    assert (of["x"][0] < ROWS / 100, of["x"][-1] > ROWS * 0.99, of["min"].min(), of["max"].max()) == (
        True,
        True,
        0.5,
        ROWS - 0.5,
    )
    deadline = time.monotonic() + 60
    while not first["complete"] and time.monotonic() < deadline:
        time.sleep(0.01)
        first = impatient.groups("p", None, ["config.lr"], query).json()
    assert (first["complete"], first["progress"]) == (True, 1.0)
    patient = impatient.groups("p", None, ["config.lr"], SeriesQuery(metrics=("train/loss",), points=200)).json()
    last = first["metrics"]["train/loss"]["config.lr=1"]
    assert [2] * len(last["runs"]) == last["runs"].tolist()
    assert patient["metrics"]["train/loss"]["config.lr=1"]["mean"].tolist() == last["mean"].tolist()


def test_media_of_a_run_that_is_still_read(folder: Folder, impatient: Catalog, history: bytes) -> None:
    """What is known of them comes at once, the last ones too, with the share that is read; then all of them."""

    def picture(step: int) -> bytes:
        return row(step, step, {"pic": {"_type": "image", "path": f"media/{step}.png", "width": 1, "height": 1}})

    folder.run("r", picture(0) + history + picture(ROWS))
    found, share = impatient.media_soon("p", "r", MediaQuery(), 0)
    assert share < 1
    assert [0, ROWS] == [item["step"] for item in found]
    keys, share = impatient.media_soon("p", "r", None, 0)
    assert [("pic", 2, [0, ROWS])] == [(key["metric"], key["count"], key["steps"]) for key in keys]
    assert impatient.media("p", "r") == found
    assert (impatient.media_keys("p", "r"), 1.0) == impatient.media_soon("p", "r", None, 0)


def test_who_waits_gets_every_point(folder: Folder, impatient: Catalog, history: bytes) -> None:
    """Without a limit, and with one that suffices, the answer is whole, also while the background reads."""
    folder.run("r", history)
    assert not impatient.metrics("p", None, SeriesQuery(points=10, wait=0)).complete
    assert impatient.metrics("p", None, SeriesQuery()).metrics["train/loss"]["r"].count == ROWS


def test_lists_and_details_do_not_wait_for_a_long_history(folder: Folder, impatient: Catalog, history: bytes) -> None:
    """Last step and last values are there at once; what the metadata says stands, and extremes that may be wrong are not told."""
    known = {"train/loss": {"last": 1, "min": -7, "max": 9, "mean": 1, "count": 5}}
    folder.run("r", history, meta={"status": "wip", "version": "1", "metric_summary": known})
    (info,) = impatient.runs("p")
    assert (info.last_step, info.summary["train/accuracy"]) == (ROWS - 1, 2 * ROWS - 2)
    assert info.metric_summary["train/loss"] == known["train/loss"]
    glanced = info.metric_summary["train/accuracy"]
    assert {key: value for key, value in glanced.items() if value is not None} == {
        "last": 2 * ROWS - 2,
        "last_step": ROWS - 1,
    }
    assert impatient.run("p", "r").metrics == ["train/accuracy", "train/loss"]
    assert impatient.metric_names("p").counts == {"train/loss": 1, "train/accuracy": 1}
    until_complete(impatient, SeriesQuery(points=10, wait=0))
    (info,) = impatient.runs("p")
    assert info.metric_summary["train/loss"]["min"] == 0.5


def test_a_stream_behind_a_coarse_answer_tells_only_what_is_new(
    folder: Folder, impatient: Catalog, history: bytes
) -> None:
    """The cursor of an unfinished answer stands behind everything that is there: the history is asked for, not streamed."""
    file = folder.run("r", history)
    answer = impatient.metrics("p", None, SeriesQuery(points=10, wait=0))
    assert not answer.complete
    watcher = Watcher(impatient, interval=0.01)
    try:
        subscription = watcher.subscribe("p", cursor=answer.cursor)
        with file.open("ab") as out:
            out.write(row(time.time_ns() // 1_000_000, ROWS, {"train/loss": 0.0}))
        steps: list[int] = []
        deadline = time.monotonic() + 60
        while ROWS not in steps and time.monotonic() < deadline:
            steps += [event.data["step"] for event in subscription.take(0.1) if event.kind == "metric"]
        assert steps == [ROWS]
    finally:
        watcher.close()


def odd_rows(kind: str) -> bytes:
    if kind == "no steps":
        return b"".join(
            b'{"timestamp": %d, "step": null, "metrics": {"loss": %d}}\n' % (i, i) for i in range(ROWS // 2)
        )
    if kind == "wide":
        wide = {f"layer.{i}": i for i in range(4000)}
        return b"".join(row(i, i, {**wide, "loss": i}) for i in range(300))
    return (b"garbage\n" * 20 + b'{"timestamp": 5, "step": 1, "metrics": {"loss": 1}}\n') * 8_000


@pytest.mark.parametrize("kind", ["no steps", "wide", "mostly garbage"])
def test_any_run_is_told_of_while_it_is_read(folder: Folder, impatient: Catalog, kind: str) -> None:
    """Rows without steps, very wide ones and mostly garbage: the first answer does not wait, the last is that of a patient
    reader.
    """
    folder.run("r", odd_rows(kind))
    query = SeriesQuery(metrics=("loss",), points=50, wait=0)
    impatient.metrics("p", None, query)
    patient = Catalog(folder.path, cache_dir=folder.path.parent / "other")
    try:
        expected: Any = json.loads(patient.metrics("p", None, SeriesQuery(metrics=("loss",), points=50)).json_bytes())
    finally:
        patient.close()
    assert json.loads(until_complete(impatient, query).json_bytes())["metrics"] == expected["metrics"]


@pytest.mark.parametrize("end", [b'{"timestamp": 1, "st', b"", b"\n\n", b"garbage\n"])
def test_an_end_that_is_no_row_is_an_end(folder: Folder, impatient: Catalog, end: bytes) -> None:
    """Half a last line, blank lines, garbage: a run that ends so is whole once it has been read."""
    folder.run("r", row(1, 1, {"loss": 1.0}) * 3 + end)
    answer = until_complete(impatient, SeriesQuery(wait=0))
    assert (answer.complete, answer.metrics["loss"]["r"].count) == (True, 3)


def test_a_catalog_closes_while_it_reads(folder: Folder, tmp_path: Path, history: bytes) -> None:
    """What is unfinished is begun again by the next one."""
    folder.run("r", history)
    catalog = Catalog(folder.path, cache_dir=tmp_path / "cache")
    assert not catalog.metrics("p", None, SeriesQuery(points=10, wait=0)).complete
    catalog.close()
    catalog = Catalog(folder.path, cache_dir=tmp_path / "cache")
    assert catalog.metrics("p", None, SeriesQuery(points=10)).metrics["train/loss"]["r"].count == ROWS
    catalog.close()
