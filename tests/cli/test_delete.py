"""`aspara delete`."""

from __future__ import annotations

import io
import json

import pytest

import aspara


class Terminal(io.StringIO):
    """A person at the keyboard."""

    def isatty(self) -> bool:
        return True


def test_yes_deletes_a_run(cli, data):
    """--yes deletes every file of the run, and nothing else."""
    assert cli("delete", "digits/fast", "--yes") == (0, "Deleted run 'fast' of project 'digits'.\n", "")
    assert {"slow"} == {path.name.partition(".")[0] for path in (data / "digits").glob("*.jsonl")}


def test_yes_deletes_a_project(cli, data):
    """A project goes with all its runs."""
    assert "with 2 runs" in cli("delete", "digits", "--yes").out
    assert sorted(path.name for path in data.iterdir() if not path.name.startswith(".")) == ["words"]


def test_what_was_deleted_as_json(cli, data, monkeypatch):
    """--json says what is gone, and asks nobody: without --yes it is refused."""
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert (2, "") == cli("delete", "digits", "--json")[:2]
    told = json.loads(cli("delete", "digits", "--yes", "--json").out)
    assert {"deleted": {"project": "digits", "run": None, "runs": 2}} == told


def test_nobody_to_ask(cli, data, monkeypatch):
    """Without --yes and without a person to ask, nothing is deleted."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    answer = cli("delete", "digits")
    assert answer.code == 2
    assert "--yes" in answer.err
    assert (data / "digits").is_dir()


@pytest.mark.parametrize("keys", ["\n", "no\n", ""])
def test_no_is_no(keys, cli, data, monkeypatch):
    """Anything but yes leaves everything as it is, the end of the input (Ctrl-D) too."""
    monkeypatch.setattr("sys.stdin", Terminal(keys))
    answer = cli("delete", "digits")
    assert answer.code == 1
    assert "Nothing was deleted." in answer.out
    assert (data / "digits").is_dir()


def test_a_running_run_is_refused(cli, data):
    """A run that is still written is not deleted, unless forced."""
    with aspara.Run(name="live", project="digits", dir=data) as run:
        run.log({"loss": 1.0})
        answer = cli("delete", "digits/live", "--yes")
        assert answer.code == 1
        assert "still running" in answer.err
        assert cli("delete", "digits/live", "--yes", "--force").code == 0
