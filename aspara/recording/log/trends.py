"""A few values of each metric, spread over the run: for the sparklines that ``finish()`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MOST_VALUES = 128
_MOST_METRICS = 64

Row = tuple[int | float, ...]


class _Samples:
    """Every so-and-so-many-th row of those that have the same metrics."""

    def __init__(self) -> None:
        self._stride = 1
        self._seen = 0
        self.rows: list[tuple[int, Row]] = []
        """(position in the run, values)"""

    def add(self, position: int, rows: Sequence[Row]) -> None:
        """Takes the next `rows`, the first of which stands at `position`."""
        # Those whose number, counted from the first row on, is a multiple of the stride.
        first = -self._seen % self._stride
        self.rows.extend((position + at, rows[at]) for at in range(first, len(rows), self._stride))
        self._seen += len(rows)
        while len(self.rows) > _MOST_VALUES:
            self.rows, self._stride = self.rows[::2], self._stride * 2


class Trends:
    """Samples of the metrics that came first; others are left out. Its owner adds rows under a lock.

    Whole rows are sampled, not metrics one by one, because that costs `log()` of hundreds of metrics nothing that one sees.
    """

    def __init__(self) -> None:
        self._samples: dict[tuple[str, ...], _Samples] = {}
        self._places: dict[str, list[tuple[_Samples, int]]] = {}
        self._taken = 0

    def add(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Takes the next rows of the run, which all have these metrics."""
        samples = self._samples.get(tuple(names))
        if samples is None and len(self._samples) < _MOST_METRICS:
            samples = self._begin(tuple(names))
        if samples is not None:
            samples.add(self._taken, rows)
        else:  # rows that are always made of others: each of their metrics for itself
            for column, name in enumerate(names):
                if name in self._places:
                    alone = self._samples.get((name,)) or self._begin((name,))
                    alone.add(self._taken, [(row[column],) for row in rows])
        self._taken += len(rows)

    def names(self) -> Iterable[str]:
        """The metrics, in the order of their first values."""
        return list(self._places)

    def values(self, name: str) -> list[int | float]:
        """What is kept of a metric, in the order in which it was logged."""
        kept = [(at, row[column]) for samples, column in self._places.get(name, ()) for at, row in samples.rows]
        return [value for _, value in sorted(kept, key=lambda pair: pair[0])]

    def _begin(self, names: tuple[str, ...]) -> _Samples:
        samples = self._samples[names] = _Samples()
        for column, name in enumerate(names):
            if name in self._places or len(self._places) < _MOST_METRICS:
                self._places.setdefault(name, []).append((samples, column))
        return samples
