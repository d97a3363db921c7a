"""What people edit of runs and projects: checked, guarded against lost edits, merged into what a run writes meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aspara import names, settings
from aspara.catalog.runs.run_info import chosen_color
from aspara.errors import Stale, UsageError
from aspara.storage import metadata

OF_A_RUN = ("notes", "tags", "display_name", "color")
"""What people edit of a run."""
_COLORS = 1000


@dataclass(frozen=True)
class EditableMetadata:
    """What people edit of a run or project, with the fingerprint that guards against lost edits."""

    content: dict[str, Any]
    etag: str


@dataclass(frozen=True)
class EditLimits:
    """Characters of notes and number of tags that an edit may leave; None: as ASPARA_MAX_NOTES_LENGTH and ASPARA_MAX_TAGS_COUNT
    say at that moment.
    """

    notes: int | None = None
    tags: int | None = None


def editable(content: dict[str, Any], stem: str | None) -> EditableMetadata:
    """What of the metadata of a run (by stem) or of a project (None) can be edited."""
    tags = content.get("tags")
    shown: dict[str, Any] = {
        "notes": str(content.get("notes") or ""),
        "tags": [str(t) for t in tags] if isinstance(tags, list) else [],
    }
    if stem is not None:
        shown["display_name"] = str(content.get("display_name") or stem)
        shown["color"] = chosen_color(content)
    else:
        shown["archived"] = content.get("archived") is True
    return EditableMetadata(shown, metadata.etag(shown))


def edit(path: Path, changes: dict[str, Any], if_match: str | None, stem: str | None) -> EditableMetadata:
    """Merges `changes` into the metadata at `path`; with `if_match` only if nobody changed it since (else :class:`Stale`)."""

    def change(content: dict[str, Any]) -> None:
        refuse_stale(editable(content, stem), if_match)
        metadata.merge(content, changes)

    return editable(metadata.edit(path, change), stem)


def refuse_stale(now: EditableMetadata, if_match: str | None) -> None:
    """Raises :class:`Stale` where an edit was based on another state than the present one."""
    if if_match is not None and if_match.strip().strip('"') not in ("*", now.etag):
        raise Stale("Somebody changed this since you opened it. Load it again, then repeat your edit.")


def checked(changes: Any, allowed: tuple[str, ...], limits: EditLimits) -> dict[str, Any]:
    """`changes` as metadata keeps them; raises UsageError for what is none of the `allowed`, or not as it should be."""
    if not isinstance(changes, dict):
        raise UsageError(f"An edit is an object with some of {', '.join(allowed)}.")
    unknown = sorted(set(changes) - set(allowed))
    if unknown:
        raise UsageError(f"{unknown[0][:60]!r} cannot be edited; {', '.join(allowed)} can.")
    found: dict[str, Any] = {}
    if "notes" in changes:
        notes, limit = changes["notes"], limits.notes
        if limit is None:
            limit = settings.get("ASPARA_MAX_NOTES_LENGTH")
        if not isinstance(notes, str) or len(notes) > limit:
            raise UsageError(f"Notes are text of at most {limit} characters (ASPARA_MAX_NOTES_LENGTH).")
        found["notes"] = notes.encode("utf-8", "replace").decode()
    if "tags" in changes:
        tags, limit = changes["tags"], limits.tags
        if limit is None:
            limit = settings.get("ASPARA_MAX_TAGS_COUNT")
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise UsageError("tags must be a list of texts.")
        found["tags"] = [tag.encode("utf-8", "replace").decode() for tag in names.check_tags(tags, limit)]
    if "archived" in changes:
        if not isinstance(changes["archived"], bool):
            raise UsageError("archived is true or false.")
        found["archived"] = changes["archived"]
    if "display_name" in changes:
        found["display_name"] = names.check_display_name(changes["display_name"])
    if "color" in changes:
        color = changes["color"]
        if color is not None and (isinstance(color, bool) or not isinstance(color, int) or not 0 <= color < _COLORS):
            raise UsageError(f"A colour is a slot of the palette, 0 to {_COLORS - 1}, or null for the run's own.")
        found["chosen_color"] = color
    return found


def iso_now() -> str:
    """The present moment, as metadata writes moments."""
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
