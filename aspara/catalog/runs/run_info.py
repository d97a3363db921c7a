"""What is known of a run without its points: metadata in the API's words, and whether its writer is alive."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aspara.storage import metadata, row_codec
from aspara.storage.heartbeat import Heartbeats
from aspara.storage.layout import RunPaths
from aspara.types import STATUS_FROM_DISK, STOP_REQUESTED, STOP_REQUESTED_BY, Status
from aspara.util import files

_OLD_WRITER_SILENCE = 3600.0
_BEGINNING = 30.0
"""Seconds within which a run that has only an empty row file gets its metadata and its lock."""
_NOTED = ("name", "version", "type", "digest", "project", "use_as")
_GOALS = ("minimize", "maximize")
_UNLISTED = frozenset({"metadata", "archived", "metric_summary"})


@dataclass
class RunInfo:
    """One run as lists show it. Times are milliseconds since the epoch or None."""

    run: str
    id: str
    name: str
    project: str
    status: Status
    exit_code: int | None
    start_time: int | None
    finish_time: int | None
    last_update: int | None
    last_step: int | None
    color: int
    tags: list[str]
    notes: str
    group: str | None
    job_type: str | None
    host: str | None
    config: dict[str, Any]
    summary: dict[str, Any]
    problem_count: int = 0
    stop_requested: bool = False
    stop_requested_at: int | None = None
    """When somebody asked the run to stop, in ms."""
    stop_requested_by: str | None = None
    """From where that was: the host of the dashboard, with the user's name or address."""
    goals: dict[str, str] = field(default_factory=dict)
    """Of metrics, by name or glob, whether ``minimize`` or ``maximize`` is good, where the program said so."""
    step_metrics: dict[str, str] = field(default_factory=dict)
    """Of metrics, by name or glob, the metric that they are drawn over instead of the step."""
    hidden_metrics: list[str] = field(default_factory=list)
    """Metrics, by name or glob, that are shown only when asked for."""
    archived: bool = False
    metric_summary: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    metadata: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_finished(self) -> bool:
        """True once nobody writes the run any more."""
        return self.status != "running"

    @property
    def state(self) -> str:
        """The status in the word that programs ask for: ``running``, ``finished``, ``failed`` or ``crashed``."""
        return "finished" if self.status == "completed" else self.status

    def json(self) -> dict[str, Any]:
        """The API's list item."""
        shown = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in _UNLISTED}
        return {**shown, "is_finished": self.is_finished}

    def record(self) -> dict[str, Any]:
        """The run as filters, orders and groups see it: the list item and its metrics' least, greatest and mean values."""
        return {**self.json(), "state": self.state, "metric_summary": self.metric_summary}


@dataclass
class RunDetail:
    """Everything about a run but its points."""

    info: RunInfo
    metrics: list[str]
    metric_summary: dict[str, dict[str, Any]]
    artifacts: list[dict[str, Any]]
    problems: list[dict[str, Any]]

    def json(self) -> dict[str, Any]:
        """The API's shape: the list item and more."""
        found = self.info.metadata
        return {
            **self.info.json(),
            "metrics": self.metrics,
            "metric_summary": self.metric_summary,
            "artifacts": self.artifacts,
            "problems": self.problems,
            "params": _dict(found.get("params")),
            "command": found.get("command"),
            "environment": _dict(found.get("environment")),
            "git": _dict(found.get("git")),
            "pid": found.get("pid"),
            "exception": _dict(found.get("exception")) or None,
            "backend": found.get("backend"),
            "metric_definitions": _dict(found.get("metric_definitions")),
            "total_steps": found.get("total_steps"),
            "captured_metrics": sorted(captured(found)),
            "logged_artifacts": noted(found, "logged_artifacts", self.info.project),
            "used_artifacts": noted(found, "used_artifacts", self.info.project),
        }


