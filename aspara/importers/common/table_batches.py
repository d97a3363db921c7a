"""Rows of tables, many at a time: the same as :func:`aspara.importers.common.tabular.row` makes of them one by one, in a third of the time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aspara.importers.common.source import BAD_STEP, BAD_TIME, ImportReport, Row, RunMetadata
from aspara.importers.common.tabular import Columns, begins, cell, milliseconds, moment, whole, without_missing
from aspara.limits import MAX_STEP

_LONGEST_WHOLE = 15
_LATEST = 1e19
"""Times above this are none in any unit."""
_NUMBERS = {int, float}
Cells = Sequence[Any]


def rows(
    columns: Columns,
    parts: Iterable[Mapping[str, Cells]],
    report: ImportReport,
    time: int,
    facts: RunMetadata | None = None,
) -> Iterator[Row]:
    """The rows of one run in a table; those in which nothing was logged are left out.

    Args:
        columns: What each column is.
        parts: The table a part at a time, column by column, all of one length and at least one row.
        report: What could not be read.
        time: The time (ms) of rows before the first that has one.
        facts: Where to note when the run began, if its rows say it.

    """
    number = 0
    for cells in parts:
        if facts is not None:
            begins(facts, cells)
        for row in _rows(columns, cells, number, report, time):
            if columns.time:
                time = row[0]
            yield row
        number += len(next(iter(cells.values())))


def _rows(columns: Columns, cells: Mapping[str, Cells], number: int, report: ImportReport, time: int) -> Iterator[Row]:
    count = len(next(iter(cells.values())))
    steps = _steps(cells.get(columns.step or ""), number, count, report)
    times = _times(cells.get(columns.time or ""), time, count, report) if columns.time else [time] * count
    if columns.name and columns.value:
        yield from _points(columns, cells, times, steps)
        return
    values = [values_of(cells[name]) for name in columns.metrics]
    if any(None in column for column in values):
        for time_, step, *found in zip(times, steps, *values, strict=True):
            metrics = {n: v for n, v in zip(columns.metrics, found, strict=True) if v is not None}
            if metrics:
                yield time_, step, metrics
    else:
        for time_, step, *found in zip(times, steps, *values, strict=True):
            yield time_, step, dict(zip(columns.metrics, found, strict=True))


def values_of(column: Cells) -> Cells:
    """The cells of a column as a metric's values, as :func:`aspara.importers.common.tabular.cell` has them."""
    kinds = set(map(type, column))
    if kinds <= _NUMBERS:
        return column
    if kinds == {str}:
        together = "".join(column)
        try:
            if together.isascii() and together.isdigit() and max(map(len, column)) <= _LONGEST_WHOLE:
                return list(map(int, column))
            found = list(map(float, column))
        except ValueError:
            pass
        else:
            # A number without a point is whole, as it is among texts.
            return found if all("." in text or "e" in text for text in column) else list(map(cell, column))
    return without_missing(list(map(cell, column)))


def _points(columns: Columns, cells: Mapping[str, Cells], times: Sequence[int], steps: Sequence[int]) -> Iterator[Row]:
    assert columns.name is not None
    assert columns.value is not None
    names, values = cells[columns.name], values_of(cells[columns.value])
    texts = cells[columns.text] if columns.text else [None] * len(names)
    for time, step, name, value, text in zip(times, steps, names, values, texts, strict=True):
        found = (text if isinstance(text, str) and text else None) if value is None else value
        if name and found is not None:
            yield time, step, {str(name): found}


def _steps(column: Cells | None, number: int, count: int, report: ImportReport) -> Sequence[int]:
    if column is None:
        return range(number, number + count)
    found = values_of(column)
    if set(map(type, found)) == {int} and max(found) <= MAX_STEP and min(found) >= -MAX_STEP:
        return found
    steps = []
    for place, value in enumerate(found, number):
        step = whole(value)
        if step is None:
            report.problem(BAD_STEP)
            step = place
        steps.append(step)
    return steps


def _times(column: Cells | None, time: int, count: int, report: ImportReport) -> Sequence[int]:
    if column is None:
        return [time] * count
    found = values_of(column)
    if set(map(type, found)) <= _NUMBERS and all(map(math.isfinite, found)) and max(map(abs, found)) < _LATEST:
        unit = milliseconds(min(found))
        if min(found) >= 0 and unit == milliseconds(max(found)):
            return [round(value * unit) for value in found]
        return [round(value * milliseconds(value)) for value in found]
    times = []
    for value in column:
        known = moment(value)
        if known is None:
            report.problem(BAD_TIME)
        else:
            time = known
        times.append(time)
    return times
