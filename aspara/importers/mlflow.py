"""MLflow: a folder ``mlruns`` (the file store) or a SQLite database (``mlflow.db``).

Metrics (those of the machine apart), parameters (numbers and truth values as such, though MLflow keeps texts), the note, user tags
as ``key: value``, the source, git commit, status and times are taken; artifacts that lie on this machine become a version of an
artifact. Deleted runs are left where they are.
"""

from __future__ import annotations

import contextlib
import functools
import heapq
import math
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aspara.importers.common import sqlite
from aspara.importers.common.flat_yaml import flat_yaml
from aspara.importers.common.source import (
    FileTree,
    ImportReport,
    Row,
    RunMetadata,
    SourceRun,
    literal,
    nothing_found,
    stamp_of,
)
from aspara.limits import MAX_INTEGER

_META = "meta.yaml"
_STATUS = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_ENDS = {"FINISHED": "completed", "FAILED": "failed", "KILLED": "failed"}
_MACHINE = "system/"
_Point = tuple[int, int, str, float]


def recognizes(path: Path) -> bool:
    """True for ``mlruns``, a folder that holds it or ``mlflow.db``, one experiment, one run, and the database itself."""
    if path.is_file():
        return _is_database(path)
    return bool(_run_folders(path)) or _is_database(path / "mlflow.db")


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """All runs there that are not deleted."""
    if path.is_file() and _is_database(path):
        return _database_runs(path, report)
    folders = _run_folders(path) if path.is_dir() else []
    for folder in _unnamed_folders(path) if path.is_dir() else ():
        report.problem(f"the run {folder.parent.name}/{folder.name} has no {_META}, so it is left out")
    if folders:
        return [run for run in (_folder_run(folder, report) for folder in folders) if run is not None]
    if report.problems:
        return []
    if _is_database(path / "mlflow.db"):
        return _database_runs(path / "mlflow.db", report)
    raise nothing_found("mlflow", path, "give a folder 'mlruns', an experiment in it, or a SQLite database.")


# -- the file store ----------------------------------------------------------------------------------------------------


def _run_folders(path: Path) -> list[Path]:
    """Folders of runs: with a meta.yaml that names a run, at most three levels down."""
    patterns = ("", "*", "*/*", "mlruns/*/*")
    for pattern in patterns:
        folders = [path] if not pattern else sorted(path.glob(pattern))
        found = [f for f in folders if (f / _META).is_file() and (f / "metrics").is_dir() and ".trash" not in f.parts]
        if found:
            return found
    return []


def _unnamed_folders(path: Path) -> list[Path]:
    """Folders of runs whose meta.yaml is gone: it alone says what the run is called and how it ended."""
    for pattern in ("", "*", "*/*", "mlruns/*/*"):
        folders = [path] if not pattern else sorted(path.glob(pattern))
        runs = [f for f in folders if (f / "metrics").is_dir() and (f / "params").is_dir() and ".trash" not in f.parts]
        if runs:
            return [folder for folder in runs if not (folder / _META).is_file()]
    return []


def _folder_run(folder: Path, report: ImportReport) -> SourceRun | None:
    try:
        about = flat_yaml(folder / _META)
    except OSError as error:
        report.problem(f"{folder / _META}: {error.strerror}")
        return None
    if about.get("lifecycle_stage") == "deleted":
        return None
    run_id = about.get("run_id") or about.get("run_uuid") or folder.name
    facts = RunMetadata()
    tags = _texts(folder / "tags", report)
    _describe(
        facts,
        name=about.get("run_name") or tags.get("mlflow.runName") or run_id,
        status=_STATUS.get(about.get("status", ""), about.get("status", "")),
        start=about.get("start_time"),
        end=about.get("end_time"),
        params=_texts(folder / "params", report),
        tags=tags,
    )
    experiment = folder.parent.name
    with contextlib.suppress(OSError):
        experiment = flat_yaml(folder.parent / _META).get("name") or experiment
    metrics = [path for path in (folder / "metrics").rglob("*") if path.is_file()]
    others = [path for part in ("params", "tags", "artifacts") for path in (folder / part).rglob("*")]
    stamp = stamp_of([folder / _META, *metrics, *others])
    return SourceRun(
        "mlflow",
        run_id,
        functools.partial(_folder_rows, folder / "metrics", facts),
        facts,
        project=experiment,
        id=run_id,
        stamp=stamp,
        trees=functools.partial(_trees, run_id, folder / "artifacts", about.get("artifact_uri", "")),
    )


