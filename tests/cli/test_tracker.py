"""Commands that read from a dashboard or tracker: the same words as from a folder."""

from __future__ import annotations

import json

import pytest

import aspara
from aspara.server.app import Server


@pytest.fixture
def address(data, cli, monkeypatch, tmp_path):
    """A server of the two projects; the folder that commands read by default is another one."""
    server = Server(data, port=0)
    thread = server.start_in_thread()
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "nothing"))
    (tmp_path / "nothing").mkdir()
    yield server.url.rstrip("/")
    server.stop()
    thread.join(10)


@pytest.mark.parametrize(
    "command",
    [
        ("projects",),
        ("projects", "--json"),
        ("runs", "digits", "--filter", "min(loss) < 0.5", "--sort=-config.lr"),
        ("runs", "digits", "--json"),
        ("show", "digits/fast", "--metric", "loss", "--axis", "relative"),
        ("show", "words/broken", "--json"),
        ("tail", "digits/fast", "-n", "3"),
        ("export", "digits", "--metric", "loss"),
        ("export", "digits/fast", "--points", "--format", "jsonl"),
        ("export", "digits/fast", "--format", "csv", "--filter", "config.lr > 5"),
    ],
    ids=" ".join,
)
def test_the_same_from_far_away(cli, data, address, command):
    """What is printed does not tell where the runs are."""
    here = cli(*command, "--data-dir", str(data))
    assert 0 == here.code
    assert here == cli(*command, "--tracker", address)


@pytest.mark.parametrize("form", ["html", "tensorboard"])
def test_exports_made_of_points_and_series(cli, data, address, form, tmp_path):
    """A page and event files too, byte for byte."""
    for name, place in (("here", ("--data-dir", str(data))), ("there", ("--tracker", address))):
        assert 0 == cli("export", "digits", "--format", form, "--output", str(tmp_path / name), *place).code
    files = [
        sorted(p for p in [base, *base.rglob("*")] if p.is_file()) for base in (tmp_path / "here", tmp_path / "there")
    ]
    assert [f.read_bytes() for f in files[0]] == [f.read_bytes() for f in files[1]]
    assert files[0]


def test_commands_read_from_where_runs_go(cli, address, data, monkeypatch):
    """ASPARA_TRACKER_URI is the default, a folder that is named beats it, and both at once are refused."""
    assert "There is no project" in cli("projects").out
    monkeypatch.setenv("ASPARA_TRACKER_URI", address)
    assert "digits" in cli("projects").out
    assert "digits" in cli("projects", "--tracker-uri", address).out
    assert (2, "") == cli("projects", "--data-dir", str(data), "--tracker", address)[:2]
    assert "words" in cli("projects", "--data-dir", str(data)).out
    monkeypatch.setenv("ASPARA_MODE", "offline")
    assert "There is no project" in cli("projects").out


def test_deleted_far_away(cli, data, address):
    """Runs and projects; what became of them as JSON."""
    answer = cli("delete", "digits/fast", "--yes", "--json", "--tracker", address)
    assert {"deleted": {"project": "digits", "run": "fast", "runs": 1}} == json.loads(answer.out)
    assert "with 1 run.\n" in cli("delete", "digits", "--yes", "--tracker", address).out
    assert not (data / "digits").exists()
    assert 1 == cli("delete", "digits", "--yes", "--tracker", address).code


def test_nobody_there(cli):
    """One line that names the address, and exit code 1; a senseless one is wrong usage."""
    answer = cli("runs", "digits", "--tracker", "http://127.0.0.1:1")
    assert (1, 1) == (answer.code, len(answer.err.splitlines()))
    assert "http://127.0.0.1:1 cannot be reached" in answer.err
    assert 2 == cli("runs", "digits", "--tracker", "http://").code


def test_follows_a_run_far_away(data, address, start):
    """Rows appear while the run logs elsewhere, and the command ends with the run."""
    with aspara.Run(name="live", project="digits", dir=data) as run:
        run.log({"loss": 1.0})
        program = start("tail", "digits/live", "--tracker", address, until="step 0")
        run.log({"loss": 0.5})
        assert "step 1       loss=0.5" in program.process.stdout.readline()
    out, err = program.process.communicate(timeout=30)
    assert (program.process.returncode, err) == (0, "Run 'live' has ended: completed.\n")
