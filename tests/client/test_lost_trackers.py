"""Trackers that lose what they had, or never had it: what a client logged is theirs again, each row once, counted per metric.

Every tracker is a process of its own on loopback. Rows are wide, so that what loses a part of a row shows.
"""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

import aspara
from aspara import settings
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.client.journal import Journal, outbox
from aspara.client.sync import sync
from aspara.server.app import Server
from aspara.server.tracker import ingest

METRICS = ("a", "b/c", "d")
HEADERS = {"X-Requested-With": "test"}


class Tracker:
    """`aspara tracker` as a process."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        if port == 0:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
        self.folder, self.port = folder, port
        self.url = f"http://127.0.0.1:{port}"
        command = ["-m", "aspara.cli.main", "tracker", "--port", str(port), "--data-dir", str(folder)]
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers)

    def _answers(self) -> bool:
        assert self.process.poll() is None
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/tracker/api/v1/health", timeout=5).ok
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def fill_disk(self, most: int) -> None:
        """From now on none of its files grows beyond so many bytes."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def post(self, path: str, body: dict) -> requests.Response:
        return requests.post(f"{self.url}/tracker/api/v1/projects/p/runs{path}", json=body, headers=HEADERS, timeout=30)


@pytest.fixture
def tracker() -> Iterator[Callable[..., Tracker]]:
    begun: list[Tracker] = []

    def begin(folder: Path, port: int = 0) -> Tracker:
        begun.append(Tracker(folder, port))
        return begun[-1]

    yield begin
    for each in begun:
        each.kill()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine is no reason to leave something behind."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not found() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found()


def log(run: aspara.Run, first: int, last: int) -> None:
    for i in range(first, last):
        run.log({name: float(i) + number for number, name in enumerate(METRICS)}, step=i)


def kept(folder: Path, run: str = "r") -> dict[str, list[float]]:
    """All values by metric, as they stand; nothing where there is no such run."""
    if not (folder / "p" / f"{run}.meta.json").exists():
        return {}
    found = Catalog(folder).metrics("p", [run], SeriesQuery()).metrics
    return {name: found[name][run].values.tolist() for name in METRICS if name in found}


def whole(rows: int) -> dict[str, list[float]]:
    return {name: [float(i) + number for i in range(rows)] for number, name in enumerate(METRICS)}


def lines(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in folder.glob("p/r.jsonl"))


EVERYTHING = """
import os, signal, sys, time, pathlib, aspara
uri, folder, ready = sys.argv[1:]
model = pathlib.Path(folder, "model.txt")
model.write_text("weights")
run = aspara.init("p", "r", id="abc", tracker_uri=uri, config={"lr": 1}, tags=["t"])
def log(first, last):
    for i in range(first, last):
        run.log({"a": float(i), "b/c": i + 1.0, "d": i + 2.0}, step=i)
print("printed first")
run.log_artifact(str(model), name="model.txt", category="model")
version = aspara.Artifact("set", "dataset")
with version.new_file("x.txt", "w") as file:
    file.write("content")
run.log_artifact(version)
run.log({"text": aspara.Text("hello")}, step=0)
log(0, 2000)
run.config["found"] = 7
run.flush()
while not pathlib.Path(ready).exists():
    time.sleep(0.05)
print("printed last")
log(2000, 4000)
run.summary["best"] = 5
run.tags = ["t", "later"]
run.flush()
time.sleep(600)
"""


def test_a_run_half_sent_to_a_tracker_whose_disk_is_lost_is_whole_at_another(tracker, tmp_path, monkeypatch):
    """Rows, config, summary, tags, media, files, versions and what was printed; only then the journal goes."""
    monkeypatch.setenv("ASPARA_CAPTURE", "console")
    first, second, go_on = tracker(tmp_path / "A"), tracker(tmp_path / "B"), tmp_path / "go_on"
    process = subprocess.Popen(
        [sys.executable, "-c", EVERYTHING, first.url, str(tmp_path), str(go_on)], stdout=subprocess.DEVNULL
    )
    try:
        until(lambda: lines(first.folder) >= 2000)
        until(lambda: "found" in (first.folder / "p" / "r.meta.json").read_text())
        until((first.folder / "p" / "r" / "console.log").exists)
        first.kill()
        shutil.rmtree(first.folder)
        go_on.touch()
        [journal] = outbox().iterdir()
        until(lambda: (journal / "rows.jsonl").read_bytes().count(b"\n") >= 4000)
        until(lambda: "later" in (journal / "items.jsonl").read_text())
        until(lambda: "last" in (journal / "files" / "console.log").read_text())
    finally:
        process.kill()
        process.wait()
    assert ["sent"] == [result.state for result in sync(tracker_uri=second.url)]
    assert whole(4000) == kept(second.folder)
    found = Catalog(second.folder).run("p", "r").info
    assert ({"lr": 1, "found": 7}, ("t", "later")) == (found.config, tuple(found.tags))
    assert 5 == found.summary["best"]
    run = aspara.Api(second.folder).run("p/r")
    assert [(0, "text")] == [(media.step, media.metric) for media in run.media()]
    assert "weights" == (second.folder / "p/r/artifacts/model.txt").read_text()
    printed = (second.folder / "p/r/console.log").read_text().splitlines()
    assert ["printed first", "printed last"] == [line for line in printed if line.startswith("printed")]
    assert "content" == next((second.folder / "p/.artifacts/blobs").rglob("?" * 64)).read_text()
    assert [] == list(outbox().iterdir())
    assert [] == sync()


