"""What a filter may ask of a run, and what the run says; see :mod:`aspara.catalog.filters.expression`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aspara.util.json_safe import NONFINITE

Record = Mapping[str, Any]
"""A run as filters see it: its list item in the API's words, ``metric_summary`` with it where metrics are asked for."""

STATISTICS = ("count", "last", "last_step", "max", "max_step", "mean", "min", "min_step")
"""What a field may ask of a metric: ``min(loss)``."""
OWN_FIELDS: dict[str, str] = {
    **{
        name: name
        for name in (
            "name run id status tags notes group job_type host exit_code duration age start_time finish_time last_update"
            " last_step problem_count"
        ).split()
    },
    "state": "status",
    "display_name": "name",
    "started": "start_time",
    "created_at": "start_time",
    "finished": "finish_time",
    "updated": "last_update",
    "step": "last_step",
    "problems": "problem_count",
}
"""A run's own fields by every name they answer to."""

_MISSING = object()


def _inside(value: Any, path: str) -> Any:
    """The value at a dotted path; names that hold dots themselves are found too, the longest first."""
    if not isinstance(value, Mapping):
        return _MISSING
    if path in value and not isinstance(value[path], Mapping):
        return value[path]
    for cut in range(len(path) - 1, 0, -1):
        if path[cut] == "." and isinstance(value.get(path[:cut]), Mapping):
            found = _inside(value[path[:cut]], path[cut + 1 :])
            if found is not _MISSING:
                return found
    return _MISSING


def known(value: Any) -> Any:
    """A value as the language sees it: non-finite numbers as numbers, what is missing as None."""
    if value is _MISSING:
        return None
    if isinstance(value, str):
        return NONFINITE.get(value, value)
    return value


def bare(record: Record, name: str) -> Any:
    """What a name without a scope means: what the config says, else the summary."""
    found = _inside(record.get("config"), name)
    return known(_inside(record.get("summary"), name) if found is _MISSING else found)


def statistic(record: Record, which: str, metric: str) -> Any:
    """One of STATISTICS of a metric, None where there is none."""
    facts = (record.get("metric_summary") or {}).get(metric)
    if isinstance(facts, Mapping) and facts.get(which) is not None:
        return known(facts[which])
    return known((record.get("summary") or {}).get(metric, _MISSING)) if which == "last" else None


def own_field(record: Record, name: str, now: float) -> Any:
    """A field of the run's own, by one of the values of OWN_FIELDS; `now` in ms."""
    if name == "duration":
        start = record.get("start_time")
        if start is None:
            return None
        end = record.get("finish_time")
        if end is None:
            end = now if record.get("status") == "running" else record.get("last_update")
        return None if end is None else (end - start) / 1000
    if name == "age":
        start = record.get("start_time")
        return None if start is None else (now - start) / 1000
    return record.get(name)


def scoped(record: Record, section: str, path: str) -> Any:
    """The value at a dotted path of config or summary, None where there is none."""
    return known(_inside(record.get(section), path))
