"""What long work shows of itself, to people alone."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from aspara.api.provider import local
from aspara.cli import progress
from aspara.cli.progress import reading


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_reading_says_how_far_it_is(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a run's first reading sees how much of it is read; the line is gone when the answer comes."""
    terminal = Terminal()
    monkeypatch.setattr(progress, "_LONG", 0.0)
    monkeypatch.setattr("sys.stderr", terminal)
    library = local(data)
    end = time.monotonic() + 30
    with reading(library, "digits", "fast"):
        while "MB of fast" not in terminal.getvalue() and time.monotonic() < end:
            time.sleep(0.01)
    assert "Reading  ─" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    library.close()


def test_nothing_is_drawn_into_a_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody looks, nothing is written."""
    file = io.StringIO()
    monkeypatch.setattr(progress, "_LONG", 0.0)
    monkeypatch.setattr("sys.stderr", file)
    library = local(data)
    with reading(library, "digits", "fast"):
        library.run("digits", "fast")
    assert "" == file.getvalue()
    library.close()
