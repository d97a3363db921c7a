"""The words of the field as types: row, status, run identity, run request, losses.

*Row*: one ``log()`` call on disk: timestamp, step and metrics. *Point*: step, timestamp and value of one metric.
*Series*: the points of one metric of one run. All timestamps are integer milliseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from aspara.errors import UsageError

Value = float | int | str | dict[str, Any] | list[Any]
"""What a row may hold for a metric: a number, a text, or a reference to media (a dict with a ``_type``)."""

Row = tuple[int, int, Mapping[str, Value]]
"""(timestamp in ms, step, metrics)."""


class Block(NamedTuple):
    """Rows that hold the same metrics, by columns: their times (ms), their steps, and for each name the values."""

    names: Sequence[str]
    times: Sequence[int]
    steps: Sequence[int]
    columns: Sequence[Sequence[Value]]

    def rows(self) -> list[Row]:
        """The rows one by one."""
        values = zip(*self.columns, strict=True) if self.columns else [()] * len(self.steps)
        return [
            (at, step, dict(zip(self.names, row, strict=True)))
            for at, step, row in zip(self.times, self.steps, values, strict=True)
        ]


Status = Literal["running", "completed", "failed", "crashed"]

# On disk the first release's words are kept, so that its readers understand our files.
STATUS_ON_DISK: dict[str, str] = {
    "running": "wip",
    "completed": "completed",
    "failed": "failed",
    "crashed": "maybe_failed",
}
STOP_REQUESTED = "stop_requested"
"""The metadata's key that asks a running run to stop: when somebody asked, in ms."""
STOP_REQUESTED_BY = "stop_requested_by"
"""The metadata's key for from where that was."""
STATUS_FROM_DISK: dict[str, Status] = {
    "wip": "running",
    "running": "running",
    "completed": "completed",
    "finished": "completed",
    "failed": "failed",
    "maybe_failed": "crashed",
    "crashed": "crashed",
}

Resume = Literal["allow", "must", "never", "auto"]

ARTIFACT_CATEGORIES = ("code", "model", "config", "data", "other")


@dataclass(frozen=True)
class RunRequest:
    """What a program asks for when it starts a run; every part but the project may be left open (None).

    ``resume``: ``"must"`` continues the run named by ``id``, else by ``name``, or raises; ``"allow"`` and ``"auto"`` continue
    it if it exists; ``"never"`` raises if the id exists; None makes a new run unless ``id`` names an existing one, which is
    joined. Without id and name ``"allow"`` makes a new run, and ``"auto"`` continues the last unfinished run of ``program``.

    Raises:
        UsageError: ``resume="must"`` without id and name.

    """

    project: str = "default"
    name: str | None = None
    id: str | None = None
    resume: Resume | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    notes: str | None = None
    project_tags: Sequence[str] = ()
    group: str | None = None
    job_type: str | None = None
    total_steps: int | None = None
    rewind_to: int | None = None
    """The step after which the run that is continued (named by ``id``: its id or file name) is to be forgotten."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Further metadata known at the start: host, pid, command, environment, git."""
    project_name: str | None = None
    """The project's display name, of which ``project`` is the slug; None where the folder ``project`` is meant."""
    program: str | None = None
    """What tells the program that asks from others: a hash of its script and its working directory."""
    new_id: str | None = None
    new_name: str | None = None
    """Id and name of the run if one is made: a client chooses them before its tracker answers."""
    ended_writers: Sequence[str] = ()
    """Writers at a tracker that their machine knows to have ended, although the tracker still waits for them."""

    def __post_init__(self) -> None:
        if self.resume == "must" and self.id is None and self.name is None:
            raise UsageError("resume='must' continues the run that id= or name= names: give one of them.")

    @property
    def resumes_itself(self) -> bool:
        """Whether it asks for the program's own last run, without naming it."""
        return self.resume == "auto" and self.id is None and self.name is None


@dataclass(frozen=True)
class RunIdentity:
    """Which run a recorder writes: the file stem ``run`` is unique in its project, ``name`` is what people see."""

    project: str
    run: str
    id: str
    name: str
    resumed: bool = False
    next_step: int = 0
    color: int = 0
    path: Path | None = None
    url: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The run's metadata as found at the start: config, summary, tags and notes of a resumed run."""


@dataclass(frozen=True)
class Losses:
    """What a recorder could not deliver by the end: rows lost, rows kept for later delivery, and why."""

    rows_lost: int = 0
    rows_kept: int = 0
    reason: str = ""


@dataclass(frozen=True)
class ArtifactEntry:
    """A file kept with a run, as its metadata lists it. ``stored_path`` is relative to the run's folder; empty where the file
    could not be kept.
    """

    name: str
    original_path: str
    stored_path: str
    file_size: int
    timestamp: int
    description: str | None = None
    category: str | None = None

    def wait(self, timeout: float | None = None) -> ArtifactEntry:
        """Itself: keeping a file is done when ``log_artifact()`` returns."""
        del timeout
        return self

    def json(self) -> dict[str, Any]:
        """The entry as it stands in the run's metadata; absent parts are left out."""
        return {key: value for key, value in vars(self).items() if value is not None}
