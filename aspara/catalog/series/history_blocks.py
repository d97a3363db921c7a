"""The points of a run joined to rows, one for each step: in blocks, however long and wide the run is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aspara.catalog.index.backfill import Backfill
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.series.history_values import encoded
from aspara.catalog.series.text_store import MetricTexts, TextStore

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars

    Integers = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

STEP, TIMESTAMP, RUNTIME = "_step", "_timestamp", "_runtime"
OWN = (STEP, TIMESTAMP, RUNTIME)
_CELLS = 500_000
"""Cells that a block has at most: 4 MB of numbers."""
_LEAST_ROWS = 100
_TEXT_BYTES = 8 << 20
"""Bytes of texts that a block has at most, where they are of about the same length."""
_FIRST, _LAST = -(1 << 63), (1 << 63) - 1


@dataclass(frozen=True)
class _Track:
    """The points of one metric in order of step: numbers, or texts."""

    name: str
    steps: Integers
    times: Integers
    numbers: Floats | None
    texts: MetricTexts | None


class HistoryBlocks:
    """A run's points as they stand at this moment, ready to be shown as rows. To be closed.

    Args:
        index: The run. Its points are not copied: what is mapped from a file stays there.
        keys: The metrics that are wanted; None: all. Names that were never logged are columns of nulls.
        started: When the run began (ms); None: at its first point.

    """

    def __init__(self, index: RunIndex, keys: Collection[str] | None, started: int | None) -> None:
        import numpy as np

        index.refresh()
        wanted = None if keys is None else frozenset(keys)
        self._store = TextStore()
        with index.lock:
            self._tracks = [
                _Track(name, *column.points(), None)
                for name, column in sorted(index.points.columns.items())
                if wanted is None or name in wanted
            ]
            _add_texts(self._store, index, wanted)
        texts = self._store.tracks()
        self._tracks += [_Track(name, at, times, None, words) for name, (at, times, words) in texts.items()]
        self._mixed = {track.name for track in self._tracks if track.numbers is not None} & texts.keys()
        self.names = sorted({*(track.name for track in self._tracks), *(keys or ())})
        begins = [int(track.times.min()) for track in self._tracks if len(track.times)]
        self._began = started if started is not None else min(begins, default=0)
        self._rows = max(_LEAST_ROWS, _CELLS // (len(self.names) + len(OWN)))
        if self._store.size:
            each = self._store.size // max(len(at) for at, _, _ in texts.values()) + 1
            self._rows = min(self._rows, max(_LEAST_ROWS, _TEXT_BYTES // each))
        self._ends = np.array([len(track.steps) for track in self._tracks], np.int64)

    def close(self) -> None:
        """Lets go of the texts."""
        self._store.close()

    def step_sets(self) -> list[Integers]:
        """The steps of each metric; once for those that were logged together."""
        import numpy as np

        found: dict[int, Integers] = {id(track.steps): track.steps for track in self._tracks}
        different: dict[tuple[int, int, int], list[Integers]] = {}
        for steps in found.values():
            if not len(steps):
                continue
            same = different.setdefault((len(steps), int(steps[0]), int(steps[-1])), [])
            if not any(np.array_equal(steps, other) for other in same[:4]):
                same.append(steps)
        return [steps for same in different.values() for steps in same]

    def blocks(self, min_step: int | None = None, max_step: int | None = None) -> Iterator[polars.DataFrame]:
        """The rows in order of step, a bounded part of them at a time; one empty block where there are none.

        Columns: ``_step``, by name the metrics that have a point among these rows (numbers as Float64; what has texts, lists or
        media as String, see :mod:`aspara.catalog.series.history_values`), then ``_runtime`` (seconds since the start) and
        ``_timestamp`` (seconds since the epoch): of the latest row of the step that holds one of the metrics. A metric that was
        not logged at a step is null there.
        """
        import numpy as np

        tracks = self._tracks
        places = np.array([_place(track.steps, min_step) for track in tracks], np.int64)
        ends = self._ends if max_step is None else np.array([_place(t.steps, max_step) for t in tracks], np.int64)
        following = np.array([_step_at(t.steps, p, e) for t, p, e in zip(tracks, places, ends, strict=True)], np.int64)
        left = places < ends
        first = True
        while first or left.any():
            first = False
            # No further than the steps that surely fit: each metric brings its next one, and long ones bring more.
            last = _LAST
            nearest = np.unique(following[left])
            if len(nearest) > self._rows:
                last = int(nearest[self._rows - 1])
            for n in np.flatnonzero(ends - places > self._rows).tolist():
                last = min(last, int(tracks[n].steps[places[n] + self._rows - 1]))
            active = np.flatnonzero(left & (following <= last)).tolist()
            cuts = self._cuts(active, places, ends, last)
            steps = _union([tracks[n].steps[places[n] : cut] for n, cut in zip(active, cuts, strict=True)])
            if len(steps) > self._rows:
                cuts = self._cuts(active, places, ends, int(steps[self._rows - 1]))
                steps = steps[: self._rows]
            parts = [(tracks[n], int(places[n]), cut) for n, cut in zip(active, cuts, strict=True)]
            yield self._block(steps, [(track, low, high) for track, low, high in parts if high > low])
            for n, cut in zip(active, cuts, strict=True):
                places[n] = cut
                following[n] = _step_at(tracks[n].steps, cut, int(ends[n]))
            left = places < ends

    def _cuts(self, active: Sequence[int], places: Any, ends: Any, last: int) -> list[int]:
        """Where the points up to the step `last` end."""
        import numpy as np

        found = []
        for n in active:
            part = self._tracks[n].steps[places[n] : ends[n]]
            found.append(int(places[n]) + int(np.searchsorted(part, np.int64(last), "right")))
        return found

    def _block(self, steps: Integers, parts: Sequence[tuple[_Track, int, int]]) -> polars.DataFrame:
        import numpy as np
        import polars as pl

        moments = np.full(len(steps), _FIRST)
        found: dict[str, Any] = {}
        for track, low, high in parts:
            at, times = track.steps[low:high], track.times[low:high]
            last = np.append(at[1:] != at[:-1], True)
            where = np.searchsorted(steps, at[last])
            moments[where] = np.maximum(
                moments[where], np.maximum.reduceat(times, np.flatnonzero(np.append(True, last[:-1])))
            )
            if track.texts is not None:
                words: list[str | None] = [None] * len(steps)
                texts = track.texts[low:high]
                for position, n in zip(where.tolist(), np.flatnonzero(last).tolist(), strict=True):
                    words[position] = texts[n]
                series = pl.Series(track.name, words, dtype=pl.String)
                # A metric that is a number at some steps and a text at others is text.
                found[track.name] = series if track.name not in found else series.fill_null(found[track.name])
                continue
            assert track.numbers is not None
            values = track.numbers[low:high][last]
            if track.name in self._mixed:
                words = [None] * len(steps)
                for position, value in zip(where.tolist(), values.tolist(), strict=True):
                    words[position] = encoded(value)
                found[track.name] = pl.Series(track.name, words, dtype=pl.String)
            elif len(where) == len(steps):
                found[track.name] = pl.Series(track.name, values, dtype=pl.Float64)
            else:
                mask = np.zeros(len(steps), np.bool_)
                mask[where] = True
                full = np.zeros(len(steps))
                full[where] = values
                both = pl.DataFrame({"v": full, "m": mask})
                found[track.name] = both.select(pl.when("m").then("v").alias(track.name))[track.name]
        return pl.DataFrame(
            {
                STEP: steps,
                **dict(sorted(found.items())),
                RUNTIME: (moments - self._began) / 1000,
                TIMESTAMP: moments / 1000,
            }
        )

    def kinds(self) -> dict[str, Any]:
        """The kind of each metric's column."""
        import polars as pl

        texts = {track.name for track in self._tracks if track.texts is not None}
        return {name: pl.String() if name in texts else pl.Float64() for name in self.names}

    def padded(self, block: polars.DataFrame) -> polars.DataFrame:
        """The block with a column for each metric there is, nulls where it has no point among these rows."""
        import polars as pl

        kinds = self.kinds()
        missing = [pl.lit(None, kinds[name]).alias(name) for name in self.names if name not in block.columns]
        wide = block.with_columns(missing) if missing else block
        return wide.select(STEP, *self.names, RUNTIME, TIMESTAMP)


