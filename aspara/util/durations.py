"""Spans of time, written and read: ``5 min`` for people, ``5m`` by them."""

from __future__ import annotations

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
"""Seconds of each unit."""


def in_seconds(text: str) -> float:
    """The span in seconds; raises ValueError for a text that is none, and for one that is negative or endless."""
    unit = text[-1:] if text[-1:] in SECONDS else ""
    seconds = float(text.removesuffix(unit)) * SECONDS[unit]
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def duration(milliseconds: float | None) -> str:
    """A span in its largest fitting unit or two: ``0.4 s``, ``45 s``, ``5 min``, ``2 h 5 min``, ``3 d 4 h``."""
    if milliseconds is None:
        return "-"
    if 0 < milliseconds < 10_000:
        return f"{max(100, milliseconds) / 1000:.1f} s"
    seconds = max(0, int(milliseconds / 1000))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86400} d {seconds % 86400 // 3600} h"
