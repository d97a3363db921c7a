"""What parameters and bodies may look like, as JSON schemas: the bounds and choices that the endpoints keep to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aspara import settings
from aspara.catalog.edits.bulk_edits import MOST_RUNS
from aspara.catalog.series.smoothing import SMOOTHERS

Schema = Mapping[str, Any]

_TRACKER = "/tracker/api/v1/projects/{project}/runs"
_RUNS = "/api/projects/{project}/runs"
_VERSION = "/api/projects/{project}/artifacts/{artifact}/{version}"
_MOST = 1 << 53
_FLAG: Schema = {"type": "string", "enum": ["0", "1", "false", "true"]}
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_OBJECT: Schema = {"type": "object"}
_AXIS: Schema = {"type": "string", "pattern": "^(step|time|relative|metric:.+)$"}


def _whole(low: int = 0, high: int = _MOST) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _choice(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


def _object(needed: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """An object of these properties and no others."""
    required = {"required": list(needed)} if needed else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


_POINTS: Schema = {"anyOf": [_whole(1, 1_000_000), {"const": "all"}]}

_PARAMETERS: dict[str, Schema] = {
    "limit": _whole(1, 1000),
    **dict.fromkeys(("offset", "since", "after", "min_step", "max_step"), _whole()),
    "samples": _whole(1),
    "steps": _whole(1, 10_000),
    "width": _whole(1, 1 << 20),
    "points": _POINTS,
    **{name: {"type": "number"} for name in ("from", "to", "wait")},
    **dict.fromkeys(("force", "envelope", "every", "metadata", "download"), _FLAG),
    **dict.fromkeys(("runs", "metrics", "by", "fields", "tag", "keys"), _TEXTS),
    "x": _AXIS,
    "scale": _choice("linear", "log"),
    "method": _choice("minmax", "lttb"),
    "smoothing": {"type": "number", "minimum": 0, "maximum": 1},
    "smoother": _choice(*SMOOTHERS),
    "format": _choice("json", "msgpack"),
    "stream": _choice("program", "system", "all"),
    "filter": {"type": "string", "maxLength": 4000},
    "status": {"type": "array", "items": _choice("running", "completed", "failed", "crashed", "finished")},
    "type": _TEXTS,
}
"""By name; lists are written with commas between their items."""

_SPECIAL: dict[tuple[str, str], Schema] = {
    ("/api/projects", "sort"): _choice(
        *(sign + name for sign in ("", "-") for name in ("created_at", "last_update", "name", "run_count"))
    ),
    (_RUNS, "sort"): _TEXTS,
    (_RUNS, "shape"): _choice("list", "columns"),
    (f"{_RUNS}/groups", "points"): _whole(1, 1_000_000),
    (f"{_RUNS}/{{run}}/history", "format"): _choice("jsonl", "arrow"),
    (f"{_RUNS}/{{run}}/media", "shape"): _choice("values", "keys"),
    (f"{_RUNS}/{{run}}/media", "limit"): _whole(1, 10_000),
    (f"{_RUNS}/{{run}}/media", "from"): _whole(),
    (f"{_RUNS}/{{run}}/media", "to"): _whole(),
}


def parameter(path: str, name: str) -> dict[str, Any]:
    """The schema of a query parameter, and how a list of it is written."""
    schema = _SPECIAL.get((path, name)) or _PARAMETERS.get(name) or {"type": "string", "maxLength": 65_536}
    listed = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {"schema": schema, **listed}


def _series(**further: Schema) -> Schema:
    return _object(
        runs=_TEXTS,
        metrics=_TEXTS,
        since=_whole(),
        x=_AXIS,
        scale=_PARAMETERS["scale"],
        **{"from": {"type": "number"}, "to": {"type": "number"}},
        method=_PARAMETERS["method"],
        envelope={"type": "boolean"},
        wait={"type": "number", "minimum": 0},
        smoothing=_PARAMETERS["smoothing"],
        smoother=_PARAMETERS["smoother"],
        format=_PARAMETERS["format"],
        **{"points": _POINTS, **further},
    )


def bodies() -> dict[tuple[str, str], Schema | None]:
    """Method and path → the JSON that is taken there; None where there is no body, or none of JSON."""
    notes: Schema = {"type": "string", "maxLength": settings.get("ASPARA_MAX_NOTES_LENGTH")}
    tags: Schema = {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": 128},
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
                    {**_TEXTS, "minItems": 1, "maxItems": MOST_RUNS},
                    {
                        "type": "object",
                        "minProperties": 1,
                        "maxProperties": MOST_RUNS,
                        "additionalProperties": change,
                    },
                ]
            },
            change=change,
            delete={"type": "boolean"},
            force={"type": "boolean"},
        ),
        ("PUT", _VERSION): _object(description={"type": "string"}, metadata=_OBJECT, tags=_TEXTS, aliases=_TEXTS),
        ("POST", f"{_RUNS}/metrics"): _series(),
        ("POST", f"{_RUNS}/groups"): _series(by={**_TEXTS, "minItems": 1, "maxItems": 8}, points=_whole(1, 1_000_000)),
        ("POST", f"{_RUNS}/{{run}}/history"): _object(
            keys=_TEXTS,
            every={"type": "boolean"},
            x_axis={"type": "string"},
            samples=_whole(1),
            min_step=_whole(),
            max_step=_whole(),
            stream=_PARAMETERS["stream"],
            format=_choice("jsonl", "arrow"),
        ),
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
    """The form that a file is sent in."""
    return {
        "type": "object",
        "required": ["file"],
        "properties": {name: {"type": "string", **({"format": "binary"} if name == "file" else {})} for name in _FORM},
    }
