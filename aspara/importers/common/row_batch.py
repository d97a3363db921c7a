"""Rows on their way into a run's file, some hundreds at a time: one write, and statistics of those alike at one go."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import orjson

from aspara.importers.common.source import Row
from aspara.storage import row_codec
from aspara.storage.statistics import Statistics

_ROWS, _BYTES = 500, 1 << 20
_NUMBERS = {int, float}
_WORTH = 4
"""So many rows alike are taken in faster together than one by one."""


class RowBatch:
    """Some rows: ``lines`` as they are written, with their times and steps."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.times: list[int] = []
        self.size = 0
        self._alike: list[tuple[tuple[str, ...] | None, list[int], list[Any]]] = []

    @property
    def last_step(self) -> int:
        """The greatest step."""
        return max(max(steps) for _, steps, _ in self._alike)

    @property
    def full(self) -> bool:
        """True when it should be written."""
        return len(self.lines) >= _ROWS or self.size >= _BYTES

    def add(
        self, time: int, step: int, values: dict[str, Any], settled: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        """Takes a row; what of it is more than a finite number goes through `settled` first, which leaves nothing at times."""
        self.times.append(time)
        found = values.values()
        names: tuple[str, ...] | None = tuple(values) if is_plain(found) else None
        line = b""
        if names is not None:
            try:
                line = orjson.dumps(
                    {"timestamp": time, "step": step, "metrics": values}, option=orjson.OPT_APPEND_NEWLINE
                )
            except TypeError:  # an integer beyond 64 bits, or half a surrogate pair in a name
                names = None
        if names is None:
            values = settled(values)
            line = row_codec.encode(time, step, values) if values else b""
        self.lines.append(line)
        self.size += len(line)
        if not self._alike or names is None or self._alike[-1][0] != names:
            self._alike.append((names, [], []))
        self._alike[-1][1].append(step)
        self._alike[-1][2].append(values if names is None else tuple(found))

    def fold(self, statistics: Statistics, captured: Collection[str]) -> None:
        """Counts the rows in, but for references to media and what was `captured` of the machine."""
        for names, steps, found in self._alike:
            if names is not None and len(steps) >= _WORTH and not any(name in captured for name in names):
                statistics.fold_alike(names, steps, found)
                continue
            for step, one in zip(steps, found, strict=True):
                values = one if names is None else dict(zip(names, one, strict=True))
                statistics.fold(
                    step, {k: v for k, v in values.items() if not isinstance(v, dict | list) and k not in captured}
                )


def is_plain(values: Collection[Any]) -> bool:
    """True for finite numbers and nothing else."""
    try:
        return _NUMBERS.issuperset(map(type, values)) and math.isfinite(sum(values))
    except OverflowError:
        return False


def batches(incoming: Iterable[Row], settled: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[RowBatch]:
    """The rows in parts of bounded size."""
    part = RowBatch()
    for time, step, values in incoming:
        part.add(time, step, values, settled)
        if part.full:
            yield part
            part = RowBatch()
    if part.lines:
        yield part
