"""Rows of every kind, with every check, as lines. What it learns of rows of plain numbers it lends to the pen."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from orjson import OPT_APPEND_NEWLINE as _NEWLINE
from orjson import dumps

from aspara.recording.log.conversion import flatten
from aspara.recording.log.fast_log import FastLog
from aspara.recording.log.pending_rows import Getter, getter
from aspara.storage import row_codec
from aspara.storage.statistics import Statistics, definition_of

_MOST_SHAPES = 256
_MOST_KINDS = 256
_PLAIN = {float, int}
_MAKERS: dict[type, Callable[[Any], float | int]] = {float: float, int: int, bool: int}
"""What makes a plain number of one, by the kinds of numbers seen so far."""


@dataclass(eq=False)
class _Shape:
    """Rows of numbers with the same names."""

    values_of: Getter
    names: list[str]
    odd: bool
    """They are numbers to Python, but not to the codec: numpy's."""


class RowEncoder:
    """Encodes the rows of one run. The caller holds the recorder's lock.

    Args:
        pen: Learns the names of rows of plain numbers.
        statistics: Knows the last values of metrics that others are drawn over.
        definitions: Of metrics, by name or glob.

    """

    def __init__(self, pen: FastLog, statistics: Statistics, definitions: Mapping[str, dict[str, Any]]) -> None:
        self._pen = pen
        self._statistics = statistics
        self._definitions = definitions
        self._shapes: dict[tuple[Any, ...], _Shape] = {}
        """The rows of numbers seen so far, by their names."""
        self._turned: _Shape | None = None
        """The one whose names the backlog was told last."""
        self._loose: list[tuple[str, Any]] = []
        self._step_values: dict[str, Any] = {}
        """The last values of the metrics that others are drawn over."""
        self.define(definitions)

    def define(self, definitions: Mapping[str, dict[str, Any]]) -> None:
        """Metrics are drawn as these say from now on."""
        self._definitions = definitions
        for definition in definitions.values():
            name = definition.get("step_metric")
            if isinstance(name, str) and name not in self._step_values:
                last = self._statistics.last().get(name)
                self._step_values[name] = last if isinstance(last, int | float) else None
                # Rows that had nothing to do with it may have now.
                self._shapes.clear()
        self.look_again()

    def look_again(self) -> None:
        """Has the next row looked at whole, as the pen's backlog is another or its names are."""
        self._turned = None
        self._pen.values_of = _unknown

    def encode(
        self, now: int, step: int, data: dict[str, Any]
    ) -> tuple[dict[str, Any] | tuple[Any, ...], bytes, list[tuple[str, Any]]]:
        """What the statistics take of a row, its line, and (name, value) of what in it is no number."""
        self._loose = []
        keys = tuple(data)
        shape = self._shapes.get(keys)
        if shape is not None:
            # A program that logs its rows in parts comes by here with every part.
            try:
                found = self._alike(now, step, data, shape)
            except (LookupError, TypeError, ValueError, OverflowError, RuntimeError):
                found = None
            if found is not None:
                return *found, self._loose
        metrics = dict(flatten(data, self._keep))
        if self._step_values and self._with_step_metrics(metrics):
            return metrics, row_codec.encode(now, step, metrics), self._loose
        if (
            shape is None
            and metrics
            and len(metrics) == len(data)
            and _are_numbers(kinds := set(map(type, data.values())))
        ):
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            those = list(metrics)
            self._shapes[keys] = _Shape(getter(those), those, odd=not kinds <= _PLAIN)
        return metrics, row_codec.encode(now, step, metrics), self._loose

    def _alike(self, now: int, step: int, data: dict[str, Any], shape: _Shape) -> tuple[tuple[Any, ...], bytes] | None:
        """A row of numbers with the names of one that was checked; None, or any error, if it is not that."""
        values = shape.values_of(data)
        row = data
        if shape.odd:
            kinds = set(map(type, values))
            if not kinds <= _MAKERS.keys() and not _are_numbers(kinds):
                return None
            shape.odd = not kinds <= _PLAIN
            if len(kinds) == 1:
                values = tuple(map(_MAKERS[kinds.pop()], values))
            else:
                values = tuple([_MAKERS[type(value)](value) for value in values])
            row = dict(zip(shape.names, values, strict=True))
        if not isfinite(sum(values)):
            return None
        try:
            line = dumps({"timestamp": now, "step": step, "metrics": row}, None, _NEWLINE)
        except TypeError:
            shape.odd = True
            raise
        if shape is not self._turned:
            self._pen.backlog.turn(shape.names)
            self._turned = shape
        self._pen.values_of = _unknown if shape.odd else shape.values_of
        self._pen.limit = self._pen.backlog.limit
        return values, line

    def _keep(self, name: str, value: Any) -> Any:
        """A value that is no number is looked at when the row's numbers are safe."""
        self._loose.append((name, value))

    def _with_step_metrics(self, metrics: dict[str, Any]) -> bool:
        """Adds the value of the metric that another one is drawn over, where the row lacks it; True if the row has to do with
        such a metric, so that rows like it need the same look.
        """
        known = self._step_values
        concerned = False
        for name in metrics.keys() & known.keys():
            known[name] = metrics[name]
            concerned = True
        for name in list(metrics):
            over = definition_of(name, self._definitions).get("step_metric")
            if over in known:
                concerned = True
                if over not in metrics and known[over] is not None:
                    metrics[over] = known[over]
        return concerned


def _are_numbers(kinds: set[type]) -> bool:
    """Whether all of them are kinds of numbers that a row holds as such; their makers are known then."""
    for kind in kinds - _MAKERS.keys():
        # numpy's float32 is no float and its int64 no int, but they are as good.
        whole = issubclass(kind, int) or (kind.__module__ == "numpy" and issubclass(kind, numbers.Integral))
        if (
            not whole
            and not issubclass(kind, float)
            and not (kind.__module__ == "numpy" and issubclass(kind, numbers.Real))
        ):
            return False
        if len(_MAKERS) >= _MOST_KINDS:
            return False
        _MAKERS[kind] = int if whole else float
    return True


def _unknown(_row: dict[str, Any]) -> tuple[Any, ...]:
    """Before a row of plain numbers has been seen, none is known to be like it."""
    raise LookupError
