"""aspara.Api: runs and full histories for Python; every promise here and from a server far away (the Library seam)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.errors import ArtifactNotFound, ProjectNotFound, RunIsRunning, RunNotFound, UsageError
from aspara.server.app import Server
from tests.catalog.conftest import Folder, row

NOW = 1_735_787_045_000


@pytest.fixture(params=["directory", "server"])
def place(request: pytest.FixtureRequest, folder: Folder) -> Iterator[Any]:
    """What Api is given: the data directory, or the address of a dashboard that serves it."""
    if request.param == "directory":
        yield folder.path
        return
    server = Server(folder.path, port=0)
    thread = server.start_in_thread()
    yield server.url
    server.stop()
    thread.join(10)


@pytest.fixture
def api(folder: Folder, place: Any) -> Any:
    done = {"status": "completed", "is_finished": True, "version": "1"}
    folder.run(
        "a",
        row(NOW, 0, {"loss": 0.5}) + row(NOW + 1000, 1, {"loss": 0.25, "note": "ok"}),
        meta={
            **done,
            "run_id": "id-a",
            "display_name": "Alpha",
            "start_time": NOW,
            "tags": ["base", "x"],
            "config": {"lr": 0.1, "opt": {"name": "sgd"}, "a.b": 7},
            "summary": {"best": 3},
        },
    )
    folder.run(
        "b",
        [(0, {"loss": 0.125})],
        meta={**done, "start_time": NOW + 1, "config": {"lr": 0.01}, "status": "failed", "exit_code": 1, "group": "g"},
    )
    folder.run("c", [(0, {"loss": 9.0})], meta={**done, "start_time": NOW + 2, "config": {"lr": "auto"}})
    folder.age(86_400)
    return aspara.Api(place)


def test_projects_and_runs(api: Any) -> None:
    """Projects by name, runs in the order they began, by path or by id."""
    assert [p.name for p in api.projects()] == ["p"]
    assert [r.run for r in api.runs("p")] == ["a", "b", "c"]
    run = api.run("p/id-a")
    assert (run.run, run.id, run.name, run.state, run.tags) == ("a", "id-a", "Alpha", "finished", ["base", "x"])
    assert run.config == {"lr": 0.1, "opt": {"name": "sgd"}, "a.b": 7}
    assert run.summary == {"best": 3, "loss": 0.25, "note": "ok"}
    assert run.created_at == datetime.fromtimestamp(NOW / 1000, timezone.utc)
    assert api.run("entity/p/b").state == "failed"
    with pytest.raises(RunNotFound, match="a, b, c"):
        api.run("p/ghost")
    with pytest.raises(ProjectNotFound):
        api.runs("ghost")
    with pytest.raises(UsageError):
        api.run("a")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"config.lr": 0.1}, "a"),
        ({"config.lr": {"$lt": 0.05}}, "b"),
        ({"config.lr": {"$gt": 0}}, "ab"),
        ({"config.lr": {"$exists": True}}, "abc"),
        ({"config.opt.name": "sgd"}, "a"),
        ({"config.a.b": 7}, "a"),
        ({"config.opt.name": {"$ne": "sgd"}}, "bc"),
        ({"tags": "base"}, "a"),
        ({"tags": {"$in": ["x", "y"]}}, "a"),
        ({"tags": {"$nin": ["x"]}}, "bc"),
        ({"state": "finished"}, "ac"),
        ({"state": {"$ne": "finished"}}, "b"),
        ({"state": "completed"}, "ac"),
        ({"name": {"$regex": "^alp", "$options": "i"}}, "a"),
        ({"display_name": {"$regex": "^alp"}}, ""),
        ({"summary_metrics.loss": {"$lte": 0.25}}, "ab"),
        ({"$or": [{"group": "g"}, {"config.lr": "auto"}]}, "bc"),
        ({"$and": [{"config.lr": {"$gt": 0}}, {"tags": "x"}]}, "a"),
        ({"$nor": [{"group": "g"}]}, "ac"),
        ({"config.lr": {"$not": {"$gt": 0.05}}}, "bc"),
        ({"created_at": {"$gte": datetime.fromtimestamp(NOW / 1000 + 0.001, timezone.utc)}}, "bc"),
        ({"created_at": {"$lt": "2030-01-01T00:00:00Z"}}, "abc"),
        ({"group": None}, "ac"),
        ("config.lr < 0.05", "b"),
        ('min(loss) < 0.2 or "base" in tags', "ab"),
        ({"config.opt.name": {"$regex": "^s"}, "$or": [{"tags": "x"}, {"config.lr": {"$in": [1, "auto"]}}]}, "a"),
        ({"config.ghost.deep": {"$exists": False}}, "abc"),
        ({"config.lr": {"$lt": "b"}}, "c"),
        ({"config.lr": {"$lt": 0.1}}, "b"),
        ({"config.lr.value": 0.1}, "a"),
        ({}, "abc"),
        (None, "abc"),
    ],
)
def test_filters(api: Any, filters: Any, expected: str) -> None:
    """Mongo's operators on the run's own fields, config and summary, or the dashboard's language; kinds never mix."""
    assert "".join(r.run for r in api.runs("p", filters)) == expected


