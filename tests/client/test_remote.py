"""Remote runs when things go wrong: a tracker that is down, killed or restarted, a killed client, lost answers, refusals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.client.journal import Journal, outbox
from aspara.client.sync import sync
from aspara.client.transport import tracker_base
from aspara.errors import UsageError
from aspara.server.app import Server
from aspara.server.tracker import ingest


def start(folder: Path, port: int = 0) -> Server:
    routes, close = ingest(folder)
    server = Server(folder, port=port, extra=routes, on_close=[close])
    server.thread = server.start_in_thread()
    return server


def stop(server: Server) -> None:
    server.stop()
    server.thread.join(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def values(folder: Path, run: str = "r", metric: str = "a") -> list[float]:
    return Catalog(folder).metrics("p", [run], SeriesQuery()).metrics[metric][run].values.tolist()


@pytest.mark.parametrize(
    "uri", ["http://h:3142", "http://h:3142/", "http://h:3142/tracker", "http://h:3142/tracker/api/v1", "h:3142"]
)
def test_an_address_may_be_written_in_every_usual_way(uri):
    """They all mean the same."""
    assert "http://h:3142/tracker/api/v1" == tracker_base(uri)


def test_an_address_that_is_none_is_named(tmp_path):
    """With what would be right."""
    with pytest.raises(UsageError, match="http://localhost:3142"):
        aspara.init("p", tracker_uri="ftp://x")


def test_training_begins_with_the_tracker_down_and_everything_arrives_when_it_is_up(tmp_path, capsys):
    """Rows keep their own times and order; nothing is left behind in the outbox."""
    port = free_port()
    run = aspara.init("p", "r", tracker_uri=f"http://127.0.0.1:{port}", config={"lr": 1})
    for i in range(100):
        run.log({"a": float(i)}, timestamp=1764000000000 + i)
    assert 1 == capsys.readouterr().err.count("does not answer")
    server = start(tmp_path / "data", port)
    for i in range(100, 200):
        run.log({"a": float(i)})
    run.finish()
    stop(server)
    assert "does not answer" not in capsys.readouterr().err
    assert [float(i) for i in range(200)] == values(tmp_path / "data")
    found = Catalog(tmp_path / "data").metrics("p", ["r"], SeriesQuery()).metrics["a"]["r"]
    assert 1764000000000 == found.timestamps[0]
    assert [] == list(outbox().iterdir())


def test_a_tracker_that_restarts_in_mid_run_costs_nothing(tmp_path):
    """It finds by the files how far each writer was."""
    server = start(tmp_path / "data")
    run = aspara.init("p", "r", tracker_uri=server.url)
    for i in range(300):
        run.log({"a": float(i)})
        if i in (100, 200):
            time.sleep(0.3)
            port = server.port
            stop(server)
            server = start(tmp_path / "data", port)
    run.finish()
    stop(server)
    assert [float(i) for i in range(300)] == values(tmp_path / "data")


def test_a_killed_client_leaves_a_crashed_run_and_sync_sends_the_rest(tmp_path):
    """What its log() returned for is on its own disk."""
    port = free_port()
    source = (
        "import aspara, os, signal\n"
        f"run = aspara.init('p', 'r', tracker_uri='http://127.0.0.1:{port}')\n"
        "for i in range(500): run.log({'a': float(i)})\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, timeout=60, check=False, env=dict(os.environ)
    )
    assert -signal.SIGKILL == process.returncode
    [kept] = sync(timeout=1)
    assert "kept" == kept.state
    server = start(tmp_path / "data", port)
    [sent] = sync(timeout=20)
    assert ("sent", "p/r") == (sent.state, sent.run)
    stop(server)
    assert [float(i) for i in range(500)] == values(tmp_path / "data")
    assert "crashed" == Catalog(tmp_path / "data").run("p", "r").info.status


class LosingProxy:
    """Passes requests on to a tracker and drops every second answer."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.dropped = 0
        self._count = 0
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            client.settimeout(0.05)
            server.settimeout(0.05)
            while not self._closing:
                for source, target in ((client, server), (server, client)):
                    try:
                        data = source.recv(1 << 16)
                    except TimeoutError:
                        continue
                    except OSError:
                        return
                    if not data:
                        return
                    if source is server:
                        self._count += 1
                        if self._count % 2:
                            self.dropped += 1
                            return  # the tracker has done it, the client will never know
                    target.sendall(data)

    def close(self) -> None:
        self._closing = True
        self._listener.close()


