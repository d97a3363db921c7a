"""The row codec: one JSON object a line.

    {"timestamp": 1764000000000, "step": 3, "metrics": {"loss": 0.25, "note": "text", "bad": "NaN"}}

Non-finite numbers are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``: valid JSON everywhere, and read back as
the very numbers. Any other string is a text value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import orjson

from aspara.limits import MAX_STEP
from aspara.util.json_safe import NONFINITE, nonfinite_name

MAX_LINE = 4 << 20
"""Bytes of the longest line that is read; longer ones are counted as problems and skipped."""


class Malformed(ValueError):
    """A line is no row; the message says why, in a few words that fit a table."""


def encode(timestamp: int, step: int, metrics: Mapping[str, Any]) -> bytes:
    """The row as one line with its newline. Values must be finite numbers, texts or JSON-safe references already, but
    non-finite floats are allowed and written as strings. Integers beyond 64 bits become floats.
    """
    try:
        safe = {k: nonfinite_name(v) if type(v) is float and not math.isfinite(v) else v for k, v in metrics.items()}
        return orjson.dumps({"timestamp": timestamp, "step": step, "metrics": safe}, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an integer beyond 64 bits, or half a surrogate pair in a text
        safe = {_text(k): _narrow(v) for k, v in metrics.items()}
        return orjson.dumps({"timestamp": timestamp, "step": step, "metrics": safe}, option=orjson.OPT_APPEND_NEWLINE)


def decode(line: bytes) -> tuple[int | None, int | None, dict[str, Any], str | None]:
    """(timestamp in ms, step, metrics, complaint) of one line without its newline.

    Numbers come back as they were logged, non-finite ones too. A bad timestamp or step is None and named in the
    complaint, while the values are kept. Raises :class:`Malformed` for a line that holds no metrics at all.
    """
    try:
        found = orjson.loads(line)
    except ValueError:
        found = _loads_leniently(line)
    if not isinstance(found, dict):
        raise Malformed("no JSON object")
    metrics = found.get("metrics")
    if not isinstance(metrics, dict):
        raise Malformed("no metrics")
    complaint = None
    timestamp = parse_timestamp(found.get("timestamp"))
    if timestamp is None:
        complaint = "bad timestamp"
    step = found.get("step")
    if step is not None and (type(step) is not int or not -MAX_STEP <= step <= MAX_STEP):
        step = int(step) if isinstance(step, float) and step.is_integer() and abs(step) <= MAX_STEP else None
        if step is None:
            complaint = "bad step"
    for name, value in metrics.items():
        if type(value) is str and value in NONFINITE:
            metrics[name] = NONFINITE[value]
        elif value is None:
            complaint = complaint or "null value"
    return timestamp, step, {k: v for k, v in metrics.items() if v is not None}, complaint


def parse_timestamp(value: Any) -> int | None:
    """Milliseconds since the epoch from an integer, a float or an ISO 8601 string (no zone = UTC); None if it is neither."""
    if type(value) is int:
        return value if abs(value) <= MAX_STEP else None
    if isinstance(value, float) and math.isfinite(value) and abs(value) <= MAX_STEP:
        return int(value)
    if isinstance(value, str):
        try:
            when = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return round((when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp() * 1000)
        except (ValueError, OverflowError):
            return None
    return None


def _loads_leniently(line: bytes) -> Any:
    # The standard parser takes bare NaN and Infinity, which other writers produce; it refuses depth with RecursionError.
    if line[:1] == b"\0" or not line.strip(b"\0 \t\r"):
        raise Malformed("empty or NUL-filled")
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None


def _narrow(value: Any) -> Any:
    if isinstance(value, list):
        return [_narrow(each) for each in value]
    if isinstance(value, dict):
        return {_text(k): _narrow(v) for k, v in value.items()}
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        try:
            value = float(value)
        except OverflowError:
            value = math.inf if value > 0 else -math.inf
    if isinstance(value, float) and not math.isfinite(value):
        return nonfinite_name(value)
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    return value.encode("utf-8", "replace").decode()
