"""A run in few words: how it stands, what its metrics do, what is unusual. Every number is one of the run's."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aspara.analysis.best import value_of
from aspara.analysis.series_facts import SeriesFacts, facts_of
from aspara.api.provider import DataProvider
from aspara.catalog.runs.run_info import RunDetail, RunInfo, captured
from aspara.catalog.series.query import SeriesQuery
from aspara.util.durations import duration
from aspara.util.metric_goals import Goal, goal_of
from aspara.util.metric_rank import SYSTEM, metric_rank, ranked_metrics
from aspara.util.nested import flattened

POINTS = 20_000
"""Points of each series that are looked at: first, last and all extremes are among them."""
FEWEST_TOKENS = 40
_MOST_METRICS = 200
_PIECE = re.compile(r"[A-Za-z]+|[0-9]|\s+|.")
_CLAUSES = re.compile(r", (?![^(]*\))")
"""Between the clauses of a line: a comma outside of brackets."""
_USUAL = 0.8
"""The share of a project's runs that must agree for the value of another run to be unusual."""
_FEWEST_OTHERS = 4


@dataclass(frozen=True)
class RunSummary:
    """The text, how many tokens it is estimated to be, and how much of the run it leaves out."""

    run: str
    text: str
    tokens: int
    metrics: int
    """How many metrics the run has."""
    left_out: int
    """How many of its lines did not fit."""

    def json(self) -> dict[str, Any]:
        """The shape that programs get."""
        return dict(vars(self))


def token_count(text: str) -> int:
    """An estimate that errs on the high side: a token for each six letters of a word, for each two digits, for each sign."""
    letters = signs = digits = 0
    for piece in _PIECE.findall(text):
        if piece.isspace():
            signs += piece.count("\n")
        elif piece.isdigit():
            digits += 1
        elif piece.isalpha():
            letters += math.ceil(len(piece) / 6)
        else:
            signs += 1
    return letters + signs + math.ceil(digits / 2)


def summarized(provider: DataProvider, project: str, run: str, tokens: int) -> RunSummary:
    """The run in at most about `tokens` tokens (at least FEWEST_TOKENS), the most telling lines first."""
    detail = provider.run(project, run)
    others = [info for info in provider.runs(project) if info.run != detail.info.run]
    lines = [_head(detail), *_unusual(detail, others), *_metric_lines(provider, detail, others), *_rest(detail)]
    kept, used = [lines[0]], token_count(lines[0])
    limit = max(tokens, FEWEST_TOKENS) - token_count(_omission(len(lines)))
    for line in lines[1:]:
        shown = _fitting(line, limit - used - 1)
        if shown:
            kept.append(shown)
            used += token_count(shown) + 1
        if shown != line:
            break
    left_out = len(lines) - len(kept)
    text = "\n".join([*kept, *([_omission(left_out)] if left_out else [])])
    return RunSummary(f"{project}/{detail.info.run}", text, token_count(text), len(detail.metrics), left_out)


def _fitting(line: str, tokens: int) -> str:
    """The line, or as many of its clauses as fit; empty where not even one does."""
    if token_count(line) <= tokens:
        return line
    clauses = _CLAUSES.split(line)
    while len(clauses) > 1:
        clauses.pop()
        shown = ", ".join(clauses) + ", …"
        if token_count(shown) <= tokens:
            return shown
    return ""


def _omission(lines: int) -> str:
    return f"{lines} more lines; allow more tokens."


def _head(detail: RunDetail) -> str:
    info = detail.info
    end = info.finish_time or info.last_update
    parts = [f"{info.project}/{info.run}"]
    if info.name != info.run:
        parts.append(f"named {_short(info.name)}")
    parts.append(info.status + (f" with exit code {info.exit_code}" if info.exit_code else ""))
    if end is not None and info.start_time is not None:
        parts.append(f"{duration(end - info.start_time)} long")
    if info.last_step is not None:
        total = detail.json()["total_steps"]
        parts.append(f"last step {info.last_step}" + (f" of {total}" if total else ""))
    return ", ".join(parts) + "."


def _unusual(detail: RunDetail, others: Sequence[RunInfo]) -> list[str]:
    """Why it failed, what could not be read, and in what its config differs from that of most runs."""
    info, lines = detail.info, []
    traceback = str((detail.json()["exception"] or {}).get("traceback") or "").strip().splitlines()
    if traceback:
        lines.append(f"Exception: {_short(traceback[-1], 200)}")
    if info.problem_count:
        lines.append(f"{info.problem_count} lines of its files could not be read.")
    lost = info.metadata.get("rows_lost")
    if isinstance(lost, int) and lost:
        lines.append(f"{lost} rows were lost.")
    alerts = [entry for entry in info.metadata.get("alerts") or [] if isinstance(entry, dict)]
    if alerts:
        last = alerts[-1]
        lines.append(f"{len(alerts)} alerts, the last at step {last.get('step')}: {_short(str(last.get('title')))}.")
    unlike = _unlike(info, others)
    if unlike:
        lines.append("Unlike most runs: " + ", ".join(unlike) + ".")
    return lines


