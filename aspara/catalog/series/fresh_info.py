"""What a run's rows say that its metadata does not say yet: its latest values, its last step, its problems."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aspara.catalog.index.index_pool import IndexPool
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.runs.run_info import RunInfo, captured, definitions_in
from aspara.catalog.series.summary import last_values, metric_summary
from aspara.storage.row_codec import parse_timestamp

_GLANCED = ("last", "last_step")


def freshened(indexes: IndexPool, project: str, info: RunInfo, until: float | None) -> tuple[RunInfo, bool]:
    """`info` with what its rows say (a copy, for others hold the original), and whether all of them were read."""
    info = replace(info)
    index = indexes.of(project, info.run)
    whole = indexes.read(index, until)
    with index.lock:
        points = index.points if whole else indexes.preview(index)[0]
        # What a program set itself wins; what was merely the last value when the metadata was written does not.
        own = info.metadata.get("summary_own")
        # So does all that the metadata says, where the rows have only been glanced at.
        over = info.status in ("completed", "failed") or not whole
        kept = info.summary if own is None or over else {k: v for k, v in info.summary.items() if k in own}
        definitions, aside = definitions_in(info.metadata), captured(info.metadata)
        info.summary = {**_without(aside, last_values(points, definitions)), **kept}
        found = _without(aside, metric_summary(points, definitions))
        if not whole:
            # A glance may miss extremes, and then says none.
            found = {name: {**dict.fromkeys(f), **{k: f[k] for k in _GLANCED}} for name, f in found.items()}
            found.update(info.metric_summary)
        info.metric_summary = found
        info.last_step = points.last_step if points.last_step is not None else info.last_step
        if points.first_time and parse_timestamp(info.metadata.get("start_time")) is None:
            info.start_time = points.first_time
        if points.last_time and not info.finish_time:
            info.last_update = max(info.last_update or 0, points.last_time)
        info.problem_count += _problems(index)
    return info, whole


def with_problems(indexes: IndexPool, info: RunInfo) -> RunInfo:
    """`info` with the problems of its rows, where these were read already; nothing is read for them, nobody waited for."""
    index = indexes.known(info.project, info.run)
    if index is None or not index.lock.acquire(blocking=False):
        return info
    try:
        count = _problems(index)
    finally:
        index.lock.release()
    return replace(info, problem_count=info.problem_count + count) if count else info


def _problems(index: RunIndex) -> int:
    return sum(problem["count"] for problem in index.problem_list())


def _without(names: frozenset[str], found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in names} if names else found
