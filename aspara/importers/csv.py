"""CSV files: the logs of Lightning's CSVLogger, TensorBoard's downloads, Aspara's own exports, and any table with a header.

A file is a run, or several where a column names them; a folder is searched for ``*.csv``. Commas, semicolons and tabs are told
apart by the header. Numbers may have a decimal comma, as spreadsheets write them in much of Europe: ``0,5`` and ``1.234,56``.
Lightning's ``hparams.yaml`` beside a file becomes the config.
"""

from __future__ import annotations

import codecs
import csv
import functools
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from aspara.errors import UsageError
from aspara.importers.common import decimal_comma, table_batches, tabular
from aspara.importers.common.flat_yaml import flat_yaml
from aspara.importers.common.row_ranges import RowRange, RowRanges
from aspara.importers.common.source import ImportReport, Row, RunMetadata, SourceRun, literal, place, stamp_of
from aspara.storage.row_codec import MAX_LINE

_ROWS = 1000
_RETURNS = re.compile(r"[^\r]*\r\n?|[^\r]+")
_NO_MOMENT = 1e8
"""A number below this in a column called time counts seconds of the run, not seconds since 1970."""


def recognizes(path: Path) -> bool:
    """True for a file that ends in .csv or .tsv, and for a folder with one."""
    return bool(_files(path))


def runs(
    path: Path, report: ImportReport, *, step: str | None = None, time: str | None = None, run: str | None = None
) -> list[SourceRun]:
    """The runs in the file or folder; `step`, `time` and `run` name the columns where their names do not tell."""
    return tabular.read("csv", path, _files(path), report, lambda file: _runs(file, path, step, time, run))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() in (".csv", ".tsv") else []
    return sorted(p for p in path.rglob("*.csv") if p.is_file())


def _runs(file: Path, root: Path, step: str | None, time: str | None, run: str | None) -> list[SourceRun]:
    quiet = ImportReport()
    with file.open("rb") as content:
        if content.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise UsageError(f"{file.name} is in UTF-16; save it as CSV in UTF-8.")
    first = next(_cells(file, quiet), None)
    if first is None:
        raise UsageError(f"{file.name} has no row below its header.")
    columns = tabular.assign(list(first), step=step, time=time, run=run)
    if columns.time and time is None and _elapsed(first.get(columns.time)):
        columns = tabular.Columns(
            columns.step, None, columns.run, columns.name, columns.value, (*columns.metrics, columns.time)
        )
    if not columns.metrics and not columns.name:
        raise UsageError(f"{file.name} has no column of values beside {', '.join(first)}.")
    base = tabular.name_of(file, root)
    config = _hparams(file)
    stamp = stamp_of([file])
    where = RowRanges() if columns.run is None else _where(file, columns.run)
    names: list[str | None] = [None] if columns.run is None else [name for name in where.runs() if name]
    found = []
    for name in names:
        facts = RunMetadata(name=base if name is None else name, config=dict(config))
        key = place(file) + ("" if name is None else f"#{name}")
        rows = functools.partial(_rows, file, columns, name, where, facts)
        found.append(SourceRun("csv", key, rows, facts, stamp=stamp))
    return found


def _where(file: Path, named: str) -> RowRanges:
    """Where the rows of each run are, by the column that names them."""
    found = RowRanges()
    with file.open("rb") as content:
        lines = _CsvLines(content)
        header, delimiter = _header(lines)
        place = header.index(named)
        reader = csv.reader(lines, delimiter=delimiter)
        while True:
            begin, number = lines.at, lines.number
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error:
                continue
            if len(cells) == len(header):
                found.note(cells[place], begin, number)
        found.exact = lines.exact
    return found


def _rows(
    file: Path, columns: tabular.Columns, run: str | None, where: RowRanges, facts: RunMetadata, report: ImportReport
) -> Iterator[Row]:
    parts = _columns(file, columns.run, run, where, report)
    return table_batches.rows(columns, parts, report, tabular.modified(file), facts)


def _columns(
    file: Path, named: str | None, run: str | None, where: RowRanges, report: ImportReport
) -> Iterator[dict[str, tuple[str, ...]]]:
    """The rows of one run below the header, some at a time, column by column."""
    for header, lines in _parts(file, report, where=None if run is None else (where, run)):
        place = {name: at for at, name in enumerate(header)}
        some = lines if named is None else [cells for cells in lines if cells[place[named]] == run]
        if some:
            found = list(zip(*some, strict=True))
            yield {name: found[at] for name, at in place.items()}