def _unlike(info: RunInfo, others: Sequence[RunInfo]) -> list[str]:
    if len(others) < _FEWEST_OTHERS:
        return []
    theirs = [dict(flattened(other.config)) for other in others]
    unlike = []
    for key, value in flattened(info.config):
        counts: dict[str, int] = {}
        for config in theirs:
            counts[repr(config.get(key))] = counts.get(repr(config.get(key)), 0) + 1
        usual, count = max(counts.items(), key=lambda item: item[1])
        if usual != repr(value) and count >= _USUAL * len(theirs):
            unlike.append(f"{key} {_short(str(value), 40)} ({count} of {len(theirs)} have {_short(usual, 40)})")
    return unlike


def _metric_lines(provider: DataProvider, detail: RunDetail, others: Sequence[RunInfo]) -> list[str]:
    machine = captured(detail.info.metadata)
    names = [n for n in detail.metrics if n not in machine and metric_rank(n) != SYSTEM]
    ranked = ranked_metrics([names], detail.info.goals)
    looked_at = ranked[:_MOST_METRICS]
    if not looked_at:
        return ["No metrics were logged."]
    answer = provider.metrics(
        detail.info.project, [detail.info.run], SeriesQuery(metrics=tuple(looked_at), points=POINTS)
    )
    lines = []
    for name in looked_at:
        series = answer.metrics.get(name, {}).get(detail.info.run)
        if series is None or not len(series.values):
            continue
        goal = goal_of(name, detail.info.goals)
        place = _place(detail.info, others, name, goal) if name == looked_at[0] else ""
        lines.append(_line(facts_of(name, series), goal) + place)
    return lines + [f"Further metrics: {', '.join(ranked[_MOST_METRICS:])}."] * (len(ranked) > _MOST_METRICS)


def _line(facts: SeriesFacts, goal: Goal | None) -> str:
    parts = []
    if facts.first is None or facts.last is None:
        return f"{facts.metric}: none of {facts.count} values is a number."
    if facts.count == 1:
        parts.append(f"{_number(facts.last.value)} at step {facts.last.step}")
    elif facts.trend == "flat":
        parts.append(f"{_number(facts.last.value)} throughout, {facts.count} points")
    else:
        parts.append(f"{_number(facts.first.value)} → {_number(facts.last.value)}, {facts.trend}")
        best = facts.best(goal)
        if best is not None:
            again = best.value == facts.last.value
            parts.append("best at the end" if again else f"best {_number(best.value)} at step {best.step}")
        elif facts.low is not None and facts.high is not None:
            parts.append(f"from {_number(facts.low.value)} to {_number(facts.high.value)}")
        if facts.flat_since is not None:
            parts.append(f"flat since step {facts.flat_since}")
    if facts.spike_count:
        some = ", ".join(f"{_number(spike.value)} at step {spike.step}" for spike in facts.spikes)
        parts.append(f"{facts.spike_count} spike{'s' * (facts.spike_count > 1)} ({some})")
    if facts.nonfinite:
        parts.append(
            f"not finite from step {facts.nonfinite_step} on"
            if facts.last.step < (facts.nonfinite_step or 0)
            else f"not finite first at step {facts.nonfinite_step}"
        )
    return f"{facts.metric}: {', '.join(parts)}."


def _place(info: RunInfo, others: Sequence[RunInfo], metric: str, goal: Goal | None) -> str:
    """Which place the run has among those of its project."""
    if goal is None:
        return ""
    own, _ = value_of(info.record(), metric, goal)
    values = [v for other in others for v in [value_of(other.record(), metric, goal)[0]] if v is not None]
    if own is None or not values:
        return ""
    ahead = sum(value < own if goal == "minimize" else value > own for value in values)
    return f" Its last value is number {ahead + 1} of {len(values) + 1} runs."


def _rest(detail: RunDetail) -> list[str]:
    info, lines = detail.info, []
    if info.tags:
        lines.append("Tags: " + ", ".join(_short(tag) for tag in info.tags) + ".")
    config = [f"{key} {_short(str(value), 40)}" for key, value in flattened(info.config)]
    if config:
        lines.append("Config: " + ", ".join(config) + ".")
    metrics = set(detail.metrics)
    own = [
        f"{k} {_short(_number(v) if isinstance(v, float) else str(v), 40)}"
        for k, v in flattened(info.summary)
        if k not in metrics
    ]
    if own:
        lines.append("Summary: " + ", ".join(own) + ".")
    if info.notes:
        lines.append(f"Notes: {_short(info.notes, 400)}")
    return lines


def _number(value: float) -> str:
    return f"{value:.5g}"


def _short(text: str, most: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
