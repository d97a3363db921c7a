"""Smoothing in the page that `aspara export` writes."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

import aspara
from aspara.catalog.series.smoothing import smooth

pytestmark = pytest.mark.browser

FIXTURE = json.loads((Path(__file__).parents[1] / "fixtures" / "smoothing.json").read_text(encoding="utf-8"))
SHORT = ("noisy loss", "gaps and infinities", "uneven axis", "constant", "repeated places", "spike")


def test_the_page_smooths_as_the_dashboard_does(data, cli, tmp_path, browser):
    """At each weight it draws TensorBoard's average over all points of a series, also where it holds only some of them."""
    long = np.random.default_rng(5).normal(size=4000)
    long[7] = math.nan
    with aspara.Run(name="smoothed", project="curves", dir=data) as run:
        for name in SHORT:
            for x, y in zip(FIXTURE["series"][name]["x"], FIXTURE["series"][name]["y"], strict=True):
                run.log({name: float(y)}, step=x)
        for step, value in enumerate(long.tolist()):
            run.log({"long": value}, step=step)
    path = tmp_path / "curves.html"
    cli("export", "curves", "--output", str(path))
    with contextlib.closing(browser.new_context(offline=True)) as context:
        tab = context.new_page()
        tab.goto(path.as_uri())

        def drawn(name: str) -> tuple[list[int], list[float]]:
            plot = tab.locator(f".card:has(h3[title='{name}']) .plot")
            plot.scroll_into_view_if_needed()
            tab.wait_for_function("(plot) => plot.data?.length === 2", arg=plot.element_handle())
            steps, values = plot.evaluate("(plot) => [plot.data[1].x, plot.data[1].y]")
            return steps, [math.nan if value is None else value for value in values]

        seen = 0
        for weight in tab.locator("#smoothing option").evaluate_all("all => all.map((o) => o.value).slice(1)"):
            tab.locator("#smoothing").select_option(weight)
            for case in FIXTURE["cases"]:
                name = case["series"]
                if name not in SHORT or ("ema", float(weight)) != (case["smoother"], case["smoothing"]):
                    continue
                seen += 1
                assert (FIXTURE["series"][name]["x"], close(case["smoothed"])) == drawn(name)
            steps, values = drawn("long")
            assert 200 < len(steps) <= 500
            assert close(smooth(long, float(weight))[steps]) == values
        assert 10 <= seen


def close(values) -> object:
    """As near as the fixture demands of each implementation; what is not finite is a gap in a chart."""
    drawable = np.array(values, float)
    drawable[~np.isfinite(drawable)] = math.nan
    return pytest.approx(drawable.tolist(), rel=0, abs=1e-9 * np.nanmax(np.abs(drawable)), nan_ok=True)