@pytest.mark.parametrize(
    "filters",
    [
        {"config.lr": {"$near": 1}},
        {"$or": {}},
        {"$xor": []},
        {"tags": {"$in": "x"}},
        {"name": {"$regex": "("}},
        "lr >",
        {"lr": 0.1},
        {"$and": [{"group": "g"}, {"sumary.loss": 1}]},
        {"created_at": {"$gt": "soon"}},
    ],
)
def test_senseless_filters_say_so(api: Any, filters: Any) -> None:
    """A filter that cannot be applied is an error that names it."""
    with pytest.raises(UsageError):
        api.runs("p", filters)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("-summary.loss", "cab"),
        ("summary.loss", "bac"),
        ("-created_at", "cba"),
        ("config.lr", "bac"),
        ("-config.lr", "cab"),
        ("summary.best", "abc"),
    ],
)
def test_order(api: Any, order: str, expected: str) -> None:
    """By any field; runs without it come last."""
    assert "".join(r.run for r in api.runs("p", order=order)) == expected


def test_an_order_that_no_run_can_have_says_so(api: Any) -> None:
    """A bare metric or config key is answered with how it is written."""
    with pytest.raises(UsageError, match=r"Write config\.loss or summary\.loss"):
        api.runs("p", order="-loss")


def test_one_row_for_each_step(folder: Folder, place: Any) -> None:
    """Rows of one step are merged, the last value wins; late steps stand where they belong; texts and NaN stay."""
    folder.run(
        "r",
        row(NOW, 0, {"loss": 1, "acc": 0.5})
        + row(NOW + 1000, 2, {"loss": 3})
        + row(NOW + 2000, 1, {"loss": "NaN"})
        + row(NOW + 3000, 2, {"loss": 4, "note": "hot"})
        + row(NOW + 3500, 2, {"pic": {"_type": "image", "path": "x"}}),
        meta={"start_time": NOW - 500},
    )
    run = aspara.Api(place).run("p/r")
    frame = run.frame()
    assert frame.columns == ["_step", "acc", "loss", "note", "pic", "_runtime", "_timestamp"]
    assert frame["_step"].to_list() == [0, 1, 2]
    assert frame["acc"].to_list() == [0.5, None, None]
    assert frame["loss"].to_list() == pytest.approx([1.0, math.nan, 4.0], nan_ok=True)
    assert frame["note"].to_list() == [None, None, "hot"]
    assert frame["_runtime"].to_list() == [0.5, 2.5, 4.0]
    assert frame["_timestamp"].to_list() == [NOW / 1000, NOW / 1000 + 2, NOW / 1000 + 3.5]
    assert list(run.scan_history(keys=["acc"])) == [{"_step": 0, "acc": 0.5, "_runtime": 0.5, "_timestamp": NOW / 1000}]
    assert [r["_step"] for r in run.scan_history(min_step=1, max_step=2)] == [1]
    assert run.frame(["ghost"]).columns == ["_step", "ghost", "_runtime", "_timestamp"]
    assert list(run.history(keys=["loss", "note"], format="dict")) == [
        {"_step": 2, "loss": 4.0, "note": "hot", "_runtime": 3.5, "_timestamp": NOW / 1000 + 3}
    ]


