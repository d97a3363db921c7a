"""A run that the first release wrote is continued: what it had stays, and counts (the samples are those of tests/fixtures/v01)."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest

import aspara

SAMPLES = Path(__file__).parents[1] / "fixtures" / "v01"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@pytest.mark.parametrize("run", [run for run in EXPECTED if not run.startswith("long")])
def test_its_summary_begins_with_the_last_values_and_keeps_what_was_set(disk, run):
    """Both backends, ended or killed: the last values are there at once, and further rows go on from them."""
    shutil.copytree(SAMPLES / "data", disk.folder)
    facts = EXPECTED[run]
    last = {name: NUMBERS.get(points[-1][1], points[-1][1]) for name, points in facts["points"].items()}
    wanted = {**last, **facts.get("summary", {})}
    backend = run.rpartition("-")[2]
    resumed = aspara.init("digits", run, resume="must", storage_backend=backend)
    assert sorted(wanted) == sorted(resumed.summary)
    shown = resumed.summary.as_dict()
    assert {k: str(float(v)) for k, v in wanted.items()} == {k: str(float(v)) for k, v in shown.items()}
    assert max(points[-1][0] for points in facts["points"].values()) + 1 == resumed.step
    name, points = next(iter(facts["points"].items()))
    resumed.log({name: -7.5})
    resumed.finish()
    assert {**resumed.summary.as_dict(), name: -7.5} == resumed.summary
    found = disk.meta("digits", run)
    assert (-7.5, sorted(facts.get("summary", {}))) == (found["summary"][name], found["summary_own"])
    finite = [p[1] for p in points if not isinstance(p[1], str)]
    assert len(finite) + 1 == found["metric_summary"][name]["count"]
    again = aspara.init("digits", run, resume="must", storage_backend=backend)
    assert facts.get("summary", {}).items() <= again.summary.items()
    assert -7.5 == again.summary[name]
