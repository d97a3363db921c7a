"""The pen: what `log()` does of a row of plain numbers, since training pays for each step of it; see docs/performance.md.

`import aspara` loads this module, so it loads nothing itself; :func:`fill` brings the codec when the first run begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aspara.limits import MAX_STEP

if TYPE_CHECKING:
    from datetime import datetime

    from aspara.recording.log.pending_rows import PendingRows

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""What ``log()`` is given where it is called without data: it ends the step, as in wandb."""

_dumps: Any = None
_NEWLINE = 0

Log = Callable[..., None]


class FastLog:
    """What `log()` looks at of one run. Slots, because an attribute of a large object costs twice as much."""

    __slots__ = (
        "acquire",
        "append",
        "backlog",
        "encode",
        "limit",
        "nudge",
        "release",
        "reopen",
        "shut",
        "step",
        "take",
        "values_of",
        "waiting",
    )

    acquire: Callable[[], Any]
    """Takes the lock of the recorder, `release` gives it back."""
    release: Callable[[], None]
    append: Callable[[bytes], None]
    """Keeps an encoded row; the lock is held."""
    step: int
    """The step that the next row without one belongs to."""
    shut: bool
    """Finished or forked: one flag, so that log() looks at one thing. Then `reopen` is called first."""
    reopen: Callable[[], None]
    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]
    """Gives the values of a row like the last one of plain numbers; raises LookupError for one that lacks a name."""
    encode: Callable[[int, int, dict[str, Any]], tuple[Any, bytes, list[tuple[str, Any]]]]
    """Any row, with every check: what the statistics take, the line, and what of it is no number."""
    take: Callable[[int, int, list[tuple[str, Any]]], None]
    """Takes what is no number, with its timestamp and step."""
    backlog: PendingRows
    waiting: Any
    limit: int
    """The backlog's: more rows than that are too many."""
    nudge: Callable[[], object]


def load_codec() -> None:
    """Loads the codec."""
    global _dumps, _NEWLINE
    from orjson import OPT_APPEND_NEWLINE, dumps

    _dumps, _NEWLINE = dumps, OPT_APPEND_NEWLINE


def make_log(pen: FastLog) -> tuple[Log, Callable[[FastLog], None]]:
    """A `log()` that writes with `pen`, and what gives it another one.

    A closure, so that ``run.log`` and ``aspara.log`` are each one call; see :meth:`aspara.Run.log`.
    """

    def log(
        data: Mapping[str, Any] = NOTHING,
        step: int | None = None,
        commit: bool | None = None,
        timestamp: float | str | datetime | None = None,
        sync: bool | None = None,  # noqa: ARG001  wandb's older argument
    ) -> None:
        mine = pen
        if type(data) is not dict:
            data = checked_row(data)
        loose = None
        values: Any
        # Not `with`: entering and leaving by hand costs half as much, on a path where that is a tenth of all.
        mine.acquire()
        try:
            if mine.shut:
                mine.reopen()
            if step is None:
                at = mine.step
                ends = commit is None or commit
            else:
                at = step if type(step) is int and 0 <= step <= MAX_STEP else checked_step(step)
                ends = bool(commit)
                mine.step = max(mine.step, at)
            now = time_ns() // 1_000_000 if timestamp is None else checked_timestamp(timestamp)
            try:
                # The common case at the speed of C: the names of the last checked row, and numbers. Texts, dicts, None and
                # arrays have no sum or no finite one, and what else has a sum is refused by the codec.
                values = mine.values_of(data)
                if len(data) == len(values) and isfinite(sum(values)):
                    line = _dumps({"timestamp": now, "step": at, "metrics": data}, None, _NEWLINE)
                else:
                    values, line, loose = mine.encode(now, at, data)
            except (LookupError, TypeError, ValueError, OverflowError, RuntimeError):
                values, line, loose = mine.encode(now, at, data)
            if values:
                mine.append(line)
                waiting = mine.waiting
                waiting.append((now, at, values))
                if len(waiting) > mine.limit:
                    mine.backlog.relieve(mine.nudge)
            if ends and at >= mine.step:
                mine.step = at + 1 if at < MAX_STEP else at
        finally:
            mine.release()
        if loose:
            # After the lock: drawing a figure takes its time, and other threads log meanwhile.
            mine.take(now, at, loose)

    def turn(to: FastLog) -> None:
        nonlocal pen
        pen = to

    return log, turn


def checked_row(data: Any) -> dict[str, Any]:
    """What is given to log() as a dict; raises UsageError."""
    from aspara.recording.log.validation import checked_row as checked

    return checked(data)


def checked_step(step: Any) -> int:
    """A step that is none of the usual ones; raises UsageError."""
    from aspara.recording.log.validation import checked_step as checked

    return checked(step)


def checked_timestamp(timestamp: Any) -> int:
    """A timestamp as milliseconds; raises UsageError."""
    from aspara.recording.log.validation import checked_timestamp as checked

    return checked(timestamp)
