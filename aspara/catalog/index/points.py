"""What was read of a run: its points as columns, its texts, and the facts that rows tell by the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aspara.catalog.columns.column import Column
from aspara.catalog.columns.sort import ChunkSorter
from aspara.catalog.parsing.bulk_parser import ParsedRows
from aspara.catalog.parsing.line_reader import Found
from aspara.catalog.parsing.parquet_parts import reference

if TYPE_CHECKING:
    import polars

    from aspara.catalog.columns.spill import SpillFiles

_MOST_TEXTS = 10_000
_POINT = 24


@dataclass(frozen=True)
class TextPoint:
    """A text or media reference that was logged."""

    time: int
    step: int
    name: str
    value: Any


class RunPoints:
    """The points of one run, in the order they came; each column gives its own in order of step."""

    def __init__(self, scratch: SpillFiles | None = None) -> None:
        self.joiner = ChunkSorter(scratch)
        self.version = 0
        self._held = (-1, 0)
        self.clear()

    def clear(self) -> None:
        """Forgets everything."""
        self.columns: dict[str, Column] = {}
        self.texts: list[TextPoint] = []
        """Texts and media references in the order they came; the last ten thousand."""
        self.texts_let_go = False
        self.last_texts: dict[str, tuple[int, int, Any]] = {}
        """Of each metric that has texts, lists or media: step, time and value of the last one in order of step."""
        self.rows = 0
        self.last_step: int | None = None
        self.last_time: int | None = None
        self.first_time: int | None = None
        self.fresh = 0
        """Bytes of points that came since some were put away."""
        self.joiner.forget()
        self.version += 1

    def put_away(self) -> None:
        """Moves what came since the last time out of memory, into a file without a name, if it is much."""
        scratch = self.joiner.scratch
        if scratch is None or self.fresh < scratch.much:
            return
        self.fresh = 0
        kept = scratch.keep({name: found for name, column in self.columns.items() if (found := column.unkept())})
        for name, stretch in (kept or {}).items():
            self.columns[name].keep(stretch)
        self.joiner.forget()
        self.version += 1

    @property
    def held(self) -> int:
        """Bytes of memory held, roughly."""
        if self._held[0] != self.version:
            columns = sum(column.held for column in list(self.columns.values()))
            self._held = (self.version, columns + 200 * len(self.texts))
        return self._held[1]

    def metric_names(self) -> set[str]:
        """The names of all metrics that were logged: numbers, texts, lists and media. The one answer to which metrics a run has."""
        return {*self.columns, *self.last_texts}

    def column(self, name: str) -> Column:
        """The column of a metric, made if it is the first time."""
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = Column(joiner=self.joiner)
        return column

    def add(self, batch: list[Found]) -> None:
        """Adds rows; there is at least one."""
        columns = self.columns
        for timestamp, step, metrics in batch:
            for name, value in metrics.items():
                kind = type(value)
                if kind is float or kind is int or kind is bool:
                    column = columns.get(name)
                    if column is None:
                        column = self.column(name)
                    try:
                        number = float(value)
                    except OverflowError:
                        number = float("inf") if value > 0 else float("-inf")
                    column.add(step, timestamp, number)
                elif value is not None:
                    self._add_text(timestamp, step, name, value)
            self.fresh += _POINT * len(metrics)
        times = [row[0] for row in batch]
        self._count(len(batch), max(row[1] for row in batch), min(times), max(times))

    def add_bulk(self, found: ParsedRows) -> None:
        """Adds rows that are columns already."""
        # What was logged together shares its steps and times.
        there: dict[int, tuple[Any, Any]] = {id(None): (found.steps, found.times)}
        for name, (values, where) in found.values.items():
            if id(where) not in there:
                there[id(where)] = found.steps[where], found.times[where]
            self.column(name).extend(*there[id(where)], values)
            self.fresh += values.nbytes if where is None else 3 * values.nbytes
        self.fresh += found.steps.nbytes + found.times.nbytes
        self._count(len(found.steps), int(found.steps.max()), int(found.times.min()), int(found.times.max()))

    def add_part(self, frame: polars.DataFrame) -> None:
        """Adds the points of a part of an archive (see :func:`aspara.catalog.parsing.parquet_parts.read_part`)."""
        import polars as pl

        if not len(frame):
            return
        numbers = frame.filter(pl.col("v").is_not_null())
        for (name,), group in numbers.group_by("m", maintain_order=True):
            self.column(str(name)).extend(group["s"].to_numpy(), group["t"].to_numpy(), group["v"].to_numpy())
        self.fresh += _POINT * len(numbers)
        for timestamp, step, name, _, text in frame.filter(pl.col("x").is_not_null()).iter_rows():
            self._add_text(timestamp, step, name, reference(text))
        steps, times = frame["s"].to_numpy(), frame["t"].to_numpy()
        self._count(frame["s"].n_unique(), int(steps.max()), int(times.min()), int(times.max()))

    def _add_text(self, timestamp: int, step: int, name: str, value: Any) -> None:
        self.texts.append(TextPoint(timestamp, step, name, value))
        last = self.last_texts.get(name)
        if last is None or (step, timestamp) >= last[:2]:
            self.last_texts[name] = (step, timestamp, value)
        if len(self.texts) > 2 * _MOST_TEXTS:
            del self.texts[:_MOST_TEXTS]
            self.texts_let_go = True

    def _count(self, rows: int, step: int, first: int, time: int) -> None:
        self.rows += rows
        self.last_step = step if self.last_step is None else max(self.last_step, step)
        self.first_time = first if self.first_time is None else min(self.first_time, first)
        self.last_time = time if self.last_time is None else max(self.last_time, time)
        self.version += 1
