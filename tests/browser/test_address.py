"""What a page shows is in its address: Back undoes an act, Forward does it again, a copy shows the same."""

from __future__ import annotations

import json

import pytest

import aspara
from tests.browser.conftest import until, watched

pytestmark = pytest.mark.browser


@pytest.fixture
def runs(site):
    for name in ("one", "two", "three"):
        with aspara.Run(name, "p", config={"lr": len(name)}, capture=False) as run:
            for i in range(200):
                run.log({"train/loss": 1 / (i + 1), "acc": i / 200})
    return site


def at(page) -> str:
    return page.evaluate("location.href")


def pressed(page, name: str) -> str:
    return page.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed")


def zoom(page, metric: str, start: float, end: float) -> None:
    page.wait_for_selector(f'[data-metric="{metric}"] .js-plotly-plot .nsewdrag')
    box = page.locator(f'[data-metric="{metric}"] .nsewdrag').bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=5)
    page.mouse.up()


def test_back_undoes_what_was_done_to_charts_and_forward_does_it_again(runs, page):
    """A zoom, a filter, smoothing and a switch are an entry each, however many strokes they took."""
    page.goto(f"{runs.url}projects/p")
    zoom(page, "acc", 0.2, 0.6)
    until(lambda: "range=" in at(page))
    page.get_by_label("Filter metrics").fill("loss")
    until(lambda: "metrics=loss" in at(page))
    slider = page.get_by_role("slider", name="Smoothing")
    # As a drag does it, within a moment however slow the machine is.
    slider.evaluate(
        """async (el) => {
          for (let i = 0; i < 5; i++) {
            el.stepUp();
            el.dispatchEvent(new Event("input", { bubbles: true }));
            await null;
          }
        }"""
    )
    until(lambda: "smooth=0.05" in at(page))
    page.get_by_role("button", name="log y").click()
    until(lambda: "log=1" in at(page))
    whole = at(page)
    assert "true" == pressed(page, "log y")
    page.go_back()
    until(lambda: "false" == pressed(page, "log y"))
    page.go_back()
    until(lambda: "0" == slider.input_value(), why="Back does not take the smoothing away")
    assert "loss" == page.get_by_label("Filter metrics").input_value()
    page.go_back()
    until(lambda: "" == page.get_by_label("Filter metrics").input_value())
    page.wait_for_selector('[data-metric="acc"]')
    assert "range=" in at(page)
    page.go_back()
    until(lambda: 0 == page.get_by_role("button", name="zoomed").count(), why="Back does not undo the zoom")
    assert f"{runs.url}projects/p" == at(page)
    for _ in range(4):
        page.go_forward()
    until(lambda: "true" == pressed(page, "log y"))
    assert (whole, "0.05") == (at(page), slider.input_value())
    page.reload()
    until(lambda: "true" == pressed(page, "log y"))
    assert (whole, "0.05", 1) == (at(page), slider.input_value(), page.get_by_role("button", name="zoomed").count())
    with watched(page.context, "copied") as other:
        other.goto(whole)
        until(lambda: "true" == pressed(other, "log y"))
        assert 1 == other.get_by_role("button", name="zoomed").count()


def test_what_is_read_of_a_project_and_a_full_chart_are_in_the_address(runs, page):
    """Back closes what was opened."""
    page.goto(f"{runs.url}projects/p")
    page.get_by_role("button", name="About").click()
    page.wait_for_selector("text=No notes.")
    assert "about=1" in at(page)
    page.locator('[data-metric="acc"]').focus()
    page.keyboard.press("f")
    page.wait_for_selector('[data-metric="acc"].full')
    page.reload()
    page.wait_for_selector('[data-metric="acc"].full')
    page.go_back()
    until(lambda: 0 == page.locator(".chart.full").count())
    page.wait_for_selector("text=No notes.")
    page.go_back()
    until(lambda: 0 == page.locator("text=No notes.").count())


def test_back_undoes_what_was_done_to_the_table(runs, page):
    """Filter, sort and columns; a column that is back is also remembered as such."""
    page.goto(f"{runs.url}projects/p/runs?cols=lr,summary.acc")
    page.wait_for_selector("text=3 runs")
    page.get_by_role("combobox", name="Filter runs by an expression").fill("lr > 3")
    page.wait_for_selector("text=1 of 3 runs")
    page.get_by_role("button", name="lr", exact=True).click()
    until(lambda: "sort=lr" in at(page))
    page.get_by_role("button", name="Column acc").click()
    page.get_by_role("button", name="Hide", exact=True).click()
    until(lambda: 0 == page.get_by_role("button", name="Column acc").count())
    page.go_back()
    page.get_by_role("button", name="Column acc").wait_for()
    page.go_back()
    until(lambda: "sort" not in at(page))
    page.go_back()
    page.wait_for_selector("text=3 runs")
    assert "" == page.get_by_role("combobox", name="Filter runs by an expression").input_value()
    page.goto(f"{runs.url}projects/p/runs")
    page.get_by_role("button", name="Column acc").wait_for()


