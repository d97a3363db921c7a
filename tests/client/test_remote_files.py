"""What lies beside a run reaches a tracker too: media, captured output, packages."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

import aspara
from aspara.client.captured_files import CapturedFiles
from aspara.client.journal import outbox
from aspara.client.sync import sync
from aspara.client.transport import Transport, Unreachable
from aspara.errors import ArtifactNotFound, NotRemote, TrackerError
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
    """Content first, then the row that refers to it; equal content once; the console and the packages."""
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


def until(found):
    deadline = time.monotonic() + 60
    while not found() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found()


def test_the_console_is_there_while_the_run_goes_on(tracker, monkeypatch):
    """Every few seconds what is new of it; a resumed run's stands behind what the earlier process printed."""
    monkeypatch.setenv("ASPARA_CAPTURE", "console")
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    address, folder = tracker
    console = folder / "p" / "r" / "console.log"
    for number in (1, 2):
        run = aspara.init("p", "r", id="abc", tracker_uri=address)
        for line in ("first", "second"):
            print(f"{line} {number}")
            until(lambda text=f"{line} {number}\n": console.is_file() and text in console.read_text())
        print(f"last {number}", end="")
        run.finish()
    lines = [f"{line} {number}" for number in (1, 2) for line in ("first", "second", "last")]
    assert lines == console.read_text().splitlines()


def test_the_last_words_wait_for_a_tracker_that_is_away_at_the_end(tracker, monkeypatch, capsys):
    """The run's end does not overtake them; nothing is said of a moment's absence."""
    monkeypatch.setenv("ASPARA_CAPTURE", "console")
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    address, folder = tracker
    post, refused = Transport.post_content, []

    def away_at_first(*args, **options):
        if not refused:
            refused.append(True)
            raise Unreachable("The tracker is away.")
        return post(*args, **options)

    monkeypatch.setattr(Transport, "post_content", away_at_first)
    run = aspara.init("p", "r", tracker_uri=address)
    print("the last words")
    run.finish()
    assert "the last words\n" == (folder / "p" / "r" / "console.log").read_text()
    assert "lies beside" not in capsys.readouterr().err
    assert [] == list(outbox().iterdir())


def test_what_a_killed_process_printed_is_brought_by_sync(tracker, tmp_path, monkeypatch):
    """The tracker was away all the while."""
    monkeypatch.setenv("ASPARA_CAPTURE", "console,packages")
    address, folder = tracker
    program = tmp_path / "program.py"
    program.write_text(
        "import aspara, time\nrun = aspara.init('p', 'r', tracker_uri='http://127.0.0.1:9')\n"
        "print('printed before its death')\nrun.log({'a': 1.0})\ntime.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: [p for p in outbox().glob("*/files/console.log") if "printed" in p.read_text()])
        until(lambda: list(outbox().glob("*/files/requirements.txt")))
    finally:
        process.kill()
        process.wait()
    assert ["sent"] == [result.state for result in sync(tracker_uri=address)]
    assert "printed before its death\n" in (folder / "p" / "r" / "console.log").read_text()
    assert (folder / "p" / "r" / "requirements.txt").is_file()
    assert [1.0] == [row["a"] for row in aspara.Api(folder).run("p/r").history(format="dict")]
    assert [] == list(outbox().iterdir())


class Far:
    """A tracker's side of it, whose answers are lost as often as `losses` says."""

    def __init__(self, losses: list[bool]) -> None:
        self.files: dict[str, bytes] = {}
        self.losses = losses

    def post(self, content: bytes, fields: dict[str, str]) -> dict:
        lost = self.losses.pop(0) if self.losses else False
        before = self.files.get(fields["name"], b"")
        if "offset" not in fields:
            self.files[fields["name"]] = content
        elif int(fields["offset"]) == len(before):
            self.files[fields["name"]] = before + content
        if lost:
            raise Unreachable("the answer was lost")
        return {"file_size": len(self.files.get(fields["name"], b""))}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(["print", "send", "turn", "restart"]), max_size=30), st.lists(st.booleans(), max_size=30)
)
@example(["print", "send", "turn", "turn"], [False, True])
@example(["print", "print", "send", "restart", "turn", "turn", "print"], [True])
@example(["print", "send", "turn", "turn", "print", "turn", "turn"], [])
def test_however_often_answers_are_lost_nothing_is_there_twice(events, losses):
    """Also over the end of a file that became too long, and over a restart of whoever sends."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "files").mkdir()
        log, older = folder / "files" / "console.log", folder / "files" / "console.1.log"
        far, beside = Far(losses), CapturedFiles(folder)
        far.files["console.log"] = b"of an earlier process\n"
        turned = False
        for number, event in enumerate([*events, "print"]):
            if event == "print":
                with log.open("ab") as file:
                    file.write(b"line %d\n" % number)
            elif event == "turn" and log.exists():
                log.replace(older)
                log.write_bytes(b"begun anew\n")
                turned = True
            elif event == "restart":
                beside = CapturedFiles(folder)
            else:
                with contextlib.suppress(Unreachable):
                    beside.send(far.post)
        far.losses = []
        while beside.send(far.post):
            pass
        found = far.files["console.log"]
        assert found in (log.read_bytes(), b"of an earlier process\n" + log.read_bytes())
        assert turned or found.startswith(b"of an earlier")
        if turned:
            assert older.read_bytes() == far.files["console.1.log"]


@pytest.mark.parametrize("offset", ["-1", "x", "1" * 40])
def test_a_part_belongs_where_the_file_ends(tracker, offset):
    """What does not fit is left out, and the answer says how far the file is; nonsense is refused."""
    address, folder = tracker
    base = f"{address}/tracker/api/v1/projects/p/runs"
    headers = {"X-Requested-With": "x"}
    assert requests.post(base, json={"name": "r"}, headers=headers, timeout=20).ok

    def put(content: bytes, at: str):
        data = {"name": "console.log", "offset": at}
        return requests.post(f"{base}/r/files", files={"file": ("x", content)}, data=data, headers=headers, timeout=20)

    assert [3, 3, 6] == [put(*part).json()["file_size"] for part in ((b"one", "0"), (b"one", "0"), (b"two", "3"))]
    assert 6 == put(b"later", "7").json()["file_size"]
    assert b"onetwo" == (folder / "p" / "r" / "console.log").read_bytes()
    assert 400 == put(b"x", offset).status_code


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
    """Content once, then the version, which the tracker numbers; they are read with its address."""
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
    with pytest.raises(NotRemote, match=r"aspara.Api\(tracker_uri\)"):
        logged.download(tmp_path / "x")
    run.finish()
    found = aspara.Api(address).artifact("p/set:two")
    assert ("v1", "r") == (found.version, found.source_run)
    root = Path(found.download(tmp_path / "out"))
    assert ("two", "shared") == ((root / "a.txt").read_text(), (root / "b.txt").read_text())
    assert ["set:v0", "set:v1"] == [a.name for a in aspara.Api(folder).run("p/r").logged_artifacts()]


def test_a_run_at_a_tracker_uses_artifacts(tracker, tmp_path, monkeypatch):
    """Those of earlier runs, and what it has logged itself a moment ago; the tracker knows who used what."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    address, _ = tracker
    for text in ("one", "two"):
        run = aspara.init("p", f"makes-{text}", tracker_uri=address)
        artifact = aspara.Artifact("set", "dataset")
        with artifact.new_file("deep/a.txt", "w") as file:
            file.write(text)
        run.log_artifact(artifact)
        used = run.use_artifact("set:latest", type="dataset")
        assert text == (Path(used.download(tmp_path / text)) / "deep" / "a.txt").read_text()
        run.finish()
    run = aspara.init("p", "uses", tracker_uri=address)
    old = run.use_artifact("set:v0", aliases=["old"], use_as="training data")
    assert ("v0", ["old"]) == (old.version, old.aliases)
    with pytest.raises(ArtifactNotFound, match="v0, v1"):
        run.use_artifact("set:v7")
    assert "one" == Path(run.use_artifact("set:old").file(tmp_path / "x")).read_text()
    run.finish()
    api = aspara.Api(address)
    assert ["set:v0"] == list(dict.fromkeys(a.name for a in api.run("p/uses").used_artifacts()))
    assert ["old"] == api.artifact("p/set:v0").aliases


