"""The Recorder seam: one suite for local jsonl, local polars and remote. A run ends as the same files, whoever wrote it."""

from __future__ import annotations

import json
import math
import os
import time

import pytest

import aspara
from aspara.errors import NotRemote, RunExists, RunHasEnded, RunNotFound


def test_rows_config_summary_tags_notes_and_the_end_arrive(place):
    """Everything a run says is in the run's files."""
    run = place.run("r", config={"lr": 0.1}, tags=["a"], notes="n", group="g", job_type="train")
    for i in range(50):
        run.log({"a": float(i), "b": -i})
    run.log({"a": math.nan, "text": "word"})
    run.config.extra = {"deep": 1}
    run.config.mistake = 1
    del run.config.mistake
    run.summary["best"] = 49
    run.tags = [*run.tags, "b"]
    run.finish()
    detail = place.catalog().run("p", "r").json()
    assert [*map(float, range(50))] == place.values("r", "a")[:50]
    assert math.isnan(place.values("r", "a")[50])
    assert {"lr": 0.1, "extra": {"deep": 1}} == detail["config"]
    assert 49 == detail["summary"]["best"]
    assert "NaN" == detail["summary"]["a"]
    assert "word" == detail["summary"]["text"]
    assert (["a", "b"], "n", "completed", 0) == (detail["tags"], detail["notes"], detail["status"], detail["exit_code"])
    assert ("g", "train", 50) == (detail["group"], detail["job_type"], detail["last_step"])
    assert [] == detail["problems"]


def test_more_rows_than_any_batch_arrive_whole(place, wide, monkeypatch):
    """Wide ones, of keys that come and go: every value of each, however many rows or values are taken at once on the way."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "120")
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "3000")
    run = place.run("r")
    for i in range(10_500):
        run.log(wide.row(i))
    run.finish()
    wide.check(place.folder, 10_500)
    assert 10_500 == json.loads((place.folder / "p/r.meta.json").read_text())["metric_summary"]["b"]["count"]


def test_the_rows_are_the_same_bytes_everywhere(place):
    """One object a line: timestamp, step, metrics."""
    run = place.run("r")
    run.log({"a": 1.5, "b": 2}, timestamp=1764000000123)
    run.finish()
    [path] = [p for p in (place.folder / "p").rglob("*.jsonl") if p.stat().st_size]
    assert b'{"timestamp":1764000000123,"step":0,"metrics":{"a":1.5,"b":2}}\n' == path.read_bytes()


def test_a_failure_is_a_failure(place):
    """The exit code decides."""
    run = place.run("r")
    run.log({"a": 1})
    run.finish(3)
    assert ("failed", 3) == (place.catalog().run("p", "r").info.status, place.catalog().run("p", "r").info.exit_code)


def test_a_living_run_is_running_and_its_rows_are_there(place):
    """Before its end."""
    run = place.run("r")
    run.log({"a": 1.0})
    run.flush()
    for _ in range(100):
        if place.catalog().run("p", "r").metrics:
            break
        import time

        time.sleep(0.05)
    assert "running" == place.catalog().run("p", "r").info.status
    assert [1.0] == place.values("r", "a")
    run.finish()


def test_a_resumed_run_goes_on_after_its_last_step(place):
    """Config, tags and summary are kept; refusals are the same everywhere."""
    first = place.run("r", id="abc", config={"lr": 1}, tags=["a"])
    first.log({"a": 0.0})
    first.summary["own"] = 1
    first.finish()
    again = place.run(id="abc", resume="must", tags=["b"])
    assert (True, 1, 1) == (again.resumed, again.step, again.config["lr"])
    again.log({"a": 1.0})
    again.finish()
    detail = place.catalog().run("p", "r").json()
    assert [0.0, 1.0] == place.values("r", "a")
    assert (["a", "b"], 1, 1) == (detail["tags"], detail["config"]["lr"], detail["summary"]["own"])
    with pytest.raises(RunExists):
        place.run(id="abc", resume="never")
    with pytest.raises(RunNotFound):
        place.run(id="zzz", resume="must")


def test_the_same_name_makes_a_new_run(place):
    """And both show the name."""
    for value in (1.0, 2.0):
        run = place.run("same")
        run.log({"a": value})
        run.finish()
    runs = place.catalog().runs("p")
    assert ["same", "same"] == [run.name for run in runs]
    assert {"same", "same-2"} == {run.run for run in runs}


def test_artifacts_are_kept(place, tmp_path):
    """With name, size, category and description."""
    (tmp_path / "w.bin").write_bytes(b"x" * 300_000)
    run = place.run("r")
    run.log_artifact(tmp_path / "w.bin", description="weights", category="model")
    run.finish()
    [entry] = place.catalog().artifacts("p", "r")
    assert ("w.bin", 300_000, "model", "weights") == (
        entry["name"],
        entry["file_size"],
        entry["category"],
        entry["description"],
    )
    assert b"x" * 300_000 == place.catalog().artifact_path("p", "r", "w.bin").read_bytes()


def test_metadata_has_the_first_releases_words(place):
    """What 0.1 reads is there under its names."""
    run = place.run("r")
    run.finish()
    meta = json.loads((place.folder / "p/r.meta.json").read_text())
    assert {
        "run_id",
        "tags",
        "notes",
        "params",
        "config",
        "artifacts",
        "summary",
        "is_finished",
        "exit_code",
        "status",
        "start_time",
        "finish_time",
    } <= set(meta)
    assert (True, "completed") == (meta["is_finished"], meta["status"])


def test_a_run_learns_that_it_is_asked_to_stop(place):
    """Whoever looks at the files can ask; the run goes on until its program looks, and its next life starts afresh."""
    run = place.run("r")
    run.log({"a": 1})
    run.flush()
    catalog = place.catalog()
    wait_for(lambda: "r" in [found.run for found in catalog.runs("p")])
    assert not run.should_stop
    catalog.request_stop("p", "r")
    wait_for(lambda: run.log({"a": 2}) or run.should_stop)
    assert ("running", True) == (catalog.run("p", "r").info.status, catalog.run("p", "r").info.stop_requested)
    run.finish()
    with pytest.raises(RunHasEnded, match="completed"):
        place.catalog().request_stop("p", "r")
    again = place.run(id=run.id, resume="must")
    again.log({"a": 3})
    again.flush()
    assert not again.should_stop
    again.finish()


def wait_for(true, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_forked_children_logged_is_there_when_the_run_has_ended(place, monkeypatch):
    """They leave without a word; their rows come before the end, which is the parent's."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    run = place.run("r")
    run.log({"a": 1.0})
    for child in range(3):
        pid = os.fork()
        if pid == 0:
            try:
                for i in range(20):
                    run.log({f"child{child}": float(i)}, step=i)
                os._exit(0)
            finally:
                os._exit(1)
        assert 0 == os.waitpid(pid, 0)[1]
    run.finish()
    assert "completed" == place.catalog().run("p", "r").info.status
    for child in range(3):
        assert [float(i) for i in range(20)] == place.values("r", f"child{child}")