def test_history_is_thinned_and_scan_is_not(folder: Folder, place: Any) -> None:
    """`samples` rows at most, first and last among them; scan_history has them all; an x axis orders."""
    folder.run("r", [(i, {"loss": float(i), "back": float(-i)}) for i in range(5000)])
    run = aspara.Api(place).run("p/r")
    thin = run.history(samples=100, keys=["loss"])
    assert (len(thin), thin["_step"].iloc[0], thin["_step"].iloc[-1]) == (100, 0, 4999)
    assert len(run.history(samples=100, format="polars")) == 100
    assert [r["loss"] for r in run.scan_history(keys=["loss"], page_size=7)] == [float(i) for i in range(5000)]
    assert run.history(samples=3, x_axis="back", format="dict")[0]["back"] == -4999.0
    for wrong in ({"samples": 0}, {"format": "csv"}, {"keys": "loss"}, {"x_axis": "ghost"}):
        with pytest.raises(UsageError):
            run.history(**wrong)


def test_texts_beyond_what_memory_keeps(folder: Folder, place: Any) -> None:
    """A text at each of thirty thousand steps: the full history has every one."""
    folder.run("r", [(i, {"note": f"n{i}"}) for i in range(30_000)])
    notes = aspara.Api(place).run("p/r").frame(["note"])["note"]
    assert notes.to_list() == [f"n{i}" for i in range(30_000)]


def test_runs_as_one_table(api: Any) -> None:
    """One row a run, config and summary as columns; mixed kinds become text."""
    frame = api.runs("p").frame()
    assert frame["run"].to_list() == ["a", "b", "c"]
    assert frame["config.opt.name"].to_list() == ["sgd", None, None]
    assert frame["config.lr"].to_list() == ["0.1", "0.01", "auto"]
    assert frame["summary.loss"].to_list() == [0.25, 0.125, 9.0]
    assert frame["tags"].to_list() == [["base", "x"], [], []]
    assert {"config", "summary"}.isdisjoint(frame.columns)


def test_update_saves_what_changed(api: Any, folder: Folder, place: Any) -> None:
    """What was changed here is written, what somebody else changed meanwhile stays."""
    run, other = api.run("p/a"), api.run("p/a")
    run.notes, run.tags, run.name = "better", ["y"], "A!"
    run.config["lr"] = 1
    run.summary["best"] = 4
    other.config["other"] = [1, 2]
    other.update()
    run.update()
    again = aspara.Api(place).run("p/a")
    assert (again.notes, again.tags, again.name) == ("better", ["y"], "A!")
    assert again.config == {"lr": 1, "opt": {"name": "sgd"}, "a.b": 7, "other": [1, 2]}
    assert again.summary["best"] == 4
    run.config["bad"] = object()
    with pytest.raises(UsageError):
        run.update()


def test_files_and_artifacts(api: Any, folder: Folder, tmp_path: Path) -> None:
    """Files kept with a run are listed and copied; an existing copy is not overwritten unasked."""
    artifacts = folder.path / "p" / "a" / "artifacts"
    artifacts.mkdir(parents=True)
    (artifacts / "model.bin").write_bytes(b"123")
    (folder.path / "p" / "a" / "console.log").write_text("hello")
    (artifacts / "link").symlink_to("/etc/hostname")
    run = api.run("p/a")
    assert [(f.name, f.size) for f in run.files()] == [("console.log", 5), ("artifacts/model.bin", 3)]
    assert run.file("console.log").path.read_text() == "hello"
    with pytest.raises(ArtifactNotFound, match=r"no file 'ghost'. Its files: console.log, artifacts/model.bin"):
        run.file("ghost")
    (artifact,) = run.logged_artifacts()
    copy = artifact.download(tmp_path / "out")
    assert copy.read_bytes() == b"123"
    with pytest.raises(UsageError):
        artifact.download(tmp_path / "out")
    assert artifact.download(tmp_path / "out", replace=True) == copy


