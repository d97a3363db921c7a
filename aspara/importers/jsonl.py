"""JSON lines: Aspara's own exports and row files, and any log of one object a line.

An object with ``metrics`` is a row as Aspara writes it (``timestamp``, ``step``, ``metrics``); any other is taken apart by the names
of its keys, as a table is by those of its columns. A file is a run, or several where a key names them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from aspara.errors import UsageError
from aspara.importers.common import tabular
from aspara.importers.common.row_ranges import RowRange, RowRanges
from aspara.importers.common.source import (
    BAD_STEP,
    BAD_TIME,
    ImportReport,
    Row,
    RunMetadata,
    SourceRun,
    place,
    stamp_of,
)
from aspara.limits import MAX_STEP
from aspara.storage.row_codec import MAX_LINE, parse_timestamp
from aspara.util.json_safe import NONFINITE

_ENDINGS = (".jsonl", ".ndjson")
_LOOKED_AT = 20


def recognizes(path: Path) -> bool:
    """True for a file that ends in .jsonl or .ndjson, and for a folder with one."""
    return bool(_files(path))


def runs(
    path: Path, report: ImportReport, *, step: str | None = None, time: str | None = None, run: str | None = None
) -> list[SourceRun]:
    """The runs in the file or folder; `step`, `time` and `run` name the keys where their names do not tell."""
    return tabular.read("jsonl", path, _files(path), report, lambda file: _runs(file, path, step, time, run))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in _ENDINGS else []
    return sorted(p for p in path.rglob("*") if p.suffix.lower() in _ENDINGS and p.is_file())


def _runs(file: Path, root: Path, step: str | None, time: str | None, run: str | None) -> Iterator[SourceRun]:
    quiet = ImportReport()
    keys: dict[str, None] = {}
    for number, cells in enumerate(_objects(file, quiet)):
        keys.update(dict.fromkeys(cells))
        if number >= _LOOKED_AT:
            break
    if not keys:
        raise UsageError(f"{file.name} holds no line that is a JSON object.")
    # The keys of rows say nothing about the columns of a table, but for the one that names the run.
    named = tabular.assign(list(keys), step=step, time=time, run=run).run
    where = RowRanges()
    names: list[str | None] = [None]
    if named is not None:
        lines = _JsonLines()
        for cells in _objects(file, quiet, lines):
            if cells.get(named) is not None:
                where.note(str(cells[named]), lines.begin, lines.number - 1)
        names = list(where.runs())
    for name in names:
        facts = RunMetadata(name=tabular.name_of(file, root) if name is None else name)
        yield SourceRun(
            "jsonl",
            place(file) + ("" if name is None else f"#{name}"),
            functools.partial(_rows, file, (step, time, named), name, where, facts),
            facts,
            stamp=stamp_of([file]),
        )


def _rows(
    file: Path,
    named: tuple[str | None, str | None, str | None],
    run: str | None,
    where: RowRanges,
    facts: RunMetadata,
    report: ImportReport,
) -> Iterator[Row]:
    step, time, key = named
    known: dict[tuple[str, ...], tabular.Columns] = {}
    moment, number = tabular.modified(file), -1
    parts = [RowRange(0, None, 0)] if run is None else where.of(run, RowRange(0, None, 0))
    for cells in chain.from_iterable(_objects(file, report, _JsonLines(part)) for part in parts):
        if run is not None and str(cells.get(key or "")) != run:
            continue
        number += 1
        if isinstance(cells.get("metrics"), dict):
            found = _row(cells, number, moment, report)
        else:
            shape = tuple(cells)
            if shape not in known:
                there = {
                    name: given for name, given in (("step", step), ("time", time), ("run", key)) if given in shape
                }
                known[shape] = tabular.assign(shape, **there)
            flat = {name: value for key_, cell in cells.items() for name, value in _flat(key_, cell, report)}
            tabular.begin(facts, cells)
            found = tabular.row(_widened(known[shape], cells, flat), flat, number, report, moment, typed=True)
        if found is not None:
            moment = found[0]
            yield found


def _widened(columns: tabular.Columns, cells: dict[str, Any], flat: dict[str, Any]) -> tabular.Columns:
    """The columns with those of nested objects in the place of the objects."""
    if flat.keys() == cells.keys() or columns.name:
        return columns
    metrics = tuple(n for n in flat if n in columns.metrics or n.partition(".")[0] in columns.metrics)
    return tabular.Columns(columns.step, columns.time, columns.run, None, None, metrics)


def _row(cells: dict[str, Any], number: int, moment: int, report: ImportReport) -> Row | None:
    """A row of Aspara's own form. What is wrong with it costs no more than itself."""
    time, step = parse_timestamp(cells.get("timestamp")), cells.get("step")
    if time is None:
        report.problem(BAD_TIME)
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or abs(step) > MAX_STEP):
        report.problem(BAD_STEP)
        step = None
    kept: dict[str, Any] = {}
    for name, value in cells["metrics"].items():
        if isinstance(value, dict | list):
            report.skip("media values" if isinstance(value, dict) else "lists")
        elif value is not None:
            plain = NONFINITE.get(value, value) if isinstance(value, str) else value
            kept[name] = int(plain) if isinstance(plain, bool) else plain
    return (moment if time is None else time, number if step is None else step, kept) if kept else None


def _flat(name: str, value: Any, report: ImportReport) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner, report)
    elif isinstance(value, list):
        report.skip("lists")
    elif isinstance(value, str):
        yield name, NONFINITE.get(value, value)
    elif value is not None:
        yield name, value


class _JsonLines:
    """How far a part of a file has been read: the byte at which the last line began, and how many lines there were before its end."""

    def __init__(self, part: RowRange | None = None) -> None:
        self.begin = self.at = part.begin if part else 0
        self.end = part.end if part else None
        self.number = part.line if part else 0


def _objects(file: Path, report: ImportReport, place: _JsonLines | None = None) -> Iterator[dict[str, Any]]:
    """The objects of the lines, of all or of a part of the file; what is none is reported."""
    place = place or _JsonLines()
    with file.open("rb") as lines:
        lines.seek(place.at)
        while (place.end is None or place.at < place.end) and (line := lines.readline(MAX_LINE)):
            place.begin = place.at
            place.at += len(line)
            place.number += 1
            if len(line) >= MAX_LINE and not line.endswith(b"\n"):
                while rest := lines.readline(MAX_LINE):
                    place.at += len(rest)
                    if rest.endswith(b"\n"):
                        break
                report.problem(f"{file.name}: line {place.number} is longer than {MAX_LINE} bytes")
                continue
            if not line.strip(b"\0 \t\r\n"):
                continue
            try:
                found = orjson.loads(line)
            except ValueError:
                found = _leniently(line)
            if isinstance(found, dict):
                yield found
            elif line.endswith(b"\n"):
                report.problem(f"{file.name}: line {place.number} is no JSON object")


def _leniently(line: bytes) -> Any:
    # The standard parser takes bare NaN and Infinity, which many programs write.
    import json

    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
