"""Where in a file the rows of each of its runs lie, so that no run's rows are gone through for another's."""

from __future__ import annotations

from dataclasses import dataclass

_MOST = 1000
"""Stretches that are told apart for one run; of one whose rows lie scattered everything between is gone through."""


@dataclass
class RowRange:
    """A part of a file: from byte ``begin``, the start of line ``line`` (from 0), up to ``end`` (None: to the file's end)."""

    begin: int
    end: int | None
    line: int


class RowRanges:
    """Takes the rows of a file in their order, and tells where those of a run are. Lines that are no rows belong to the row before."""

    def __init__(self) -> None:
        self.exact = True
        """False where it cannot be told at which byte a row begins: then every run's rows are anywhere."""
        self._found: dict[str, list[RowRange]] = {}
        self._last: tuple[str, RowRange] | None = None

    def note(self, run: str, begin: int, line: int) -> None:
        """A row of `run` begins at a byte and line."""
        if self._last is not None and self._last[0] == run:
            return
        if self._last is not None:
            self._last[1].end = begin
        stretch = RowRange(begin, None, line)
        known = self._found.setdefault(run, [])
        if len(known) >= _MOST:
            # One that goes up to here takes in all that lie before.
            stretch = known[0]
            stretch.end = None
            del known[1:]
        else:
            known.append(stretch)
        self._last = (run, stretch)

    def runs(self) -> list[str]:
        """The runs, in the order in which they begin."""
        return list(self._found)

    def of(self, run: str, whole: RowRange) -> list[RowRange]:
        """Where the rows of a run are; `whole` is the file."""
        return self._found.get(run, [whole]) if self.exact else [whole]
