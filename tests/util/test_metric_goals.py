"""Which values of a metric are good, the same in Python and in the browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aspara.util.metric_goals import HIGH, LOW, goal_of, merged_goals

GOALS_TS = Path(__file__).parents[2] / "js" / "src" / "core" / "goals.ts"


@pytest.mark.parametrize(("name", "pattern"), [("HIGH", HIGH), ("LOW", LOW)])
def test_browser_has_the_same_rules(name, pattern):
    """The regular expressions are the same on both sides."""
    found = re.search(rf"const {name} =\s*/(.*)/i;", GOALS_TS.read_text("utf-8"))
    assert found
    assert found[1] == pattern


def test_what_the_program_says_counts_first():
    """A definition beats the name, an exact name beats a glob, and the longest glob beats the others."""
    goals = {"*": "maximize", "val/*": "minimize", "val/loss": "maximize"}
    assert "maximize" == goal_of("val/loss", goals)
    assert "minimize" == goal_of("val/acc", goals)
    assert "maximize" == goal_of("anything", goals)
    assert ("minimize", "maximize", None) == tuple(goal_of(n, {}) for n in ("train/loss", "top1_acc", "lr"))
    assert {"a": "minimize", "b": "maximize"} == merged_goals([{"a": "minimize"}, {"a": "maximize", "b": "maximize"}])
