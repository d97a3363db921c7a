"""Series for charts: any range on any axis, at the cost of its pixels."""

from __future__ import annotations

import json
import math
import random
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.bucket_stats import located
from aspara.catalog.series.query import Series, SeriesQuery
from aspara.errors import UsageError
from tests.catalog.conftest import Folder, row

NOW = 1_735_787_045_000


def series(catalog: Catalog, metric: str = "loss", run: str = "r", **query: Any) -> Series:
    return catalog.metrics("p", [run], SeriesQuery(metrics=(metric,), **query)).metrics[metric][run]


@pytest.fixture
def long(folder: Folder) -> Folder:
    """100 000 steps a tenth of a second apart; an epoch at each, logged together; accuracy every hundredth step."""
    rows = []
    for i in range(100_000):
        metrics: dict[str, float] = {"loss": math.sin(i / 700) + (9.0 if i == 77_777 else 0.0), "epoch": i / 1000}
        if i % 100 == 0:
            metrics["acc"] = i / 100_000
        rows.append(row(NOW + 100 * i, i, metrics))
    folder.run("r", b"".join(rows), meta={"start_time": NOW - 5000, "status": "completed"})
    return folder


def test_relative_time_counts_from_the_beginning_of_the_run(long: Folder, catalog: Catalog) -> None:
    """In seconds, from and to as well; a run that does not say when it began did so at its first point."""
    found = series(catalog, x="relative", start=5.0, end=6.0)
    assert found.x is not None
    assert found.x.tolist() == pytest.approx([5.0 + i / 10 for i in range(11)])
    assert found.steps.tolist() == list(range(11))
    long.run("old", row(NOW, 0, {"loss": 1}) + row(NOW + 2500, 1, {"loss": 2}))
    old = series(catalog, run="old", x="relative")
    assert old.x is not None
    assert old.x.tolist() == [0.0, 2.5]


@pytest.mark.parametrize(
    "options",
    [
        {"points": 40},
        {"points": 40, "x": "time"},
        {"points": 40, "x": "relative", "start": 3.0, "end": 40.0},
        {"points": 40, "x": "metric:a"},
        {"points": 40, "since": NOW + 90},
        {"points": 3},
        {"points": 40, "log": True},
        {"points": 40, "lttb": True, "envelope": True},
        {},
    ],
    ids=str,
)
def test_a_chart_is_the_same_alone_and_among_others(folder: Folder, catalog: Catalog, options: dict[str, Any]) -> None:
    """Metrics logged together, at other steps, with gaps, and too few to be decimated: each as if it was asked for alone."""
    metrics = {
        i: {"a": i / 3, "b": math.sin(i), "gaps": "NaN" if i % 50 == 7 else i, **({"c": i, "d": -i} if i % 2 else {})}
        for i in range(1000)
    }
    folder.run("r", b"".join(row(NOW + i, i, {**m, **({"few": i} if i % 90 == 0 else {})}) for i, m in metrics.items()))
    found = catalog.metrics("p", None, SeriesQuery(**options)).json()["metrics"]
    assert {"a", "b", "c", "d", "few", "gaps"} == set(found)
    for metric, runs in found.items():
        alone = catalog.metrics("p", ["r"], SeriesQuery(metrics=(metric,), **options)).json()["metrics"][metric]["r"]
        assert {k: str(v) for k, v in alone.items()} == {k: str(v) for k, v in runs["r"].items()}


def test_another_metric_is_an_axis(long: Folder, catalog: Catalog) -> None:
    """Points stand where that metric was at their step; those at other steps have no place; ranges are in its units."""
    found = series(catalog, x="metric:epoch", start=3.0, end=3.01)
    assert found.x is not None
    assert found.x.tolist() == pytest.approx([3.0 + i / 1000 for i in range(11)])
    over = series(catalog, "loss", x="metric:acc")
    assert over.x is not None
    assert over.steps.tolist() == list(range(0, 100_000, 100))
    assert over.x.tolist() == pytest.approx([i / 1000 for i in range(1000)])
    assert len(series(catalog, x="metric:ghost").values) == 0
    few = series(catalog, x="metric:epoch", points=200)
    assert (len(few.values) <= 200, few.count, float(few.values.max()) > 8) == (True, 100_000, True)


