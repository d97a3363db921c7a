"""Captured output, read piece by piece."""

from __future__ import annotations

import pytest


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
