"""note and tag: edits of runs, also while others edit them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aspara
from aspara.cli.options import provider
from aspara.server.app import Server


@pytest.fixture(params=["directory", "server"])
def ask(request: pytest.FixtureRequest, data: Path, cli) -> Iterator[Callable]:
    if request.param == "directory":
        yield lambda *arguments: cli(*arguments, "--data-dir", str(data))
        return
    server = Server(data, port=0)
    thread = server.start_in_thread()
    yield lambda *arguments: cli(*arguments, "--tracker", server.url)
    server.stop()
    thread.join(10)


def test_note_adds_lines(ask, data, monkeypatch):
    """Each note is a line of its own; --replace begins anew; without text they are printed."""
    assert {"project": "digits", "run": "fast", "notes": "one"} == json.loads(ask("note", "digits/fast", "one").out)
    assert "one\ntwo" == json.loads(ask("note", "digits/fast", "two").out)["notes"]
    assert "one\ntwo\n" == ask("note", "digits/fast", "--no-json").out
    ask("note", "digits/fast", "--replace", "new")
    assert "new" == aspara.Api(data).run("digits/fast").notes
    answer = ask("note", "digits/fast", "--replace")
    assert (2, "") == answer[:2]


def test_tag(ask, data):
    """Tags are added once, removed, listed; one that is not there is told."""
    assert ["best", "keep"] == json.loads(ask("tag", "digits/fast", "keep", "best").out)["tags"]
    assert ["keep"] == json.loads(ask("tag", "digits/fast", "--remove", "best").out)["tags"]
    assert "keep\n" == ask("tag", "digits/fast", "--no-json").out
    assert ["keep"] == aspara.Api(data).run("digits/fast").tags
    assert "Did you mean 'keep'?" in ask("tag", "digits/fast", "--remove", "kep").err


def test_edits_of_several_at_once_are_all_kept(ask, data):
    """Lines that several programs add at the same moment are all there afterwards."""
    from argparse import Namespace

    def add(number: int) -> None:
        with provider(Namespace(data_dir=str(data), tracker=None)) as source:
            source.edit("digits", "fast", lambda before: {"notes": before["notes"] + f"\n{number}"})

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    ask("note", "digits/fast", "own")
    for thread in threads:
        thread.join()
    notes = aspara.Api(data).run("digits/fast").notes
    assert sorted([*map(str, range(8)), "own"]) == sorted(line for line in notes.split() if line)


def test_options_may_stand_before_what_may_be_left_out(ask):
    """An option between the run and the text, or before both, changes nothing."""
    assert "a" == json.loads(ask("note", "digits/fast", "--json", "a").out)["notes"]
    assert ["best", "new"] == json.loads(ask("tag", "--json", "digits/fast", "new").out)["tags"]
    assert ["new", "newer"] == json.loads(ask("tag", "digits/fast", "--remove", "best", "newer").out)["tags"]
    assert "Did you mean '--remove'? See" in ask("tag", "digits/fast", "--remoev", "x").err
