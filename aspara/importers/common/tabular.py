"""What CSV, Parquet and JSON lines have in common: files and folders of them, what their runs are called, and which column is the
step, the time, the run, and which are metrics.

Two shapes are understood: *wide*, a row for each step and a column for each metric; and *long*, a row for each point with
its metric's name in one column and its value in another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aspara.errors import UsageError
from aspara.importers.common.source import BAD_STEP, BAD_TIME, ImportReport, Row, RunMetadata, SourceRun, nothing_found
from aspara.limits import MAX_STEP
from aspara.storage.row_codec import parse_timestamp

# In order of preference; compared without case, blanks and underscores.
STEPS = ("_step", "step", "global_step", "trainer/global_step", "iteration", "iter", "epoch", "index")
TIMES = ("_timestamp", "timestamp", "wall_time", "wall time", "time", "datetime", "date")
RUNS = ("_run", "run", "run_name", "run_id", "experiment")
NAMES = ("metric_name", "metric", "tag", "key")
VALUES = ("metric_value", "value")
TEXTS = ("metric_text", "text")
_PLAIN_NAMES = ("metrics", "progress", "results", "history", "log", "logs")
_IGNORED = ("_runtime", "relative_time")
_SECONDS_BELOW = 1e11
"""A time below this is in seconds (until the year 5138), above it in milliseconds (from 1973 on), beyond in finer units."""


@dataclass(frozen=True)
class Columns:
    """The columns by their part; None where there is none."""

    step: str | None
    time: str | None
    run: str | None
    name: str | None
    value: str | None
    metrics: tuple[str, ...]
    text: str | None = None
    """Of points: where the value stands that is a text."""


def read(
    kind: str, path: Path, files: Sequence[Path], report: ImportReport, runs: Callable[[Path], Iterable[SourceRun]]
) -> list[SourceRun]:
    """The runs of each of `files`, those of that kind at `path`; where there are none, of `path` itself if it is a file, whatever
    it is called. A file that is no table is reported, and raises UsageError where it is the only one.
    """
    files = files or ([path] if path.is_file() else [])
    if not files:
        raise nothing_found(kind, path, f"give a .{kind} file, or a folder with some.")
    found: list[SourceRun] = []
    for file in files:
        try:
            found.extend(runs(file))
        except OSError as error:
            report.problem(f"{file}: {error.strerror}")
        except UsageError as error:
            if len(files) == 1:
                raise
            report.problem(f"{file}: {error}")
    return found


def name_of(file: Path, root: Path) -> str:
    """What a run of this file is called: its path below `root`, without endings and names that say nothing."""
    relative = file.relative_to(root) if root.is_dir() and file != root else Path(file.name)
    parts = list(relative.with_suffix("").parts)
    if parts[-1].lower() in _PLAIN_NAMES:
        parts = parts[:-1] or [file.absolute().parent.name or parts[-1]]
    return "/".join(parts)


def assign(
    header: Sequence[str], *, step: str | None = None, time: str | None = None, run: str | None = None
) -> Columns:
    """The parts of the columns of `header`; what the user named must be there."""
    for what, named in (("step", step), ("time", time), ("run", run)):
        if named is not None and named not in header:
            raise UsageError(f"There is no {what} column {named!r}. The columns: {', '.join(header)}.")
    found_step = step or _first(header, STEPS)
    found_time = time or _first(header, TIMES)
    found_run = run or _first(header, RUNS)
    name, value = _first(header, NAMES), _first(header, VALUES)
    taken = {found_step, found_time, found_run}
    if name is not None and value is not None and name not in taken and value not in taken:
        return Columns(found_step, found_time, found_run, name, value, (), _first(header, TEXTS))
    others = tuple(c for c in header if c and c not in taken and c not in _IGNORED)
    return Columns(found_step, found_time, found_run, None, None, others)


def row(
    columns: Columns,
    cells: dict[str, Any],
    number: int,
    report: ImportReport,
    default_time: int,
    *,
    typed: bool = False,
) -> Row | None:
    """The row in `cells`, the `number`-th (from 0) of its run; None when nothing in it was logged. Where the cells are `typed`, a
    text is a text even if it looks like a number.
    """
    read = _typed if typed else cell
    step = whole(cells.get(columns.step)) if columns.step else number
    if step is None:
        report.problem(BAD_STEP)
        step = number
    time = moment(cells.get(columns.time)) if columns.time else None
    if columns.time and time is None:
        report.problem(BAD_TIME)
    metrics: dict[str, Any] = {}
    if columns.name and columns.value:
        name, value = str(cells.get(columns.name) or ""), read(cells.get(columns.value))
        if value is None and columns.text:
            text = cells.get(columns.text)
            value = text if isinstance(text, str) and text else None
        if name and value is not None:
            metrics[name] = value
    else:
        for name in columns.metrics:
            value = read(cells.get(name))
            if value is not None:
                metrics[name] = value
    return (default_time if time is None else time, step, metrics) if metrics else None


def modified(file: Path) -> int:
    """When a file was written (ms): the time of rows that have none."""
    return int(file.stat().st_mtime * 1000)


def begin(facts: RunMetadata, cells: dict[str, Any]) -> None:
    """Notes when the run began, of a row that says its time and how long the run had gone on (Aspara's and wandb's do)."""
    if facts.start_time is None:
        time, passed = moment(cells.get("_timestamp")), cell(cells.get("_runtime"))
        if time is not None and isinstance(passed, int | float) and math.isfinite(passed):
            facts.start_time = time - round(passed * 1000)


def begins(facts: RunMetadata, cells: Mapping[str, Sequence[Any]]) -> None:
    """The same, of a part of a table."""
    if facts.start_time is None:
        for time, passed in zip(cells.get("_timestamp", ()), cells.get("_runtime", ()), strict=False):
            begin(facts, {"_timestamp": time, "_runtime": passed})


def cell(value: Any) -> float | int | str | None:
    """A cell as a metric's value: numbers as such, also when they stand there as text; an empty cell is none."""
    if type(value) is str:
        text = value.strip()
    elif value is None:
        return None
    elif isinstance(value, bool):
        return int(value)
    elif isinstance(value, int | float):
        return value
    else:
        text = str(value).strip()
    if not text:
        return None
    try:
        return int(text) if text.lstrip("+-").isdigit() and len(text) < 16 else float(text)
    except ValueError:
        return {"true": 1, "false": 0}.get(text.lower(), text)


