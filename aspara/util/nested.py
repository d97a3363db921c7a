"""Nested values under their full names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flattened(content: Mapping[str, Any], prefix: str = "", separator: str = ".") -> Iterator[tuple[str, Any]]:
    """``{"net": {"depth": 3}}`` as ``("net.depth", 3)``; media and empty dicts stay whole."""
    for key, value in content.items():
        if isinstance(value, Mapping) and value and "_type" not in value:
            yield from flattened(value, f"{prefix}{key}{separator}", separator)
        else:
            yield f"{prefix}{key}", value
