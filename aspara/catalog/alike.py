"""Reading rows that are all alike: the same metrics in the same order, one number under each.

Such rows differ in their numbers only. Cut at their commas they are a table whose columns begin with the same characters in
every row, and what is left behind those is a number. That is about half the work of parsing JSON, and as certain: the
beginnings are compared in every row, and what Rust takes for a number and JSON does not (``+1``, ``01``, ``.5``, ``1.``, ``inf``)
is looked for. Whatever does not fit is left to others.
"""

from __future__ import annotations

import functools
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
_END = b"}}"
_LOOKS = 3
_PIECE = 256 << 10


@dataclass(frozen=True)
class Form:
    """What every row has: what stands before each of its numbers, and the metrics' names, in order."""

    before: tuple[bytes, ...]
    names: list[str]


@dataclass(frozen=True)
class Alike:
    """Rows as columns: ``steps``, ``times`` (ms), and the values of each metric."""

    steps: Integers
    times: Integers
    values: dict[str, Floats]


def form_of(line: bytes) -> Form | None:
    """The form of a row; None for one that is no whole row of numbers, or whose names hold commas."""
    if not line.endswith(_END) or line.count(b",") > len(_KEYS) - 2 + MOST_NAMES:
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
    return Form(before, list(metrics))


def parse_alike(text: bytes) -> Alike | None:
    """Whole lines as columns, or None where they are not alike."""
    import polars as pl

    form = form_of(text[: text.find(b"\n")])
    if form is None or text.find(b"\n") * _ROWS * len(form.names) > len(text):
        return None
    # A plus is good in an exponent only, and a carriage return would be taken for part of a line's end.
    if not _look_alike(text, form) or b"+" in text or b"\r" in text:
        return None
    lines, commas = counted(text, b"\n", b",")
    # Now and then another row stands among them: that is seen before much is done.
    if commas != lines * (len(form.before) - 1):
        return None
    plan = _plan(form.before)
    if _odd(text) != lines * plan.odd:
        return None
    try:
        table = pl.read_csv(text, has_header=False, schema=plan.schema, quote_char=None, separator=",")
        if lines != len(table):
            return None
        found = table.select(plan.parts)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):  # other than rows of numbers
        return None
    ended, *numbers = found.iter_columns()
    if not ended.all(ignore_nulls=False) or any(column.null_count() for column in numbers):
        return None
    times, steps, *values = (column.to_numpy() for column in numbers)
    # Infinite is a word that JSON does not have, or a number that a float cannot hold.
    if not all(_finite(array) for array in values):
        return None
    return Alike(steps, times, dict(zip(form.names, values, strict=True)))


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
            *(part.cast(kind) for part, kind in zip(rest, kinds, strict=True)),
        ],
        _odd(b"".join(part + b"1" for part in before)),
    )


def _before(line: bytes) -> tuple[bytes, ...]:
    # Other encoders put a space there.
    return tuple(part[: max(part.rfind(b":"), part.rfind(b": ") + 1) + 1] for part in line.split(b","))


def _look_alike(text: bytes, form: Form) -> bool:
    """Whether some rows from all over have the form: cheaper to see than to find out later."""
    for look in range(1, _LOOKS + 1):
        end = text.rfind(b"\n", 0, len(text) * look // _LOOKS)
        begin = text.rfind(b"\n", 0, end) + 1 if end > 0 else 0
        if end > 0 and _before(text[begin:end]) != form.before:
            return False
    return True


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