def test_the_selection_is_in_the_address_and_none_is_undone(runs, page):
    """Ticks make no entries; a comparison that is left by Back has its runs selected still, and so has a copy."""
    page.goto(f"{runs.url}projects/p/runs")
    page.get_by_label("Select one", exact=True).check()
    page.get_by_label("Select two", exact=True).check()
    page.wait_for_selector("text=2 runs selected")
    until(lambda: "sel=one%2Ctwo" in at(page))
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_selector("text=2 runs compared")
    page.get_by_role("tab", name="Charts").click()
    page.wait_for_selector('[data-metric="acc"]')
    page.go_back()
    page.wait_for_selector("[role=tab][aria-selected=true]:has-text('Differences')")
    page.go_back()
    page.wait_for_selector("text=2 runs selected")
    page.get_by_role("button", name="Clear selection").click()
    until(lambda: 0 == page.locator("text=2 runs selected").count())
    page.go_back()
    page.wait_for_selector("text=2 runs selected")
    with watched(page.context, "copied") as other:
        other.goto(at(page))
        other.wait_for_selector("text=2 runs selected")
        assert other.get_by_label("Select one", exact=True).is_checked()


def test_a_selection_too_long_for_an_address_outlives_a_reload(site, page, tmp_path):
    """And a copy of the address says that it is not in it."""
    folder = tmp_path / "data/many"
    folder.mkdir(parents=True)
    for i in range(150):
        meta = {"run_id": f"{i:016x}", "is_finished": True, "status": "completed", "start_time": 1764000000000 + i}
        (folder / f"r{i}.meta.json").write_text(json.dumps({**meta, "version": "1"}))
        (folder / f"r{i}.jsonl").touch()
    page.goto(f"{site.url}projects/many/runs")
    page.wait_for_selector("text=150 runs")
    page.get_by_label("Select all 150 runs").check()
    page.wait_for_selector("text=150 runs selected")
    page.reload()
    page.wait_for_selector("text=150 runs selected")
    assert len(at(page)) < len(site.url) + 60
    page.get_by_role("button", name="Clear selection").click()
    until(lambda: 0 == page.locator("text=150 runs selected").count())
    page.go_back()
    page.wait_for_selector("text=150 runs selected")
    with watched(page.context, "copied") as other:
        other.goto(at(page))
        other.wait_for_selector("text=The link selected 150 runs, but a link can hold at most")
        other.get_by_label("Select r149", exact=True).check()
        until(lambda: at(other).endswith("sel=r149"))
        assert 0 == other.locator("text=a link can hold at most").count()


def test_projects_are_found_and_sorted_and_back_undoes_it(runs, page):
    page.goto(runs.url)
    page.get_by_label("Search projects by name or tag").fill("nosuch")
    until(lambda: at(page).endswith("?search=nosuch"))
    page.get_by_label("Sort by").select_option("name")
    until(lambda: "sort=name" in at(page))
    page.go_back()
    until(lambda: "active" == page.get_by_label("Sort by").input_value())
    page.go_back()
    page.get_by_role("link", name="p", exact=True).first.wait_for()
    assert "" == page.get_by_label("Search projects by name or tag").input_value()


def test_a_page_that_is_come_back_to_by_a_link_shows_what_it_showed(runs, page):
    """Charts, table and back by the crumb: smoothing and hidden runs are as they were left; a crumb of the page itself resets it."""
    page.goto(f"{runs.url}projects/p?smooth=0.6")
    page.get_by_label("Hide two").click()
    until(lambda: "hide=" in at(page))
    left = at(page)
    page.get_by_role("link", name="Table of runs").click()
    page.wait_for_selector(".runs-table")
    page.get_by_role("navigation").get_by_role("link", name="p", exact=True).click()
    page.get_by_label("Show two").wait_for()
    assert left == at(page)
    assert "0.6" == page.get_by_role("slider", name="Smoothing").input_value()
    page.get_by_role("navigation").get_by_role("link", name="p", exact=True).click()
    until(lambda: "smooth" not in at(page))
