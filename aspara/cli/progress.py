"""Progress of long work: one line on stderr that is drawn anew, only where a person looks at it."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from aspara.api.provider import DataProvider
    from aspara.catalog.catalog import Catalog

_EVERY = 0.1
_BAR = 24
_LONG = 0.4
"""Seconds after which reading a run is worth a word."""


@contextlib.contextmanager
def reading(found: DataProvider, project: str, run: str) -> Iterator[None]:
    """Shows how much of a long run's files is read while the block asks for it; of one far away the server knows."""
    catalog: Catalog | None = getattr(found, "catalog", None)
    if catalog is None or not sys.stderr.isatty():
        yield
        return
    index = catalog.index(project, catalog.stem(project, run))
    ended = threading.Event()
    with ProgressBar("Reading") as progress:

        def draw() -> None:
            pause = _LONG
            while not ended.wait(pause):
                pause = _EVERY
                done, whole = index.progress()
                progress.of(max(1, whole >> 20))
                progress.show(done >> 20, f"MB of {run}")

        thread = threading.Thread(target=draw, name="aspara-progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class ProgressBar:
    """A line like ``Importing  ━━━━━━──────  3 of 12  lr-0.1, 40000 rows``; a context manager, gone when it ends."""

    def __init__(self, what: str, total: int | None = None, *, file: TextIO | None = None) -> None:
        self._what, self._total = what, total
        self._file = file or sys.stderr
        self._shown = self._file.isatty()
        self._next = 0.0
        self._drawn = False

    def __enter__(self) -> ProgressBar:
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
        from aspara.cli.formatting import clean, cut

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
