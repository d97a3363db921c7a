"""The pyramid: few points stand for many, and no spike and no gap is lost."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspara.catalog.columns.column import Column
from aspara.catalog.columns.pyramid import WIDTH, build, decimate, decimate_rows
from aspara.catalog.series import lttb
from aspara.catalog.series.bucket_stats import bucket_stats

_ODD = (math.nan, math.inf, -math.inf)


def noise(count: int, odd: int = 0, seed: int = 1) -> Any:
    """`count` random values, `odd` of them not finite."""
    random = np.random.default_rng(seed)
    values = random.normal(size=count)
    values[random.integers(0, count, odd)] = random.choice(_ODD, odd)
    return values


def same_levels(one: Any, other: Any) -> bool:
    return len(one.levels) == len(other.levels) and all(
        np.allclose(a.lows, b.lows)
        and np.allclose(a.highs, b.highs)
        and np.allclose(a.sums, b.sums)
        and np.array_equal(a.odd, b.odd)
        for a, b in zip(one.levels, other.levels, strict=True)
    )


@pytest.mark.parametrize("count", [1, 63, 64, 65, 40_000, 3_000_000])
@pytest.mark.parametrize("odd", [0, 20])
def test_any_range_keeps_its_ends_and_extremes(count: int, odd: int) -> None:
    """At most so many points, ascending, with first, last, least and greatest; something odd is shown where there is any."""
    values = noise(count, odd)
    pyramid = build(values)
    for low, high in ((0, count), (count // 3, count), (count // 2 + 1, count - count // 5), (0, count // 7)):
        if high <= low:
            continue
        part = values[low:high]
        finite = part[np.isfinite(part)]
        for points in (1, 2, 5, 100, 1000):
            kept = decimate(values, points, pyramid, low, high)
            assert len(kept) <= points
            assert (np.diff(kept) > 0).all()
            assert kept[0] == low
            assert points == 1 or kept[-1] == high - 1
            shown = values[kept]
            if points >= 100:
                drawn = shown[np.isfinite(shown)]
                assert finite.min(initial=9) == drawn.min(initial=9)
                assert finite.max(initial=-9) == drawn.max(initial=-9)
                assert bool(np.isfinite(part).all()) == bool(np.isfinite(shown).all())


def test_every_spike_of_every_bucket_stays() -> None:
    """A spike that stands alone in its neighbourhood is there, wherever it is, high or low."""
    for at in range(0, 200_000, 9_973):
        for spike in (50.0, -50.0, math.nan):
            values = np.sin(np.arange(200_000) / 1000)
            values[at] = spike
            assert at in decimate(values, 1000, build(values))


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 5000),
    odd=st.integers(0, 60),
    cuts=st.lists(st.integers(0, 5000), max_size=40),
    seed=st.integers(0, 9),
)
def test_spans_say_what_the_values_say(count: int, odd: int, cuts: list[int], seed: int) -> None:
    """Extremes, sums and counts of any spans are those of the values in them, with a pyramid and without."""
    values = noise(count, min(odd, count), seed)
    bounds = np.array(sorted({0, count, *(c for c in cuts if c < count)}), np.int64)
    bounds = np.sort(np.concatenate([bounds, bounds[:1]]))  # an empty span, too
    for pyramid in (None, build(values)):
        found = bucket_stats(values, bounds, pyramid)
        for i, (begin, end) in enumerate(zip(bounds, bounds[1:], strict=False)):
            part = values[begin:end]
            finite = part[np.isfinite(part)]
            assert (found.finite[i], found.odd[i]) == (len(finite), len(part) - len(finite))
            assert found.low[i] == finite.min(initial=math.inf)
            assert found.high[i] == finite.max(initial=-math.inf)
            assert found.total[i] == pytest.approx(finite.sum())


@settings(max_examples=40, deadline=None)
@given(count=st.integers(0, 3000), more=st.integers(1, 3000), odd=st.integers(0, 20))
def test_a_pyramid_grows(count: int, more: int, odd: int) -> None:
    """Extended by what has come it is the one of all."""
    values = noise(count + more, min(odd, count + more))
    begun = build(values[:count]) if count else None
    assert same_levels(build(values, begun, count), build(values))


def test_a_long_series_has_levels_above_levels() -> None:
    """Three million points have a level of blocks of blocks; its sums and counts are theirs."""
    values = noise(3_000_000, 50)
    lower, upper = build(values).levels
    assert len(upper.lows) == -(-len(lower.lows) // WIDTH)
    assert int(upper.odd.sum()) == int((~np.isfinite(values)).sum())
    assert upper.sums.sum() == pytest.approx(values[np.isfinite(values)].sum())


@settings(max_examples=40, deadline=None)
@given(
    batches=st.lists(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), min_size=1, max_size=30), max_size=12),
    looks=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_points_are_in_order_however_they_come(batches: list[list[tuple[int, int]]], looks: list[bool]) -> None:
    """Late and repeated steps stand where they belong, looked at in between or not."""
    column, expected, value = Column(), [], 0.0
    for batch, look in zip(batches, looks, strict=False):
        for step, time in batch:
            column.add(step, time, value)
            expected.append((step, time, value))
            value += 1
        if look:
            for before, after in zip(column.stretches(), column.stretches()[1:], strict=False):
                assert (before.steps[-1], before.times[-1]) <= (after.steps[0], after.times[0])
    expected.sort(key=lambda point: point[:2])
    assert list(zip(*(a.tolist() for a in column.points()), strict=True)) == expected
    assert len(column) == len(expected)
    by_time = [t for s in column.by_time() for t in s.times.tolist()]
    assert by_time == sorted(t for _, t, _ in expected)


def test_growing_moves_a_point_few_times() -> None:
    """A long series that grows by single points is not copied for each of them."""
    column = Column()
    column.extend(np.arange(1 << 17), np.arange(1 << 17), noise(1 << 17))
    base = column.stretches()[0]
    base.levels()
    for i in range(1000):
        column.add((1 << 17) + i, (1 << 17) + i, float(i))
        assert column.stretches()[0] is base
    assert len(column.stretches()) <= 12


@pytest.mark.parametrize("points", [2, 3, 10, 100])
def test_the_prettiest_line_is_bounded_and_keeps_its_ends(points: int) -> None:
    """At most so many points, first and last among them; of odd ones some."""
    for odd in (0, 30):
        y = noise(1000, odd)
        kept = lttb.choose(np.arange(1000), y, points)
        assert len(kept) <= points + (2 if odd else 0)
        assert (kept[0], kept[-1]) == (0, 999)
    line = np.abs(np.arange(1001) - 500.0)
    assert 500 in lttb.choose(np.arange(1001), line, 7)


@given(
    rows=st.integers(5, 300).flatmap(
        lambda count: st.lists(
            st.lists(st.one_of(st.integers(-2, 2), st.floats()), min_size=count, max_size=count), min_size=1, max_size=4
        )
    ),
    points=st.integers(4, 299),
)
def test_metrics_that_were_logged_together_are_decimated_as_each_alone(rows: list[list[float]], points: int) -> None:
    """Whatever stands beside it, a series keeps the same points."""
    arrays = [np.array(row, np.float64) for row in rows]
    points = min(points, len(arrays[0]) - 1)
    expected = [decimate(array, points).tolist() for array in arrays]
    assert expected == [found.tolist() for found in decimate_rows(arrays, points)]