def test_lost_answers_double_nothing(tmp_path):
    """The tracker did what was asked, the client does not know, and asks again."""
    server = start(tmp_path / "data")
    proxy = LosingProxy(server.port)
    run = aspara.init("p", "r", tracker_uri=f"http://127.0.0.1:{proxy.port}")
    for i in range(50):
        run.log({"a": float(i)})
        time.sleep(0.005)
    run.finish()
    if list(outbox().iterdir()):
        sync(tracker_uri=server.url, timeout=20)
    proxy.close()
    stop(server)
    assert proxy.dropped > 0
    assert [float(i) for i in range(50)] == values(
        tmp_path / "data", run.run if (tmp_path / "data/p" / f"{run.run}.jsonl").exists() else "r"
    )
    assert 1 == len(Catalog(tmp_path / "data").runs("p"))


def test_log_never_waits_for_a_tracker_that_hangs(tmp_path):
    """A port that takes connections and never answers: init goes on after two seconds, log() at once."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        os.environ["ASPARA_EXIT_TIMEOUT"] = "0.3"
        try:
            run = aspara.init("p", "r", tracker_uri=f"http://127.0.0.1:{hanging.getsockname()[1]}")
            began = time.monotonic()
            for i in range(1000):
                run.log({"a": float(i)})
            waited = time.monotonic() - began
            run.finish()
        finally:
            del os.environ["ASPARA_EXIT_TIMEOUT"]
    # The tracker's time limit is 20 s; a thousand calls that waited for it once would show.
    assert waited < 10
    [journal] = list(outbox().iterdir())
    assert 1000 == len((journal / "rows.jsonl").read_text().splitlines())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"step": 1, "metrics": {"a": 1}}, 200),
        ({"step": 1, "metrics": {"a": 1}, "timestamp": "2024-01-01T00:00:00"}, 200),
        ({"step": -1, "metrics": {"a": 1}}, 400),
        ({"step": 1.5, "metrics": {"a": 1}}, 400),
        ({"step": 1, "metrics": {"a": None}}, 400),
        ({"step": 1, "metrics": {"a\n": 1}}, 400),
        ({"step": 1, "metrics": []}, 400),
        ({"step": 1, "metrics": {"a": 1}, "timestamp": "yesterday"}, 400),
        ({"writer": "../w", "first": 0, "rows": []}, 400),
        ({"writer": "w", "first": -1, "rows": []}, 400),
        ({"writer": "w", "first": 7, "rows": [{"step": 1, "metrics": {"a": 1}}]}, 409),
        ({"writer": "w", "first": 0, "rows": [{"step": 1, "metrics": {"a": 1}}, {"step": "x"}]}, 400),
    ],
)
def test_a_body_that_breaks_the_rules_is_named_and_nothing_is_written(tmp_path, body, status):
    """4xx, what is wrong, no row."""
    server = start(tmp_path / "data")
    try:
        base = f"{server.url}tracker/api/v1/projects/p/runs"
        headers = {"X-Requested-With": "test"}
        assert 200 == requests.post(base, json={"name": "r"}, headers=headers, timeout=10).status_code
        answer = requests.post(f"{base}/r/metrics", json=body, headers=headers, timeout=10)
        assert status == answer.status_code, answer.text
        if status != 200:
            assert answer.json()["detail"]
        assert (1 if status == 200 else 0) == sum(
            len(p.read_bytes().splitlines()) for p in (tmp_path / "data").rglob("*.jsonl")
        )
        assert 404 == requests.post(f"{base}/ghost/metrics", json=body, headers=headers, timeout=10).status_code
        assert 409 == requests.post(base, json={"name": "r"}, headers=headers, timeout=10).status_code
        assert 403 == requests.post(f"{base}/r/metrics", json=body, timeout=10).status_code
    finally:
        stop(server)


def test_a_batch_is_stored_once_however_often_it_is_sent(tmp_path):
    """Overlaps are skipped, the answer says what comes next."""
    server = start(tmp_path / "data")
    try:
        base = f"{server.url}tracker/api/v1/projects/p/runs"
        headers = {"X-Requested-With": "test"}
        requests.post(base, json={"name": "r"}, headers=headers, timeout=10)
        rows = [{"step": i, "metrics": {"a": float(i)}} for i in range(10)]
        for first, last in ((0, 4), (0, 4), (2, 7), (7, 10), (0, 10)):
            answer = requests.post(
                f"{base}/r/metrics",
                json={"writer": "w", "first": first, "rows": rows[first:last]},
                headers=headers,
                timeout=10,
            ).json()
        assert 10 == answer["next"]
    finally:
        stop(server)
    assert [float(i) for i in range(10)] == values(tmp_path / "data")


def test_an_upload_that_is_too_large_harms_nothing(tmp_path, monkeypatch):
    """413; the file that was there stays."""
    monkeypatch.setenv("ASPARA_MAX_FILE_SIZE", "100000")
    server = start(tmp_path / "data")
    try:
        base = f"{server.url}tracker/api/v1/projects/p/runs"
        headers = {"X-Requested-With": "test"}
        requests.post(base, json={"name": "r"}, headers=headers, timeout=10)
        upload = lambda content: requests.post(  # noqa: E731
            f"{base}/r/artifacts", files={"file": ("f", content)}, data={"name": "f.bin"}, headers=headers, timeout=10
        )
        assert 200 == upload(b"small").status_code
        assert 413 == upload(b"x" * 150_000).status_code
        assert b"small" == (tmp_path / "data/p/r/artifacts/f.bin").read_bytes()
        assert ["f.bin"] == [p.name for p in (tmp_path / "data/p/r/artifacts").iterdir()]
    finally:
        stop(server)


def test_rows_that_come_after_the_end_are_kept_and_change_nothing_of_it(tmp_path, monkeypatch):
    """Of a worker that outlived its program: brought by sync, while the run stays what it was; it can be resumed at once."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")
    server = start(tmp_path / "data")
    try:
        run = aspara.Run("r", "p", id="abc", tracker_uri=server.url)
        run.log({"a": 1.0})
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                run.log({"late": 0.0}, step=0)
                os.read(reader, 1)  # until the parent's run has ended
                run.log({"late": 1.0}, step=1)
                os._exit(0)
            finally:
                os._exit(1)
        run.finish(3)
        os.write(writer, b"x")
        assert 0 == os.waitpid(pid, 0)[1]
        os.close(reader)
        os.close(writer)
        deadline = time.monotonic() + 60
        # Whoever is still at it, on a slow machine, is left alone; then it is tried again.
        results = sync()
        while any(result.state != "sent" for result in results) and time.monotonic() < deadline:
            time.sleep(0.1)
            results = sync()
        assert [0.0, 1.0] == values(tmp_path / "data", metric="late")
        while not (info := Catalog(tmp_path / "data").run("p", "r").info).is_finished and time.monotonic() < deadline:
            time.sleep(0.1)
        assert ("failed", 3) == (info.status, info.exit_code)
        again = aspara.Run(project="p", id="abc", tracker_uri=server.url)
        again.log({"a": 2.0})
        assert "running" == Catalog(tmp_path / "data").run("p", "r").info.status
        again.finish()
        assert "completed" == Catalog(tmp_path / "data").run("p", "r").info.status
        assert [1.0, 2.0] == values(tmp_path / "data")
    finally:
        stop(server)