def test_no_artifact_from_a_tracker_that_is_away(monkeypatch):
    """What a run needs cannot wait: the error says that nobody answers."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "1")
    run = aspara.init("p", "r", tracker_uri="http://127.0.0.1:9")
    with pytest.raises(TrackerError, match="127.0.0.1:9 cannot be reached"):
        run.use_artifact("set:latest")
    run.finish()


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


def test_what_the_journals_disk_refuses_for_a_while_is_sent_all_the_same(tracker, capsys):
    """Config and media wait in memory, with one warning, and keep their order."""
    address, folder = tracker
    run = aspara.Run("r", "p", tracker_uri=address, capture=False)
    [journal] = outbox().iterdir()
    (journal / "items.jsonl").mkdir()
    run.config.lr = 1
    run.log({"pic": aspara.Image(np.zeros((4, 4)))})
    run.flush()
    run.config.lr = 2
    assert 1 == capsys.readouterr().err.count("cannot be written")
    (journal / "items.jsonl").rmdir()
    run.log({"again": aspara.Image(np.zeros((4, 4)))})
    run.finish()
    assert "lost" not in capsys.readouterr().err
    found = aspara.Api(folder).run("p/r")
    assert ("finished", 2, ["pic", "again"]) == (found.state, found.config["lr"], [m.metric for m in found.media()])
    assert [] == list(outbox().iterdir())


def test_saved_files_reach_the_tracker_under_their_paths(tracker, tmp_path, monkeypatch):
    """And come back from it."""
    monkeypatch.chdir(tmp_path)
    address, folder = tracker
    (tmp_path / "ckpt").mkdir()
    (tmp_path / "ckpt" / "a.pt").write_text("first")
    with aspara.init("p", "r", tracker_uri=address) as run:
        run.save("ckpt/*.pt")
        (tmp_path / "ckpt" / "a.pt").write_text("second")
    assert "second" == (folder / "p" / "r" / "artifacts" / "ckpt" / "a.pt").read_text()
    monkeypatch.setenv("ASPARA_TRACKER_URI", address)
    with aspara.restore("ckpt/a.pt", "p/r", root=tmp_path / "again") as file:
        assert "second" == file.read()
