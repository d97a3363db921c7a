"""CSV files: the logs of Lightning's CSVLogger, TensorBoard's downloads, Aspara's own exports, and any table with a header.

A file is a run, or several where a column names them; a folder is searched for ``*.csv``. Commas, semicolons and tabs are told
apart by the header. Lightning's ``hparams.yaml`` beside a file becomes the config.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.errors import UsageError
from aspara.importers import chunks, table
from aspara.importers.flat_yaml import flat_yaml
from aspara.importers.source import Facts, Report, Row, SourceRun, literal, place, stamp_of
from aspara.storage.rows import MAX_LINE

_ROWS = 1000
_NO_MOMENT = 1e8
"""A number below this in a column called time counts seconds of the run, not seconds since 1970."""


def recognizes(path: Path) -> bool:
    """True for a file that ends in .csv or .tsv, and for a folder with one."""
    return bool(_files(path))


def runs(
    path: Path, report: Report, *, step: str | None = None, time: str | None = None, run: str | None = None
) -> list[SourceRun]:
    """The runs in the file or folder; `step`, `time` and `run` name the columns where their names do not tell."""
    return table.read("csv", path, _files(path), report, lambda file: _runs(file, path, step, time, run))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in (".csv", ".tsv") else []
    return sorted(p for p in path.rglob("*.csv") if p.is_file())


def _runs(file: Path, root: Path, step: str | None, time: str | None, run: str | None) -> list[SourceRun]:
    quiet = Report()
    first = next(_cells(file, quiet), None)
    if first is None:
        raise UsageError(f"{file.name} has no row below its header.")
    columns = table.assign(list(first), step=step, time=time, run=run)
    if columns.time and time is None and _elapsed(first.get(columns.time)):
        columns = table.Columns(
            columns.step, None, columns.run, columns.name, columns.value, (*columns.metrics, columns.time)
        )
    if not columns.metrics and not columns.name:
        raise UsageError(f"{file.name} has no column of values beside {', '.join(first)}.")
    base = table.name_of(file, root)
    config = _hparams(file)
    stamp = stamp_of([file])
    if columns.run is None:
        names: list[str | None] = [None]
    else:
        seen = dict.fromkeys(str(cells.get(columns.run)) for cells in _cells(file, quiet))
        names = [name for name in seen if name]
    found = []
    for name in names:
        facts = Facts(name=base if name is None else name, config=dict(config))
        key = place(file) + ("" if name is None else f"#{name}")
        rows = functools.partial(_rows, file, columns, name, facts)
        found.append(SourceRun("csv", key, rows, facts, stamp=stamp))
    return found


def _rows(file: Path, columns: table.Columns, run: str | None, facts: Facts, report: Report) -> Iterator[Row]:
    return chunks.rows(columns, _columns(file, columns.run, run, report), report, table.modified(file), facts)


def _columns(file: Path, named: str | None, run: str | None, report: Report) -> Iterator[dict[str, tuple[str, ...]]]:
    """The rows of one run below the header, some at a time, column by column."""
    for header, lines in _parts(file, report):
        place = {name: at for at, name in enumerate(header)}
        some = lines if named is None else [cells for cells in lines if cells[place[named]] == run]
        if some:
            found = list(zip(*some, strict=True))
            yield {name: found[at] for name, at in place.items()}


def _cells(file: Path, report: Report) -> Iterator[dict[str, Any]]:
    """The rows below the header, by column."""
    for header, lines in _parts(file, report, 100):
        for cells in lines:
            yield dict(zip(header, cells, strict=True))


def _parts(file: Path, report: Report, size: int = _ROWS) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The header, and so many of the rows below it at a time."""
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        head = lines.readline(MAX_LINE)
        delimiter = max(",;\t", key=head.count)
        header = next(csv.reader([head], delimiter=delimiter), [])
        # A line that never ends is taken in pieces, each of which is reported as what it is.
        reader = csv.reader(iter(lambda: lines.readline(MAX_LINE), ""), delimiter=delimiter)
        found: list[list[str]] = []
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                report.problem(f"{file.name}: line {reader.line_num + 1}: {error}")
                continue
            if not cells or (len(cells) == 1 and not cells[0].strip("\0 ")):
                continue
            if len(cells) != len(header):
                report.problem(
                    f"{file.name}: line {reader.line_num + 1} has {len(cells)} cells, the header {len(header)}"
                )
                continue
            found.append(cells)
            if len(found) >= size:
                yield header, found
                found = []
        if found:
            yield header, found


def _elapsed(value: Any) -> bool:
    number = table.cell(value)
    return isinstance(number, int | float) and abs(number) < _NO_MOMENT


def _hparams(file: Path) -> dict[str, Any]:
    try:
        return {key: literal(value) for key, value in flat_yaml(file.with_name("hparams.yaml")).items()}
    except OSError:
        return {}
