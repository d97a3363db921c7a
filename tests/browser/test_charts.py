"""Charts in a real Chromium: what they show is what the files hold."""

from __future__ import annotations

import csv
import json
import time

import pytest

import aspara
from aspara.server.app import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A standalone dashboard on an empty data directory."""
    data = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(data))
    server = Server(data, port=0)
    thread = server.start_in_thread()
    yield server
    server.stop()
    thread.join(10)


def until(done, seconds: float = 20.0, why: str = "") -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, why or "it did not happen"
        time.sleep(0.1)


def test_a_chart_saves_every_point_of_the_file_as_csv(site, page, tmp_path):
    """Far more points than are drawn; NaN by name."""
    run = aspara.Run("r", "p")
    for i in range(5000):
        run.log({"a": float("nan") if i == 7 else i / 3})
    run.finish()
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    page.locator('[data-metric="a"]').hover()
    page.get_by_role("button", name="More of a").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="Save all points as CSV").click()
    with open(saved.value.path(), newline="") as file:
        found = [(int(row["step"]), row["value"]) for row in csv.DictReader(file)]
    rows = [json.loads(line) for line in (tmp_path / "data/p/r.jsonl").read_text().splitlines()]
    kept = {row["step"]: row["metrics"]["a"] for row in rows if "a" in row.get("metrics", {})}
    assert sorted(kept) == [step for step, _ in found]
    assert "NaN" == dict(found)[7]
    assert all(float(value) == kept[step] for step, value in found if step != 7)


def test_a_dozen_tabs_stay_usable(site, browser):
    """Each is live, and one more page still opens."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    context = browser.new_context()
    pages = [context.new_page() for _ in range(12)]
    for one in pages:
        one.goto(f"{site.url}projects/p")
    for one in pages:
        one.wait_for_selector(".live.live", timeout=30_000)
    more = context.new_page()
    more.goto(f"{site.url}projects/p/runs")
    more.wait_for_selector("text=r")
    run.log({"a": 2.0})
    until(lambda: "2" == pages[0].locator('[data-metric="a"] .plot').get_attribute("data-points"))
    run.finish()
    context.close()
