"""trackio's SQLite files: one ``<project>.db`` a project, in ``~/.cache/huggingface/trackio`` unless TRACKIO_DIR says else.

Metrics with their steps and times, media, tables, system metrics, config, group and start are taken; versions of artifacts, alerts
and traces are counted and left. trackio does not keep how a run ended, so its runs are shown as completed.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from aspara.importers.common import sqlite
from aspara.importers.common.media import EncodedMedia
from aspara.importers.common.source import ImportReport, Row, RunMetadata, SourceRun, nothing_found, place, stamp_of
from aspara.importers.common.wandb_media import MediaFolder, of_wandb
from aspara.media.base import Media
from aspara.media.table import Table
from aspara.media.text import Text
from aspara.storage.row_codec import parse_timestamp
from aspara.util.json_safe import NONFINITE


def recognizes(path: Path) -> bool:
    """True for such a database, and for a folder with one."""
    return bool(_databases(path))


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """The runs of every project there."""
    databases = _databases(path)
    if not databases:
        raise nothing_found("trackio", path, "give a project's .db file, or the folder with all of them.")
    found: list[SourceRun] = []
    for database in databases:
        try:
            found.extend(_runs(database, report))
        except sqlite3.Error as error:
            report.problem(f"{database.name}: {error}")
    return found


def _databases(path: Path) -> list[Path]:
    candidates = [path] if path.is_file() else sorted(path.glob("*.db"))
    return [candidate for candidate in candidates if _is_ours(candidate)]


def _is_ours(path: Path) -> bool:
    if not sqlite.is_database(path):
        return False
    try:
        with sqlite.opened(path) as connection:
            return {"timestamp", "run_name", "step", "metrics"} <= sqlite.columns(connection, "metrics")
    except sqlite3.Error:
        return False


def _runs(path: Path, report: ImportReport) -> Iterator[SourceRun]:
    with sqlite.opened(path) as connection:
        # Before run_id came, a name was all that told runs apart.
        column = "run_id" if "run_id" in sqlite.columns(connection, "metrics") else "run_name"
        configs = {}
        if {column, "config"} <= sqlite.columns(connection, "configs"):
            for key, config in connection.execute(f"SELECT {column}, config FROM configs"):  # noqa: S608  no outside text
                configs[key] = _json(config)
        named = connection.execute(
            f"SELECT {column}, MAX(run_name), MIN(id) AS first FROM metrics GROUP BY {column} ORDER BY first"  # noqa: S608
        ).fetchall()
        if {column, "run_name"} <= sqlite.columns(connection, "configs"):
            have = {key for key, _, _ in named}
            for key, name in connection.execute(f"SELECT {column}, run_name FROM configs"):  # noqa: S608
                if key not in have:
                    named.append((key, name, None))
        for part, what in (("artifact_versions", "versions of artifacts"), ("alerts", "alerts"), ("traces", "traces")):
            if sqlite.columns(connection, part):
                count = connection.execute(f"SELECT COUNT(*) FROM {part}").fetchone()[0]  # noqa: S608  no outside text
                if count:
                    report.skip(what, count)
    stamp = stamp_of(sqlite.files_of(path))
    for key, name, _ in named:
        config = configs.get(key) or {}
        facts = RunMetadata(name=str(name or key), config={k: v for k, v in config.items() if not k.startswith("_")})
        facts.start_time = parse_timestamp(config.get("_Created"))
        if isinstance(config.get("_Group"), str):
            facts.group = config["_Group"]
        yield SourceRun(
            "trackio",
            str(key) if column == "run_id" else f"{place(path)}#{key}",
            functools.partial(_rows, path, column, key, facts),
            facts,
            project=path.stem,
            id=str(key) if column == "run_id" else None,
            stamp=stamp,
        )


def _rows(path: Path, column: str, key: Any, facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    place_ = MediaFolder(path.parent / "media")
    try:
        with sqlite.opened(path) as connection:
            samples = _samples(connection, column, key)
            waiting = next(samples, None)
            listed = connection.execute(
                f"SELECT id, timestamp, step, metrics FROM metrics WHERE {column} = ? ORDER BY id",  # noqa: S608
                (key,),
            )
            last, last_step = 0, 0
            for number, timestamp, step, content in listed:
                found = _json(content)
                if not isinstance(found, dict) or not isinstance(step, int):
                    report.problem(f"{path.name}: row {number} of metrics cannot be read")
                    continue
                last = parse_timestamp(timestamp) or last
                while waiting is not None and waiting[0] < last:
                    facts.captured.update(waiting[1])
                    yield waiting[0], last_step, waiting[1]
                    waiting = next(samples, None)
                last_step = step
                metrics: dict[str, Any] = {}
                for name, value in found.items():
                    _take(metrics, name, value, place_, report)
                if metrics:
                    yield last, step, metrics
            while waiting is not None:
                facts.captured.update(waiting[1])
                yield waiting[0], last_step, waiting[1]
                waiting = next(samples, None)
    except sqlite3.Error as error:
        report.problem(f"{path.name}: {error}")


def _samples(connection: sqlite3.Connection, column: str, key: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """(time, metrics) of each sample of the machine, in the order of their coming."""
    if not {column, "metrics", "timestamp"} <= sqlite.columns(connection, "system_metrics"):
        return
    listed = connection.execute(
        f"SELECT timestamp, metrics FROM system_metrics WHERE {column} = ? ORDER BY id",  # noqa: S608  no outside text
        (key,),
    )
    for timestamp, content in listed:
        found, time = _json(content), parse_timestamp(timestamp)
        if not isinstance(found, dict) or time is None:
            continue
        numbers = {f"system/{name}": NONFINITE.get(v, v) if isinstance(v, str) else v for name, v in found.items()}
        kept = {n: v for n, v in numbers.items() if isinstance(v, int | float) and not isinstance(v, bool)}
        if kept:
            yield time, kept


def _take(metrics: dict[str, Any], name: str, value: Any, place_: MediaFolder, report: ImportReport) -> None:
    if isinstance(value, str):
        metrics[name] = NONFINITE.get(value, value)
    elif isinstance(value, bool | int | float):
        metrics[name] = int(value) if isinstance(value, bool) else value
    elif isinstance(value, dict) and "_type" in value:
        media = _media(value, place_)
        if media is None:
            report.skip(str(value["_type"]).removeprefix("trackio.") + " values")
        else:
            metrics[name] = media
    elif isinstance(value, dict):
        for key, inner in value.items():
            _take(metrics, f"{name}.{key}", inner, place_, report)
    elif value is not None:
        report.skip("lists")


def _media(value: dict[str, Any], place_: MediaFolder) -> Media | str | None:
    """Pictures, sounds and films by their files, tables, histograms and Markdown by their values; None for other kinds."""
    kind, content = str(value["_type"]).removeprefix("trackio."), value.get("_value")
    if kind in ("image", "audio", "video"):
        path = place_.path(value.get("file_path"))
        caption = value.get("caption")
        return None if path is None else EncodedMedia(kind, path, caption=caption if isinstance(caption, str) else None)
    if kind == "histogram":
        return of_wandb(value | {"_type": "histogram"}, place_)
    if kind == "markdown" and isinstance(content, str):
        return Text(content, format="markdown")
    if kind == "table" and isinstance(content, list) and all(isinstance(row, dict) for row in content):
        columns = list(dict.fromkeys(str(name) for row in content for name in row))
        return Table(columns=columns, data=[[row.get(c) for c in columns] for row in content], allow_mixed_types=True)
    return None


def _json(content: Any) -> Any:
    try:
        return orjson.loads(content)
    except (ValueError, TypeError):
        return None
