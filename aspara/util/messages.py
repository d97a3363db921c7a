"""What is told to the person who runs a program, on its stderr."""

from __future__ import annotations

import contextlib
import sys


def say(sentence: str) -> None:
    """Prints a sentence; never raises."""
    # A signal's handler may come by in the middle of another print, and stderr may be closed or a pipe that nobody reads.
    with contextlib.suppress(OSError, RuntimeError, ValueError, AttributeError):
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        # A terminal of few letters shows the others as escapes.
        print(f"aspara: {sentence}".encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True)


_said: set[str] = set()


def say_once(sentence: str) -> None:
    """Prints a sentence the first time it is to be said in this process; never raises."""
    if sentence not in _said:
        _said.add(sentence)
        say(sentence)
