"""Captured output, read piece by piece."""

from __future__ import annotations

import pytest

from aspara.recording.capture.console import ConsoleLog
from aspara.storage.layout import TURNED


@pytest.fixture
def console(folder, catalog):
    """Writes a run's output; returns what reads it."""
    folder.run("r", [(0, {"x": 1.0})])
    (folder.path / "p" / "r").mkdir()

    def write(content: bytes, name: str = "console.log"):
        (folder.path / "p" / "r" / name).write_bytes(content)
        return lambda **asked: catalog.console("p", "r", **asked)

    return write


def test_a_reader_goes_on_where_it_stopped(console):
    """What was read is not sent again."""
    read = console(b"one\n")
    first = read()
    assert ("one\n", 4, 4) == (first["text"], first["end"], first["size"])
    console(b"one\ntwo\n")
    assert ("two\n", 4, 8) == tuple(read(after=4)[name] for name in ("text", "start", "end"))


def test_a_file_that_began_anew_is_read_from_its_beginning(console):
    """It is shorter than what was read of it; how much came before is told."""
    console(b"x" * 100, "console.1.log")
    read = console(b"new\n")
    assert ("new\n", 0, 100) == tuple(read(after=90)[name] for name in ("text", "start", "older"))


@pytest.mark.parametrize(
    ("last", "text"),
    [(1, ""), (2, "c\n"), (4, "c\n"), (5, "bb\nc\n"), (100, "a\nbb\nc\n")],
    ids=["within a line", "one line", "not quite two", "two lines", "more than there is"],
)
def test_the_last_lines_are_whole(console, last, text):
    """Only lines that lie wholly within so many bytes of the end."""
    read = console(b"a\nbb\nc\n")
    found = read(last=last)
    assert (text, 7) == (found["text"], found["end"])


def test_a_line_longer_than_all_that_is_wanted_begins_in_its_middle(console):
    """Rather than not at all."""
    assert "x" * 10 == console(b"x" * 1000)(last=10)["text"]


def test_a_letter_that_is_cut_is_left_for_the_next_time(console):
    """A writer may be within one, and a part may end within one."""
    whole = "naïve ☀\n".encode()
    for cut in range(len(whole)):
        read = console(whole[:cut])
        before = read()
        console(whole)
        assert "naïve ☀\n" == before["text"] + read(after=before["end"])["text"]


def test_output_that_began_a_new_file_is_followed_without_a_gap(console):
    """The rest of the older file comes first; the line that says where the beginning is would only repeat what was read."""
    read = console(b"one\n")
    first = read()
    console(b"one\ntwo\n", "console.1.log")
    console(TURNED + b"three\n")
    found = read(after=first["end"], mark=first["mark"])
    assert ("two\nthree\n", len(TURNED) + 6) == (found["text"], found["end"])
    console(TURNED + b"three\nfour\n")
    assert "four\n" == read(after=found["end"], mark=found["mark"])["text"]


def test_a_new_file_that_is_longer_already_is_told_from_the_one_that_was_read(console):
    """Its bytes at the same place are others."""
    read = console(b"one\n")
    first = read()
    console(b"one\ntwo\n", "console.1.log")
    console(TURNED + b"three\n" * 100)
    assert "two\n" + "three\n" * 100 == read(after=first["end"], mark=first["mark"])["text"]


def test_who_was_away_for_longer_begins_anew_and_is_told_so(console):
    """What lay between is dropped: the file's own first line says it."""
    read = console(b"one\n")
    first = read()
    console(TURNED + b"five\n", "console.1.log")
    console(TURNED + b"six\n")
    assert TURNED.decode() + "six\n" == read(after=first["end"], mark=first["mark"])["text"]


def test_the_moment_in_which_the_new_file_is_not_there_yet_loses_nothing(console, folder):
    """The rest of the older one is told, and later what comes."""
    read = console(b"one\n")
    first = read()
    console(b"one\ntwo\n", "console.1.log")
    (folder.path / "p" / "r" / "console.log").unlink()
    between = read(after=first["end"], mark=first["mark"])
    assert "two\n" == between["text"]
    assert "" == read(after=between["end"], mark=between["mark"])["text"]
    console(TURNED + b"three\n")
    assert "three\n" == read(after=between["end"], mark=between["mark"])["text"]


def test_the_last_lines_reach_into_what_came_before(console):
    """Also when the new file has just begun; a long older one comes in parts."""
    console(b"one\ntwo\n", "console.1.log")
    read = console(TURNED + b"three\n")
    assert "two\nthree\n" == read(last=len(TURNED) + 6 + 5)["text"]
    assert "one\ntwo\nthree\n" == read(last=1000)["text"]
    line = b"x" * 99 + b"\n"
    console(line * 30_000, "console.1.log")
    part = read(last=1 << 40)
    told = part["text"]
    while part["end"] < part["size"]:
        part = read(after=part["end"], mark=part["mark"])
        told += part["text"]
    assert line.decode() * 30_000 + "three\n" == told


def test_nothing_is_lost_however_often_the_output_begins_a_new_file(console, folder):
    """While it is read in between."""
    read = console(b"")
    log = ConsoleLog(folder.path / "p" / "r" / "console.log", 1 << 14)
    place, told = {}, ""
    for i in range(2000):
        log.feed("stdout", f"line {i} {'w' * (i % 50)}\n")
        log.flush()
        if i % 37 == 0 or i == 1999:
            while (part := read(**place))["text"]:
                told += part["text"]
                place = {"after": part["end"], "mark": part["mark"]}
    assert [f"line {i} {'w' * (i % 50)}".rstrip() for i in range(2000)] == told.splitlines()
