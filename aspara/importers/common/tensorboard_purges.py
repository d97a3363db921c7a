"""Where a TensorBoard log was taken back: a restarted program's mark that later steps of what stands before it do not count.

``SummaryWriter(purge_step=100)`` writes an event with the step 100 and the session status START; from then on TensorBoard shows
nothing that was logged before it at step 100 or later.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from aspara.util import protobuf, tfrecord

_SHORT = 128
"""Bytes that an event without values has at most."""
_STEP, _SESSION_LOG, _STATUS, _START = 2, 7, 1, 1


@dataclass(frozen=True)
class Purge:
    """A mark: in which of the run's files it stands, at which byte, and from which step on it takes back."""

    file: int
    begin: int
    step: int


def purges(paths: list[Path]) -> list[Purge]:
    """The marks in a run's event files, in order. A mark with nothing before it takes nothing back and is passed over."""
    found: list[Purge] = []
    is_first = True
    for number, path in enumerate(paths):
        with contextlib.suppress(OSError), path.open("rb") as file:
            for begin, content in tfrecord.short_records(file, _SHORT):
                step = _purge_step(content)
                if step is not None and not is_first:
                    found.append(Purge(number, begin, step))
                is_first = is_first and (step is not None or _is_version(content))
            is_first = is_first and path.stat().st_size < _SHORT
    return found


def _is_version(content: bytes) -> bool:
    return b"brain.Event:" in content


def _purge_step(content: bytes) -> int | None:
    try:
        if not any(protobuf.integer(log, _STATUS) == _START for log in protobuf.messages(content, _SESSION_LOG)):
            return None
        return protobuf.integer(content, _STEP)
    except protobuf.MalformedMessage:
        return None


class Limit:
    """The step from which on the points of one file are taken back, by where in the file they stand."""

    def __init__(self, purges: list[Purge], file: int) -> None:
        self._marks = [purge for purge in purges if purge.file >= file]
        self._file = file

    def at(self, end: int) -> int | None:
        """The limit for a record that ends at the byte `end`; None where nothing behind it takes anything back."""
        while self._marks and self._marks[0].file == self._file and self._marks[0].begin < end:
            del self._marks[0]
        return min((mark.step for mark in self._marks), default=None) if self._marks else None
