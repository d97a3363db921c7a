"""Values that JSON can hold: the one encoder of every JSON file, and metadata made fit to be shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from aspara.errors import UsageError

_DEEPEST = 64
_WIDEST_INTEGER = 1 << 64
_WIDEST_PRINTED = 1 << 2048
"""Python prints no integer of more than 4,300 digits."""

NONFINITE: dict[str, float] = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def nonfinite_name(value: float) -> str:
    """How a non-finite number is written."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def named(value: Any) -> Any:
    """`value` with the non-finite numbers in its lists and dicts as they are written."""
    if isinstance(value, dict):
        return {key: named(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [named(inner) for inner in value]
    return nonfinite_name(value) if isinstance(value, float) and not math.isfinite(value) else value


def numbered(value: Any) -> Any:
    """`value` out of metadata with the names of non-finite numbers as those numbers: for programs, which count with them."""
    if isinstance(value, dict):
        return {key: numbered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [numbered(inner) for inner in value]
    return NONFINITE.get(value, value) if isinstance(value, str) else value


def encode(content: Any, *, indent: int | None = 2) -> str:
    """`content` as JSON text. It never fails over a value: non-finite numbers are written as their names, integers that
    Python refuses to print as their names or floats, a key or a value of another kind as its text.
    """
    try:
        # Nearly all content passes this way, at the speed of C.
        return json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_encodable(content), indent=indent, ensure_ascii=False, allow_nan=False)


def _encodable(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else nonfinite_name(value)
    if isinstance(value, int):
        return int(value) if abs(value) < _WIDEST_PRINTED else presentable(int(value))
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _encodable(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_encodable(inner, depth + 1) for inner in value]
    return str(value)


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
