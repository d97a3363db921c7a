"""trackio's SQLite files: one ``<project>.db`` a project, in ``~/.cache/huggingface/trackio`` unless TRACKIO_DIR says else.

Metrics with their steps and times, config, group and start are taken; media, tables and system metrics are counted and left.
trackio does not keep how a run ended, so its runs are shown as completed.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from aspara.importers import sqlite
from aspara.importers.source import Facts, Report, Row, SourceRun, nothing_found, place, stamp_of
from aspara.storage.rows import NONFINITE, parse_timestamp


def recognizes(path: Path) -> bool:
    """True for such a database, and for a folder with one."""
    return bool(_databases(path))


def runs(path: Path, report: Report) -> list[SourceRun]:
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


def _runs(path: Path, report: Report) -> Iterator[SourceRun]:
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
        if "metrics" in sqlite.columns(connection, "system_metrics"):
            count = connection.execute("SELECT COUNT(*) FROM system_metrics").fetchone()[0]
            if count:
                report.skip("system metrics", count)
    stamp = stamp_of(sqlite.files_of(path))
    for key, name, _ in named:
        config = configs.get(key) or {}
        facts = Facts(name=str(name or key), config={k: v for k, v in config.items() if not k.startswith("_")})
        facts.start_time = parse_timestamp(config.get("_Created"))
        if isinstance(config.get("_Group"), str):
            facts.group = config["_Group"]
        yield SourceRun(
            "trackio",
            str(key) if column == "run_id" else f"{place(path)}#{key}",
            functools.partial(_rows, path, column, key),
            facts,
            project=path.stem,
            id=str(key) if column == "run_id" else None,
            stamp=stamp,
        )


def _rows(path: Path, column: str, key: Any, report: Report) -> Iterator[Row]:
    try:
        with sqlite.opened(path) as connection:
            listed = connection.execute(
                f"SELECT id, timestamp, step, metrics FROM metrics WHERE {column} = ? ORDER BY id",  # noqa: S608
                (key,),
            )
            last = 0
            for number, timestamp, step, content in listed:
                found = _json(content)
                if not isinstance(found, dict) or not isinstance(step, int):
                    report.problem(f"{path.name}: row {number} of metrics cannot be read")
                    continue
                last = parse_timestamp(timestamp) or last
                metrics: dict[str, Any] = {}
                for name, value in found.items():
                    _take(metrics, name, value, report)
                if metrics:
                    yield last, step, metrics
    except sqlite3.Error as error:
        report.problem(f"{path.name}: {error}")


def _take(metrics: dict[str, Any], name: str, value: Any, report: Report) -> None:
    if isinstance(value, str):
        metrics[name] = NONFINITE.get(value, value)
    elif isinstance(value, bool | int | float):
        metrics[name] = int(value) if isinstance(value, bool) else value
    elif isinstance(value, dict) and "_type" in value:
        report.skip(str(value["_type"]).removeprefix("trackio.") + " values")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _take(metrics, f"{name}.{key}", inner, report)
    elif value is not None:
        report.skip("lists")


def _json(content: Any) -> Any:
    try:
        return orjson.loads(content)
    except (ValueError, TypeError):
        return None
