"""Versioned artifacts: content once, versions and aliases, checked downloads."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

import aspara
from aspara.errors import ArtifactDamaged, ArtifactNotFound, InvalidName, UsageError
from aspara.storage.artifact_store import ArtifactStore
from aspara.storage.layout import Layout


@pytest.fixture
def data(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    yield tmp_path / "data"
    aspara.finish()


@pytest.fixture
def run(data):
    run = aspara.init(project="p", name="r")
    yield run
    run.finish()


def tree(root: str | Path) -> dict[str, str]:
    return {p.relative_to(root).as_posix(): p.read_text() for p in sorted(Path(root).rglob("*")) if p.is_file()}


def folder(root: Path, **content: str) -> Path:
    for name, text in content.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def blobs(data: Path) -> int:
    return len([p for p in (data / "p" / ".artifacts" / "blobs").rglob("*") if p.is_file()])


def make(run, *texts: str, name: str = "set", **options) -> aspara.Artifact:
    artifact = aspara.Artifact(name, "dataset")
    for number, text in enumerate(texts):
        with artifact.new_file(f"{number}.txt", "w") as file:
            file.write(text)
    return run.log_artifact(artifact, **options)


def test_a_folder_goes_in_and_comes_out_whole(run, tmp_path):
    """Files and folders, under their paths; what one run logs another uses."""
    source = folder(tmp_path / "source", a="1", sub__b="2", sub__deeper__c="3")
    artifact = aspara.Artifact("set", "dataset", "a sentence", {"rows": 3})
    artifact.add_dir(source)
    artifact.add_file(source / "a", "renamed.txt")
    logged = run.log_artifact(artifact, aliases=["best"]).wait()
    assert logged is artifact
    assert ("set:v0", "v0", ["best", "latest"], 4) == (logged.name, logged.version, logged.aliases, logged.file_count)
    run.finish()
    with aspara.init(project="p", name="user") as user:
        used = user.use_artifact("set:best", type="dataset")
        root = used.download()
        assert {"a": "1", "sub/b": "2", "sub/deeper/c": "3", "renamed.txt": "1"} == tree(root)
        assert Path("artifacts", "set-v0") == Path(root)
        assert ("a sentence", {"rows": 3}, "r") == (used.description, used.metadata, used.source_run)
        assert ["set:v0"] == [a.name for a in user.used_artifacts()]
    api = aspara.Api()
    assert ["set:v0"] == [a.name for a in api.run("p/user").used_artifacts()]
    assert ["set:v0"] == [a.name for a in api.run("p/r").logged_artifacts()]


def test_equal_content_makes_no_version_and_is_kept_once(run, data):
    """v0, v1, … for what differs; the same again is the same version, which takes the new aliases."""
    assert "v0" == make(run, "a", "b").version
    again = make(run, "a", "b", aliases=["same"])
    assert ("v0", ["latest", "same"]) == (again.version, again.aliases)
    assert "v1" == make(run, "a", "c").version
    assert "v2" == make(run, "a", "b").version  # not the latest: a step back is a version too
    assert 3 == blobs(data)


def test_aliases_move(run):
    """Each means one version; latest the newest one; numbers, aliases and digests find a version."""
    first = make(run, "a", aliases=["prod"])
    second = make(run, "b", aliases=["prod"])
    api = aspara.Api()
    assert second.version == api.artifact("p/set:prod").version == api.artifact("p/set").version
    assert ([], "v0") == (api.artifact("p/set:v0").aliases, api.artifact(f"p/set:{first.digest}").version)
    old = api.artifact("p/set:v0")
    old.aliases.append("prod")
    old.description = "the better one"
    old.save()
    assert ("v0", "the better one") == ((found := api.artifact("p/set:prod")).version, found.description)
    assert ["latest"] == api.artifact("p/set:v1").aliases
    with pytest.raises(InvalidName, match="v3"):
        make(run, "c", aliases=["v3"])
    assert ["set:v1", "set:v0"] == [a.name for a in api.artifacts("dataset", "p/set")]


def test_what_was_added_is_what_is_logged(run, tmp_path):
    """The file may change or go between add_file() and log_artifact()."""
    path = folder(tmp_path / "s", x="as it was") / "x"
    artifact = aspara.Artifact("set", "dataset")
    artifact.add_file(path)
    path.write_text("changed")
    assert {"x": "as it was"} == tree(run.log_artifact(artifact).download(tmp_path / "out"))
    path.unlink()
    with pytest.raises(UsageError, match="stays as it is"):
        artifact.add_file(__file__)


def test_a_damaged_content_is_not_handed_out(run, data, tmp_path):
    """download() checks every file; what lies there whole is left, what does not is copied anew."""
    logged = make(run, "a", "b")
    root = logged.download(tmp_path / "out")
    Path(root, "0.txt").write_text("edited")
    with pytest.raises(ArtifactDamaged):
        logged.verify(root)
    logged.download(root)
    logged.verify(root)
    blob = data / "p" / ".artifacts" / "blobs" / logged.get_entry("0.txt").sha256[:2] / logged.get_entry("0.txt").sha256
    blob.write_text("rotten")
    with pytest.raises(ArtifactDamaged, match=r"0\.txt"):
        logged.download(tmp_path / "other")
    assert {"1.txt": "b"} == tree(logged.download(tmp_path / "only", path_prefix="1"))


def test_references_stay_where_they_are(run, tmp_path):
    """Addresses are noted; files on this machine are checked and copied on download, others never fetched."""
    source = folder(tmp_path / "s", a="1", sub__b="2")
    artifact = aspara.Artifact("set", "dataset")
    artifact.add_reference(f"file://{source}", "local")
    artifact.add_reference("s3://bucket/key.bin")
    run.log_artifact(artifact)
    assert {"local/a", "local/sub/b", "key.bin"} == {f.path for f in artifact.files()}
    assert "s3://bucket/key.bin" == artifact.get_path("key.bin").ref_target()
    with pytest.raises(UsageError, match="not fetched"):
        artifact.download(tmp_path / "out")
    assert {"local/a": "1", "local/sub/b": "2"} == tree(
        artifact.download(tmp_path / "o", allow_missing_references=True)
    )
    (source / "a").write_text("changed")
    with pytest.raises(ArtifactDamaged):
        artifact.get_entry("local/a").download(tmp_path / "x")


def test_tables_and_pictures_come_back_as_such(run):
    """add() and get(), media in cells too."""
    artifact = aspara.Artifact("eval", "result")
    table = aspara.Table(columns=["picture", "n"], data=[[aspara.Image(np.zeros((2, 3))), 1]])
    artifact.add(table, "predictions")
    artifact["picture"] = aspara.Image(np.ones((4, 5)))
    run.log_artifact(artifact)
    found = aspara.Api().artifact("p/eval").get("predictions")
    assert (["picture", "n"], 1, 3) == (found.columns, found.data[0][1], found.data[0][0].width)
    assert (5, None) == (artifact["picture"].width, artifact.get("missing"))


def test_the_next_version_from_the_last(run, tmp_path):
    """new_draft() has its files; some are added, some removed."""
    draft = make(run, "a", "b").new_draft()
    draft.remove("0.txt")
    with draft.new_file("2.txt", "w") as file:
        file.write("c")
    assert "v1" == run.log_artifact(draft).version
    assert {"1.txt": "b", "2.txt": "c"} == tree(draft.download(tmp_path / "out"))


def test_a_deleted_version_takes_its_content_with_it(run, data):
    """But not what others hold; its number is not used again; an alias guards it."""
    make(run, "a", "b")
    second = make(run, "a", "c", aliases=["keep"])
    with pytest.raises(UsageError, match="keep"):
        second.delete()
    second.delete(delete_aliases=True)
    store = ArtifactStore(Layout(data).artifacts("p"))
    assert 0 == store.clean()  # young content may belong to a version that is being made
    assert 1 == store.clean(young=-1)
    assert ("v0", "v2") == (aspara.Api().artifact("p/set").version, make(run, "d").version)
    with pytest.raises(ArtifactNotFound, match=r"no version 'v1'.*v0, v2"):
        aspara.Api().artifact("p/set:v1")


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a/../b", "", "a\0b", "."])
def test_no_path_leads_out(run, path):
    """Of an artifact, nor of where it is downloaded to."""
    artifact = aspara.Artifact("set", "dataset")
    with pytest.raises(InvalidName):
        with artifact.new_file(path, "w"):
            pass
    with pytest.raises(InvalidName):
        aspara.Artifact(path or "../x", "dataset")


def test_a_manifest_from_elsewhere_leads_nowhere_either(run, data, tmp_path):
    """A manifest that somebody wrote by hand."""
    logged = make(run, "a")
    manifest = data / "p" / ".artifacts" / "collections" / "set" / "v0.json"
    content = json.loads(manifest.read_text())
    content["entries"][0]["path"] = "../../escaped"
    manifest.write_text(json.dumps(content))
    with pytest.raises(InvalidName):
        aspara.Api().artifact("p/set:v0").download(tmp_path / "deep" / "out")
    assert not (tmp_path / "escaped").exists()
    del logged


def test_other_types_and_names_are_refused(run):
    """One type for all versions; unknown names are answered with those there are."""
    make(run, "a")
    with pytest.raises(UsageError, match="type 'dataset'"):
        run.log_artifact(aspara.Artifact("set", "model"))
    with pytest.raises(UsageError, match="type 'dataset'"):
        run.use_artifact("set", type="model")
    with pytest.raises(ArtifactNotFound, match="Artifacts: set"):
        run.use_artifact("sets:latest")


def test_files_of_the_first_release_stay_as_they_were(run, data, tmp_path):
    """log_artifact(file_path, name, description, category) copies into the run; a type, an alias or a folder makes a version."""
    source = folder(tmp_path / "s", x="1")
    entry = run.log_artifact(source / "x", "kept.txt", "a sentence", "data").wait()
    assert ("kept.txt", "artifacts/kept.txt", "a sentence", "data") == (
        entry.name,
        entry.stored_path,
        entry.description,
        entry.category,
    )
    (entry,) = json.loads((data / "p" / "r.meta.json").read_text())["artifacts"]
    assert ("kept.txt", "a sentence", "data", "artifacts/kept.txt") == tuple(
        entry[k] for k in ("name", "description", "category", "stored_path")
    )
    assert "v0" == run.log_artifact(source / "x", "weights", type="model").version
    assert "v0" == run.log_artifact(source, "folder").wait().version
    assert {"kept.txt", "weights:v0", "folder:v0"} == {a.name for a in aspara.Api().run("p/r").logged_artifacts()}


def test_models_are_artifacts(run, tmp_path):
    """log_model() and use_model(), by file and by folder."""
    path = folder(tmp_path / "s", model="weights") / "model"
    run.log_model(path, "net", aliases=["best"])
    assert "weights" == Path(run.use_model("net:best")).read_text()
    assert "model" == aspara.Api().artifact("p/net").type


def test_a_disabled_run_takes_artifacts_and_keeps_none(data, tmp_path):
    """And a used one has no files."""
    with aspara.init(mode="disabled") as run:
        assert "PENDING" == make(run, "a").wait().state
        assert [] == list(Path(run.use_artifact("set:latest").download(tmp_path / "out")).iterdir())
    assert not data.exists()


def test_a_full_disk_stops_nothing(run, data, capsys):
    """One warning, and training goes on."""
    (data / "p" / ".artifacts").write_text("in the way")
    artifact = make(run, "a")
    assert "PENDING" == artifact.state
    assert "could not be kept" in capsys.readouterr().err
    run.log({"loss": 1})


def _log_some(data: str, number: int) -> None:
    os.environ["ASPARA_DATA_DIR"] = data
    run = aspara.Run(f"r{number}", "p", capture=False)
    for i in range(5):
        make(run, "shared", f"{number}-{i}")
    run.finish()


def test_several_processes_make_versions_at_once(data):
    """Each gets a number of its own, and none is lost."""
    aspara.Run("first", "p", capture=False).finish()
    processes = [multiprocessing.get_context("spawn").Process(target=_log_some, args=(str(data), n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert 0 == process.exitcode
    versions = aspara.Api().artifacts(None, "p/set")
    assert {f"v{n}" for n in range(15)} == {a.version for a in versions}
    assert 16 == blobs(data)


def test_nothing_is_removed_while_a_description_cannot_be_read(data):
    """Content that a damaged version may hold outlives the deletion of another one; once it is mended, the rest is removed."""
    for name in ("a", "b"):
        with aspara.init(project="p", name=name) as run:
            artifact = aspara.Artifact(name, "model")
            artifact.add_file(folder(data.parent / name, weights=name) / "weights")
            run.log_artifact(artifact)
    store = ArtifactStore(Layout(data).artifacts("p"))
    place = store.paths.manifest("a", 0)
    whole = place.read_text()
    for damage in (whole[:40], whole.replace("sha256", "sha"), "[]"):
        place.write_text(damage)
        assert 0 == store.clean(0)
    store.delete("b", "v0")
    place.write_text(whole)
    assert 1 == store.clean(0)
    assert store.content("a", "v0", store.manifest("a")["entries"][0]).read_text() == "a"
