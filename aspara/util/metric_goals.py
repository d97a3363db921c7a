"""Which values of a metric are good: as its program said, else as far as its name tells.

The front end has the same rules in ``js/src/core/goals.ts``; a test compares the two.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Literal

Goal = Literal["minimize", "maximize"]

HIGH = (
    r"(^|[^a-z])(acc(uracy)?|auc(pr)?|auroc|ndcg|f1|precision|recall|reward|returns?|score|iou|miou|m?ap|bleu|rouge|psnr|ssim|r2"
    r"|success|win_?rate|throughput|samples_per_sec)([^a-z]|$)"
)
LOW = r"loss|err(or)?($|[^a-z])|perplexity|ppl|r?msle|mse|mae|mape|mphe|wer|cer|fid|nll|divergence"
_HIGH, _LOW = re.compile(HIGH, re.IGNORECASE), re.compile(LOW, re.IGNORECASE)


def goal_by_name(metric: str) -> Goal | None:
    """The goal that a metric's name tells, if it tells one."""
    if _LOW.search(metric):
        return "minimize"
    return "maximize" if _HIGH.search(metric) else None


def merged_goals(goals: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What the programs of some runs, the latest first, said of their metrics; the latest word counts."""
    merged: dict[str, str] = {}
    for each in reversed(list(goals)):
        merged.update(each)
    return merged


def goal_of(metric: str, goals: Mapping[str, str]) -> Goal | None:
    """A metric's goal: by its own definition, else by that of the longest glob that covers it, else by its name."""
    name = metric if metric in goals else max((g for g in goals if _covers(g, metric)), key=len, default=None)
    if name is None:
        return goal_by_name(metric)
    return "minimize" if goals[name] == "minimize" else "maximize"


def _covers(pattern: str, metric: str) -> bool:
    return "*" in pattern and fnmatch.fnmatchcase(metric, pattern)