def test_versions_of_artifacts_are_kept_and_take_further_aliases(place, tmp_path):
    source = tmp_path / "weights.bin"
    source.write_bytes(b"first")
    run = place.run("r")
    draft = aspara.Artifact("weights", type="model", metadata={"epoch": 3})
    draft.add_file(source)
    run.log_artifact(draft, aliases=["best"])
    used = run.use_artifact("weights:best")
    run.log_artifact(used, aliases=["kept"])
    assert ["weights"] == run._recorder.collections("p").names()
    run.finish()
    manifest = place.catalog().collections("p").manifest("weights", "kept")
    assert ("v0", "model", {"epoch": 3}) == (manifest["version"], manifest["type"], manifest["metadata"])
    assert {"best", "kept", "latest"} == set(manifest["aliases"])


def test_a_disabled_run_takes_the_same_calls(tmp_path):
    """The recorder that keeps nothing answers all that others answer."""
    source = tmp_path / "weights.bin"
    source.write_bytes(b"first")
    run = aspara.Run("r", "p", mode="disabled", dir=tmp_path / "data")
    draft = aspara.Artifact("weights", type="model")
    draft.add_file(source)
    assert run.log_artifact(draft) is draft
    assert "weights" in run.use_artifact("weights:latest").name
    run.log({"loss": 1.0})
    with pytest.raises(NotRemote, match="disabled run keeps no artifacts"):
        run._recorder.collections("p")
    assert run._recorder.for_child() is run._recorder
    run.finish()
    assert not (tmp_path / "data").exists()


def test_secrets_of_a_config_are_written_nowhere(place, monkeypatch, tmp_path):
    """Nor in the journal of a client; and a forked child's are not either."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    run = place.run("r", config={"api_key": "k-111111", "db": {"url": "postgres://me:p-222222@db/runs"}})
    run.config.update({"late": {"token": "t-333333"}})
    child = os.fork()
    if not child:
        run.config["child_token"] = "t-444444"
        run.log({"c": 1})
        run.finish()
        os._exit(0)
    os.waitpid(child, 0)
    run.log({"loss": 1.0})
    assert "k-111111" == run.config.api_key
    run.finish()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert [] == [part for part in (b"111111", b"222222", b"333333", b"444444") if part in written]
    assert "***" == place.catalog().run("p", "r").info.config["api_key"]