def test_a_metric_that_falls_is_an_axis_too(folder: Folder, catalog: Catalog) -> None:
    """The points come in the axis' order; NaN is no place on it."""
    folder.run("r", [(i, {"loss": float(i), "lr": float("nan") if i == 2 else 1.0 / (i + 1)}) for i in range(5)])
    found = series(catalog, x="metric:lr")
    assert found.x is not None
    assert found.values.tolist() == [4.0, 3.0, 1.0, 0.0]
    assert found.x.tolist() == pytest.approx([0.2, 0.25, 0.5, 1.0])


@pytest.mark.parametrize("x", ["step", "relative", "metric:epoch"])
def test_a_logarithmic_axis_has_as_many_points_in_every_decade(long: Folder, catalog: Catalog, x: str) -> None:
    """Its first decades are not drawn by a handful of points; spikes stay; zero has no place on it."""
    found = series(catalog, x=x, log=True, points=500)
    assert len(found.values) <= 500
    assert float(found.values.max()) > 8
    at = found.steps if found.x is None else found.x
    assert (at > 0).all()
    first, last = float(at[0]), float(at[-1])
    middle = math.sqrt(first * last)
    # Spread evenly, the lower half of the decades would have one point in three hundred.
    assert (at < middle).sum() > 100
    with pytest.raises(UsageError):
        SeriesQuery(x="time", log=True)


def test_the_prettiest_line_on_request(long: Folder, catalog: Catalog) -> None:
    """Bounded, with its ends and the spike."""
    for log in (False, True):
        found = series(catalog, lttb=True, points=300, log=log)
        assert 200 <= len(found.values) <= 300
        assert found.steps[-1] == 99_999
        assert float(found.values.max()) > 8
        assert not found.raw


@pytest.mark.parametrize("query", [{}, {"log": True}, {"x": "relative"}, {"x": "metric:epoch"}, {"x": "time"}])
def test_an_envelope_holds_every_point(long: Folder, catalog: Catalog, query: dict[str, Any]) -> None:
    """Buckets in order along the axis that hold all points of the range between them, with extremes and mean."""
    found = series(catalog, envelope=True, points=200, **query)
    envelope = found.envelope
    assert envelope is not None
    assert len(envelope.low) <= 101
    assert int(envelope.count.sum()) == found.count
    assert float(envelope.high.max()) == float(found.values.max())
    assert (envelope.low <= envelope.mean).all()
    assert (envelope.mean <= envelope.high).all()
    assert (envelope.begin <= envelope.end).all()
    assert (envelope.begin[1:] >= envelope.end[:-1]).all()
    assert series(catalog, envelope=True, start=0, end=1e-9, points=200, **query).envelope is None


def test_an_envelope_counts_what_is_not_finite(folder: Folder, catalog: Catalog) -> None:
    """A bucket of nothing else has no extremes, and JSON says null."""
    folder.run("r", [(i, {"loss": "NaN" if 400 <= i < 600 else float(i)}) for i in range(1000)])
    answer = catalog.metrics("p", ["r"], SeriesQuery(points=100, envelope=True))
    found = json.loads(answer.json_bytes())["metrics"]["loss"]["r"]["envelope"]
    assert (50, 200, 1000) == (len(found["min"]), sum(found["nonfinite"]), sum(found["count"]))
    assert [found[name][25] for name in ("min", "max", "mean", "first")] == [None] * 4
    assert (found["min"][0], found["max"][0], found["mean"][0]) == (0.0, 19.0, 9.5)