def test_delete(api: Any, folder: Folder, place: Any) -> None:
    """A run goes with its files; a running one only by force."""
    api.run("p/a").delete()
    assert [r.run for r in api.runs("p")] == ["b", "c"]
    folder.run("live", [(0, {"loss": 1.0})])
    with pytest.raises(RunIsRunning):
        api.run("p/live").delete()
    api.run("p/live").delete(force=True)
    assert [r.run for r in api.runs("p")] == ["b", "c"]


def test_media_and_versions(folder: Folder, place: Any, tmp_path: Path) -> None:
    """What was logged comes back: pictures, tables, histograms, versions of artifacts, and who made and used them."""
    import numpy as np

    with aspara.init(project="p", name="r", dir=folder.path) as run:
        run.log({"pic": aspara.Image(np.zeros((4, 4, 3), np.uint8), caption="black"), "a,b": aspara.Html("<b>x</b>")})
        run.log({"hist": aspara.Histogram([1.0, 2.0]), "table": aspara.Table(columns=["a"], data=[[1], [2]])})
        artifact = aspara.Artifact("weights", "model", metadata={"acc": 0.5})
        with artifact.new_file("deep/w.bin", "wb") as file:
            file.write(b"123")
        run.log_artifact(artifact, aliases=["best"])
    api = aspara.Api(place)
    found = api.run("p/r")
    assert [("a,b", "html"), ("pic", "image"), ("hist", "histogram"), ("table", "table")] == [
        (m.metric, m.type) for m in found.media()
    ]
    (pic,) = found.media(["pic"])
    assert (b"\x89PNG", "black", pic.size) == (pic.read()[:4], pic.caption, len(pic.read()))
    assert pic.download(tmp_path).name == "pic_0.png"
    assert ["a,b"] == [m.metric for m in found.media(["a,b"])]
    (table,) = found.media(type="table")
    assert [1, 2] == table.table()["a"].to_list()
    (histogram,) = found.media(["hist"])
    assert (None, 0) == (histogram.file, histogram.size)
    with pytest.raises(UsageError):
        histogram.read()
    (version,) = found.logged_artifacts()
    assert version.name == "weights:v0"
    assert ["weights"] == api.artifact_names("p")
    weights = api.artifact("p/weights:best", type="model")
    assert {"acc": 0.5} == weights.metadata
    assert b"123" == Path(weights.download(tmp_path / "w"), "deep/w.bin").read_bytes()
    weights.aliases = ["best", "kept"]
    weights.save()
    assert ["best", "kept"] == api.artifact("p/weights:kept").aliases
    assert ["weights:v0"] == [a.name for a in api.artifacts("model", "p/weights")]
    with pytest.raises(ArtifactNotFound, match="v0"):
        api.artifact("p/weights:v7")
    with pytest.raises(ArtifactNotFound, match="weights"):
        api.artifact("p/ghost")
    api.artifact("p/weights").delete(delete_aliases=True)
    assert [] == api.artifact_names("p")


def test_what_was_captured_and_what_was_set(folder: Folder, place: Any) -> None:
    """System metrics are no part of the history, and there when asked for; the metadata file is served whole."""
    meta = {
        "captured_metrics": ["system/cpu"],
        "status": "completed",
        "is_finished": True,
        "version": "1",
        "host": "box",
    }
    folder.run("r", [(0, {"loss": 1.0}), (0, {"system/cpu": 50.0}), (1, {"loss": 2.0})], meta=meta)
    run = aspara.Api(place).runs("p")[0]
    assert [{"loss"}, {"system/cpu"}] == [
        set(run.history(format="polars", stream=s).columns) - {"_step", "_runtime", "_timestamp"}
        for s in ("default", "system")
    ]
    assert "system/cpu" in run.frame().columns
    assert "box" == run.metadata["host"]
    assert ["loss", "system/cpu"] == run.metrics


