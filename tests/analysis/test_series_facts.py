"""What is told of a series is in it, and what is in it that matters is told."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import aspara
from aspara.analysis.series_facts import facts_of
from aspara.catalog.series.query import Series, SeriesQuery


def series(values: list[float]) -> Series:
    import numpy as np

    steps = np.arange(len(values), dtype=np.int64) * 10
    return Series(steps, steps, np.array(values, np.float64), len(values))


@pytest.mark.parametrize(
    ("values", "trend"),
    [
        ([1.0] * 50, "flat"),
        ([1 / (1 + i) for i in range(50)], "falls"),
        ([math.log(1 + i) for i in range(50)], "rises"),
        ([float(i % 2) for i in range(50)], "no trend"),
        ([3.0], "no trend"),
        ([], "no trend"),
        ([math.nan] * 3, "no trend"),
    ],
)
def test_trend(values, trend):
    """Falling, rising, constant and none of these."""
    assert trend == facts_of("m", series(values)).trend


def test_plateau_and_its_step():
    """A series that falls for its first half is flat since its middle, and not flat while it falls."""
    falling = [1 - i / 100 for i in range(100)]
    facts = facts_of("m", series([*falling, *[0.0] * 100]))
    assert 900 <= (facts.flat_since or 0) <= 1050
    assert facts_of("m", series(falling)).flat_since is None


def test_spikes_are_those_of_the_series():
    """Each lone jump is one spike, the farthest first; noise is none."""
    values = [math.sin(i / 10) + (i % 7) * 0.01 for i in range(400)]
    values[100], values[300] = 9.0, -20.0
    facts = facts_of("m", series(values))
    assert [(3000, -20.0), (1000, 9.0)] == [(spike.step, spike.value) for spike in facts.spikes]
    assert 2 == facts.spike_count


@given(st.lists(st.floats(width=32), max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_point_is_invented(values):
    """Whatever the values are, each point that is told is one of the series."""
    facts = facts_of("m", series(values))
    points = {(i * 10, value) for i, value in enumerate(values)}
    told = [p for p in (facts.first, facts.last, facts.low, facts.high, *facts.spikes) if p is not None]
    assert {(p.step, p.value) for p in told} <= points
    assert facts.nonfinite == sum(not math.isfinite(value) for value in values)
    assert facts.flat_since is None or facts.flat_since in {step for step, _ in points}


def test_long_series_keep_their_spikes(tmp_path: Path):
    """Of a series that is decimated before it is looked at, spikes and extremes are told by their true points."""
    with aspara.Run(project="p", name="r", dir=tmp_path, capture=False) as run:
        for step in range(50_000):
            run.log({"loss": 77.0 if step == 31_234 else math.exp(-step / 9000)})
    api = aspara.Api(tmp_path)
    found = api._library.metrics("p", ["r"], SeriesQuery(metrics=("loss",), points=5000)).metrics["loss"]["r"]
    facts = facts_of("loss", found)
    assert (31_234, 77.0) == (facts.spikes[0].step, facts.spikes[0].value)
    assert (50_000, 31_234) == (facts.count, facts.high and facts.high.step)
