"""The words between an importer and the writer: a run of another tracker, its rows, and what of it could not be read."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aspara.errors import UsageError
from aspara.limits import MAX_STEP

Row = tuple[int, int, dict[str, Any]]
"""(timestamp in ms, step, values by metric): numbers, non-finite ones as they are, texts, and media."""

BAD_STEP = f"a step is not a whole number up to {MAX_STEP}; the row's position is used instead"
BAD_TIME = "a time cannot be understood; that of the row before is used instead"
_MOST_PROBLEMS = 50


class ImportReport:
    """What could not be read or is not taken: sentences with their counts."""

    def __init__(self) -> None:
        self.problems: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    def problem(self, sentence: str) -> None:
        """Something is damaged. Beyond fifty different sentences they are only counted."""
        self.problems[sentence if len(self.problems) < _MOST_PROBLEMS else "further problems"] += 1

    def skip(self, what: str, count: int = 1) -> None:
        """Something is whole but has no place here: ``histograms``, ``images``."""
        self.skipped[what] += count


@dataclass
class RunMetadata:
    """What is known of a run beside its rows. An importer may fill it in while its rows are read: it counts when they ended."""

    name: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    notes: str = ""
    group: str | None = None
    job_type: str | None = None
    status: str = "completed"
    """completed, failed or crashed (the source does not say that it ended)."""
    exit_code: int | None = None
    start_time: int | None = None
    finish_time: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    """Further metadata in Aspara's words: host, command, git, environment, metric_definitions."""
    captured: set[str] = field(default_factory=set)
    """Those metrics that were captured of the machine: no results of the program."""


@dataclass(frozen=True)
class FileTree:
    """Files that a source kept with a run: they become a version of the artifact `name`, under their paths."""

    name: str
    kind: str
    files: dict[str, Path]


@dataclass
class SourceRun:
    """One run of another tracker.

    ``key`` tells it from every other run of its kind, now and later: an id of the source, or the place of its files.
    ``rows`` reads it from the beginning each time it is called, every metric's points always in the same order, new ones
    behind the old. ``stamp`` changes whenever there may be something new; None: nobody can tell without reading.
    """

    kind: str
    key: str
    rows: Callable[[ImportReport], Iterator[Row]]
    facts: RunMetadata
    project: str | None = None
    """What the source calls its project."""
    id: str | None = None
    """The run's id in the source, if it has one that may serve here too."""
    stamp: str | None = None
    trees: Callable[[ImportReport], list[FileTree]] = lambda _: []
    """The files kept with the run; asked for when its rows have been read."""
    rewinds: tuple[int, ...] = ()
    """Each time that the program went back: the step from which on it took back what it had logged before, which ``rows``
    leaves out. Further ones may be added to it, none goes.
    """
    console: Callable[[], Path | None] = lambda: None
    """The file with what the program printed; asked for at the end, too."""


def place(path: Path) -> str:
    """Where `path` is, with all links resolved: the key of sources that know no ids."""
    return os.path.realpath(path)


def stamp_of(paths: list[Path]) -> str:
    """Names, sizes and times of files: equal while nothing was written to any of them."""
    told = hashlib.sha256()
    for path in sorted(paths):
        try:
            state = path.stat()
        except OSError:
            continue
        told.update(f"{path.name}\0{state.st_size}\0{state.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    return told.hexdigest()[:24]


def literal(text: str) -> Any:
    """What a text that stands for a number or truth value stands for; any other text as it is.

    Trackers that keep parameters as texts would otherwise make ``config.lr < 0.1`` impossible.
    """
    if text in ("True", "False"):
        return text == "True"
    if text == "None":
        return None
    try:
        number = int(text)
        if str(number) == text:
            return number
    except ValueError:
        pass
    try:
        # Only what looks like a number: `float` also takes "nan", "infinity" and "1_000".
        return float(text) if text and text.strip() == text and set(text) <= set("0123456789.eE+-") else text
    except ValueError:
        return text


def nothing_found(kind: str, path: Path, wanted: str) -> UsageError:
    """The error for a path that holds no run of that kind."""
    return UsageError(f"{path} holds nothing to import as {kind}: {wanted}")