def run_info(
    project: str,
    paths: RunPaths,
    found: dict[str, Any],
    color: int,
    *,
    broken: str | None = None,
    pulse: Heartbeats | None = None,
    modified: float | None = None,
) -> RunInfo:
    """The run's list item from its metadata (empty for a run that has none); `modified` is when its files changed last, in
    seconds, for whoever knows.
    """
    modified = _modified(paths) if modified is None else modified
    status = run_status(paths, found, modified, pulse, broken=broken is not None)
    if status == "crashed" and not found.get("is_finished"):
        # It may have ended between the look at its metadata and the look at its lock; its last word comes before the lock goes.
        later = metadata.read_or_empty(paths.metadata)
        if later.get("is_finished"):
            found, status = later, run_status(paths, later, modified, pulse)
    tags = found.get("tags")
    definitions = definitions_in(found)
    config = _dict(found.get("config")) or _dict(found.get("params"))
    # What somebody chose for it wins over the slot that it got at its start.
    known_color = next((c for c in (chosen_color(found), found.get("color")) if c is not None), None)
    return RunInfo(
        run=paths.run,
        id=str(found.get("run_id") or paths.run),
        name=str(found.get("display_name") or paths.run),
        project=project,
        status=status,
        exit_code=found.get("exit_code") if isinstance(found.get("exit_code"), int) else None,
        start_time=row_codec.parse_timestamp(found.get("start_time"))
        or (None if modified is None else int(modified * 1000)),
        finish_time=row_codec.parse_timestamp(found.get("finish_time")),
        last_update=None if modified is None else int(modified * 1000),
        last_step=found.get("last_step") if isinstance(found.get("last_step"), int) else None,
        color=known_color if isinstance(known_color, int) and known_color >= 0 else color,
        tags=[str(t) for t in tags] if isinstance(tags, list) else [],
        notes=str(found.get("notes") or ""),
        group=_text(found.get("group")),
        job_type=_text(found.get("job_type")),
        host=_text(found.get("host")),
        config=config,
        summary=_dict(found.get("summary")),
        problem_count=1 if broken else len(metadata.wrong_kinds(found)),
        metric_summary={k: v for k, v in _dict(found.get("metric_summary")).items() if isinstance(v, dict)},
        stop_requested=bool(found.get(STOP_REQUESTED)),
        stop_requested_at=row_codec.parse_timestamp(found.get(STOP_REQUESTED)),
        stop_requested_by=_text(found.get(STOP_REQUESTED_BY)),
        goals={name: each["goal"] for name, each in definitions.items() if each.get("goal") in _GOALS},
        step_metrics={
            name: each["step_metric"] for name, each in definitions.items() if isinstance(each.get("step_metric"), str)
        },
        hidden_metrics=[name for name, each in definitions.items() if each.get("hidden") is True],
        metadata=found,
    )


def chosen_color(found: dict[str, Any]) -> int | None:
    """The palette slot that somebody gave the run."""
    chosen = found.get("chosen_color")
    return chosen if isinstance(chosen, int) and not isinstance(chosen, bool) and chosen >= 0 else None


def run_status(
    paths: RunPaths,
    found: dict[str, Any],
    modified: float | None,
    pulse: Heartbeats | None = None,
    *,
    broken: bool = False,
) -> Status:
    """The truth about a run: ``running`` needs a living writer, whatever the metadata says.

    A lock on a row file tells it on this machine, a sign of life every ten seconds elsewhere (``pulse`` remembers those it
    has seen). Files of the first release know neither: there their age tells, unless the metadata is `broken` and says nothing.
    """
    locks = [files.lock_state(path) for path in paths.lock_files()]
    if True in locks:
        return "running"
    pulse = pulse or Heartbeats()
    said = STATUS_FROM_DISK.get(str(found.get("status")), "running")
    if said == "running" and found.get("is_finished"):
        said = "completed" if not found.get("exit_code") else "failed"
    if not found.get("version") and not broken:
        age = math.inf if modified is None else time.time() - modified
        if not found and None not in locks and age >= _BEGINNING and not _has_rows(paths):
            return "crashed"  # killed before it had written anything but its name
        return said if said != "running" else "running" if age < _OLD_WRITER_SILENCE else "crashed"
    if said != "running":
        return said
    return "running" if pulse.elsewhere(paths, found, locks=None not in locks) else "crashed"


def _has_rows(paths: RunPaths) -> bool:
    return any(path.stat().st_size for path in paths.row_files()) or bool(paths.parts())


def definitions_in(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The metric definitions in a run's metadata; what is none is passed over."""
    return {name: each for name, each in _dict(found.get("metric_definitions")).items() if isinstance(each, dict)}


def captured(metadata: Mapping[str, Any]) -> frozenset[str]:
    """The names of the metrics that were captured of the machine: no part of what the program has to say."""
    found = metadata.get("captured_metrics")
    return frozenset(n for n in found if isinstance(n, str)) if isinstance(found, list) else frozenset()


def noted(metadata: Mapping[str, Any], key: str, project: str) -> list[dict[str, Any]]:
    """The versions under ``logged_artifacts`` or ``used_artifacts`` in a run's metadata, each with its project."""
    entries = metadata.get(key)
    return [
        {"project": project, **{k: entry[k] for k in _NOTED if isinstance(entry.get(k), str)}}
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    ]


def load(paths: RunPaths) -> tuple[dict[str, Any], str | None]:
    """The run's metadata, and why it could not be understood, if so."""
    try:
        return metadata.read(paths.metadata), None
    except FileNotFoundError:
        return {}, None
    except (OSError, ValueError) as error:
        return {}, str(error)


def _modified(paths: RunPaths) -> float | None:
    newest = None
    for path in (paths.rows, paths.wal, paths.metadata):
        try:
            when = path.stat().st_mtime
        except OSError:
            continue
        newest = when if newest is None else max(newest, when)
    return newest


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