MISSING = frozenset({"NA", "N/A", "n/a", "na", "<NA>", "null", "NULL", "None", "#N/A"})
"""What programs write for a value that is not there: Keras' CSVLogger, R, pandas, spreadsheets."""


def without_missing(values: list[float | int | str | None]) -> list[float | int | str | None]:
    """The values with the words for a missing one left out, unless the column holds other texts too."""
    texts = {value for value in values if type(value) is str}
    if not texts or not texts <= MISSING:
        return values
    return [None if type(value) is str else value for value in values]


def _typed(value: Any) -> float | int | str | None:
    return int(value) if isinstance(value, bool) else value if isinstance(value, int | float | str) else None


def moment(value: Any) -> int | None:
    """A time as milliseconds: a number of seconds, milli-, micro- or nanoseconds by its size, or ISO 8601."""
    if value is None:
        return None
    if hasattr(value, "isoformat"):
        return parse_timestamp(value.isoformat())
    number = cell(value)
    if isinstance(number, str):
        return parse_timestamp(number)
    if number is None or not math.isfinite(number):
        return None
    time = round(number * milliseconds(number))
    return time if abs(time) <= MAX_STEP else None


def milliseconds(time: float) -> float:
    """How many milliseconds one unit of a time is, by its size."""
    size = abs(time)
    return 1000.0 if size < _SECONDS_BELOW else 1.0 if size < 1e14 else 1e-3 if size < 1e17 else 1e-6


def whole(value: Any) -> int | None:
    """A cell as a step; None for what is no whole number, or one that no step can be."""
    number = cell(value)
    if isinstance(number, str) or number is None or not math.isfinite(number) or number != int(number):
        return None
    return int(number) if abs(number) <= MAX_STEP else None


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")


def _first(header: Sequence[str], wanted: Sequence[str]) -> str | None:
    for name in wanted:
        for column in header:
            if _plain(column) == _plain(name):
                return column
    return None