def _step_at(steps: Integers, place: int, end: int) -> int:
    return int(steps[place]) if place < end else _LAST


def _union(parts: Sequence[Integers]) -> Integers:
    """The steps in any of `parts`, each of which is in order. The metrics of a program are mostly logged together, so that most
    parts are equal, and nothing is left to sort.
    """
    import numpy as np

    different: list[Integers] = []
    for part in parts:
        if len(part) and not any(
            len(part) == len(other) and (part is other or np.array_equal(part, other)) for other in different[:4]
        ):
            different.append(part)
    if not different:
        return np.empty(0, np.int64)
    steps: Integers = different[0] if len(different) == 1 else np.sort(np.concatenate(different), kind="stable")
    found: Integers = steps[np.append(True, steps[1:] != steps[:-1])]
    return found


def _place(at: Integers, step: int | None) -> int:
    """Where the points of `step` begin."""
    import numpy as np

    return 0 if step is None else int(np.searchsorted(at, np.int64(min(max(step, _FIRST), _LAST)), "left"))


def _add_texts(store: TextStore, index: RunIndex, keys: frozenset[str] | None) -> None:
    """Puts texts, lists and media references of the wanted metrics into the store."""
    if index.points.texts_let_go:
        # More texts than are kept in memory: the files have them all.
        replay, done = Backfill(index), False
        while not done:
            rows, done = replay.take(10_000)
            for time, step, metrics in rows:
                for name, value in metrics.items():
                    if isinstance(value, str | dict | list) and (keys is None or name in keys):
                        store.add(name, step, time, encoded(value))
        return
    for text in index.points.texts:
        if keys is None or text.name in keys:
            store.add(text.name, text.step, text.time, encoded(text.value))
