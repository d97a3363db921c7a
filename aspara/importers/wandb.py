"""wandb's local files: one ``run-<id>.wandb`` a run, written by online and offline runs alike.

Histories, media, system metrics, what was printed, config, summary, tags, notes, group, job type, metric definitions and the exit
code are taken; files that the program saved become a version of an artifact. Media whose files are not there, and what the
server alone knows (versions of artifacts, charts made by hand), are counted and left.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.importers.common import wandb_media
from aspara.importers.common.record_files import record_files, records
from aspara.importers.common.source import FileTree, ImportReport, Row, RunMetadata, SourceRun, nothing_found, stamp_of
from aspara.util import protobuf

_ENDING = ".wandb"
_HISTORY, _SUMMARY, _CONFIG, _METRIC, _RUN, _EXIT, _FINAL, _STATS, _ENVIRONMENT = 2, 3, 5, 12, 17, 18, 20, 7, 26
_ARTIFACT, _USED = 8, 25
_COMMON = 200
"""The field of every record that says where it came from."""
_OWN_FILES = (
    "config.yaml",
    "wandb-metadata.json",
    "wandb-summary.json",
    "requirements.txt",
    "output.log",
    "conda-environment.yaml",
)
"""What wandb itself writes among a run's files; all of it is in the records too."""
_PEEK = 64
"""So many records at most stand before the one that names the run."""


def recognizes(path: Path) -> bool:
    """True for a ``.wandb`` file, and for a folder with one: a run's, or one that holds such folders."""
    return bool(record_files(path, _ENDING, "wandb"))


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """The runs of a ``.wandb`` file, of a run's folder, or of a folder of those (usually called ``wandb``)."""
    found: list[SourceRun] = []
    for file in record_files(path, _ENDING, "wandb"):
        try:
            about = _peek(file)
        except OSError as error:
            report.problem(f"{file}: {error.strerror}")
            continue
        if about is None:
            report.problem(f"{file}: no run can be found in it")
            continue
        facts = RunMetadata(status="crashed")
        _run(about, facts)
        run_id = protobuf.text(about, 1)
        found.append(
            SourceRun(
                "wandb",
                # One id may have several files, one for each time that it was resumed.
                f"{run_id}/{file.parent.name}" if run_id else str(file.absolute()),
                functools.partial(_rows, file, facts),
                facts,
                project=protobuf.text(about, 3) or None,
                id=run_id or None,
                stamp=stamp_of([file, *_saved(file.parent).values()]),
                trees=functools.partial(_trees, file.parent, run_id or file.stem),
                console=functools.partial(_console, file.parent),
            )
        )
    if not found and not report.problems:
        raise nothing_found("wandb", path, "give a .wandb file, a run's folder, or the folder 'wandb' with all runs.")
    return found


def _peek(path: Path) -> bytes | None:
    for position, (kind, content) in enumerate(records(path, ImportReport(), _COMMON)):
        if kind == _RUN:
            return content
        if position > _PEEK:
            break
    return None


