"""watch, wait and stop, with real programs that log, end, fail or are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aspara
from aspara.server.app import Server

PROGRAM = """
import sys, time, aspara
rows, ending = int(sys.argv[1]), sys.argv[2]
with aspara.Run(project="p", name="r", capture=False) as run:
    print("begun", flush=True)
    step = 0
    while step < rows or ending == "stop":
        # Low for a single row: whoever only looks now and then must see it too.
        run.log({"loss": 0.1 if step == rows // 2 else 1.0})
        step += 1
        time.sleep(0.01)
        if run.should_stop:
            break
    if ending == "hang":
        time.sleep(600)
    if ending == "fail":
        raise SystemExit(3)
"""


class Training:
    """A program that logs `rows` rows and then ends as it is told."""

    def __init__(self, folder: Path, rows: int, ending: str) -> None:
        command = [sys.executable, "-c", PROGRAM, str(rows), ending]
        env = {**os.environ, "ASPARA_DATA_DIR": str(folder)}
        self.process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        assert "begun\n" == self.process.stdout.readline()


@pytest.fixture
def train(tmp_path: Path) -> Iterator[Callable[[int, str], Training]]:
    started: list[Training] = []

    def begin(rows: int, ending: str) -> Training:
        started.append(Training(tmp_path, rows, ending))
        return started[-1]

    yield begin
    for training in started:
        training.process.kill()
        training.process.communicate()


@pytest.fixture(params=["directory", "server"])
def ask(request: pytest.FixtureRequest, tmp_path: Path, cli) -> Iterator[Callable]:
    if request.param == "directory":
        yield lambda *arguments: cli(*arguments, "--data-dir", str(tmp_path))
        return
    server = Server(tmp_path, port=0)
    thread = server.start_in_thread()
    yield lambda *arguments: cli(*arguments, "--tracker", server.url)
    server.stop()
    thread.join(10)


def test_watch_sees_a_single_row(train, ask):
    """A condition that holds for one row, for ten milliseconds, is met, at the step of that row."""
    train(100, "hang")
    answer = ask("watch", "p/r", "--until", "loss < 0.5", "--timeout", "60s")
    found = json.loads(answer.out)
    assert (0, "met", 50) == (answer.code, found["outcome"], found["step"])
    assert ["condition", "project", "outcome", "step", "run"] == list(found)


def test_watch_counts_earlier_rows_too(tmp_path, ask):
    """It does not matter when the watching begins: rows of before count."""
    with aspara.Run(project="p", name="r", dir=tmp_path, capture=False) as run:
        for step in range(10):
            run.log({"loss": 0.1 if step == 4 else 1.0, "acc": step / 10})
    assert 4 == json.loads(ask("watch", "p/r", "--until", "loss < 0.5").out)["step"]
    assert 7 == json.loads(ask("watch", "p/r", "--until", "loss == 1.0 and step > 6").out)["step"]
    assert 5 == json.loads(ask("watch", "p/r", "--until", "last(acc) >= 0.5").out)["step"]


@pytest.mark.parametrize(("ending", "status"), [("end", "completed"), ("fail", "failed")])
def test_watch_ends_with_the_run(ending, status, train, ask):
    """3 says that the run ended and the condition never held."""
    train(20, ending)
    answer = ask("watch", "p/r", "--until", "loss < 0.01", "--timeout", "60s")
    assert (3, "ended") == (answer.code, json.loads(answer.out)["outcome"])
    assert status == json.loads(answer.out)["run"]["status"]


def test_watch_of_a_killed_run(train, ask):
    """A run that is killed with SIGKILL has ended, too."""
    training = train(20, "hang")
    threading.Timer(0.5, training.process.send_signal, [signal.SIGKILL]).start()
    answer = ask("watch", "p/r", "--until", "loss < 0.01", "--timeout", "60s", "--no-json")
    assert (3, "Run 'r' has ended (crashed); loss < 0.01 never held.\n", "") == answer


def test_watch_gives_up(train, ask):
    """4 says that the time is over, however long the run goes on."""
    train(10, "hang")
    assert 4 == ask("watch", "p/r", "--until", "loss < 0.01", "--timeout", "1s").code


def test_wait(tmp_path, train, ask):
    """0 for runs that completed, 3 where one failed, 4 when the time is over."""
    train(20, "end")
    assert 0 == ask("wait", "p/r", "--timeout", "60s").code
    train(20, "fail")
    answer = ask("wait", "p/r", "p/r-2", "--timeout", "60s")
    assert (3, ["completed", "failed"]) == (answer.code, [run["status"] for run in json.loads(answer.out)["runs"]])
    train(10, "hang")
    assert 4 == ask("wait", "p/r-3", "--timeout", "0.5s").code


def test_stop_and_wait(train, ask):
    """The program sees should_stop and ends; --wait waits for that."""
    train(10, "stop")
    answer = ask("stop", "p/r", "--wait", "--timeout", "60s")
    assert (0, "completed") == (answer.code, json.loads(answer.out)["run"]["status"])
    answer = ask("stop", "p/r")
    assert 1 == answer.code
    assert "there is nothing to stop" in answer.err


def test_api_stops_runs(tmp_path, train):
    """`Api().run(...).stop()` does the same."""
    training = train(10, "stop")
    aspara.Api(tmp_path).run("p/r").stop()
    training.process.wait(60)
    assert "finished" == aspara.Api(tmp_path).run("p/r").state


def test_wrong_conditions(train, ask, tmp_path):
    """A condition that makes no sense is told before anything is waited for."""
    with aspara.Run(project="p", name="r", dir=tmp_path, capture=False):
        pass
    assert 2 == ask("watch", "p/r", "--until", "loss <").code
    assert 2 == ask("watch", "p/r").code
    assert "Did you mean 'r'" in ask("wait", "p/R").err
