"""A logged table kept as JSON: where each row lies in the file, so that some rows can be had without the others.

The file is looked through once, a megabyte at a time: what counts are its brackets, and which of them stand in a text. Memory
grows with the number of rows, 16 bytes for each, not with what they hold.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from aspara.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]

_CHUNK = 1 << 20
# The parser takes a dozen times what it parses, for a moment.
_BLOCK = 1 << 19
_QUOTE, _BACKSLASH, _LIST = b'"\\['
# Both opening brackets are this but for one bit, and both closing ones are the other.
_BIT, _OPEN, _CLOSE = 0x20, ord("{"), ord("}")
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*)"\s*:\s*\Z', re.DOTALL)
_LONGEST_KEY = 4096


@dataclass(frozen=True)
class JsonTable:
    """The columns of a table, and the places of its rows. Raises UsageError, made or read, for what is no table."""

    path: Path
    columns: list[Any]
    _starts: Places
    _ends: Places

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def size(self) -> int:
        """Bytes that the places take."""
        return int(self._starts.nbytes + self._ends.nbytes)

    def some(self, numbers: Iterable[int]) -> Iterator[list[Any]]:
        """The rows of these numbers, one after the other."""
        with self.path.open("rb") as file:
            for number in numbers:
                yield from self._between(file, number, number)

    def blocks(self) -> Iterator[tuple[int, list[list[Any]]]]:
        """(number of the first, rows) of all rows, half a megabyte of them at a time."""
        import numpy as np

        with self.path.open("rb") as file:
            first = 0
            while first < len(self):
                behind = int(np.searchsorted(self._ends, self._starts[first] + _BLOCK))
                last = max(first, behind - 1)
                yield first, self._between(file, first, last)
                first = last + 1

    def _between(self, file: IO[bytes], first: int, last: int) -> list[list[Any]]:
        start, end = int(self._starts[first]), int(self._ends[last])
        file.seek(start)
        # Between rows may stand what is none.
        return [row for row in _parsed(b"[" + file.read(end - start) + b"]", self.path) if isinstance(row, list)]


def open_table(path: Path) -> JsonTable:
    """The table in a file; costs one pass over it."""
    import numpy as np

    places = _places(path)
    parts: dict[str, tuple[int, int]] = {}
    with path.open("rb") as file:
        for start, end in places.parts:
            behind = max(0, start - _LONGEST_KEY)
            file.seek(behind)
            key = _KEY.search(file.read(start - behind))
            if key is not None:
                parts[str(_parsed(b'"' + key[1] + b'"', path))] = (start, end)
        if "columns" not in parts or "data" not in parts:
            raise no_table(path)
        start, end = parts["columns"]
        file.seek(start)
        columns = _parsed(file.read(end - start), path)
    start, end = parts["data"]
    rows = slice(*np.searchsorted(places.starts, (start, end)))
    lists = places.lists[rows]
    if not isinstance(columns, list):
        raise no_table(path)
    return JsonTable(path, columns, places.starts[rows][lists], places.ends[rows][lists])


@dataclass(frozen=True)
class _Places:
    """Of what stands in brackets: the parts of the outermost, and what is in those, as (start, end) in bytes."""

    parts: list[tuple[int, int]]
    starts: Places
    ends: Places
    lists: npt.NDArray[np.bool_]
    """Which of the inner ones are lists."""


def _places(path: Path) -> _Places:
    import numpy as np

    depth, quoted, escaped, at = 0, False, False, 0
    outer: list[Places] = []
    outer_ends: list[Places] = []
    starts: list[Places] = []
    ends: list[Places] = []
    lists: list[npt.NDArray[np.bool_]] = []
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            content = np.frombuffer(chunk, np.uint8)
            quotes, escaped = _quotes(content, escaped)
            kind = content | _BIT
            found = np.flatnonzero((kind == _OPEN) | (kind == _CLOSE))
            found = found[(np.searchsorted(quotes, found) + quoted) % 2 == 0]
            opens = kind[found] == _OPEN
            depths = depth + np.cumsum(np.where(opens, 1, -1))
            outer.append(at + found[opens & (depths == 2)])
            outer_ends.append(at + found[~opens & (depths == 1)] + 1)
            inner = found[opens & (depths == 3)]
            starts.append(at + inner)
            lists.append(content[inner] == _LIST)
            ends.append(at + found[~opens & (depths == 2)] + 1)
            quoted ^= bool(len(quotes) % 2)
            depth = int(depths[-1]) if len(depths) else depth
            at += len(chunk)
    if depth != 0 or quoted or not outer:
        raise no_table(path)
    parts = list(zip(np.concatenate(outer).tolist(), np.concatenate(outer_ends).tolist(), strict=True))
    return _Places(parts, np.concatenate(starts), np.concatenate(ends), np.concatenate(lists))


def _quotes(content: npt.NDArray[np.uint8], escaped: bool) -> tuple[Places, bool]:
    """Where texts begin and end in a part of JSON, whose first byte may be escaped; and whether the byte behind it is."""
    import numpy as np

    quotes = np.flatnonzero(content == _QUOTE)
    slashes = np.flatnonzero(content == _BACKSLASH)
    if escaped:
        quotes, slashes = quotes[quotes > 0], slashes[slashes > 0]
    if len(slashes) == 0:
        return quotes, False
    # Of slashes in a row each second one is meant; an odd number of them escapes what is behind.
    firsts = np.flatnonzero(np.diff(slashes, prepend=-2) > 1)
    lengths = np.diff(np.append(firsts, len(slashes)))
    behind = slashes[firsts] + lengths
    meant = behind[lengths % 2 == 1]
    return np.setdiff1d(quotes, meant, assume_unique=True), bool(len(meant) and meant[-1] == len(content))


def _parsed(content: bytes, path: Path) -> Any:
    try:
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:  # NaN and Infinity as bare words
            return json.loads(content)
    except ValueError:
        raise no_table(path) from None


def no_table(path: Path) -> UsageError:
    """The error for a file that holds no table."""
    return UsageError(f"{os.path.basename(path)!r} is no table.")
