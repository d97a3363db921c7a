"""Metadata made fit to be shown: whatever a file holds, it becomes JSON that every reader takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from aspara.errors import UsageError
from aspara.storage.row_codec import nonfinite_name

_DEEPEST = 64
_WIDEST_INTEGER = 1 << 64


def presentable(value: Any, depth: int = 0) -> Any:
    """`value` (out of a JSON file) with non-finite numbers as their names, integers beyond 64 bits as floats, half
    surrogate pairs replaced, and what is nested deeper than 64 levels left out.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if kind is float:
        return value if math.isfinite(value) else nonfinite_name(value)
    if kind is int:
        if -(1 << 63) <= value < _WIDEST_INTEGER:
            return value
        try:
            return float(value)
        except OverflowError:
            return "Infinity" if value > 0 else "-Infinity"
    if kind is dict or kind is list:
        if depth >= _DEEPEST:
            return "…"
        if kind is dict:
            return {presentable(k): presentable(v, depth + 1) for k, v in value.items()}
        return [presentable(v, depth + 1) for v in value]
    return value


def storable(content: Mapping[str, Any]) -> dict[str, Any]:
    """`content` as a JSON file or an HTTP body can hold it; raises UsageError for what JSON cannot say."""
    try:
        found: dict[str, Any] = json.loads(json.dumps(presentable(dict(content)), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise UsageError(f"Config and summary hold what JSON can: {error}.") from None
    return found
