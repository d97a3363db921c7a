"""ClearML's offline sessions: a folder, or its ``.zip``, with ``task.json``, ``metrics.jsonl`` and ``log.jsonl``.

Scalars, single values, texts that were printed, parameters, tags, the comment and the times are taken. Plots, debug samples
and artifacts are counted and left. A session does not keep how its task ended unless the task said so.
"""

from __future__ import annotations

import functools
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.importers.common.source import (
    ImportReport,
    Row,
    RunMetadata,
    SourceRun,
    literal,
    nothing_found,
    stamp_of,
)

_TASK, _METRICS = "task.json", "metrics.jsonl"
_SINGLE_VALUE = -(2**31)
"""The iteration under which ``report_single_value()`` keeps its values."""
_SCALAR = "training_stats_scalar"
_ENDED = {"completed": "completed", "published": "completed", "closed": "completed", "failed": "failed"}


def recognizes(path: Path) -> bool:
    """True for a session, as folder or ZIP file, and for a folder that holds some."""
    return bool(_sessions(path))


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """The tasks of the sessions there."""
    found: list[SourceRun] = []
    sessions = _sessions(path)
    for session in sessions:
        task = _json(_read(session, _TASK) or b"")
        if not isinstance(task, dict) or not isinstance(task.get("id"), str):
            report.problem(f"{session.name}: its {_TASK} cannot be read")
            continue
        facts = RunMetadata(
            name=str(task.get("name") or session.stem),
            config=_config(task),
            tags=[str(tag) for tag in task.get("tags") or ()],
            notes=str(task.get("comment") or ""),
            job_type=str(task["type"]) if isinstance(task.get("type"), str) else None,
            status=_ENDED.get(str(task.get("status")), "completed"),
        )
        source = task.get("script")
        if isinstance(source, dict) and source.get("entry_point"):
            facts.details["command"] = str(source["entry_point"])
        found.append(
            SourceRun(
                "clearml",
                task["id"],
                functools.partial(_rows, session, facts),
                facts,
                project=str(task["project_name"]) if task.get("project_name") else None,
                id=task["id"],
                stamp=stamp_of(sorted(session.glob("*.json*")) if session.is_dir() else [session]),
            )
        )
    if not sessions:
        raise nothing_found("clearml", path, "give an offline session: a folder or .zip file with task.json.")
    return found


def _sessions(path: Path) -> list[Path]:
    if _is_session(path):
        return [path]
    if not path.is_dir():
        return []
    folders = [below for below in sorted(path.iterdir()) if below.is_dir() and _is_session(below)]
    # A session that was closed lies there as a ZIP file too.
    names = {folder.name for folder in folders}
    return folders + [file for file in sorted(path.glob("*.zip")) if file.stem not in names and _is_session(file)]


def _is_session(path: Path) -> bool:
    content = _read(path, _TASK)
    return content is not None and b'"project_name"' in content and b'"hyperparams"' in content


def _read(session: Path, name: str) -> bytes | None:
    """A file of a session; None where it has none."""
    try:
        if session.is_dir():
            return (session / name).read_bytes()
        if session.suffix == ".zip":
            with zipfile.ZipFile(session) as archive:
                return archive.read(name)
    except (OSError, KeyError, zipfile.BadZipFile, RuntimeError):  # RuntimeError: it is encrypted
        return None
    return None


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _config(task: dict[str, Any]) -> dict[str, Any]:
    """Parameters by section; those of the section General, where ``connect()`` puts a dict, stand at the top."""
    config: dict[str, Any] = {}
    sections = task.get("hyperparams")
    for section, entries in sections.items() if isinstance(sections, dict) else ():
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            text = entry.get("value") if isinstance(entry, dict) else entry
            # Below a dict its keys are joined by slashes.
            *parents, last = str(name).split("/")
            into = config if section == "General" else config.setdefault(str(section), {})
            for parent in parents:
                below = into.setdefault(parent, {})
                into = below if isinstance(below, dict) else into
            is_text = isinstance(entry, dict) and entry.get("type") == "str"
            into[last] = text if is_text else literal(str(text))
    return config


def _rows(session: Path, facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    for line in (_read(session, _METRICS) or b"").splitlines():
        events = _json(line)
        if not isinstance(events, list):
            report.problem(f"{session.name}: a line of {_METRICS} cannot be read")
            continue
        begun: Row | None = None
        for event in events:
            if not isinstance(event, dict) or event.get("type") != _SCALAR:
                kind = event.get("type") if isinstance(event, dict) else None
                report.skip({"plot": "plots", "training_debug_image": "debug samples"}.get(str(kind), "other events"))
                continue
            step, value, moment = event.get("iter"), event.get("value"), event.get("timestamp")
            name = _name(event.get("metric"), event.get("variant"))
            if not isinstance(step, int) or not isinstance(value, int | float):
                report.problem(f"{session.name}: a value of {name!r} cannot be read")
                continue
            if step == _SINGLE_VALUE:
                facts.summary[name.removeprefix("Summary/")] = value
                continue
            time = moment if isinstance(moment, int) else 0
            facts.start_time = time if facts.start_time is None else min(facts.start_time, time)
            if begun is not None and begun[1] == step and name not in begun[2]:
                begun[2][name] = value
                continue
            if begun is not None:
                yield begun
            begun = (time, step, {name: value})
        if begun is not None:
            yield begun


def _name(title: Any, series: Any) -> str:
    """``<title>/<series>``; one word where both are the same, as for a chart of one line."""
    return str(title) if title == series or not series else f"{title}/{series}"
