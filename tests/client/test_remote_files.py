"""What lies beside a run reaches a tracker too: media, captured output, packages."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import requests

import aspara
from aspara.client.journal import outbox
from aspara.errors import NotRemote
from aspara.server.app import Server
from aspara.server.tracker import ingest


@pytest.fixture
def tracker(tmp_path: Path):
    folder = tmp_path / "data"
    routes, close = ingest(folder)
    server = Server(folder, port=0, extra=routes, on_close=[close])
    thread = server.start_in_thread()
    yield server.url.rstrip("/"), folder
    server.stop()
    thread.join(10)


def test_media_and_captured_files_are_sent(tracker, monkeypatch, capsys):
    """Content first, then the row that refers to it; equal content once; the console when the run ends."""
    monkeypatch.setenv("ASPARA_CAPTURE", "console,packages,system")
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    address, folder = tracker
    run = aspara.init("p", "r", tracker_uri=address)
    print("printed far away")
    for step in range(3):
        run.log({"loss": step, "pic": aspara.Image(np.zeros((4, 4)))})
    run.finish()
    media = aspara.Api(folder).run("p/r").media()
    assert [(s, "pic") for s in range(3)] == [(m.step, m.metric) for m in media]
    assert {hashlib.sha256(m.read()).hexdigest() for m in media} == {media[0].file.stem}
    assert "printed far away\n" in (folder / "p" / "r" / "console.log").read_text()
    assert f"aspara=={aspara.__version__}\n" in (folder / "p" / "r" / "requirements.txt").read_text()
    assert [] == list(outbox().iterdir())


@pytest.mark.parametrize(
    "name", ["../x", "r.meta.json", "console.log/x", "media/../../x", f"media/{'0' * 64}.png", "media/x.png", ""]
)
def test_no_other_file_can_be_put_there(tracker, name):
    """Only the known names, and media whose content is what its name says."""
    address, folder = tracker
    base = f"{address}/tracker/api/v1/projects/p/runs"
    assert requests.post(base, json={"name": "r"}, headers={"X-Requested-With": "x"}, timeout=20).ok
    before = sorted(folder.rglob("*"))
    answer = requests.post(
        f"{base}/r/files",
        files={"file": ("x", b"content")},
        data={"name": name},
        headers={"X-Requested-With": "x"},
        timeout=20,
    )
    assert 400 == answer.status_code, answer.text
    assert before == sorted(folder.rglob("*"))


def test_versions_of_artifacts_reach_the_tracker(tracker, tmp_path, monkeypatch):
    """Content once, then the version, which the tracker numbers; reading there is by its data directory."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    address, folder = tracker
    run = aspara.init("p", "r", tracker_uri=address)
    for text in ("one", "two"):
        artifact = aspara.Artifact("set", "dataset")
        for name, content in (("a.txt", text), ("b.txt", "shared")):
            with artifact.new_file(name, "w") as file:
                file.write(content)
        logged = run.log_artifact(artifact, aliases=[text])
    assert (None, "COMMITTED") == (logged.version, logged.state)
    with pytest.raises(NotRemote, match="data_dir"):
        run.use_artifact("set:latest")
    with pytest.raises(NotRemote):
        logged.download(tmp_path / "x")
    run.finish()
    found = aspara.Api(folder).artifact("p/set:two")
    assert ("v1", "r") == (found.version, found.source_run)
    root = Path(found.download(tmp_path / "out"))
    assert ("two", "shared") == ((root / "a.txt").read_text(), (root / "b.txt").read_text())
    assert ["set:v0", "set:v1"] == [a.name for a in aspara.Api(folder).run("p/r").logged_artifacts()]


@pytest.mark.parametrize(
    ("path", "sha256"), [("../x", "0" * 64), ("a", "0" * 64), ("a", "../../x"), ("a", None), ("", "0" * 64)]
)
def test_a_version_without_its_content_is_refused(tracker, path, sha256):
    """And one whose paths lead out."""
    address, folder = tracker
    base = f"{address}/tracker/api/v1/projects/p/runs"
    headers = {"X-Requested-With": "x"}
    assert requests.post(base, json={"name": "r"}, headers=headers, timeout=20).ok
    body = {"name": "set", "type": "t", "entries": [{"path": path, "sha256": sha256, "size": 1}]}
    assert 400 == requests.post(f"{base}/r/versions", json=body, headers=headers, timeout=20).status_code
    assert [] == aspara.Api(folder).artifact_names("p")
