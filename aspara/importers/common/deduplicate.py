"""What of a source run is not here yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from aspara import names
from aspara.errors import InvalidName
from aspara.importers.common.row_batch import is_plain
from aspara.importers.common.source import BAD_STEP, BAD_TIME, ImportReport, Row
from aspara.limits import MAX_STEP

_LONGEST_TEXT = 1 << 20


class Deduplicator:
    """Passes over as many points of each metric as are here already."""

    def __init__(self, here: Counter[str], report: ImportReport) -> None:
        self.rows = self.points = 0
        self._seen: Counter[str] = Counter()
        self._here = here
        self._plain: dict[tuple[str, ...], list[int]] = {}
        """Rows that came as they are, by the names of their metrics."""
        self.report = report
        """What could not be taken."""

    @property
    def seen(self) -> Counter[str]:
        """How many points of each metric came, those that are here included."""
        found = self._seen.copy()
        for names_, (count,) in self._plain.items():
            for name in names_:
                found[name] += count
        return found

    def only(self, incoming: Iterator[Row]) -> Iterator[Row]:
        """Those of the rows, and of what they hold, that are new; under names that can be kept."""
        names_: dict[str, str] = {}
        plain = self._plain
        last_time = 0
        for number, incoming_row in enumerate(incoming):
            row = incoming_row
            time, step, metrics = row
            if not -MAX_STEP <= step <= MAX_STEP or not -MAX_STEP <= time <= MAX_STEP:
                row = time, step, metrics = self._within_range(row, number, last_time)
            last_time = time
            # Most rows hold numbers of metrics of which nothing is here, and are passed on without a look at each.
            count = plain.get(tuple(metrics))
            if count is not None and is_plain(metrics.values()):
                count[0] += 1
                self.rows += 1
                self.points += len(metrics)
                yield row
                continue
            kept: dict[str, Any] = {}
            for given, value in metrics.items():
                name = names_.get(given)
                if name is None:
                    name = names_[given] = self._name(given)
                if isinstance(value, str) and len(value) > _LONGEST_TEXT:
                    self.report.skip("texts longer than a million characters")
                    continue
                self._seen[name] += 1
                if self._seen[name] > self._here[name]:
                    kept[name] = value
            if kept:
                self.rows += 1
                self.points += len(kept)
                yield time, step, kept
            if kept.keys() == metrics.keys() and not any(self._here[name] for name in kept):
                plain.setdefault(tuple(metrics), [0])

    def _within_range(self, row: Row, number: int, last_time: int) -> Row:
        """A row whose step or time no file can hold, with its position and the last time in their place."""
        time, step, metrics = row
        if not -MAX_STEP <= step <= MAX_STEP:
            self.report.problem(BAD_STEP)
            step = number
        if not -MAX_STEP <= time <= MAX_STEP:
            self.report.problem(BAD_TIME)
            time = last_time
        return time, step, metrics

    def _name(self, name: str) -> str:
        if name.isascii() and name.isprintable() and 0 < len(name) <= names.MAX_METRIC_BYTES:
            return name
        try:
            return names.check_metric_name(name)
        except InvalidName:
            plain = "".join(c if c.isprintable() else "_" for c in name.encode("utf-8", "replace").decode())
            while len(plain.encode()) > names.MAX_METRIC_BYTES:
                plain = plain[:-1]
            return plain or "_"