def _folder_rows(folder: Path, facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    # Merged by time; within one metric the order of its file stays, whatever its times are.
    series = [_points(path, path.relative_to(folder).as_posix(), report) for path in files]
    return _grouped(heapq.merge(*series, key=lambda point: point[:2]), facts)


def _points(path: Path, name: str, report: ImportReport) -> Iterator[_Point]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        report.problem(f"{name}: {error.strerror}")
        return
    for number, line in enumerate(lines, 1):
        parts = line.split()
        try:
            time, value = int(parts[0]), float(parts[1])
            step = int(parts[2]) if len(parts) > 2 else number - 1
        except (ValueError, IndexError):
            if line.strip():
                report.problem(f"metrics/{name}: line {number} is no point")
            continue
        if not line.endswith(b"\n") and number == len(lines):
            # MLflow ends each line; this one may be half a value.
            report.problem(f"metrics/{name}: the last line is cut off")
            return
        yield time, step, name, value


def _texts(folder: Path, report: ImportReport) -> dict[str, str]:
    """Files with one text each: their names (with folders) and contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                found[path.relative_to(folder).as_posix()] = path.read_text("utf-8", "replace")
            except OSError as error:
                report.problem(f"{path}: {error.strerror}")
    return found


# -- the database ------------------------------------------------------------------------------------------------------


def _is_database(path: Path) -> bool:
    if not sqlite.is_database(path):
        return False
    try:
        with sqlite.opened(path) as connection:
            return {"runs", "metrics", "params", "experiments"} <= sqlite.tables(connection)
    except sqlite3.Error:
        return False


def _database_runs(path: Path, report: ImportReport) -> list[SourceRun]:
    found = []
    try:
        with sqlite.opened(path) as connection:
            named = "r.name" if "name" in sqlite.columns(connection, "runs") else "NULL"
            kept = "r.artifact_uri" if "artifact_uri" in sqlite.columns(connection, "runs") else "NULL"
            listed = connection.execute(
                f"SELECT r.run_uuid, {named}, r.status, r.start_time, r.end_time, e.name, {kept} FROM runs r "  # noqa: S608  no outside text
                "LEFT JOIN experiments e ON e.experiment_id = r.experiment_id "
                "WHERE r.lifecycle_stage IS NOT 'deleted' ORDER BY r.start_time, r.rowid"
            ).fetchall()
            for run_id, name, status, start, end, experiment, uri in listed:
                params = dict(connection.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,)))
                tags = dict(connection.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,)))
                facts = RunMetadata()
                _describe(
                    facts,
                    name=name or tags.get("mlflow.runName") or run_id,
                    status=str(status),
                    start=start,
                    end=end,
                    params=params,
                    tags=tags,
                )
                found.append(
                    SourceRun(
                        "mlflow",
                        run_id,
                        functools.partial(_database_rows, path, run_id, facts),
                        facts,
                        project=experiment,
                        id=run_id,
                        stamp=stamp_of([*sqlite.files_of(path), *_below(_artifact_folder(path.parent, uri))]),
                        trees=functools.partial(_trees, run_id, _artifact_folder(path.parent, uri), uri),
                    )
                )
    except sqlite3.Error as error:
        report.problem(f"{path.name}: {error}")
    return found


def _database_rows(path: Path, run_id: str, facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    try:
        with sqlite.opened(path) as connection:
            # In the order of their coming, so that new points stand behind old ones.
            listed = connection.execute(
                "SELECT timestamp, step, key, value, is_nan FROM metrics WHERE run_uuid = ? ORDER BY rowid", (run_id,)
            )
            yield from _grouped(
                (
                    (int(time), int(step), str(key), math.nan if is_nan else float(value))
                    for time, step, key, value, is_nan in listed
                    if isinstance(time, int) and isinstance(step, int) and isinstance(value, int | float)
                ),
                facts,
            )
    except sqlite3.Error as error:
        report.problem(f"{path.name}: {error}")


# -- both --------------------------------------------------------------------------------------------------------------


def _grouped(points: Iterable[_Point], facts: RunMetadata) -> Iterator[Row]:
    """Points of one time and step in one row."""
    begun: Row | None = None
    for time, step, name, value in points:
        if name.startswith(_MACHINE):
            facts.captured.add(name)
        if begun is not None and begun[:2] == (time, step) and name not in begun[2]:
            begun[2][name] = value
            continue
        if begun is not None:
            yield begun
        begun = (time, step, {name: value})
    if begun is not None:
        yield begun


def _artifact_folder(beside: Path, uri: Any) -> Path | None:
    """The folder that an artifact_uri names, if it is on this machine; relative ones count from the database's folder."""
    if not isinstance(uri, str) or not uri:
        return None
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else beside / uri


def _below(folder: Path | None) -> list[Path]:
    return [] if folder is None or not folder.is_dir() else sorted(p for p in folder.rglob("*") if p.is_file())


def _trees(run_id: str, folder: Path | None, uri: Any, report: ImportReport) -> list[FileTree]:
    """What the run logged as artifacts, under its paths. Links may lead anywhere: they are counted, not followed."""
    files = _below(folder)
    links = [path for path in files if path.is_symlink()]
    if links:
        report.skip("links among the artifacts", len(links))
    if folder is None and uri:
        report.skip("artifacts on another machine")
    elif folder is not None and uri and not folder.is_dir() and not folder.parent.parent.is_dir():
        # A run that logged none has no folder; but here its whole experiment has none.
        report.skip("folders of artifacts that are not there")
    found = {path.relative_to(folder).as_posix(): path for path in files if path not in links} if folder else {}
    return [FileTree(f"run-{run_id}-artifacts", "artifacts", found)] if found else []


def _describe(
    facts: RunMetadata, *, name: str, status: str, start: Any, end: Any, params: dict[str, str], tags: dict[str, str]
) -> None:
    facts.name = name
    facts.status = _ENDS.get(status, "crashed")
    facts.exit_code = 0 if status == "FINISHED" else 1 if facts.status == "failed" else None
    facts.start_time = _whole(start)
    facts.finish_time = _whole(end)
    facts.config = {key: literal(value) for key, value in params.items()}
    facts.notes = tags.get("mlflow.note.content", "")
    facts.tags = [f"{key}: {value}"[:128] for key, value in tags.items() if not key.startswith("mlflow.")]
    if tags.get("mlflow.source.name"):
        facts.details["command"] = tags["mlflow.source.name"]
    if tags.get("mlflow.source.git.commit"):
        facts.details["git"] = {"commit": tags["mlflow.source.git.commit"]}
        if tags.get("mlflow.source.git.branch"):
            facts.details["git"]["branch"] = tags["mlflow.source.git.branch"]
    if tags.get("mlflow.parentRunId"):
        facts.group = tags["mlflow.parentRunId"]


def _whole(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < MAX_INTEGER else None
