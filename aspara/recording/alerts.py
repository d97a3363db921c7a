"""Alerts: what a program wants people to notice of its run."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aspara.errors import UsageError

_INTERVAL = 60.0
_MOST = 1000


class AlertLevel(enum.Enum):
    """How much an alert matters."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"

    @classmethod
    def of(cls, level: Any) -> AlertLevel:
        """A level from its name in any case, or None for INFO. Raises UsageError for another."""
        if level is None:
            return cls.INFO
        name = str(getattr(level, "value", level)).upper()
        if name == "WARNING":
            name = "WARN"
        if name not in cls.__members__:
            raise UsageError(f"level={level!r}: choose INFO, WARN or ERROR.")
        return cls[name]


class Alerts:
    """The alerts of one run, each title at most once in its waiting time.

    Args:
        before: The alerts that its metadata holds from an earlier process.

    """

    def __init__(self, before: Sequence[Mapping[str, Any]] = ()) -> None:
        self._entries: list[dict[str, Any]] = [dict(entry) for entry in before]
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(
        self, title: Any, text: Any, level: Any, wait_duration: float | timedelta | None, step: int
    ) -> list[dict[str, Any]] | None:
        """All alerts with this one, or None where one of the same title came within `wait_duration`."""
        chosen = AlertLevel.of(level)
        wait = wait_duration.total_seconds() if isinstance(wait_duration, timedelta) else wait_duration
        if wait is not None and not isinstance(wait, int | float):
            raise UsageError(f"wait_duration={wait_duration!r}: give seconds or a timedelta.")
        now, title = time.monotonic(), str(title)
        with self._lock:
            last = self._last.get(title)
            if last is not None and now - last < (_INTERVAL if wait is None else wait):
                return None
            self._last[title] = now
            entry = {
                "title": title[:512],
                "text": str(text)[:10_000],
                "level": chosen.value,
                "step": step,
                "timestamp": time.time_ns() // 1_000_000,
            }
            # The metadata is one file that every change writes anew: a loop that alerts without end must not fill it.
            self._entries = [*self._entries, entry][-_MOST:]
            return list(self._entries)