def test_a_disk_that_refuses_for_a_while_ends_no_sending(tmp_path, capsys):
    """Where the sender cannot note how far it is, it says so once and goes on when it can."""
    server = start(tmp_path / "data")
    try:
        run = aspara.Run("r", "p", tracker_uri=server.url)
        [journal] = outbox().iterdir()
        (journal / "sent.json").mkdir()
        run.log({"a": 0.0})
        said, deadline = "", time.monotonic() + 60
        while "disk that refuses" not in said and time.monotonic() < deadline:
            time.sleep(0.05)
            said += capsys.readouterr().err
        assert 1 == said.count("disk that refuses")
        (journal / "sent.json").rmdir()
        run.log({"a": 1.0})
        run.finish()
        assert "not delivered" not in capsys.readouterr().err
        assert [0.0, 1.0] == values(tmp_path / "data")
        assert [] == list(outbox().iterdir())
    finally:
        stop(server)


def test_a_run_that_is_deleted_at_its_tracker_is_told_of_by_its_next_row(tmp_path, capsys, monkeypatch):
    """Signs of life before that end nothing."""
    monkeypatch.setattr("aspara.client.sender.PING", 0.05)
    server = start(tmp_path / "data")
    try:
        run = aspara.Run("r", "p", tracker_uri=server.url)
        run.log({"a": 0.0})
        run.flush()
        deadline = time.monotonic() + 60
        while not list((tmp_path / "data").glob("p/r/writers/*.jsonl")) and time.monotonic() < deadline:
            time.sleep(0.05)
        Catalog(tmp_path / "data").delete_run("p", "r", force=True)
        time.sleep(1.0)  # for a sign of life or two
        run.log({"a": 1.0})
        said, deadline = "", time.monotonic() + 60
        while "was deleted at the tracker" not in said and time.monotonic() < deadline:
            time.sleep(0.05)
            said += capsys.readouterr().err
        assert "was deleted at the tracker" in said
        run.finish()
    finally:
        stop(server)


