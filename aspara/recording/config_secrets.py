"""Secrets in a config: the program keeps working with them, nobody else sees them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aspara import settings
from aspara.recording.capture.redaction import redact_config
from aspara.util.messages import say_once


def without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config as it is written: see :func:`redact_config`. Unchanged with ``ASPARA_REDACT=off``. Says once what is hidden."""
    if settings.get("ASPARA_REDACT") == "off":
        return dict(config)
    safe = redact_config(config)
    hidden = list(_changed(config, safe))
    if hidden:
        more = f" and {len(hidden) - 5} more" if len(hidden) > 5 else ""
        say_once(
            f"Not kept, because it looks secret: config {', '.join(hidden[:5])}{more}. To keep such values, set ASPARA_REDACT=off."
        )
    return safe


def with_secrets(kept: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The config that was kept, with the secrets that the program gave."""
    safe = redact_config(given)
    return {
        name: given[name] if name in given and safe[name] != given[name] and safe[name] == value else value
        for name, value in kept.items()
    }


def _changed(before: Any, after: Any, path: str = "") -> Any:
    """The dotted paths of what differs."""
    if isinstance(before, Mapping):
        for name, value in before.items():
            yield from _changed(value, after[name], f"{path}.{name}" if path else str(name))
    elif isinstance(before, list | tuple):
        if list(before) != list(after):
            yield path
    elif before is not after and before != after:
        yield path
