"""What a client sends to the tracker, checked: rows, the request for a run, texts and tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import orjson

from aspara import names, settings
from aspara.errors import UsageError
from aspara.limits import MAX_INTEGER
from aspara.storage import row_codec
from aspara.types import Resume, RunRequest

MAX_METRICS = 10_000
"""Of one row."""
_known_names: set[str] = set()
"""Names of metrics that are known to be valid."""
_RESUMES: dict[Any, Resume | None] = {
    None: None,
    False: None,
    True: "auto",
    "allow": "allow",
    "must": "must",
    "never": "never",
    "auto": "auto",
}
SENT = "X-Aspara-Sent"
_DETAILS = ("command", "environment", "git", "host", "pid", "notebook")


@dataclass(frozen=True)
class Origin:
    """What a client says of a request in the header ``X-Aspara-Sent: run=<id>; writer=<id>; item=<number>``: which run it means,
    whoever bears that name here, and which of its items other than rows this is, counted from 0. Older clients say nothing.
    """

    run_id: str | None = None
    writer: str | None = None
    item: int | None = None


def origin_of(headers: Mapping[str, str]) -> Origin:
    """What the request's header says; raises UsageError for nonsense."""
    given = dict(part.strip().partition("=")[::2] for part in headers.get(SENT, "").split(";") if part.strip())
    run_id, writer, item = given.get("run"), given.get("writer"), given.get("item")
    if writer is not None:
        names.check_run_id(writer)
    if item is not None and (writer is None or not item.isdecimal() or len(item) > 15):
        raise UsageError(f"{SENT}: an item is a writer's whole number, not {item[:40]!r}.")
    return Origin(None if run_id is None else unquote(run_id), writer, None if item is None else int(item))


def line_of(row: Any, now: int) -> bytes:
    """A row as it stands in a file; raises UsageError naming what is wrong. A hole (null) keeps its place."""
    if row is None:
        return row_codec.encode(now, 0, {})
    if not isinstance(row, dict):
        raise UsageError("A row is an object with step and metrics.")
    step, metrics = row.get("step"), row.get("metrics")
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= MAX_INTEGER:
        raise UsageError(f"step={str(step)[:40]!r}: a step is a whole number of at least 0.")
    if not isinstance(metrics, dict) or len(metrics) > MAX_METRICS:
        raise UsageError(f"metrics is an object of at most {MAX_METRICS} names and numbers.")
    timestamp = now
    if row.get("timestamp") is not None:
        found = row_codec.parse_timestamp(row["timestamp"])
        if found is None:
            raise UsageError(
                f"timestamp={str(row['timestamp'])[:40]!r}: give milliseconds since the epoch or ISO 8601 text."
            )
        timestamp = found
    for name, value in metrics.items():
        if name not in _known_names:
            names.check_metric_name(name)
            if len(_known_names) < 100_000:
                _known_names.add(name)
        if not isinstance(value, int | float | str) and not (
            isinstance(value, dict | list) and len(orjson.dumps(value)) < 1 << 20
        ):
            raise UsageError(f"{name[:60]!r} is {type(value).__name__}: metrics are numbers or texts.")
    return row_codec.encode(timestamp, step, metrics)


def request_of(project: str, body: dict[str, Any]) -> RunRequest:
    """The run that `body` asks for; raises UsageError naming what is wrong."""
    resume = body.get("resume")
    if not isinstance(resume, str | bool | None) or resume not in _RESUMES:
        raise UsageError(f"resume={str(resume)[:40]!r}: choose allow, must, never or auto.")
    config, details, total = body.get("config") or {}, body.get("details") or {}, body.get("total_steps")
    if not isinstance(config, dict) or not isinstance(details, dict):
        raise UsageError("config and details are objects.")
    name, run_id = text_of(body, "name", 512), text_of(body, "id", 128)
    new_name, new_id = text_of(body, "new_name", 512), text_of(body, "new_id", 128)
    ended = body.get("ended_writers")
    return RunRequest(
        project=project,
        name=names.check_display_name(name) if name else None,
        id=names.check_run_id(run_id) if run_id else None,
        resume=_RESUMES[resume],
        config=config,
        tags=tags_of(body, "tags"),
        notes=text_of(body, "notes", settings.get("ASPARA_MAX_NOTES_LENGTH")),
        project_tags=tags_of(body, "project_tags"),
        group=text_of(body, "group", 512),
        job_type=text_of(body, "job_type", 512),
        total_steps=total if isinstance(total, int) and not isinstance(total, bool) else None,
        rewind_to=_step(body),
        details={k: v for k, v in details.items() if k in _DETAILS},
        project_name=_project_name(project, body),
        program=text_of(body, "program", 64),
        new_id=names.check_run_id(new_id) if new_id else None,
        new_name=names.check_display_name(new_name) if new_name else None,
        ended_writers=[str(writer) for writer in ended[:1000]] if isinstance(ended, list) else (),
    )


def _project_name(project: str, body: dict[str, Any]) -> str | None:
    """The display name of a project whose name in the address is its slug."""
    name = text_of(body, "project_name", names.MAX_DISPLAY)
    if name is None or names.slug(names.check_display_name(name, "project")) != project:
        return None
    return name


def text_of(body: dict[str, Any], key: str, most: int) -> str | None:
    """The text under `key`, of at most so many characters; raises UsageError."""
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise UsageError(f"{key} is text of at most {most} characters.")
    return value


def tags_of(body: dict[str, Any], key: str) -> tuple[str, ...]:
    """The tags under `key`; raises UsageError."""
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise UsageError(f"{key} must be a list of texts.")
    return names.check_tags(value, settings.get("ASPARA_MAX_TAGS_COUNT"))


def _step(body: dict[str, Any]) -> int | None:
    step = body.get("rewind_to")
    if step is None or (isinstance(step, int) and not isinstance(step, bool) and step >= 0):
        return step
    raise UsageError(f"rewind_to={str(step)[:40]!r}: give a step, a whole number of at least 0.")
