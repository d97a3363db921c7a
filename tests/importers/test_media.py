"""What comes with the numbers: media, system metrics, saved files and what was printed; and what stays where it is, counted."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

import aspara
from aspara.importers.common import wandb_media


@pytest.fixture
def trackio(tmp_path: Path, sample) -> Path:
    """A database of trackio's with media, a table and samples of the machine."""
    database = sample("trackio.sql")
    folder = database.parent / "media" / "p" / "fast" / "0"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 16)
    values = (
        '{"pic": {"_type": "trackio.image", "file_path": "p/fast/0/a.png", "caption": "c"}, '
        '"gone": {"_type": "trackio.image", "file_path": "p/fast/0/gone.png"}, '
        '"out": {"_type": "trackio.image", "file_path": "../../secret.png"}, '
        '"table": {"_type": "trackio.table", "_value": [{"a": 1}, {"a": 2, "b": "x"}]}, '
        '"odd": {"_type": "trackio.something"}}'
    )
    with sqlite3.connect(database) as connection:
        (key,) = connection.execute("SELECT run_id FROM metrics WHERE run_name = 'fast' LIMIT 1").fetchone()
        insert = "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, 'fast', ?, ?)"
        connection.execute(insert, (key, "2030-01-01T00:00:00Z", 30, values))
        sample_ = "INSERT INTO system_metrics (run_id, timestamp, run_name, metrics) VALUES (?, ?, 'fast', ?)"
        connection.execute(sample_, (key, "2029-12-31T00:00:00Z", '{"cpu": 50.0}'))
        connection.execute(sample_, (key, "2030-01-02T00:00:00Z", '{"cpu": 60.0, "word": "x"}'))
    connection.close()
    return database


def test_tensorboard_media(sample, bring):
    """Pictures, sounds and histograms, as TensorBoard's old messages and as TensorFlow 2's tensors."""
    outcomes = {o.name: o for o in bring("tensorboard", sample("tensorboard-media"))}
    assert {"pr curves values": 1} == outcomes["old"].skipped
    pic, sound, weights = bring.run("old").media()
    assert ("pic", 1, 1767268801000, "image", 6, 4) == (
        pic.metric,
        pic.step,
        pic.timestamp,
        pic.type,
        pic.value["width"],
        pic.value["height"],
    )
    assert b"\x89PNG" == pic.read()[:4]
    assert (8000, 0.1, b"RIFF") == (sound.value["sample_rate"], sound.value["duration"], sound.read()[:4])
    assert (50, -1.0, 1.0) == (sum(weights.value["values"]), weights.value["bins"][0], weights.value["bins"][-1])
    first, second, sound, weights = bring.run("tf2").media()
    assert [("pics", 0), ("pics", 1)] == [(m.metric, m.index) for m in (first, second)]
    assert first.read() != second.read()
    assert "la" == sound.caption
    assert ([3, 0, 5], [-1, 0, 1, 2]) == (weights.value["values"], weights.value["bins"])


def test_wandb_media(sample, bring):
    """Every kind that wandb keeps as a file, histograms, nested names, lists with captions; and what was printed."""
    (outcome,) = bring("wandb", sample("wandb-media"))
    run = bring.run("with media")
    assert [
        ("pic", 0),
        ("pic", 1),
        ("pic", 2),
        ("hist", 3),
        ("nested.deep.pic", 3),
        ("page", 3),
        ("pics", 3),
        ("pics", 3),
    ] == [(m.metric, m.step) for m in run.media()][:8]
    assert {"image", "histogram", "html", "object3d", "audio", "table"} == {m.type for m in run.media()}
    assert ["step 0", "step 1", "step 2"] == [m.caption for m in run.media(["pic"])]
    assert ["a", None] == [m.caption for m in run.media(["pics"])]
    assert [("1.0", "x"), ("2.5", None)] == [(str(a), b) for a, b in run.media(["table"])[0].table().rows()]
    assert b"<b>x</b>" in run.media(["page"])[0].read()
    assert "hello from the program\n" == run.file("console.log").path.read_text()
    assert {"versions of artifacts": 1} == outcome.skipped
    assert ({"loss"}, 3) == (set(run.summary), run.last_step)


def test_wandb_system_metrics(sample, bring):
    """They are metrics `system/…` that stand apart: no results, no rows of the history."""
    bring("wandb", sample("wandb-media"))
    run = bring.run("with media")
    assert "system/cpu" in run.metadata["captured_metrics"]
    assert {"_step", "loss"} <= set(run.history(format="polars").columns)
    assert not [name for name in run.history(format="polars").columns if name.startswith("system/")]
    samples = run.history(stream="system", format="polars")
    assert len(samples) > 1
    assert samples["system/cpu"].drop_nulls().len()


def test_wandb_saved_files(sample, bring, tmp_path):
    """Files that the program saved become a version of an artifact; links are counted, not followed."""
    source = sample("wandb-media")
    files = next(source.iterdir()) / "files"
    (tmp_path / "secret").write_text("secret")
    (files / "link.txt").symlink_to(tmp_path / "secret")
    (files / "weights").mkdir()
    (files / "weights" / "model.bin").write_bytes(b"123")
    (outcome,) = bring("wandb", source)
    assert 1 == outcome.skipped["links to saved files"]
    (artifact,) = bring.run("with media").logged_artifacts()
    assert ("run-media001-files:v0", ["weights/model.bin"]) == (artifact.name, [f.path for f in artifact.files()])
    assert ["unchanged"] == [o.state for o in bring("wandb", source)]
    (files / "weights" / "more.bin").write_bytes(b"4")
    assert ["grown"] == [o.state for o in bring("wandb", source)]
    assert ["v0", "v1"] == [a.version for a in bring.run("with media").logged_artifacts()]
    assert 3 == len(bring.run("with media").media(["pic"]))


