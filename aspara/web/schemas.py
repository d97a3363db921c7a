"""JSON schemas of the bodies of edits and of the tracker; see :mod:`aspara.web.params` for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aspara import settings
from aspara.limits import MAX_EDITED_RUNS, MAX_INTEGER, MAX_TAG_LENGTH

Schema = Mapping[str, Any]

_TRACKER = "/tracker/api/v1/projects/{project}/runs"
_RUNS = "/api/projects/{project}/runs"
_VERSION = "/api/projects/{project}/artifacts/{artifact}/{version}"
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_OBJECT: Schema = {"type": "object"}


def _whole(low: int = 0, high: int = MAX_INTEGER) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _object(needed: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """The schema of an object with these properties and no others."""
    required = {"required": list(needed)} if needed else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def bodies() -> dict[tuple[str, str], Schema | None]:
    """Method and path to the schema of the JSON body; None where there is no body."""
    notes: Schema = {"type": "string", "maxLength": settings.get("ASPARA_MAX_NOTES_LENGTH")}
    tags: Schema = {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": MAX_TAG_LENGTH, "pattern": r"\S"},
        "maxItems": settings.get("ASPARA_MAX_TAGS_COUNT"),
    }
    edited = {
        "notes": notes,
        "tags": tags,
        "display_name": {"type": "string", "minLength": 1, "maxLength": 512},
        "color": {"anyOf": [_whole(0, 999), {"type": "null"}]},
    }
    change = _object(**edited, add_tags=tags, remove_tags=tags, if_match={"type": "string"})
    row: Schema = {
        "type": "object",
        "required": ["step", "metrics"],
        "properties": {"timestamp": {"type": ["integer", "string", "null"]}, "step": _whole(), "metrics": _OBJECT},
    }
    text: Schema = {"type": ["string", "null"]}
    run = f"{_TRACKER}/{{run}}"
    return {
        ("PUT", "/api/projects/{project}/metadata"): _object(notes=notes, tags=tags, archived={"type": "boolean"}),
        ("PUT", f"{_RUNS}/{{run}}/metadata"): _object(
            **edited,
            config=_OBJECT,
            summary=_OBJECT,
        ),
        ("POST", "/api/projects/{project}/edits"): _object(
            ("runs",),
            runs={
                "anyOf": [
                    {**_TEXTS, "minItems": 1, "maxItems": MAX_EDITED_RUNS},
                    {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": MAX_EDITED_RUNS,
                        "additionalProperties": change,
                    },
                ]
            },
            change=change,
            delete={"type": "boolean"},
            force={"type": "boolean"},
        ),
        ("PUT", _VERSION): _object(description={"type": "string"}, metadata=_OBJECT, tags=_TEXTS, aliases=_TEXTS),
        ("POST", f"{_RUNS}/{{run}}/stop"): None,
        ("POST", _TRACKER): {
            "type": "object",
            "properties": {
                **dict.fromkeys(("name", "id", "group", "job_type", "writer"), text),
                "config": _OBJECT,
                "tags": tags,
                "notes": {"anyOf": [notes, {"type": "null"}]},
                "project_tags": tags,
                "resume": {"enum": [None, False, True, "allow", "must", "never", "auto"]},
            },
        },
        ("POST", f"{run}/metrics"): {
            "anyOf": [
                row,
                {
                    "type": "object",
                    "required": ["writer", "first", "rows"],
                    "properties": {
                        "writer": {"type": "string", "minLength": 1, "maxLength": 128},
                        "first": _whole(),
                        "rows": {"type": "array", "items": {"anyOf": [row, {"type": "null"}]}, "maxItems": 10_000},
                    },
                },
            ]
        },
        ("POST", f"{run}/config"): _OBJECT,
        ("POST", f"{run}/summary"): _OBJECT,
        ("POST", f"{run}/tags"): {"type": "object", "properties": {"tags": tags}},
        ("POST", f"{run}/metadata"): _OBJECT,
        ("POST", f"{run}/ping"): None,
        ("POST", f"{run}/confirm"): None,
        ("POST", f"{run}/versions"): {
            "type": "object",
            "required": ["name", "entries"],
            "properties": {
                "name": {"type": "string", "minLength": 1, "maxLength": 128},
                "type": text,
                "entries": {"type": "array", "items": _OBJECT, "maxItems": 100_000},
                "aliases": _TEXTS,
                "metadata": _OBJECT,
                "description": text,
                "tags": tags,
            },
        },
        ("POST", f"{run}/finish"): {
            "type": "object",
            "properties": {
                "exit_code": {"type": ["integer", "null"]},
                "status": {"enum": [None, "completed", "failed"]},
                "finish_time": {"type": ["integer", "string", "null"]},
            },
        },
    }


_FORM = ("file", "name", "description", "category")


def upload() -> Schema:
    """The schema of the form that uploads a file."""
    return {
        "type": "object",
        "required": ["file"],
        "properties": {name: {"type": "string", **({"format": "binary"} if name == "file" else {})} for name in _FORM},
    }
