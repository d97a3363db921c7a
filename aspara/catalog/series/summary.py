"""Last, min, max, mean of each metric of a run, out of its index."""

from __future__ import annotations

import math
from typing import Any

from aspara.catalog.columns.column import Column
from aspara.catalog.index.points import RunPoints
from aspara.limits import MAX_INTEGER
from aspara.storage.statistics import Definitions, best, defined_summary, definition_of


def last_values(points: RunPoints, definitions: Definitions | None = None) -> dict[str, Any]:
    """The last value of each metric, or what its definition wants shown; non-finite ones by their names, as everywhere in
    metadata.
    """
    found: dict[str, Any] = {}
    for name, column in points.columns.items():
        last = column.last()
        if last is not None:
            found[name] = plain(last[1])
    for name, (step, _, value) in points.last_texts.items():
        last = points.columns[name].last() if name in points.columns else None
        if last is None or step > last[0]:
            found[name] = value
    if definitions:
        found = defined_summary(found, lambda name: _facts(points, name), definitions)
    return dict(sorted(found.items()))


def metric_summary(points: RunPoints, definitions: Definitions | None = None) -> dict[str, dict[str, Any]]:
    """Per metric: last, min, max, mean, count of finite values, and the steps of last, min and max; the best one where there
    is a goal.
    """
    found = {name: _statistics(column) for name, column in sorted(points.columns.items()) if len(column)}
    for name, facts in found.items() if definitions else ():
        definition = definition_of(name, definitions or {})
        if definition.get("goal") or "best" in str(definition.get("summary")):
            facts["best"], facts["best_step"] = best(facts, definition)
    return found


def _facts(points: RunPoints, name: str) -> dict[str, Any]:
    column = points.columns.get(name)
    if column is None or not len(column):
        return {}
    return {**_statistics(column), "first": plain(float(column.stretches()[0].values[0]))}


def _statistics(column: Column) -> dict[str, Any]:
    last, facts = column.last(), column.facts()
    mean = facts.total / facts.finite if facts.finite else None
    return {
        "last": None if last is None else plain(last[1]),
        "last_step": None if last is None else last[0],
        "min": facts.low and plain(facts.low[0]),
        "min_step": facts.low and facts.low[1],
        "max": facts.high and plain(facts.high[0]),
        "max_step": facts.high and facts.high[1],
        "mean": None if mean is None else plain(mean),
        "count": facts.finite,
    }


def plain(value: float) -> Any:
    """`value` as JSON can hold it; whole numbers without a fraction."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return int(value) if value.is_integer() and abs(value) < MAX_INTEGER else value
