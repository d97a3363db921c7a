"""What scripts written for wandb use of runs and of the Api, with `import aspara as wandb`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import aspara
import aspara as wandb


def test_alerts_are_kept_with_the_run(data: Path, capsys: pytest.CaptureFixture[str]):
    """An alert is printed and kept; one of the same title waits its time."""
    with wandb.init(project="p", id="r") as run:
        run.log({"a": 1})
        wandb.alert("Low", "accuracy fell", level=wandb.AlertLevel.WARN, wait_duration=timedelta(seconds=60))
        run.alert("Low", "again")
        run.alert(title="Other", text="x", level="error", wait_duration=0)
    alerts = aspara.Api().run("p/r").metadata["alerts"]
    assert [("Low", "WARN", 1), ("Other", "ERROR", 1)] == [(a["title"], a["level"], a["step"]) for a in alerts]
    assert "WARN Low: accuracy fell" in capsys.readouterr().err


def test_an_unknown_level_is_refused(data: Path):
    """A level is one of three."""
    with wandb.init(project="p") as run, pytest.raises(wandb.UsageError, match="'loud'"):
        run.alert("a", "b", level="loud")


def test_alerts_of_a_resumed_run_are_added(data: Path):
    """What was alerted before a run is continued stays."""
    for text in ("one", "two"):
        with wandb.init(project="p", id="r", resume="allow") as run:
            run.alert("title", text)
    assert ["one", "two"] == [alert["text"] for alert in aspara.Api().run("p/r").metadata["alerts"]]


def test_code_is_an_artifact(data: Path, tmp_path: Path):
    """log_code() keeps Python files and requirements, not environments and hidden folders; functions choose others."""
    for name in ("a.py", "requirements.txt", "notes.md", "lib/b.py", ".hidden/c.py", "env/pyvenv.cfg", "env/d.py"):
        file = tmp_path / "code" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    with wandb.init(project="p") as run:
        found = run.log_code(tmp_path / "code")
        assert found is not None
        assert ("code", ["a.py", "lib/b.py", "requirements.txt"]) == (found.type, sorted(f.path for f in found.files()))
        notes = run.log_code(
            tmp_path / "code",
            name="notes",
            include_fn=lambda path, root: path.startswith(root) and path.endswith(".md"),
        )
        assert notes is not None
        assert ["notes.md"] == [file.path for file in notes.files()]
        assert run.log_code(tmp_path / "code", include_fn=lambda path: False) is None


def test_linking_keeps_the_artifact(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """There is no registry: what is linked is kept, and that is said once."""
    monkeypatch.chdir(tmp_path)  # use_model() downloads below the working directory
    (tmp_path / "m.txt").write_text("m")
    with wandb.init(project="p") as run:
        artifact = wandb.Artifact("a", type="model")
        artifact.add_file(tmp_path / "m.txt")
        assert "v0" == run.link_artifact(artifact, "registry/models", aliases=["best"]).version
        linked = run.link_model(tmp_path / "m.txt", "models/net", aliases=["prod"])
        assert linked is not None
        assert ("net", ["latest", "prod"]) == (linked.collection_name, sorted(linked.aliases))
        assert "m" == Path(run.use_model("net:prod")).read_text()
    assert capsys.readouterr().err.count("no registry") <= 1


def test_members_of_a_run(data: Path):
    """Names that scripts ask of a run."""
    with wandb.init(project="p", entity="me", settings={"console": "off"}) as run:
        assert ("me", True, None, None, None) == (run.entity, run.offline, run.sweep_id, run.project_url, run.get_url())
        assert ("p", {}, "p") == (run.project_name(), run.config_static, run.settings.project)
        assert "off" == run.settings.console
        run._label(code="trainer")
        run.mark_preempting()
        assert "<p>" in run.to_html()
        run.write_logs("text")


def test_log_without_data_ends_the_step(data: Path):
    """log() alone ends a step that was begun with commit=False."""
    with wandb.init(project="p", id="r") as run:
        wandb.log({"a": 1}, commit=False)
        run.log()
        run.log({"a": 2})
    assert [0, 1] == [row["_step"] for row in aspara.Api().run("p/r").scan_history(["a"])]


@pytest.mark.parametrize("wrong", [None, [1], "text", 3])
def test_misuse_of_log_is_a_type_error(wrong: object, data: Path):
    """What is no dict raises a TypeError, which is a UsageError too."""
    with wandb.init(project="p") as run, pytest.raises(TypeError) as caught:
        run.log(wrong)
    assert isinstance(caught.value, wandb.UsageError)


def test_a_file_is_restored_by_the_run(data: Path, tmp_path: Path):
    """run.restore() opens a file that the run keeps."""
    (tmp_path / "w.txt").write_text("weights")
    with wandb.init(project="p") as run:
        run.save(tmp_path / "w.txt", policy="now")
        with run.restore("w.txt", root=tmp_path / "back") as file:
            assert "weights" == file.read()


def test_members_of_the_api(data: Path, tmp_path: Path):
    """Names that scripts ask of the Api and of its runs."""
    with wandb.init(project="p", id="r", config={"lr": 0.1}) as run:
        run.log({"a": 1})
        artifact = wandb.Artifact("data", type="dataset")
        with artifact.new_file("x") as file:
            file.write("x")
        run.log_artifact(artifact, aliases=["best"])
    api = wandb.Api(overrides={"project": "p", "entity": "me"}, timeout=29)
    found = api.run("me/p/r")
    assert ("me", "r", "r", "p") == (api.default_entity, found.id, api.run("r").id, api.from_path("p").name)
    assert (0, '{"lr": {"value": 0.1}}', None, "") == (
        found.lastHistoryStep,
        found.json_config,
        found.url,
        found.entity,
    )
    assert {"a": 1} == {key: found.summary_metrics[key] for key in ("a",)}
    assert ["dataset"] == [kind.name for kind in api.artifact_types()]
    assert ["data"] == [c.name for c in api.artifact_type("dataset").collections()]
    assert (True, False) == (api.artifact_exists("p/data:best"), api.artifact_exists("p/other:v0"))
    assert "v0" == api.from_path("me/p/data:best").version
    assert [] == api.reports("p")
    found.wait_until_finished()
    with pytest.raises(wandb.errors.CommError):
        api.run("p/none")
    with pytest.raises(wandb.Error, match="wandb's service"):
        api.team("x")


def test_a_read_run_takes_files_and_artifacts(data: Path, tmp_path: Path):
    """An ended run takes artifacts and files from the Api, and ends as it had ended."""
    wandb.init(project="p", id="r").finish(exit_code=2)
    run = wandb.Api().run("p/r")
    (tmp_path / "f.txt").write_text("f")
    artifact = wandb.Artifact("late", type="result")
    artifact.add_file(tmp_path / "f.txt")
    assert "late:v0" == run.log_artifact(artifact).name
    assert "f.txt" == run.upload_file(tmp_path / "f.txt", root=tmp_path).name
    assert ("failed", 2) == (run.load().state, run.exit_code)


def test_terminal_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Lines go to stderr, once if wanted, and none where WANDB_SILENT is set."""
    wandb.termwarn("careful", repeat=False)
    wandb.termwarn("careful", repeat=False)
    wandb.termlog("line")
    assert ["aspara: WARNING careful", "aspara: line"] == capsys.readouterr().err.splitlines()
    monkeypatch.setenv("WANDB_SILENT", "true")
    wandb.termerror("none")
    assert "" == capsys.readouterr().err


def test_helpers():
    """wandb.util, env and data_types have what scripts call."""
    assert (8, "a_b_c") == (len(wandb.util.generate_id()), wandb.util.make_artifact_name_safe("a b/c"))
    assert wandb.util.get_module("no.such.module") is None
    assert "WANDB_PROJECT" == wandb.env.PROJECT
    left = wandb.Table(columns=["id", "a"], data=[[1, "x"], [2, "y"]])
    joined = wandb.JoinedTable(left, wandb.Table(columns=["id", "b"], data=[[2, 0.5]]), "id")
    assert (["id", "0.a", "1.b"], [[2, "y", 0.5]]) == (joined.columns, joined.data)
    box = wandb.box3d(center=[0, 0, 0], size=[2, 4, 6], orientation=[1, 0, 0, 0], color=(255, 0, 0))
    assert [-1.0, -2.0, -3.0] == box["corners"][0]
