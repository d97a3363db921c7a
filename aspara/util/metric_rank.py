"""Which metrics say the most about a run: where only a few have room, these come first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

_VALIDATION = re.compile(r"(^|[/._-])(val|valid|validation|eval|test|dev)([/._-]|$)", re.IGNORECASE)
_RESULT = re.compile(
    r"loss|acc|error|(^|[/._-])(f1|auc|auroc|map|mae|mse|rmse|r2|bleu|rouge|perplexity|ppl|reward|return|score|iou|dice|wer|cer)",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    r"(^|[/._-])(epochs?|(global_?)?steps?|iter(ation)?s?|batch(es)?|num_[a-z_]+|tokens?(_seen)?|samples?(_seen)?|examples?"
    r"|episodes?|lr|learning_rate|time|runtime|elapsed|timestamp|throughput|seed|[a-z_]+_per_second|[a-z_]+/s)$",
    re.IGNORECASE,
)
GOAL, VALIDATION, RESULT, OTHER, COUNTER, SYSTEM = range(6)


def metric_rank(name: str, goals: Collection[str] = ()) -> int:
    """The class of a metric: with a goal, of a validation, a loss or score, any other, a counter, the machine's."""
    if name in goals:
        return GOAL
    if name.startswith("system/"):
        return SYSTEM
    if _COUNTER.search(name):
        return COUNTER
    if _VALIDATION.search(name):
        return VALIDATION
    return RESULT if _RESULT.search(name) else OTHER


def ranked_metrics(summaries: Iterable[Iterable[str]], goals: Mapping[str, str] | Collection[str] = ()) -> list[str]:
    """The metrics of several runs, the most telling first.

    What fewer than half as many runs have as the most frequent metric stands behind what more of them have.
    """
    counts: dict[str, int] = {}
    for summary in summaries:
        for name in summary:
            counts[name] = counts.get(name, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(counts, key=lambda name: (counts[name] * 2 < most, metric_rank(name, goals), -counts[name], name))