def _rows(path: Path, facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    summary: dict[str, Any] = {}
    last: dict[str, Any] = {}
    ended, step = None, 0
    place = wandb_media.MediaFolder(path.parent / "files")
    for kind, content in records(path, report, _COMMON):
        try:
            if kind == _HISTORY:
                row = _history(content, place, report)
                if row is not None:
                    last.update(row[2])
                    ended, step = row[0], row[1]
                    yield row
            elif kind == _SUMMARY:
                _take(summary, content)
            elif kind == _CONFIG:
                _take(facts.config, content)
                facts.config.pop("_wandb", None)
            elif kind == _RUN:
                _run(content, facts)
            elif kind == _METRIC:
                _definition(content, facts)
            elif kind == _EXIT:
                facts.exit_code = protobuf.integer(content, 1)
                facts.status = "failed" if facts.exit_code else "completed"
            elif kind == _STATS:
                moment, sampled = _sampled(content)
                if sampled:
                    facts.captured.update(sampled)
                    yield moment, step, sampled
            elif kind in (_ARTIFACT, _USED):
                report.skip("versions of artifacts" if kind == _ARTIFACT else "uses of artifacts")
        except protobuf.MalformedMessage as error:
            report.problem(f"{path.name}: a record cannot be understood ({error})")
    if facts.start_time is not None and isinstance(summary.get("_runtime"), int | float):
        facts.finish_time = max(facts.start_time + round(summary["_runtime"] * 1000), ended or 0)
    # What merely repeats the last value logged is no result of its own.
    facts.summary = {
        key: value
        for key, value in _flat(summary)
        if not key.startswith("_") and not _media(value) and (key not in last or not _same(last[key], value))
    }


def _sampled(content: bytes) -> tuple[int, dict[str, Any]]:
    """A sample of the machine: its moment, and ``system/…`` metrics."""
    moment = 0
    for time in protobuf.messages(content, 2):
        moment = protobuf.integer(time, 1) * 1000 + protobuf.integer(time, 2) // 1_000_000
    found: dict[str, Any] = {}
    for item in protobuf.messages(content, 3):
        value = _json(b"".join(protobuf.messages(item, 16)))
        if isinstance(value, int | float) and not isinstance(value, bool):
            found[f"system/{protobuf.text(item, 1)}"] = value
    return moment, found


def _history(content: bytes, place: wandb_media.MediaFolder, report: ImportReport) -> Row | None:
    found: dict[str, Any] = {}
    for item in protobuf.messages(content, 1):
        key, value = _entry(item)
        found[key] = value
    step = found.pop("_step", None)
    if not isinstance(step, int):
        numbers = [protobuf.integer(part, 1) for part in protobuf.messages(content, 2)]
        step = numbers[-1] if numbers else 0
    time = found.pop("_timestamp", None)
    moment = round(time * 1000) if isinstance(time, int | float) and math.isfinite(time) else 0
    _gather_flat_media(found)
    metrics: dict[str, Any] = {}
    for key, value in found.items():
        if key.startswith("_"):
            continue
        for name, one in _flat_value(key, value):
            if isinstance(one, bool | int | float | str):
                metrics[name] = int(one) if isinstance(one, bool) else one
            elif _media(one):
                media = wandb_media.of_wandb(one, place)
                if media is None:
                    report.skip(str(one["_type"]).removesuffix("-file") + " values")
                else:
                    metrics[name] = media
            elif one is not None:
                report.skip("lists")
    return (moment, step, metrics) if metrics else None


def _gather_flat_media(found: dict[str, Any]) -> None:
    """Newer versions spread a media value over nested keys: ``picture._type``, ``picture.path``, …"""
    for key in [key for key, value in found.items() if key.endswith("._type") and isinstance(value, str)]:
        prefix = key.removesuffix("_type")
        parts = [part for part in found if part.startswith(prefix)]
        found[prefix.removesuffix(".")] = {part.removeprefix(prefix): found.pop(part) for part in parts}


def _saved(folder: Path) -> dict[str, Path]:
    """The files of a run that are neither media nor wandb's own, by their paths."""
    root = folder / "files"
    found: dict[str, Path] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        # A link may lead to anything on this machine: it is counted, not followed.
        if path.is_file() and not path.is_symlink() and name not in _OWN_FILES and not name.startswith("media/"):
            found[name] = path
    return found


def _trees(folder: Path, run_id: str, report: ImportReport) -> list[FileTree]:
    links = sum(path.is_symlink() for path in (folder / "files").rglob("*"))
    if links:
        report.skip("links to saved files", links)
    saved = _saved(folder)
    return [FileTree(f"run-{run_id}-files", "files", saved)] if saved else []


def _console(folder: Path) -> Path | None:
    path = folder / "files" / "output.log"
    return path if path.is_file() and path.stat().st_size else None


def _entry(item: bytes) -> tuple[str, Any]:
    """(key, value) of an item of history, summary or config; nested keys are joined by dots."""
    key, nested, value = "", [], None
    for number, _, content in protobuf.fields(item):
        if number == 1 and isinstance(content, bytes):
            key = content.decode("utf-8", "replace")
        elif number == 2 and isinstance(content, bytes):
            nested.append(content.decode("utf-8", "replace"))
        elif number in (8, 16) and isinstance(content, bytes):
            value = _json(content)
        elif number == 4:
            value = bool(content)
        elif number == 5 and isinstance(content, int):
            value = protobuf.signed(content)
        elif number == 6:
            value = protobuf.double(content)
        elif number == 7 and isinstance(content, bytes):
            value = content.decode("utf-8", "replace")
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        value = float(value)
    return ".".join(nested) if nested else key, value


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def _take(into: dict[str, Any], content: bytes) -> None:
    """A config or summary record: updates (field 1) and removals (field 2); nested keys lead into nested dicts."""
    for number, _, item in protobuf.fields(content):
        if number not in (1, 2) or not isinstance(item, bytes):
            continue
        path = protobuf.texts(item, 2) or protobuf.texts(item, 1)
        if not path:
            continue
        target = into
        for part in path[:-1]:
            below = target.get(part)
            if not isinstance(below, dict):
                below = target[part] = {}
            target = below
        if number == 1:
            target[path[-1]] = _entry(item)[1]
        else:
            target.pop(path[-1], None)


def _run(content: bytes, facts: RunMetadata) -> None:
    for config in protobuf.messages(content, 4):
        _take(facts.config, config)
    facts.config.pop("_wandb", None)
    facts.name = protobuf.text(content, 8) or facts.name or protobuf.text(content, 1)
    facts.group = protobuf.text(content, 6) or facts.group
    facts.job_type = protobuf.text(content, 7) or facts.job_type
    facts.notes = protobuf.text(content, 9) or facts.notes
    facts.tags = protobuf.texts(content, 10) or facts.tags
    host = protobuf.text(content, 13)
    if host:
        facts.details["host"] = host
    for time in protobuf.messages(content, 17):
        facts.start_time = protobuf.integer(time, 1) * 1000 + protobuf.integer(time, 2) // 1_000_000
    for git in protobuf.messages(content, 21):
        facts.details["git"] = {
            name: said for name, said in (("remote", protobuf.text(git, 1)), ("commit", protobuf.text(git, 2))) if said
        }


def _definition(content: bytes, facts: RunMetadata) -> None:
    name = protobuf.text(content, 1) or protobuf.text(content, 2)
    step_metric = protobuf.text(content, 4)
    if name and step_metric:
        facts.details.setdefault("metric_definitions", {})[name] = {"step_metric": step_metric}


def _media(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("_type"), str)


def _flat_value(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and not _media(value):
        for name, one in value.items():
            yield from _flat_value(f"{key}.{name}", one)
    elif isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        yield key, float(value)
    else:
        yield key, value


def _flat(found: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        yield from _flat_value(key, value)


def _same(logged: Any, said: Any) -> bool:
    return bool(logged == said) or (isinstance(said, float) and math.isnan(said) and logged != logged)  # noqa: PLR0124  NaN