def test_problems_say_what_could_not_be_read(folder: Folder, place: Any) -> None:
    """File, first line, reason and count of whatever was damaged; the rest is there."""
    folder.run("r", row(NOW, 0, {"loss": 1}) + b"garbage\n{}\nmore garbage\n" + row(NOW, 1, {"loss": 2}))
    folder.age(86_400)
    run = aspara.Api(place).run("p/r")
    assert [("r.jsonl", 2, "no JSON", 2), ("r.jsonl", 3, "no metrics", 1)] == [
        (p["file"], p["line"], p["reason"], p["count"]) for p in run.problems
    ]
    assert [1.0, 2.0] == run.frame()["loss"].to_list()


def test_values_that_are_not_finite(folder: Folder, place: Any) -> None:
    """In config and summary they are numbers: they compare, sort (NaN last), and stand in numeric columns."""
    done = {"status": "completed", "is_finished": True, "version": "1"}
    for run, loss in (("nan", "NaN"), ("inf", "Infinity"), ("one", 1.0), ("minus", "-Infinity")):
        meta = {**done, "config": {"top": {"x": loss}}, "summary": {"loss": loss}, "metric_summary": {}}
        folder.run(run, [(0, {"loss": loss})], meta=meta)
    folder.age(86_400)
    api = aspara.Api(place)
    assert ["inf", "one", "minus", "nan"] == [r.run for r in api.runs("p", order="-summary.loss")]
    assert ["minus", "one", "inf", "nan"] == [r.run for r in api.runs("p", order="config.top.x")]
    assert {"inf", "one"} == {r.run for r in api.runs("p", {"summary.loss": {"$gt": 0}})}
    assert ["nan"] == [r.run for r in api.runs("p", {"config.top.x": math.nan})]
    assert ["nan"] == [r.run for r in api.runs("p", {"summary.loss": "NaN"})]
    assert {"inf", "one", "minus"} == {r.run for r in api.runs("p", "summary.loss <= inf")}
    frame = api.runs("p", order="-summary.loss").frame()
    assert frame["summary.loss"].to_list() == pytest.approx([math.inf, 1.0, -math.inf, math.nan], nan_ok=True)
    run = api.run("p/nan")
    assert math.isnan(run.summary["loss"])
    run.summary["best"] = -math.inf
    run.update()
    assert (math.isnan(run.summary["loss"]), run.summary["best"]) == (True, -math.inf)
    assert "-Infinity" == run.metadata["summary"]["best"]


def test_runs_as_pandas(api: Any) -> None:
    """The table as pandas, for those who have it."""
    pandas = pytest.importorskip("pandas")
    frame = api.runs("p").frame(format="pandas")
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["run"]) == ["a", "b", "c"]
    with pytest.raises(UsageError):
        api.runs("p").frame(format="csv")


def test_the_ways_to_say_which_project(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By place, as wandb's `path`, or ASPARA_PROJECT; what is misspelt is an error, not all runs."""
    assert 3 == len(api.runs(path="entity/p", per_page=2))
    with pytest.raises(UsageError, match="Which project"):
        api.runs()
    with pytest.raises(TypeError):
        api.runs("p", filter={"state": "failed"})
    monkeypatch.setenv("ASPARA_PROJECT", "p")
    assert ("b", 3) == (api.run("b").run, len(api.runs()))


def test_a_mistyped_data_directory_is_named(tmp_path):
    """Rather than a project that nobody mistyped."""
    with pytest.raises(ProjectNotFound, match=f"There is no data directory {tmp_path / 'typo'}"):
        aspara.Api(tmp_path / "typo").runs("p")
