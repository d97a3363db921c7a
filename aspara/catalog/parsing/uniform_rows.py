"""Reading rows that are alike: the same metrics in the same order, one number under each.

Such rows differ in their numbers only. Cut at their commas they are a table whose columns begin with the same characters in
every row, and what is left behind those is a number. That is about half the work of parsing JSON, and as certain: the
beginnings are compared in every row, and what Rust takes for a number and JSON does not (``+1``, ``01``, ``.5``, ``1.``, ``inf``)
is looked for. Rows of another kind that stand among them now and then are handed on; whatever else does not fit is left to others.
"""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

MOST_NAMES = 64
"""Metrics from which cutting at commas costs more than it saves, for what each column costs by itself."""
_ROWS = 10
"""Rows for each metric from which it saves."""
_KEYS = ["timestamp", "step", "metrics"]
_MOST_COMMAS = MOST_NAMES + 1
_END = b"}}"
_LOOKS, _ENOUGH = 12, 10
_PIECE = 256 << 10


@dataclass(frozen=True)
class RowTemplate:
    """What every row has: what stands before each of its numbers, and the metrics' names, in order; and one such line."""

    before: tuple[bytes, ...]
    names: list[str]
    line: bytes


@dataclass(frozen=True)
class UniformRows:
    """Rows as columns: ``steps``, ``times`` (ms), and the values of each metric. ``here`` says which lines they were (None: all);
    ``others`` are the other lines.
    """

    steps: Integers
    times: Integers
    values: dict[str, Floats]
    here: Any = None
    others: bytes = b""


def form_of(line: bytes) -> RowTemplate | None:
    """The form of a row; None for one that is no whole row of numbers, or whose names hold commas."""
    if not line.endswith(_END) or line.count(b",") > _MOST_COMMAS:
        return None
    try:
        row = orjson.loads(line)
    except ValueError:
        return None
    if type(row) is not dict or list(row) != _KEYS or type(row["metrics"]) is not dict:
        return None
    metrics: dict[str, Any] = row["metrics"]
    before = _before(line)
    if not metrics or len(before) != 2 + len(metrics):
        return None
    if any(type(value) not in (int, float) for value in (row["timestamp"], row["step"], *metrics.values())):
        return None
    return RowTemplate(before, list(metrics), line)


def parse_alike(text: bytes) -> UniformRows | None:
    """Whole lines as columns, or None where they are not alike."""
    import polars as pl

    form = _commonest(text)
    if form is None or len(form.line) * _ROWS * len(form.names) > len(text):
        return None
    # A plus is good in an exponent only, and a carriage return would be taken for part of a line's end.
    if b"+" in text or b"\r" in text:
        return None
    plan = _plan(form.before)
    # A table is as wide as its first line.
    led = _before(text[: text.find(b"\n")]) != form.before
    lines = form.line + b"\n" + text if led else text
    try:
        table = pl.read_csv(
            lines, has_header=False, schema=plan.schema, quote_char=None, separator=",", truncate_ragged_lines=True
        ).slice(int(led))
        # An empty line would be passed over.
        if counted(text, b"\n") != [len(table)]:
            return None
        found = table.select(plan.parts)
        ended, *numbers = found.iter_columns()
        here, others = None, b""
        if not ended.all(ignore_nulls=False) or any(column.null_count() for column in numbers):
            fits = found.select(pl.all_horizontal(pl.exclude("end").is_not_null(), pl.col("end").fill_null(False)))
            here = fits.to_series().to_numpy()
            others = _lines(text, ~here)
            found = found.filter(here)
            _, *numbers = found.iter_columns()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):  # other than rows of numbers
        return None
    if _odd(text) != len(found) * plan.odd + _odd(others):
        return None
    times, steps, *values = (column.to_numpy() for column in numbers)
    # Infinite is a word that JSON does not have, or a number that a float cannot hold.
    if not len(steps) or not all(_finite(array) for array in values):
        return None
    return UniformRows(steps, times, dict(zip(form.names, values, strict=True)), here, others)


@dataclass(frozen=True)
class _Plan:
    """How rows of one form become numbers: the table's columns, what is made of them, and what :func:`_odd` finds in a row."""

    schema: dict[str, Any]
    parts: list[Any]
    odd: int