def test_a_tracker_that_comes_back_with_an_empty_disk_gets_the_whole_run(tracker, tmp_path):
    """In the middle of the run, at the same address; config that was set before is there too."""
    away = tracker(tmp_path / "data")
    run = aspara.Run("r", "p", tracker_uri=away.url, config={"lr": 1})
    log(run, 0, 2000)
    run.flush()
    until(lambda: lines(away.folder) >= 2000)
    away.kill()
    shutil.rmtree(away.folder)
    tracker(away.folder, away.port)
    log(run, 2000, 4000)
    run.finish()
    assert whole(4000) == kept(away.folder)
    assert {"lr": 1} == Catalog(away.folder).run("p", "r").info.config
    assert "completed" == Catalog(away.folder).run("p", "r").info.status
    assert [] == list(outbox().iterdir())


def test_files_that_go_while_the_tracker_runs_are_missed_by_nobody(tracker, tmp_path):
    """It holds them open still; what it takes must not go into files that are gone."""
    server = tracker(tmp_path / "data")
    run = aspara.Run("r", "p", tracker_uri=server.url)
    log(run, 0, 1000)
    run.flush()
    until(lambda: lines(server.folder) >= 1000)
    shutil.rmtree(server.folder / "p")
    log(run, 1000, 2000)
    run.finish()
    assert whole(2000) == kept(server.folder)


