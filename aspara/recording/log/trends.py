"""A few values of each metric, evenly spread over the run: for the sparklines that ``finish()`` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_MOST_VALUES = 128
_MOST_METRICS = 64


class Trends:
    """Samples of the metrics that came first; others are counted as left out. Its owner adds values under a lock."""

    def __init__(self) -> None:
        # (distance of two kept values, how many values there were, those that are kept)
        self._samples: dict[str, tuple[int, int, list[float]]] = {}

    def add(self, name: str, values: Sequence[float]) -> None:
        """Takes the next values of a metric."""
        stride, seen, kept = self._samples.get(name, (1, 0, []))
        if not kept and name not in self._samples and len(self._samples) >= _MOST_METRICS:
            return
        # Those whose number, counted from the first value on, is a multiple of the stride.
        kept.extend(values[-seen % stride :: stride])
        while len(kept) > _MOST_VALUES:
            kept, stride = kept[::2], stride * 2
        self._samples[name] = stride, seen + len(values), kept

    def names(self) -> Iterable[str]:
        """The metrics, in the order of their first values."""
        return list(self._samples)

    def values(self, name: str) -> list[float]:
        """What is kept of a metric."""
        return self._samples[name][2] if name in self._samples else []