def test_a_journal_is_locked_from_its_first_moment_on(tmp_path):
    """Who sends what the dead left never takes one that is only just begun for theirs."""
    journal = Journal.create(
        "k", {"tracker": "http://127.0.0.1:9", "project": "p", "run": "r", "request": {"name": "r"}}
    )
    assert [("p/r", "busy")] == [(result.run, result.state) for result in sync()]
    journal.discard()
    assert [] == sync()


def test_a_remote_run_ends_as_the_files_of_a_local_one(tmp_path):
    """The same program, to a folder and to a tracker: the same files, the same rows, the same metadata but for who and when."""

    def record(**where) -> None:
        (tmp_path / "model.txt").write_text("weights")
        given = {"config": {"lr": 0.1, "model": {"layers": [1, 2]}}, "tags": ["t"], "notes": "n", "group": "g"}
        with aspara.Run("r", "p", id="abc", **given, **where) as run:
            run.define_metric("loss", goal="minimize")
            for i in range(20):
                run.log({"loss": 1 / (i + 1), "word": "x"})
            run.log({"odd": float("nan")}, step=50)
            run.summary["best"] = {"of": 3}
            run.log({"picture": aspara.Text("hello")})
            run.log_artifact(str(tmp_path / "model.txt"), name="model.txt", category="model")

    near, far = tmp_path / "near", tmp_path / "far"
    record(dir=str(near))
    server = start(far)
    try:
        record(tracker_uri=server.url)
    finally:
        stop(server)

    def files(folder: Path) -> list[str]:
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())

    def rows(folder: Path) -> list[dict]:
        lines = (folder / "p" / "r.jsonl").read_text().splitlines()
        return [{k: v for k, v in json.loads(line).items() if k in ("step", "metrics")} for line in lines]

    def about(folder: Path) -> dict:
        found = json.loads((folder / "p" / "r.meta.json").read_text())
        for artifact in found["artifacts"]:
            del artifact["timestamp"]
        of_this_process = {"start_time", "finish_time", "pid", "created_by", "main_writer", "remote"}
        return {k: v for k, v in found.items() if k not in of_this_process}

    assert files(near) == files(far)
    assert rows(near) == rows(far)
    assert about(near) == about(far)
    assert (near / "p/r/artifacts/model.txt").read_bytes() == (far / "p/r/artifacts/model.txt").read_bytes()