def test_sync_sends_anew_what_the_tracker_has_lost_since(tracker, tmp_path):
    """The journal says that all was acknowledged; the tracker says that it has nothing."""
    server = tracker(tmp_path / "data")
    source = (
        f"import aspara, os, time\nrun = aspara.init('p', 'r', tracker_uri={server.url!r})\n"
        "for i in range(4000): run.log({'a': float(i), 'b/c': i + 1.0, 'd': i + 2.0}, step=i)\n"
        "run.flush(); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: [p for p in outbox().glob("*/sent.json") if json.loads(p.read_text())["rows"] == 4000])
    finally:
        process.kill()
        process.wait()
    server.kill()
    shutil.rmtree(server.folder)
    server = tracker(server.folder, server.port)
    assert ["sent"] == [result.state for result in sync()]
    assert whole(4000) == kept(server.folder)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_tracker_restored_from_an_older_copy_gets_what_the_copy_lacks(tracker, tmp_path, in_place):
    """It answers with a lower number, and the client goes back to it in its journal; whether it was restarted for that or not."""
    server = tracker(tmp_path / "data")
    run = aspara.Run("r", "p", tracker_uri=server.url)
    log(run, 0, 1000)
    run.flush()
    until(lambda: lines(server.folder) >= 1000)
    shutil.copytree(server.folder, tmp_path / "copy")
    run.config["later"] = 3
    log(run, 1000, 2000)
    run.flush()
    until(lambda: lines(server.folder) >= 2000)
    until(lambda: "later" in (server.folder / "p" / "r.meta.json").read_text())
    if not in_place:
        server.kill()
    shutil.rmtree(server.folder / "p")
    shutil.copytree(tmp_path / "copy" / "p", server.folder / "p")
    if not in_place:
        tracker(server.folder, server.port)
    log(run, 2000, 3000)
    run.finish()
    assert whole(3000) == kept(server.folder)
    info = Catalog(server.folder).run("p", "r").info
    assert ({"later": 3}, "completed") == (info.config, info.status)
    assert [] == list(outbox().iterdir())


def test_a_tracker_acknowledges_only_what_its_disk_holds(tracker, tmp_path):
    """On a full disk it answers 503 and how long to wait, keeps nothing of the batch, and forgets nothing by being killed."""
    server = tracker(tmp_path / "data")
    run = aspara.Run("r", "p", tracker_uri=server.url)
    log(run, 0, 200)
    run.flush()
    until(lambda: lines(server.folder) >= 200)
    rows = server.folder / "p" / "r.jsonl"
    server.fill_disk(rows.stat().st_size + 3000)
    log(run, 200, 20_300)
    run.flush()
    batch = {"rows": [{"step": i, "metrics": {"a": 1.0}, "timestamp": 1764000000000} for i in range(500)]}
    assert 200 == server.post("", {"name": "other"}).status_code
    answer = server.post("/other/metrics", {"writer": "w", "first": 0, **batch})
    assert (503, True) == (answer.status_code, int(answer.headers["Retry-After"]) > 0)
    assert "disk" in answer.json()["detail"]
    [journal] = outbox().iterdir()
    acknowledged = json.loads((journal / "sent.json").read_text())["rows"]
    assert acknowledged <= lines(server.folder)
    assert 503 == server.post("/other/metrics", {"step": 1, "metrics": {"a": "x" * 20_000}}).status_code
    server.kill()
    tracker(server.folder, server.port)
    run.finish()
    assert whole(20_300) == kept(server.folder)
    assert [] == list(outbox().iterdir())


def test_config_and_files_wait_as_rows_do_for_a_tracker_whose_disk_is_full(tracker, tmp_path):
    """None is refused for good, and none is acknowledged from memory."""
    server = tracker(tmp_path / "data")
    (tmp_path / "model.bin").write_bytes(b"x" * 3_000_000)
    run = aspara.Run("r", "p", tracker_uri=server.url)
    server.fill_disk(4000)
    run.config["long"] = "x" * 6000
    run.log_artifact(str(tmp_path / "model.bin"), name="model.bin")
    log(run, 0, 100)
    run.flush()
    assert 503 == server.post("/r/metadata", {"config": {"y": "y" * 9000}}).status_code
    upload = requests.post(
        f"{server.url}/tracker/api/v1/projects/p/runs/r/artifacts",
        files={"file": ("f", b"x" * 3_000_000)},
        data={"name": "other.bin"},
        headers=HEADERS,
        timeout=30,
    )
    assert 503 == upload.status_code, upload.text
    server.kill()
    server = tracker(server.folder, server.port)
    run.finish()
    assert whole(100) == kept(server.folder)
    assert {"long": "x" * 6000} == Catalog(server.folder).run("p", "r").info.config
    assert 3_000_000 == (server.folder / "p/r/artifacts/model.bin").stat().st_size
    assert not (server.folder / "p/r/artifacts/other.bin").exists()


@pytest.mark.parametrize("what", ["run", "project"])
def test_a_run_that_a_person_deleted_stays_deleted_and_its_journal_is_set_aside(tracker, tmp_path, capsys, what):
    """It is named, the way to the rows too; a new run of that name gets none of them."""
    server = tracker(tmp_path / "data")
    run = aspara.Run("r", "p", id="abc", tracker_uri=server.url)
    log(run, 0, 100)
    run.flush()
    until(lambda: lines(server.folder) >= 100)
    catalog = Catalog(server.folder)
    catalog.delete_run("p", "r", force=True) if what == "run" else catalog.delete_project("p", force=True)
    with aspara.Run("r", "p", tracker_uri=server.url) as other:
        log(other, 0, 10)
    log(run, 100, 200)
    run.finish()
    said = capsys.readouterr().err
    assert "was deleted at the tracker" in said
    [aside] = (settings.state_dir() / "deleted").iterdir()
    assert str(aside) in said
    assert 200 == (aside / "rows.jsonl").read_bytes().count(b"\n")
    assert ["r"] == [info.run for info in Catalog(server.folder).runs("p")]
    assert whole(10) == kept(server.folder)
    assert [] == list(outbox().iterdir())
    with aspara.Run(
        "again", "p", id="abc", tracker_uri=server.url
    ) as again:  # who asks for that id now means a new run
        log(again, 0, 20)
    assert whole(20) == kept(server.folder, "again")


def test_sync_names_a_run_that_was_deleted_there_and_sets_it_aside(tracker, tmp_path):
    """Another tracker may still have it."""
    server, other = tracker(tmp_path / "data"), tracker(tmp_path / "other")
    source = (
        f"import aspara, os, time\nrun = aspara.init('p', 'r', tracker_uri={server.url!r})\n"
        "for i in range(50): run.log({'a': float(i), 'b/c': i + 1.0, 'd': i + 2.0}, step=i)\n"
        "run.flush(); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: lines(server.folder) >= 50)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    Catalog(server.folder).delete_run("p", "r", force=True)
    [result] = sync(warn=lambda _: None)
    [aside] = (settings.state_dir() / "deleted").iterdir()
    assert ("p/r", "deleted", True) == (result.run, result.state, str(aside) in result.detail)
    assert [] == sync()
    assert [] == Catalog(server.folder).runs("p")
    aside.rename(outbox() / aside.name)
    assert ["sent"] == [result.state for result in sync(tracker_uri=other.url)]
    assert whole(50) == kept(other.folder)


def test_a_run_is_never_mixed_into_another_one_of_its_name(tracker, tmp_path):
    """At another tracker the name may be somebody else's."""
    first, second = tracker(tmp_path / "A"), tracker(tmp_path / "B")
    with aspara.Run("r", "p", tracker_uri=second.url) as theirs:
        log(theirs, 0, 10)
    journal = Journal.create(
        "k",
        {
            "tracker": first.url,
            "project": "p",
            "run": "r",
            "run_id": "abc",
            "writer": "w1",
            "request": {"name": "r", "writer": "w1"},
        },
    )
    file = journal.open_rows(print)
    for i in range(30):
        file.append((json.dumps({"timestamp": i, "step": i, "metrics": dict.fromkeys(METRICS, 1.0)}) + "\n").encode())
    file.close(1.0)
    assert ["sent"] == [result.state for result in sync(tracker_uri=second.url)]
    assert whole(10) == kept(second.folder)
    assert {name: [1.0] * 30 for name in METRICS} == kept(second.folder, "r-2")


def test_a_number_that_is_used_again_for_other_rows_is_refused(tracker, tmp_path):
    """The same ones again are taken as ever."""
    server = tracker(tmp_path / "data")
    server.post("", {"name": "r"})
    rows = [{"timestamp": 1764000000000, "step": i, "metrics": dict.fromkeys(METRICS, float(i))} for i in range(10)]
    other = [{**row, "metrics": {"a": -1.0}} for row in rows]
    assert 10 == server.post("/r/metrics", {"writer": "w", "first": 0, "rows": rows}).json()["next"]
    assert 422 == server.post("/r/metrics", {"writer": "w", "first": 4, "rows": other[4:]}).status_code
    assert 422 == server.post("/r/metrics", {"writer": "w", "first": 2, "rows": other[2:4]}).status_code
    assert 10 == server.post("/r/metrics", {"writer": "w", "first": 4, "rows": rows[4:]}).json()["next"]
    assert {name: [float(i) for i in range(10)] for name in METRICS} == kept(server.folder)


def test_rows_that_a_rewind_set_aside_count_as_received(tracker, tmp_path):
    """Else their client would bring them back."""
    server = tracker(tmp_path / "data")
    server.post("", {"name": "r", "id": "abc", "writer": "w"})
    rows = [{"timestamp": 1764000000000, "step": i, "metrics": dict.fromkeys(METRICS, float(i))} for i in range(10)]
    server.post("/r/metrics", {"writer": "w", "first": 0, "rows": rows})
    server.post("/r/finish", {})
    until(lambda: server.post("", {"id": "abc", "writer": "w2", "resume": "must", "rewind_to": 4}).ok)
    said = {**HEADERS, "X-Aspara-Sent": "run=abc; writer=w"}
    address = f"{server.url}/tracker/api/v1/projects/p/runs/r/confirm"
    assert 10 == requests.post(address, headers=said, timeout=30).json()["rows"]
    assert 5 == len(kept(server.folder)["a"])


def test_a_tracker_that_cannot_be_asked_for_counts_is_asked_by_a_batch_of_no_rows(tmp_path):
    """An older one; its data may be lost as well."""

    def start(port: int = 0) -> Server:
        routes, close = ingest(tmp_path / "data")
        older = [replace(r) for r in routes if not r.path.endswith("/confirm")]
        server = Server(tmp_path / "data", port=port, extra=older, on_close=[close])
        server.thread = server.start_in_thread()
        return server

    server = start()
    run = aspara.Run("r", "p", tracker_uri=server.url)
    log(run, 0, 500)
    run.flush()
    until(lambda: lines(tmp_path / "data") >= 500)
    server.stop()
    server.thread.join(10)
    shutil.rmtree(tmp_path / "data")
    server = start(server.port)
    log(run, 500, 1000)
    run.finish()
    server.stop()
    server.thread.join(10)
    assert whole(1000) == kept(tmp_path / "data")
    assert [] == list(outbox().iterdir())


def test_a_tracker_in_trouble_is_asked_again_when_it_says_and_no_sooner(tmp_path, monkeypatch):
    """However many rows come meanwhile."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "0.1")
    asked: list[str] = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(503)
            self.send_header("Retry-After", "3600")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        run = aspara.Run("r", "p", tracker_uri=f"http://127.0.0.1:{server.server_port}")
        for i in range(20):
            log(run, i, i + 1)
            run.flush()
            time.sleep(0.1)
        # Once by init(), once by the sender.
        assert len(asked) <= 2
        run.finish()
        server.shutdown()
        thread.join()
