"""Reading many rows at once: a block of whole lines becomes columns without a Python object for each row.

polars parses the block against a schema that expects a whole timestamp, a whole step and numbers under known metric names.
It refuses whatever is not exactly that, except for two things which it passes over in silence: a name the schema does not
have, and a name that comes twice. Both leave more quotation marks in the block than the parsed values account for, so
counting those makes the result certain. Whatever does not fit is left to the careful parser, row by row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from aspara.catalog.parsing.uniform_rows import counted, parse_alike
from aspara.limits import MAX_INTEGER

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

SMALLEST = 64 << 10
"""Bytes from which a block is worth it."""
MOST_NAMES = 20_000
"""Metrics from which polars' search for each name costs more than it saves."""
_LIMIT = MAX_INTEGER
_SAMPLES, _FEW_SAMPLES = 24, 3
_WIDE = 64

# Numbers that nobody logs stand in for those that JSON has no word for; a block that holds one of them is parsed row by row.
_STANDINS = (
    (b"-Infinity", b"-1.797693134862311e308", -1.797693134862311e308, float("-inf")),
    (b"Infinity", b"1.797693134862311e308", 1.797693134862311e308, float("inf")),
    (b"NaN", b"1.797693134862313e308", 1.797693134862313e308, float("nan")),
)
Standins = Sequence[tuple[bytes, bytes, float, float]]
_EXPONENTS = (b"e308", b"E308", b"e+308", b"E+308")


@dataclass(frozen=True)
class ParsedRows:
    """Rows as columns: ``steps`` and ``times`` of all of them, and per metric the values with the rows they stand in
    (None: in every row).
    """

    steps: Integers
    times: Integers
    values: dict[str, tuple[Floats, Any]]
    points: int


def names_in(block: bytes, known: set[str]) -> set[str]:
    """`known` and the names of metrics found in some rows of `block`."""
    found = set(known)
    # Of few long rows not all are parsed twice.
    rows = len(block) // max(1, block.find(b"\n"))
    stride = max(1, len(block) // (_FEW_SAMPLES if known else min(_SAMPLES, _FEW_SAMPLES + rows // 8)))
    for start in range(0, len(block), stride):
        begin = 0 if start == 0 else block.find(b"\n", start) + 1
        end = block.find(b"\n", begin)
        if end > begin:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                found.update(orjson.loads(block[begin:end])["metrics"])
    return found


def parse_bulk(block: bytes, names: set[str]) -> ParsedRows | None:
    """The block as columns, or None where the careful parser must look. ``names`` are the metrics known to expect."""
    if not names or len(names) > MOST_NAMES:
        return None
    standins = [s for s in _STANDINS if s[0] in block] if b"N" in block or b"I" in block else []
    text = block
    if standins:
        if any(exponent in block for exponent in _EXPONENTS):
            return None
        for word, number, _, _ in standins:
            text = text.replace(b'"' + word + b'"', number).replace(word, number)
    alike = parse_alike(text)
    if alike is None or not _named(alike.values, standins):
        return _of_json(text, names, standins)
    if not _within(alike.steps, alike.times):
        return None
    values = {name: (_meant(array, standins), None) for name, array in alike.values.items()}
    found = ParsedRows(alike.steps, alike.times, values, len(alike.steps) * len(values))
    if alike.here is None:
        return found
    more = names_in(alike.others, names)
    others = _of_json(alike.others, more, standins) if _named(more, standins) else None
    return None if others is None else _mixed(found, others, alike.here)


def _named(names: Iterable[str], standins: Standins) -> bool:
    """True where no number stands in a name for something else."""
    return not any(number.decode().lstrip("-") in name for _, number, _, _ in standins for name in names)


def _mixed(one: ParsedRows, other: ParsedRows, here: Any) -> ParsedRows:
    """Rows of two kinds in the order of their lines; `here` says which lines those of `one` are, which have all of its metrics."""
    import numpy as np

    there = np.flatnonzero(~here)

    def in_order(first: Any, second: Any) -> Any:
        found = np.empty(len(here), first.dtype)
        found[here], found[there] = first, second
        return found

    values: dict[str, tuple[Floats, Any]] = {name: (array, here) for name, (array, _) in one.values.items()}
    for name, (array, where) in other.values.items():
        lines = there if where is None else there[where]
        if name not in one.values:
            mask = np.zeros(len(here), np.bool_)
            mask[lines] = True
            values[name] = array, mask
            continue
        mask, found = here.copy(), np.empty(len(here))
        mask[lines] = True
        found[here], found[lines] = values[name][0], array
        values[name] = (found, None) if mask.all() else (found[mask], mask)
    return ParsedRows(
        in_order(one.steps, other.steps), in_order(one.times, other.times), values, one.points + other.points
    )


def _of_json(text: bytes, names: set[str], standins: Standins) -> ParsedRows | None:
    import polars as pl

    schema: dict[str, Any] = {
        "timestamp": pl.Int64,
        "step": pl.Int64,
        "metrics": pl.Struct(dict.fromkeys(sorted(names), pl.Float64)),
    }
    frame = _parsed(text, schema)
    if frame is None:
        return None
    rows, marks = counted(text, b"\n", b'"')
    steps, times = frame["step"], frame["timestamp"]
    metrics = frame["metrics"]
    if len(frame) != rows or steps.null_count() or times.null_count() or metrics.null_count():
        return None
    columns = metrics.struct.unnest()
    series = {column.name: column for column in columns.iter_columns()}
    missing = {name: column.null_count() for name, column in series.items()}
    points = rows * len(missing) - sum(missing.values())
    if marks != 2 * (3 * rows + points):
        return None
    step_array, time_array = steps.to_numpy(), times.to_numpy()
    if not _within(step_array, time_array):
        return None
    values: dict[str, tuple[Floats, Any]] = {}
    # Many columns of few rows: one conversion for all of those that are full.
    matrix = columns.to_numpy(order="fortran") if len(missing) > _WIDE and not any(missing.values()) else None
    for place, (name, count) in enumerate(missing.items()):
        if count == rows:
            continue
        where = series[name].is_not_null().to_numpy() if count else None
        if count:
            array = series[name].drop_nulls().to_numpy()
        else:
            array = series[name].to_numpy() if matrix is None else matrix[:, place]
        values[name] = (_meant(array, standins), where)
    return ParsedRows(step_array, time_array, values, points)


def _within(*arrays: Integers) -> bool:
    return not any(len(array) and max(-int(array.min()), int(array.max())) >= _LIMIT for array in arrays)


def _meant(array: Floats, standins: Standins) -> Floats:
    """The numbers that were meant."""
    if standins:
        array = array.copy()
        for _, _, stood_in, meant in standins:
            array[array == stood_in] = meant
    return array


def _parsed(text: bytes, schema: dict[str, Any]) -> polars.DataFrame | None:
    import polars as pl

    try:
        return pl.read_ndjson(text, schema=schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):  # other than whole rows of numbers
        return None
