"""Smoothing: a weight means what users of TensorBoard and wandb know, at every zoom and beside any other run."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import Series, SeriesQuery
from aspara.catalog.series.smoothing import SMOOTHERS, Smoother, neighbour_average, smooth
from aspara.errors import UsageError
from aspara.util.json_safe import NONFINITE
from tests.catalog.conftest import Folder, row

FIXTURE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "fixtures" / "smoothing.json").read_text("utf-8"))


def numbers(values: list[Any]) -> Any:
    return np.array([NONFINITE.get(v, v) if isinstance(v, str) else v for v in values], np.float64)


@pytest.mark.parametrize("case", FIXTURE["cases"], ids=lambda c: f"{c['series']} {c['smoother']} {c['smoothing']}")
def test_smoothed_values_are_those_of_the_fixture(case: dict[str, Any]) -> None:
    given = FIXTURE["series"][case["series"]]
    y, expected = numbers(given["y"]), numbers(case["smoothed"])
    found = smooth(y, case["smoothing"], case["smoother"], np.array(given["x"]))
    finite = np.isfinite(y)
    scale = np.abs(y[finite]).max(initial=0)
    np.testing.assert_allclose(found[finite], expected[finite], rtol=0, atol=1e-9 * scale)
    np.testing.assert_array_equal(found[~finite], expected[~finite])


def smoothed(catalog: Catalog, run: str = "r", metric: str = "loss", **query: Any) -> Series:
    found = catalog.metrics("p", [run], SeriesQuery(metrics=(metric,), **query)).metrics[metric][run]
    assert found.smoothed is not None
    return found.smoothed


def noisy(count: int) -> list[tuple[int, dict[str, float]]]:
    rng = np.random.default_rng(3)
    return [(i, {"loss": float(np.exp(-i / 5000) + rng.normal(0, 0.2)), "epoch": i / 100}) for i in range(count)]


@pytest.mark.parametrize("smoother", SMOOTHERS)
@pytest.mark.parametrize("x", ["step", "time", "relative", "metric:epoch"])
def test_a_window_holds_the_values_of_the_whole_series(
    folder: Folder, catalog: Catalog, smoother: Smoother, x: str
) -> None:
    """Its left edge is warm, and what is left out for drawing changes no value."""
    rows = noisy(20_000)
    folder.run("r", rows, meta={"start_time": 0})
    whole = smoothed(catalog, x=x, smoothing=0.99, smoother=smoother)
    expected = smooth(np.array([m["loss"] for _, m in rows]), 0.99, smoother, np.array([m["epoch"] for _, m in rows]))
    np.testing.assert_allclose(whole.values, expected, rtol=1e-9)
    at = dict(zip(whole.steps.tolist(), whole.values.tolist(), strict=True))
    scale = {"step": 1.0, "time": 1000.0, "relative": 1.0, "metric:epoch": 0.01}[x]
    for points in (None, 100):
        part = smoothed(
            catalog, x=x, smoothing=0.99, smoother=smoother, start=9000 * scale, end=12_000 * scale, points=points
        )
        assert (part.steps[0], part.steps[-1]) == (9000, 12_000)
        assert part.values.tolist() == [at[step] for step in part.steps.tolist()]


def test_the_length_of_another_run_changes_nothing(folder: Folder, catalog: Catalog) -> None:
    """Two runs with the same first thousand points are smoothed alike there."""
    rows = noisy(20_000)
    folder.run("short", rows[:1000])
    folder.run("long", rows)
    answer = catalog.metrics("p", None, SeriesQuery(metrics=("loss",), smoothing=0.9)).metrics["loss"]
    short, long = answer["short"].smoothed, answer["long"].smoothed
    assert short is not None
    assert long is not None
    np.testing.assert_allclose(short.values, long.values[:1000], rtol=1e-12)


def test_points_that_come_later_go_on_where_the_others_ended(folder: Folder, catalog: Catalog) -> None:
    """Of a run that grows only the new points are smoothed; the values are those of the whole."""
    rows = noisy(30_000)
    file = folder.run("r", rows[:10_000])
    for end in (10_000, 10_001, 15_000, 29_000, 30_000):
        file.write_bytes(b"".join(row(1000 * i, s, m) for i, (s, m) in enumerate(rows[:end])))
        for smoother in SMOOTHERS:
            found = smoothed(catalog, smoothing=0.95, smoother=smoother)
            expected = smooth(np.array([m["loss"] for _, m in rows[:end]]), 0.95, smoother)
            np.testing.assert_allclose(found.values, expected, rtol=1e-9)


def test_extremes_of_the_smoothed_line_are_kept_when_points_are_left_out(folder: Folder, catalog: Catalog) -> None:
    """The smoothed line is decimated by its own shape."""
    folder.run("r", noisy(20_000))
    whole = smoothed(catalog, smoothing=0.9)
    few = smoothed(catalog, smoothing=0.9, points=60)
    assert len(few.values) <= 60
    assert (few.values.min(), few.values.max()) == (whole.values.min(), whole.values.max())


def test_many_metrics_of_one_run_are_smoothed_each_for_itself(folder: Folder, catalog: Catalog) -> None:
    folder.run("r", [(i, {f"m{k}": float((i * (k + 3)) % 17) for k in range(5)}) for i in range(3000)])
    answer = catalog.metrics("p", ["r"], SeriesQuery(points=50, smoothing=0.8)).metrics
    for k in range(5):
        found = answer[f"m{k}"]["r"].smoothed
        assert found is not None
        expected = smooth(np.array([float((i * (k + 3)) % 17) for i in range(3000)]), 0.8)
        assert found.values.tolist() == expected[found.steps].tolist()


def test_a_group_shows_the_mean_of_its_smoothed_runs(folder: Folder, catalog: Catalog) -> None:
    values = np.random.default_rng(1).normal(size=(2, 50))
    for run in range(2):
        folder.run(f"r{run}", [(i, {"loss": float(v)}) for i, v in enumerate(values[run])], meta={"group": "g"})
    query = SeriesQuery(metrics=("loss",), points=100, smoothing=0.7)
    (group,) = catalog.groups("p", None, ["group"], query).metrics["loss"].values()
    assert group.smoothed is not None
    np.testing.assert_allclose(group.smoothed, (smooth(values[0], 0.7) + smooth(values[1], 0.7)) / 2)


def test_the_answer_holds_smoothed_values_beside_the_raw_ones(folder: Folder, catalog: Catalog) -> None:
    """Without steps of their own where they stand at the same ones; non-finite values are null, and said beside them."""
    folder.run("r", [(0, {"loss": 1.0}), (1, {"loss": "NaN"}), (2, {"loss": 3.0})])
    answer = catalog.metrics("p", ["r"], SeriesQuery(smoothing=0.5))
    shown = json.loads(answer.json_bytes())["metrics"]["loss"]["r"]
    assert shown["values"] == [1.0, None, 3.0]
    assert shown["smoothed"] == {"values": [1.0, None, pytest.approx(7 / 3)], "nonfinite": {"nan": [1]}}
    assert "smoothed" not in json.loads(catalog.metrics("p", ["r"], SeriesQuery()).json_bytes())["metrics"]["loss"]["r"]


@pytest.mark.parametrize(("smoothing", "smoother"), [(-0.1, "ema"), (1.1, "ema"), (True, "ema"), (0.5, "median")])
def test_a_weight_outside_0_to_1_and_an_unknown_smoother_are_named(smoothing: float, smoother: Any) -> None:
    with pytest.raises(UsageError, match=f"{smoothing}|{smoother}"):
        SeriesQuery(smoothing=smoothing, smoother=smoother)


@pytest.mark.parametrize("weight", [0.6, 0.99, 0.9999])
@pytest.mark.parametrize("smoother", ["gaussian", "mean"])
def test_a_long_series_is_smoothed_in_slices_as_if_in_one(smoother, weight):
    """At its ends, at the seams of slices and parts, and around values that are not finite."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=400_000)
    values[rng.integers(0, len(values), 5000)] = np.nan
    values[131_000:131_100] = np.inf
    cuts = [0, 131_072, 140_000, 140_001, len(values)]
    average = neighbour_average(weight, smoother, [values[a:b] for a, b in itertools.pairwise(cuts)])
    smoothed = np.concatenate([piece for part in range(4) for piece in average.part(part)])
    finite = np.isfinite(values)
    assert np.array_equal(smoothed[~finite], values[~finite], equal_nan=True)
    kept, smoothed = values[finite], smoothed[finite]
    places = [0, 1, 5, 100_000, *range(129_300, 129_700, 13), 139_000, 260_000, len(kept) - 2, len(kept) - 1]
    for place in places:
        if smoother == "gaussian":
            sigma = (1 + weight) / (1 - weight) / (2 * math.sqrt(math.pi))
            reach = math.ceil(3 * sigma)
        else:
            reach = math.floor(weight / (1 - weight) + 0.5)
        near = np.arange(max(0, place - reach), min(len(kept), place + reach + 1))
        weights = np.exp(-0.5 * ((near - place) / sigma) ** 2) if smoother == "gaussian" else np.ones(len(near))
        assert smoothed[place] == pytest.approx(np.average(kept[near], weights=weights), rel=1e-9, abs=1e-12)