def _cells(file: Path, report: ImportReport) -> Iterator[dict[str, Any]]:
    """The rows below the header, by column."""
    for header, lines in _parts(file, report, 100):
        for cells in lines:
            yield dict(zip(header, cells, strict=True))


def _parts(
    file: Path, report: ImportReport, size: int = _ROWS, where: tuple[RowRanges, str] | None = None
) -> Iterator[tuple[list[str], list[list[str]]]]:
    """The header, and so many of the rows below it at a time; of a run only, if it is said where that is."""
    with file.open("rb") as content:
        lines = _CsvLines(content)
        header, delimiter = _header(lines)
        whole = RowRange(lines.at, None, lines.number)
        has_decimal_comma = _has_decimal_comma(file)
        for part in [whole] if where is None else where[0].of(where[1], whole):
            lines.go(part)
            for names, rows in _whole_rows(file, lines, header, delimiter, size, report):
                yield names, [list(map(decimal_comma.plain, cells)) for cells in rows] if has_decimal_comma else rows


def _has_decimal_comma(file: Path) -> bool:
    with file.open("rb") as content:
        lines = _CsvLines(content)
        header, delimiter = _header(lines)
        first = next(_whole_rows(file, lines, header, delimiter, _ROWS, ImportReport()), None)
    return first is not None and decimal_comma.is_used((cell for cells in first[1] for cell in cells), delimiter)


def _whole_rows(
    file: Path, lines: _CsvLines, header: list[str], delimiter: str, size: int, report: ImportReport
) -> Iterator[tuple[list[str], list[list[str]]]]:
    reader = csv.reader(lines, delimiter=delimiter)
    found: list[list[str]] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            report.problem(f"{file.name}: line {lines.number}: {error}")
            continue
        if not cells or (len(cells) == 1 and not cells[0].strip("\0 ")):
            continue
        if len(cells) != len(header):
            report.problem(f"{file.name}: line {lines.number} has {len(cells)} cells, the header {len(header)}")
            continue
        found.append(cells)
        if len(found) >= size:
            yield header, found
            found = []
    if found:
        yield header, found


def _header(lines: _CsvLines) -> tuple[list[str], str]:
    """The names of the columns, and what stands between them. The second of one name is called ``loss (2)``."""
    head = next(lines, "").removeprefix("\ufeff")
    delimiter = max(",;\t", key=head.count)
    names: dict[str, None] = {}
    for name in next(csv.reader([head], delimiter=delimiter), []):
        free = (name if n == 1 else f"{name} ({n})" for n in itertools.count(1))
        names[next(given for given in free if given not in names)] = None
    return list(names), delimiter


class _CsvLines:
    """The lines of a file as text, and at which byte and line the next one begins. One that never ends comes in pieces."""

    def __init__(self, content: BinaryIO) -> None:
        self.at = self.number = 0
        self.exact = True
        """False once something was not a line that ends in a line feed: then bytes and lines mean little."""
        self._content = content
        self._end: int | None = None
        self._pieces: Iterator[str] = iter(())

    def go(self, stretch: RowRange) -> None:
        """Goes on at a part of the file, and ends with it."""
        if self.exact:
            self._content.seek(stretch.begin)
            self.at, self.number, self._end = stretch.begin, stretch.line, stretch.end

    def __iter__(self) -> _CsvLines:
        return self

    def __next__(self) -> str:
        piece = next(self._pieces, None)
        if piece is not None:
            return piece
        if self._end is not None and self.at >= self._end:
            raise StopIteration
        line = self._content.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.at += len(line)
        self.number += 1
        text = line.decode("utf-8", "replace")
        if "\r" in text[:-2]:
            # Lines of an old Mac, which end in nothing but that.
            self.exact = False
            self._pieces = iter(_RETURNS.findall(text))
            return next(self._pieces)
        return text


def _elapsed(value: Any) -> bool:
    number = tabular.cell(value)
    return isinstance(number, int | float) and abs(number) < _NO_MOMENT


def _hparams(file: Path) -> dict[str, Any]:
    try:
        return {key: literal(value) for key, value in flat_yaml(file.with_name("hparams.yaml")).items()}
    except OSError:
        return {}
