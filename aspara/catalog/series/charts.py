"""What charts ask of several runs: their series, those of groups of them, and the names of their metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aspara.catalog.index.index_pool import IndexPool, moment
from aspara.catalog.index.points import RunPoints
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.runs import cursor
from aspara.catalog.runs.run_cache import CachedRun
from aspara.catalog.runs.run_info import RunInfo, captured
from aspara.catalog.series.groups import GroupsAnswer, Member, grouped, statistics
from aspara.catalog.series.query import MetricsAnswer, SeriesQuery
from aspara.catalog.series.select import pieces
from aspara.catalog.series.select_many import select_all

_LOOKS = 0.5
"""Seconds that looking coarsely at runs may take, the first aside; those that are left out are told of the next time."""
_GRID = 1000

Beginning = Callable[[str, RunPoints], int]
"""Of a run (by stem) and its points: the moment (ms) from which its relative time counts."""


@dataclass(frozen=True)
class MetricNames:
    """Metrics and how many of the runs have each; the run that began last; and the cursor that a stream goes on from."""

    counts: dict[str, int]
    latest: str | None
    missing: Sequence[str]
    cursor: str

    def json(self) -> dict[str, Any]:
        """The API's shape."""
        return {
            "metrics": [{"name": name, "runs": self.counts[name]} for name in sorted(self.counts)],
            "latest": self.latest,
            "missing": list(self.missing),
            "cursor": self.cursor,
        }


class ReadingProgress:
    """How far the files of some runs are read."""

    def __init__(self) -> None:
        self.complete = True
        self._read = self._there = 0

    def add(self, index: RunIndex, whole: bool) -> None:
        """Counts a run that has been read, or not to its end. The caller holds its lock."""
        done, size = (index.bytes_read, index.bytes_read) if whole else index.progress()
        self._read, self._there = self._read + done, self._there + size
        self.complete = self.complete and whole

    @property
    def share(self) -> float:
        """The share of their bytes; 1 when everything is read, and only then."""
        if self.complete:
            return 1.0
        return round(min(0.999, self._read / self._there), 3) if self._there else 0.0


def series(
    indexes: IndexPool, project: str, stems: Sequence[str], query: SeriesQuery, began: Beginning
) -> MetricsAnswer:
    """The series of runs that the query asks for."""
    answer = MetricsAnswer(project)
    positions: dict[str, dict[str, int]] = {}
    now = cursor.now()
    until = moment(query.wait)
    looks = None if until is None else until + _LOOKS
    far = ReadingProgress()
    for n, (stem, index, whole) in enumerate(indexes.each(project, stems, until)):
        with index.lock:
            source, share = (index.points, 1.0) if whole else indexes.preview(index, len(stems), looks if n else None)
            along = source.columns.get(query.x_metric or "")
            names = query.wanted(source.columns)
            # A point of a coarse look stands for several: it weighs as much as they do together.
            coarse = query if share >= 1 else replace(query, smoothing=query.smoothing ** (1 / share))
            for name, found in select_all(source.columns, names, coarse, along=along, began=began(stem, source)):
                if share < 1:
                    found = replace(found, count=max(found.count + 1, round(found.count / share)))  # noqa: PLW2901
                if len(found.values) or query.since is None:
                    answer.metrics.setdefault(name, {})[stem] = found
            if cursor.matters(index.paths):
                positions[stem] = index.positions() if whole else index.ends()
            far.add(index, whole)
    answer.complete, answer.progress = far.complete, far.share
    answer.metrics = dict(sorted(answer.metrics.items()))
    answer.cursor = cursor.Cursor(now, positions).encode()
    return answer


def groups(
    indexes: IndexPool, project: str, infos: Sequence[RunInfo], by: Sequence[str], query: SeriesQuery, began: Beginning
) -> GroupsAnswer:
    """Runs in groups by the fields `by`, and of each metric that the query asks for the statistics of each group."""
    found = grouped([info.record() for info in infos], by)
    answer = GroupsAnswer(project, by, found)
    members: dict[str, list[Member]] = {}
    smoothed: dict[str, list[Member]] = {}
    until = moment(query.wait)
    looks = None if until is None else until + _LOOKS
    far = ReadingProgress()
    keys = {stem: group.key for group in found for stem in group.runs}
    for n, (stem, index, whole) in enumerate(indexes.each(project, keys, until)):
        with index.lock:
            source = index.points if whole else indexes.preview(index, len(keys), looks if n else None)[0]
            along = source.columns.get(query.x_metric or "")
            zero = began(stem, source)
            for name in query.wanted(source.columns):
                part = pieces(source.columns[name], query, along=along, began=zero)
                members.setdefault(name, []).append(Member(keys[stem], part, zero))
                if query.smoothing:
                    part = pieces(source.columns[name], query, along=along, began=zero, smoothed=True)
                    smoothed.setdefault(name, []).append(Member(keys[stem], part, zero))
            far.add(index, whole)
    answer.progress = far.share
    for name in sorted(members):
        found_here, exact = statistics(members[name], x=query.x, points=query.points or _GRID, log=query.log)
        if query.smoothing:
            means, _ = statistics(smoothed[name], x=query.x, points=query.points or _GRID, log=query.log)
            found_here = {key: replace(each, smoothed=means[key].mean) for key, each in found_here.items()}
        if found_here:
            answer.metrics[name], answer.raw[name] = found_here, exact and far.complete
    return answer


def metric_names(
    indexes: IndexPool, project: str, stems: Sequence[str], look: Mapping[str, CachedRun], until: float | None
) -> MetricNames:
    """Which metrics the runs have. Runs of one process that are over say it in their metadata; no points are read for them."""
    # Most runs of a project have the same metrics: they are counted together.
    alike: dict[tuple[str, ...], int] = {}
    positions: dict[str, dict[str, int]] = {}
    now = cursor.now()
    latest: RunInfo | None = None
    for stem in stems:
        known = look.get(stem)
        if known is None:
            continue
        info, summary = known.info, known.info.metadata.get("metric_summary")
        if latest is None or (info.start_time or 0) > (latest.start_time or 0):
            latest = info
        over = info.status in ("completed", "failed") and isinstance(summary, dict)
        said = summary if over and not known.shared() else None
        moving = known.moves()
        if said is not None and not moving:
            # What was captured of the machine is no part of the summary.
            found: Iterable[str] = dict.fromkeys([*said, *sorted(captured(info.metadata))])
        else:
            index = indexes.of(project, stem)
            whole = indexes.read(index, until)
            with index.lock:
                found = index.points.columns if whole else {**indexes.preview(index)[0].columns, **info.metric_summary}
                found = list(found)
                if moving:
                    positions[stem] = index.positions() if whole else index.ends()
        names = tuple(found)
        alike[names] = alike.get(names, 0) + 1
    counts: dict[str, int] = {}
    for names, runs in alike.items():
        for name in names:
            counts[name] = counts.get(name, 0) + runs
    return MetricNames(counts, None if latest is None else latest.run, (), cursor.Cursor(now, positions).encode())