def test_numbers_near_the_largest_are_told_without_a_complaint(folder: Folder, catalog: Catalog) -> None:
    """Their sum is beyond every number; nobody is told so by a warning of a library's, and the extremes are right."""
    folder.run("r", [(i, {"loss": 1.7e308 * (-1) ** (i // 40)}) for i in range(200)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shown = catalog.run("p", "r").json()["metric_summary"]["loss"]
        json.loads(catalog.metrics("p", ["r"], SeriesQuery(points=20, envelope=True)).json_bytes())
    assert (-1.7e308, 1.7e308) == (shown["min"], shown["max"])


def test_a_chart_of_a_growing_run_is_whole(folder: Folder, catalog: Catalog) -> None:
    """Point by point, a series that is asked for in between has every point in order."""
    file = folder.run("r", b"")
    for i in range(300):
        with file.open("ab") as out:
            out.write(row(NOW + i, i if i % 50 else max(0, i - 30), {"loss": float(i)}))
        if i % 7 == 0:
            steps = series(catalog).steps.tolist()
            assert (len(steps), steps) == (i + 1, sorted(steps))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    axis=st.lists(st.integers(-50, 50), max_size=20).map(sorted),
    at=st.floats(-60, 60) | st.sampled_from([math.inf, -math.inf, 1e300]),
    side=st.sampled_from(["left", "right"]),
)
def test_a_place_between_whole_steps(axis: list[int], at: float, side: Any) -> None:
    """A range may begin and end between steps, or beyond every number: it holds the same points as with exact arithmetic."""
    found = located(np.array(axis, np.int64), at, side)
    assert sum(1 for x in axis if (x < at if side == "left" else x <= at)) == found


def test_any_question_is_answered_as_by_brute_force(folder: Folder, catalog: Catalog) -> None:
    """A run with late and repeated steps, spikes and much that is not finite: whatever range, axis, scale, method and number of
    points, the answer has points of the range only, in order, no more than asked for, its ends, and its extremes and gaps.
    """
    chance = random.Random(5)
    logged: dict[str, list[tuple[int, int, float]]] = {"a": [], "b": [], "c": []}
    rows, time = [], NOW
    for i in range(12_000):
        values = {"a": chance.gauss(0, 1) if chance.random() > 0.002 else chance.choice([math.nan, 50.0, -50.0])}
        values["b"] = i % 977 + chance.random()
        if i % 3 == 0:
            values["c"] = chance.choice([math.nan, math.inf, -math.inf, 1e300, -1e300, 0.0, float(i)])
        time += chance.choice([0, 1, 1, 2, 1000])
        step = i if chance.random() > 0.01 else max(0, i - chance.randint(0, 3000))
        rows.append(row(time, step, {k: v if math.isfinite(v) else repr(v) for k, v in values.items()}))
        rows[-1] = rows[-1].replace(b'"nan"', b"NaN").replace(b'"inf"', b"Infinity").replace(b'"-inf"', b"-Infinity")
        for name, value in values.items():
            logged[name].append((step, time, value))
    folder.run("r", b"".join(rows), meta={"start_time": NOW, "status": "completed"})
    for points in logged.values():
        points.sort(key=lambda point: point[:2])
    epochs = {step: value for step, _, value in logged["b"]}
    places = {
        "step": lambda point: point[0],
        "time": lambda point: point[1],
        "relative": lambda point: (point[1] - NOW) / 1000,
        "metric:b": lambda point: epochs[point[0]],
    }
    for _ in range(160):
        metric, x = chance.choice("abc"), chance.choice(list(places))
        place = places[x]
        there = sorted(logged[metric], key=place)
        low, high = sorted(place(point) for point in chance.sample(there, 2))
        most, log, lttb = (
            chance.choice([1, 2, 3, 4, 10, 100, 1000]),
            x != "time" and chance.random() < 0.4,
            chance.random() < 0.3,
        )
        query = {"x": x, "start": low, "end": high, "points": most, "log": log, "lttb": lttb}
        expected = [point for point in there if low <= place(point) <= high and (not log or place(point) > 0)]
        found = series(catalog, metric, **query)
        told = list(zip(found.steps.tolist(), found.timestamps.tolist(), found.values.tolist(), strict=True))
        assert len(expected) == found.count, query
        assert len(told) <= most, query
        assert {repr(point) for point in told} <= {repr(point) for point in expected}, query
        assert [place(point) for point in told] == sorted(place(point) for point in told), query
        if most > 1 and expected:
            assert [place(expected[0]), place(expected[-1])] == [place(told[0]), place(told[-1])], query
        if most >= 100 and not lttb:
            finite, shown = ([v for *_, v in some if math.isfinite(v)] for some in (expected, told))
            assert (min(finite, default=0), max(finite, default=0)) == (min(shown, default=0), max(shown, default=0)), (
                query
            )
            assert (len(finite) < len(expected)) == (len(shown) < len(told)), query
