"""Groups of runs: statistics over runs, out of all their points, on one grid."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from tests.catalog.conftest import Folder


def groups(catalog: Catalog, *by: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(catalog.groups("p", None, by, SeriesQuery(**query)).json_bytes())
    return found


def test_runs_with_the_same_config_are_one_group(folder: Folder, catalog: Catalog) -> None:
    """In order of the value, missing last; the mean, spread and extremes at each step are those of the runs."""
    values = {"a": [1.0, 2.0, 3.0], "b": [3.0, 4.0, 8.0], "c": [5.0, 5.0, 5.0], "d": [0.0, 0.0]}
    for run, numbers in values.items():
        config = {"a": {"lr": 0.1}, "b": {"lr": 0.1}, "c": {"lr": 0.01}, "d": {}}[run]
        folder.run(
            run, [(i, {"loss": x}) for i, x in enumerate(numbers)], meta={"config": config, "status": "completed"}
        )
    found = groups(catalog, "config.lr")
    assert [(g["key"], g["values"], g["runs"]) for g in found["groups"]] == [
        ("config.lr=0.01", [0.01], ["c"]),
        ("config.lr=0.1", [0.1], ["a", "b"]),
        ("config.lr=null", [None], ["d"]),
    ]
    loss = found["metrics"]["loss"]
    both = loss["config.lr=0.1"]
    assert both["x"] == [0, 1, 2]
    assert (both["mean"], both["min"], both["max"], both["runs"]) == ([2, 3, 5.5], [1, 2, 3], [3, 4, 8], [2, 2, 2])
    spread = np.std([[1, 2, 3], [3, 4, 8]], axis=0, ddof=1)
    assert both["std"] == pytest.approx(spread.tolist())
    assert both["sem"] == pytest.approx((spread / np.sqrt(2)).tolist())
    assert loss["config.lr=0.01"]["std"] == [None] * 3
    assert loss["config.lr=null"]["x"] == [0, 1]
    assert (found["raw"], found["complete"], found["progress"]) == ({"loss": True}, True, 1.0)


def test_several_fields_make_finer_groups(folder: Folder, catalog: Catalog) -> None:
    """Config, state and group alike, nested names too."""
    for run, opt in (("a", "sgd"), ("b", "adam"), ("c", "adam")):
        folder.run(run, [(0, {"loss": 1})], meta={"config": {"opt": {"name": opt}}, "group": "g", "status": "failed"})
    found = groups(catalog, "config.opt.name", "group", "state")
    assert [(g["values"], g["runs"]) for g in found["groups"]] == [
        (["adam", "g", "failed"], ["b", "c"]),
        (["sgd", "g", "failed"], ["a"]),
    ]


@pytest.mark.parametrize("log", [False, True])
def test_long_runs_are_summed_up_from_all_their_points(folder: Folder, catalog: Catalog, log: bool) -> None:
    """A grid of so many places at most; the mean of means and the extremes are those that numpy finds."""
    random = np.random.default_rng(3)
    data = random.normal(size=(3, 40_000))
    data[1, 12_345] = 77.0
    for run in range(3):
        folder.run(
            f"r{run}", [(i, {"loss": x}) for i, x in enumerate(data[run].tolist())], meta={"status": "completed"}
        )
    found = groups(catalog, "group", points=500, log=log)
    assert found["raw"] == {"loss": False}
    (loss,) = found["metrics"]["loss"].values()
    assert 300 < len(loss["x"]) <= 500
    assert max(loss["max"]) == 77.0
    assert min(loss["min"]) == pytest.approx(data[:, 1 if log else 0 :].min())
    if not log:
        width = 80
        means = data.reshape(3, 500, width).mean(axis=2)
        assert loss["x"][:2] == [39.5, 119.5]
        assert loss["mean"] == pytest.approx(means.mean(axis=0).tolist())
        assert loss["std"] == pytest.approx(means.std(axis=0, ddof=1).tolist())


def test_runs_that_log_at_different_steps_share_a_grid(folder: Folder, catalog: Catalog) -> None:
    """Between two of its points a run counts with a straight line; outside them, and where it has NaN, not at all."""
    folder.run("a", [(i, {"loss": float(i)}) for i in (0, 10, 20)])
    folder.run("b", [(5, {"loss": 100.0}), (10, {"loss": "NaN"}), (15, {"loss": 100.0})])
    (loss,) = groups(catalog, "group")["metrics"]["loss"].values()
    assert loss["x"] == [0, 5, 10, 15, 20]
    assert loss["mean"] == [0, 52.5, 10, 57.5, 20]
    assert loss["runs"] == [1, 2, 1, 2, 1]


def test_other_axes_and_ranges(folder: Folder, catalog: Catalog) -> None:
    """Relative time lets runs of different days stand together; ranges and metrics are chosen as for series."""
    for day, run in enumerate("ab"):
        start = 1_735_787_045_000 + day * 86_400_000
        rows = b"".join(
            json.dumps(
                {"timestamp": start + 1000 * i, "step": i, "metrics": {"loss": i + day, "epoch": i / 10}}
            ).encode()
            + b"\n"
            for i in range(100)
        )
        folder.run(run, rows, meta={"start_time": start, "status": "completed"})
    (loss,) = groups(catalog, "group", x="relative", start=10, end=12, metrics=("loss",))["metrics"]["loss"].values()
    assert (loss["x"], loss["mean"], loss["runs"]) == ([10, 11, 12], [10.5, 11.5, 12.5], [2, 2, 2])
    (loss,) = groups(catalog, "group", x="metric:epoch", points=10, metrics=("loss",))["metrics"]["loss"].values()
    assert len(loss["x"]) == 10
    assert loss["x"][0] == pytest.approx(9.9 / 20)
    assert loss["runs"] == [2] * 10


@pytest.mark.parametrize("every", [1, 1000])
def test_no_step_is_shown_at_which_nobody_logged(folder: Folder, catalog: Catalog, every: int) -> None:
    """Also where there are more steps than places: the means are those at the steps that are shown."""
    data = np.random.default_rng(5).normal(size=(3, 700))
    for run in range(3):
        folder.run(f"r{run}", [(i * every, {"loss": x}) for i, x in enumerate(data[run].tolist())])
    (loss,) = groups(catalog, "group", points=300)["metrics"]["loss"].values()
    steps = np.array(loss["x"]) / every
    assert 100 < len(steps) <= 300
    assert steps.tolist() == np.unique(steps.astype(int)).tolist()
    assert (steps[0], steps[-1]) == (0, 699)
    assert loss["mean"] == pytest.approx(data.mean(axis=0)[steps.astype(int)].tolist())
    assert (min(loss["min"]), max(loss["max"])) == pytest.approx((data.min(), data.max()))
    assert loss["runs"] == [3] * len(steps)


def test_runs_of_different_days_share_moments_since_their_start(folder: Folder, catalog: Catalog) -> None:
    """On the relative axis too a group stands where its runs have points, with the values there."""
    data = np.random.default_rng(6).normal(size=(2, 700))
    for day in range(2):
        start = 1_735_787_045_000 + day * 86_400_000
        rows = b"".join(
            json.dumps({"timestamp": start + 1500 * i, "step": i, "metrics": {"loss": x}}).encode() + b"\n"
            for i, x in enumerate(data[day].tolist())
        )
        folder.run(f"r{day}", rows, meta={"start_time": start, "status": "completed"})
    (loss,) = groups(catalog, "group", x="relative", points=300)["metrics"]["loss"].values()
    places = np.array(loss["x"]) / 1.5
    assert places == pytest.approx(np.round(places))
    assert loss["mean"] == pytest.approx(data.mean(axis=0)[np.round(places).astype(int)].tolist())
    assert loss["runs"] == [2] * len(places)
