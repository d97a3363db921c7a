"""What a program gives a run, checked: each returns it as it is kept, or raises UsageError with the way out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aspara import names, settings
from aspara.errors import UsageError, WrongType
from aspara.limits import MAX_STEP
from aspara.storage import row_codec
from aspara.util.messages import say

_LEAST_MILLISECONDS = 1e11
"""Numbers below are seconds: milliseconds would lie before March 1973, seconds reach to the year 5138."""
_said_seconds = False


def checked_row(data: Any) -> dict[str, Any]:
    """A row as a dict from names to values."""
    if isinstance(data, Mapping):
        return dict(data)
    raise WrongType(
        f"log() takes a dict from metric names to values, such as {{'loss': 0.1}}, not {type(data).__name__}: {str(data)[:60]!r}."
    )


def checked_step(step: Any) -> int:
    """A step; numpy's and torch's integers and whole floats are ones too."""
    whole = step
    if not isinstance(whole, int) and callable(getattr(step, "item", None)):
        with contextlib.suppress(TypeError, ValueError):
            whole = step.item()
    if isinstance(whole, float) and whole.is_integer():
        whole = int(whole)
    if isinstance(whole, bool) or not isinstance(whole, int) or not 0 <= whole <= MAX_STEP:
        raise UsageError(f"step={str(step)[:40]}: a step is a whole number from 0 to {MAX_STEP}.")
    return int(whole)


def checked_timestamp(timestamp: Any) -> int:
    """Milliseconds since the epoch. A number below 1e11 is seconds, as ``time.time()`` gives them; a datetime without a zone is
    local time, as Python has it.
    """
    if not isinstance(timestamp, int | float | str | datetime) and callable(getattr(timestamp, "item", None)):
        with contextlib.suppress(TypeError, ValueError):
            timestamp = timestamp.item()
    if isinstance(timestamp, int | float) and abs(timestamp) < _LEAST_MILLISECONDS:
        global _said_seconds  # noqa: PLW0603
        if not _said_seconds:
            _said_seconds = True
            say(
                f"log(timestamp={timestamp!r}) is taken as seconds since the epoch; from 1e11 on numbers are milliseconds."
            )
        return round(timestamp * 1000)
    if isinstance(timestamp, datetime):
        with contextlib.suppress(ValueError, OverflowError, OSError):
            timestamp = round(timestamp.timestamp() * 1000)
    found = row_codec.parse_timestamp(timestamp)
    if found is None:
        raise UsageError(
            f"timestamp={timestamp!r}: give seconds or milliseconds since the epoch, a datetime, or ISO 8601 text such as '2026-01-01T12:00:00Z'."
        )
    return found


def checked_exit_code(exit_code: Any) -> int:
    """An exit code."""
    try:
        return int(exit_code)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"exit_code={exit_code!r}: give a whole number; 0 means that all went well.") from None


def checked_tags(tags: Any) -> tuple[str, ...]:
    """Tags, each once, in their order."""
    if isinstance(tags, str):
        tags = (tags,)
    if not isinstance(tags, Iterable):
        raise UsageError(f"tags={tags!r}: give a list of texts, such as ['baseline'].")
    return names.check_tags(map(str, tags), settings.get("ASPARA_MAX_TAGS_COUNT"))


def checked_notes(notes: Any) -> str | None:
    """`notes` as text, at most ASPARA_MAX_NOTES_LENGTH characters of it."""
    # Checked here, because a tracker and the dashboard would refuse them later, when nobody is looking.
    limit = settings.get("ASPARA_MAX_NOTES_LENGTH")
    if notes is not None and len(str(notes)) > limit:
        raise UsageError(
            f"notes have {len(str(notes))} characters; at most {limit} are kept (ASPARA_MAX_NOTES_LENGTH). "
            "A longer text can be logged as a file: run.log_artifact(path)."
        )
    return None if notes is None else str(notes)
