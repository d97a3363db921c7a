"""Progress of long work: one line on stderr that is drawn anew, only where a person looks at it."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import TextIO

_EVERY = 0.1
_BAR = 24


class Progress:
    """A line like ``Importing  ━━━━━━──────  3 of 12  lr-0.1, 40000 rows``; a context manager, gone when it ends."""

    def __init__(self, what: str, total: int | None = None, *, file: TextIO | None = None) -> None:
        self._what, self._total = what, total
        self._file = file or sys.stderr
        self._shown = self._file.isatty()
        self._next = 0.0
        self._drawn = False

    def __enter__(self) -> Progress:
        return self

    def of(self, total: int) -> None:
        """How many there are, where that was not known at the start."""
        self._total = total

    def show(self, done: int, note: str = "") -> None:
        """`done` of the total, and what is at hand; drawn ten times a second at most."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + _EVERY
        from aspara.cli.text import clean, cut

        line = self._what
        if self._total:
            share = min(1.0, done / self._total)
            full = round(share * _BAR)
            line += f"  {'━' * full}{'─' * (_BAR - full)}  {done} of {self._total}"
        elif done:
            line += f"  {done}"
        line = cut(f"{line}  {clean(note)}".rstrip(), shutil.get_terminal_size((80, 24)).columns - 1)
        print(f"\r\x1b[K{line}", end="", file=self._file, flush=True)
        self._drawn = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=self._file, flush=True)