@functools.lru_cache(maxsize=16)
def _plan(before: tuple[bytes, ...]) -> _Plan:
    import polars as pl

    places = [str(n) for n in range(len(before))]
    end = _END.decode()
    # What another beginning leaves is no number: it has a quotation mark.
    rest = [pl.col(place).str.strip_prefix(part.decode()) for place, part in zip(places, before, strict=True)]
    rest[-1] = rest[-1].str.strip_suffix(end)
    kinds = [pl.Int64 if n < len(_KEYS) - 1 else pl.Float64 for n in range(len(before))]
    return _Plan(
        dict.fromkeys(places, pl.String),
        [
            pl.col(places[-1]).str.ends_with(end).alias("end"),
            *(part.cast(kind, strict=False) for part, kind in zip(rest, kinds, strict=True)),
        ],
        _odd(b"".join(part + b"1" for part in before)),
    )


def _before(line: bytes) -> tuple[bytes, ...]:
    # Other encoders put a space there.
    return tuple(part[: max(part.rfind(b":"), part.rfind(b": ") + 1) + 1] for part in line.split(b","))


def _commonest(text: bytes) -> RowTemplate | None:
    """The form of most of some rows from all over; None where they have many: that is cheaper to see than to find out."""
    lines = []
    for look in range(_LOOKS):
        begin = text.find(b"\n", len(text) * look // _LOOKS) + 1 if look else 0
        lines.append(text[begin : text.find(b"\n", begin)])
    forms = Counter(_before(line) for line in lines if line.count(b",") <= _MOST_COMMAS)
    for before, times in forms.most_common(1):
        return form_of(next(line for line in lines if _before(line) == before)) if times >= _ENOUGH else None
    return None


def _lines(text: bytes, wanted: Any) -> bytes:
    """The lines that are wanted, one behind the other."""
    import numpy as np

    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n")) + 1
    begins = np.append(0, ends[:-1])
    return b"".join(text[a:b] for a, b in zip(begins[wanted].tolist(), ends[wanted].tolist(), strict=True))


def counted(text: bytes, *characters: bytes) -> list[int]:
    """How often some characters are there; a piece at a time, which stays in the processor's cache."""
    import numpy as np

    content = np.frombuffer(text, np.uint8)
    room = np.empty(min(_PIECE, len(content)), np.bool_)
    found = [0] * len(characters)
    for begin in range(0, len(content), _PIECE):
        piece = content[begin : begin + _PIECE]
        for n, character in enumerate(characters):
            found[n] += int(np.count_nonzero(np.equal(piece, ord(character), out=room[: len(piece)])))
    return found


def _odd(text: bytes) -> int:
    """How many dots lack a digit before or behind them, and zeros begin further digits, the text's first character and last
    aside.
    """
    import numpy as np

    characters = np.frombuffer(text, np.uint8)
    room = np.empty((4, min(_PIECE + 2, len(characters))), np.uint8)
    found = 0
    before, behind = slice(None, -2), slice(2, None)
    for begin in range(1, len(characters) - 1, _PIECE):
        piece = characters[begin - 1 : begin + _PIECE + 1]
        digit, dot, odd, word = room[:, : len(piece)].view(np.bool_)
        np.subtract(piece, ord("0"), out=room[2, : len(piece)])
        np.less(room[2, : len(piece)], 10, out=digit)
        np.equal(piece, ord("."), out=dot)
        odd, word = odd[before], word[before]
        # A zero behind which there are digits, and before it none and no dot; also in 1e-07, which is left to others.
        np.bitwise_or(digit[before], dot[before], out=word)
        np.equal(piece[1:-1], ord("0"), out=odd)
        np.bitwise_and(odd, digit[behind], out=odd)
        np.greater(odd, word, out=word)
        np.bitwise_and(digit[before], digit[behind], out=odd)
        np.greater(dot[1:-1], odd, out=odd)
        np.bitwise_or(odd, word, out=odd)
        found += int(np.count_nonzero(odd))
    return found


def _finite(array: Any) -> bool:
    import numpy as np

    return bool(np.isfinite(array).all())
