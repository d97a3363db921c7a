"""Runs in words: numbers, durations and courses as a terminal shows them, and texts fit for markup."""

from __future__ import annotations

import html
import math

import numpy as np

from aspara_jupyter.point_buffer import Floats

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Floats, width: int = 32) -> str:
    """The course of the values in bars; a blank where there is no finite value."""
    finite = values[np.isfinite(values)]
    if len(finite) == 0:
        return ""
    low, high = float(finite.min()), float(finite.max())
    bars = []
    for part in np.array_split(values, min(width, len(values))):
        here = part[np.isfinite(part)]
        place = 0.5 if high == low else (float(here.mean()) - low) / (high - low) if len(here) else None
        bars.append(" " if place is None else _BARS[min(7, int(place * 8))])
    return "".join(bars)


def latest(values: Floats) -> float:
    """The last finite value; NaN where there is none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else math.nan


def number(value: float) -> str:
    """Four significant digits, whole numbers whole."""
    if math.isnan(value):
        return "NaN"
    size = abs(value)
    if value == int(value) and size < 1e6:
        return str(int(value))
    return trimmed(f"{value:.4g}" if size < 1e6 else f"{value:.3g}")


def trimmed(number: str) -> str:
    """A number in scientific notation without what says nothing."""
    return number.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, the two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s"
    return f"{whole // 3600}h {whole % 3600 // 60}m"


def clipped(text: str, length: int) -> str:
    """The end of a text that is too long: of a metric's name it tells most."""
    return text if len(text) <= length else "…" + text[1 - length :]


def escaped(text: str) -> str:
    """A text for Plotly, which reads some markup; an entity shows the character itself."""
    return html.escape(text, quote=False)


def xml(text: str) -> str:
    """A text for XML, which has no place for most control characters, not even escaped."""
    return html.escape("".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in text))
