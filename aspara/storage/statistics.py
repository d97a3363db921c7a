"""Statistics of a run's metrics as rows come in, and what a summary shows of them.

Kept on disk under ``metric_summary``; which of it a summary shows is said by the run's metric definitions.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aspara.util.json_safe import NONFINITE, named, numbered

AGGREGATES = ("min", "max", "mean", "last", "first", "best", "copy", "none")
"""What ``define_metric(summary=...)`` may ask for; ``copy`` is wandb's old word for the plain last value."""

Definitions = Mapping[str, Mapping[str, Any]]
"""Metric name or glob → its definition: ``step_metric``, ``summary``, ``goal``, ``hidden``."""


class Statistics:
    """Per metric, over all finite numbers so far: first, last, min, max, mean, count, and the steps of last, min and max.

    The last value may also be a text or non-finite. Not thread-safe: its owner folds rows in under a lock.
    """

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        # [last, last_step, min, min_step, max, max_step, sum, count, first]: a list, since this is touched for every value.
        self._metrics: dict[str, list[Any]] = {}
        for name, found in (known or {}).items():
            if not isinstance(found, Mapping):
                continue  # written by hand or by another program
            count = _whole(found.get("count")) or 0
            self._metrics[name] = [
                numbered(found.get("last")),
                _whole(found.get("last_step")) or 0,
                _number(found.get("min"), math.inf),
                _whole(found.get("min_step")),
                _number(found.get("max"), -math.inf),
                _whole(found.get("max_step")),
                _number(found.get("mean"), 0.0) * count,
                count,
                numbered(found.get("first")),
            ]

    def fold(self, step: int, metrics: Mapping[str, Any]) -> None:
        """Takes one row in."""
        known = self._metrics
        for name, value in metrics.items():
            entry = known.get(name)
            if entry is None:
                entry = known[name] = [None, step, math.inf, None, -math.inf, None, 0.0, 0, value]
            if step >= entry[1]:
                entry[0] = value
                entry[1] = step
            if type(value) is float or type(value) is int:
                if value < entry[2]:
                    entry[2] = value
                    entry[3] = step
                if value > entry[4]:
                    entry[4] = value
                    entry[5] = step
                if value - value == 0:  # finite
                    entry[6] += value
                    entry[7] += 1

    def fold_alike(self, names: Sequence[str], steps: Sequence[int], rows: Sequence[tuple[float | int, ...]]) -> None:
        """Takes in rows with a finite number for each of `names`, the same as one by one, in half the time."""
        last = max(steps)
        latest = len(steps) - 1 - steps[::-1].index(last)
        for name, column in zip(names, zip(*rows, strict=True), strict=True):
            entry = self._metrics.get(name)
            if entry is None:
                entry = self._metrics[name] = [None, last, math.inf, None, -math.inf, None, 0.0, 0, +column[0]]
            # The plus makes numbers of booleans.
            if last >= entry[1]:
                entry[0] = +column[latest]
                entry[1] = last
            low, high = min(column), max(column)
            if low < entry[2]:
                entry[2] = +low
                entry[3] = steps[column.index(low)]
            if high > entry[4]:
                entry[4] = +high
                entry[5] = steps[column.index(high)]
            entry[6] += sum(column)
            entry[7] += len(column)

    def take_earlier(self, earlier: Statistics) -> None:
        """Takes in what an earlier life of the run had logged; of equal extremes and steps the later value is the last one."""
        for name, before in earlier._metrics.items():
            entry = self._metrics.get(name)
            if entry is None:
                self._metrics[name] = list(before)
                continue
            if before[1] > entry[1]:
                entry[0], entry[1] = before[0], before[1]
            if before[3] is not None and before[2] <= entry[2]:
                entry[2], entry[3] = before[2], before[3]
            if before[5] is not None and before[4] >= entry[4]:
                entry[4], entry[5] = before[4], before[5]
            entry[6] += before[6]
            entry[7] += before[7]
            entry[8] = before[8]

    def last(self) -> dict[str, Any]:
        """The last value of each metric; media references are left out."""
        return {name: entry[0] for name, entry in self._metrics.items() if isinstance(entry[0], int | float | str)}

    def last_step(self) -> int | None:
        """The greatest step of all; None before the first row."""
        return max((entry[1] for entry in self._metrics.values()), default=None)

    def json(self, definitions: Definitions | None = None) -> dict[str, dict[str, Any]]:
        """What the metadata file keeps under ``metric_summary``; metrics with a goal have their best value and its step."""
        found = {name: self.facts(name) for name, e in self._metrics.items() if isinstance(e[0], int | float | str)}
        for name, facts in found.items() if definitions else ():
            definition = definition_of(name, definitions or {})
            if definition.get("goal") or "best" in _aggregates(definition):
                facts["best"], facts["best_step"] = best(facts, definition)
        kept: dict[str, dict[str, Any]] = named(found)
        return kept

    def facts(self, name: str) -> dict[str, Any]:
        """What is known of one metric, in the words of ``metric_summary``."""
        e = self._metrics[name]
        return {
            "last": e[0],
            "last_step": e[1],
            "min": None if e[3] is None else e[2],
            "min_step": e[3],
            "max": None if e[5] is None else e[4],
            "max_step": e[5],
            "mean": e[6] / e[7] if e[7] else None,
            "count": e[7],
            **({} if e[8] is None or isinstance(e[8], dict | list) else {"first": e[8]}),
        }


def definition_of(name: str, definitions: Definitions) -> Mapping[str, Any]:
    """The definition that holds for a metric: its own, else that of the longest glob that matches it."""
    if name in definitions:
        return definitions[name]
    best_glob = ""
    for pattern in definitions:
        if "*" in pattern and len(pattern) > len(best_glob) and fnmatch.fnmatchcase(name, pattern):
            best_glob = pattern
    return definitions[best_glob] if best_glob else {}


def defined_summary(
    last: Mapping[str, Any], facts: Callable[[str], Mapping[str, Any]], definitions: Definitions
) -> dict[str, Any]:
    """`last` (metric → last value) as the definitions would have it shown.

    A metric with aggregates becomes a dict of them (``{"min": 0.1, "max": 0.9}``), as wandb's does; one with ``none`` is left
    out. ``facts(name)`` gives a metric's statistics and is asked only for metrics that are defined.
    """
    shown: dict[str, Any] = {}
    for name, value in last.items():
        definition = definition_of(name, definitions)
        wanted = _aggregates(definition)
        if "none" in wanted:
            continue
        wanted = [part for part in wanted if part != "copy"]
        if not wanted:
            shown[name] = value
            continue
        known = facts(name)
        shown[name] = {
            part: best(known, definition)[0] if part == "best" else known.get(part, value if part == "last" else None)
            for part in wanted
        }
    return shown


def best(facts: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[Any, Any]:
    """The best value and its step: the greatest if the goal is to maximize, else the least."""
    which = "max" if definition.get("goal") == "maximize" else "min"
    return facts.get(which), facts.get(f"{which}_step")


def _aggregates(definition: Mapping[str, Any]) -> list[str]:
    summary = definition.get("summary")
    return [part.strip() for part in summary.split(",") if part.strip()] if isinstance(summary, str) else []


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any, default: float) -> float:
    if isinstance(value, str):
        return NONFINITE.get(value, default)
    return value if isinstance(value, int | float) else default