def test_media_whose_files_are_gone(sample, bring):
    """They are counted; everything else comes."""
    source = sample("wandb-media")
    shutil.rmtree(next(source.iterdir()) / "files" / "media" / "images")
    (outcome,) = bring("wandb", source)
    assert 5 == outcome.skipped["image values whose files are not there"]
    assert {"histogram", "html", "object3d", "audio", "table"} == {m.type for m in bring.run("with media").media()}


def test_no_media_from_elsewhere(sample, bring, tmp_path):
    """A picture that is a link out of the run's folder, or named by a path that leads out, is not taken."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\nsecret")
    source = sample("wandb-media")
    picture = next((next(source.iterdir()) / "files" / "media" / "images").glob("pic_0_*"))
    picture.unlink()
    picture.symlink_to(secret)
    bring("wandb", source)
    assert [1, 2] == [m.step for m in bring.run("with media").media(["pic"])]
    place = wandb_media.MediaFolder(tmp_path / "files")
    for name in ("../secret.png", str(secret), "a/../../secret.png", "a\0b"):
        assert place.path(name) is None


def test_trackio_media_and_system_metrics(trackio, bring):
    """Pictures by their files, tables by their rows; samples of the machine apart; other kinds are counted."""
    outcome = next(o for o in bring("trackio", trackio) if o.name == "fast")
    run = bring.run("fast")
    assert [("pic", "image", "c"), ("table", "table", None)] == [(m.metric, m.type, m.caption) for m in run.media()]
    assert [(1, None), (2, "x")] == run.media(type="table")[0].table().rows()
    assert {"image values whose files are not there": 1, "image values": 1, "something values": 1} == outcome.skipped
    assert ["system/cpu"] == run.metadata["captured_metrics"]
    assert [50.0, 60.0] == [value for _, _, value in bring.points("fast", "system/cpu")]
    assert "system/cpu" not in run.summary
    assert {"unchanged"} == {o.state for o in bring("trackio", trackio)}


@pytest.mark.parametrize("kind", ["files", "database"])
def test_mlflow_artifacts_and_system_metrics(kind, sample, bring, tmp_path):
    """Artifacts under their paths, as a version; metrics of the machine apart; what lies elsewhere is counted."""
    if kind == "files":
        source = sample("mlflow")
        run_folder = next(p.parent for p in source.rglob("meta.yaml") if (p.parent / "metrics").is_dir())
        (run_folder / "metrics" / "system").mkdir()
        (run_folder / "metrics" / "system" / "cpu").write_text("1795548528400 50.0 1\n")
        artifacts = run_folder / "artifacts"
    else:
        source = sample("mlflow.sql")
        artifacts = tmp_path / "elsewhere"
        with sqlite3.connect(source) as connection:
            (run_id,) = connection.execute("SELECT run_uuid FROM runs WHERE name = 'slow'").fetchone()
            connection.execute("UPDATE runs SET artifact_uri = 's3://bucket/x'")
            connection.execute("UPDATE runs SET artifact_uri = ? WHERE name = 'slow'", (artifacts.as_uri(),))
            connection.execute(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES ('system/cpu', 50.0, 1, ?, 1, 0)",
                (run_id,),
            )
        connection.close()
    (artifacts / "model").mkdir(parents=True)
    (artifacts / "model" / "MLmodel").write_text("flavor: x")
    (artifacts / "link").symlink_to(os.devnull)
    outcomes = bring("mlflow", source)
    found = [run for run in aspara.Api(bring.data).runs("p") if run.logged_artifacts()]
    assert 1 == len(found)
    (artifact,) = found[0].logged_artifacts()
    assert ["model/MLmodel"] == [file.path for file in artifact.files()]
    assert f"run-{found[0].id}-artifacts:v0" == artifact.name
    assert ["system/cpu"] == found[0].metadata["captured_metrics"]
    if kind == "database":
        assert [1] == [o.skipped["artifacts on another machine"] for o in outcomes if o.name != "slow"]
    assert {"unchanged"} == {o.state for o in bring("mlflow", source)}


@pytest.mark.parametrize(("moved", "told"), [(False, {}), (True, {"folders of artifacts that are not there": 1})])
def test_a_run_that_logged_no_artifacts(sample, bring, tmp_path, moved, told):
    """MLflow makes a run's folder with its first artifact: that there is none means something only where the experiment's is gone."""
    source = sample("mlflow.sql")
    if not moved:
        (tmp_path / "artifacts").mkdir()
    with sqlite3.connect(source) as connection:
        connection.execute(
            "UPDATE runs SET artifact_uri = ?", ((tmp_path / "artifacts" / "id" / "artifacts").as_uri(),)
        )
    connection.close()
    assert [told] * 2 == [outcome.skipped for outcome in bring("mlflow", source)][:2]


def test_an_import_with_media_goes_on_where_it_stopped(sample, bring):
    """A file that is cut off within the media brings the rest later, each value once."""
    source = sample("wandb-media")
    file = next(source.glob("*/*.wandb"))
    content = file.read_bytes()
    whole = bring("wandb", source, project="whole")
    for cut in (3000, 6000, len(content)):
        file.write_bytes(content[:cut])
        bring("wandb", source, project="grown")
    told = [
        [(m.metric, m.step, m.index, m.type, m.value.get("sha256")) for m in bring.run("with media", project).media()]
        for project in ("whole", "grown")
    ]
    assert told[0] == told[1]
    assert whole
