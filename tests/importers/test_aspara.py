"""Runs of another Aspara, from a folder or a server: everything comes, once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import aspara
from aspara.client.http_client import HttpClient
from aspara.importers.aspara import recognizes
from aspara.server.app import Server


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A data directory with two projects."""
    data = tmp_path / "there"
    with aspara.init(project="p", name="whole", dir=data, config={"lr": 0.1}, tags=["a"], notes="n", group="g") as run:
        for step in range(5):
            run.log({"loss": math.nan if step == 2 else step, "note": f"n{step}", "short": [1, 2]})
        run.log({"loss": 9.0}, step=2)
        run.log({"pics": [aspara.Image(np.full((4, 4, 3), 9 * i, np.uint8), caption=str(i)) for i in range(2)]})
        run.log({"table": aspara.Table(columns=["a", "p"], data=[[1, aspara.Image(np.zeros((3, 3, 3), np.uint8))]])})
        run.summary["best"] = 7
        artifact = aspara.Artifact("weights", "model")
        with artifact.new_file("deep/w.bin", "wb") as file:
            file.write(b"123")
        run.log_artifact(artifact)
    with aspara.Run(name="failed", project="q", dir=data) as other:
        other.log({"x": 1})
        other.finish(3)
    return data


@pytest.fixture(params=["folder", "server"])
def source(request: pytest.FixtureRequest, there: Path) -> Iterator[Path | str]:
    if request.param == "folder":
        yield there
        return
    server = Server(there, port=0)
    thread = server.start_in_thread()
    yield server.url
    server.stop()
    thread.join(10)


def test_everything_comes(source, there, bring):
    """Rows, media, nested media, config, own results, tags, notes, ends, times, artifacts; again: nothing."""
    outcomes = bring("aspara", source)
    assert {("whole", "new"), ("failed", "new")} == {(o.name, o.state) for o in outcomes}
    assert [{}] * 2 == [o.problems or o.skipped for o in outcomes]
    before, after = aspara.Api(there).run("p/whole"), bring.run("whole")
    assert before.frame().drop("pics", "table").equals(after.frame().drop("pics", "table"))
    assert before.frame().columns == after.frame().columns
    for part in ("id", "name", "config", "summary", "tags", "notes", "group", "state", "created_at", "last_step"):
        assert getattr(before, part) == getattr(after, part), part
    for part in ("metric_summary", "finish_time", "host", "command"):
        assert before.metadata.get(part) == after.metadata.get(part), part
    assert [(m.metric, m.index, m.caption, m.value.get("sha256")) for m in before.media()] == [
        (m.metric, m.index, m.caption, m.value.get("sha256")) for m in after.media()
    ]
    (table,) = after.media(["table"])
    cell = table.table()["p"][0]
    assert (after.file("media/" + str(cell).partition("media/")[2].partition(".png")[0] + ".png")).size
    (version,) = after.logged_artifacts()
    assert ("weights:v0", "model", ["deep/w.bin"]) == (version.name, version.type, [f.path for f in version.files()])
    assert ("failed", 3) == (bring.run("failed").state, bring.run("failed").exit_code)
    assert {"unchanged"} == {o.state for o in bring("aspara", source)}


def test_a_running_run_grows(there, bring):
    """What is still being written comes as far as it is; later the rest, and its end."""
    run = aspara.Run(name="live", project="q", dir=there)
    for step in range(3):
        run.log({"x": float(step)})
    bring("aspara", there / "q")
    assert ("crashed", 3) == (bring.run("live").state, len(bring.points("live", "x")))
    run.log({"x": 3.0})
    run.finish()
    assert {"live": "grown", "failed": "unchanged"} == {o.name: o.state for o in bring("aspara", there / "q")}
    assert [0.0, 1.0, 2.0, 3.0] == [value for _, _, value in bring.points("live", "x")]
    assert "finished" == bring.run("live").state


def test_data_of_the_first_release(bring):
    """Its data directories are brought as any other."""
    samples = Path(__file__).parents[1] / "fixtures" / "v01" / "data"
    assert recognizes(samples)
    before = {
        (project.name, run.name): run
        for api in [aspara.Api(samples)]
        for project in api.projects()
        for run in api.runs(project.name)
    }
    for outcome in bring("aspara", samples):
        assert outcome.state == "new", outcome
    after = {run.name for run in aspara.Api(bring.data).runs("p")}
    assert {name for _, name in before} == after


def test_what_is_none(tmp_path):
    """A folder of somebody else's JSON lines is no data directory."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "log.jsonl").write_text("{}\n")
    assert not recognizes(tmp_path)
    assert not recognizes(tmp_path / "x")
    assert not recognizes(tmp_path / "x" / "log.jsonl")


def test_each_file_is_fetched_once(there, bring, monkeypatch):
    """A server sends each file of a run one time, though it is looked at more often: at the end, too, for the next import."""
    folder = there / "p" / "whole"
    (folder / "artifacts").mkdir(exist_ok=True)
    (folder / "artifacts" / "plain.txt").write_text("plain")
    (folder / "console.log").write_text("printed")
    fetched: list[tuple[str, ...]] = []
    save = HttpClient.save

    def counted(self, target, *parts, query=None):
        fetched.append((*parts, *(query or {}).values()))
        save(self, target, *parts, query=query)

    monkeypatch.setattr(HttpClient, "save", counted)
    server = Server(there, port=0)
    thread = server.start_in_thread()
    try:
        bring("aspara", server.url)
    finally:
        server.stop()
        thread.join(10)
    found = [
        parts for parts in fetched if parts[-1] in ("plain.txt", "deep/w.bin", "console.log") and "failed" not in parts
    ]
    assert ["console.log", "deep/w.bin", "plain.txt"] == sorted(parts[-1] for parts in found)
