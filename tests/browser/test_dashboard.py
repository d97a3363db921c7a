"""The dashboard in a real Chromium: what a person sees and does."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import aspara
from aspara.server.app import Server
from tests.browser.conftest import until

pytestmark = pytest.mark.browser


def points(page, metric: str) -> int:
    return int(page.locator(f'[data-metric="{metric}"] .plot').get_attribute("data-points") or 0)


def test_charts_grow_and_late_runs_appear_without_a_reload(site, page, tmp_path):
    """Logged by another process; the page is opened once."""
    program = tmp_path / "train.py"
    program.write_text(
        "import aspara, sys, time\n"
        "run = aspara.init('digits', sys.argv[1])\n"
        "for i in range(int(sys.argv[2])):\n"
        "    aspara.log({'train/loss': 1 / (i + 1), 'val/acc': i})\n"
        "    time.sleep(0.02)\n"
        "if len(sys.argv) > 3: aspara.log({'late/metric': 1.0})\n"
    )
    first = subprocess.Popen([sys.executable, str(program), "first", "400"])
    until((tmp_path / "data/digits/first.jsonl").exists)
    page.goto(f"{site.url}projects/digits")
    page.wait_for_selector('[data-metric="train/loss"] .js-plotly-plot')
    before = points(page, "train/loss")
    until(lambda: points(page, "train/loss") > before + 20, why="the chart did not grow")
    assert 1 == page.locator(".runlist li").count()
    second = subprocess.Popen([sys.executable, str(program), "second", "5", "late"])
    until(lambda: page.locator(".runlist li").count() == 2, why="the late run did not appear")
    until(lambda: page.locator('[data-metric="late/metric"]').count() == 1, why="the new metric did not appear")
    assert 0 == second.wait(20)
    until(
        lambda: "completed" in (page.locator(".runlist li", has_text="second").inner_text()),
        why="its end was not shown",
    )
    first.wait(30)
    until(lambda: points(page, "train/loss") == 405)


def test_the_live_indicator_is_honest_and_nothing_is_lost_when_the_server_comes_back(page, tmp_path, monkeypatch):
    """Reconnecting while it is away; afterwards every point is there."""
    data = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(data))
    server = Server(data, port=0)
    thread = server.start_in_thread()
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    page.goto(f"{server.url}projects/p")
    page.wait_for_selector(".liveness.live")
    paint = "e => getComputedStyle(e).backgroundColor"
    green = page.locator(".liveness i").evaluate(paint)
    server.stop()
    thread.join(10)
    page.wait_for_selector(".liveness.reconnecting", timeout=15000)
    assert green != page.locator(".liveness i").evaluate(paint)
    for i in range(10):
        run.log({"a": float(i)})
    again = Server(data, port=server.port)
    thread = again.start_in_thread()
    page.wait_for_selector(".liveness.live", timeout=30000)
    until(lambda: points(page, "a") == 11, why=lambda: f"the chart holds {points(page, 'a')} points")
    run.finish()
    again.stop()
    thread.join(10)


def test_zoom_asks_for_raw_points_and_a_double_click_shows_all(site, page):
    """A 20 000-point run is drawn decimated; a zoomed part is what the file holds."""
    run = aspara.Run("r", "p")
    for i in range(20_000):
        run.log({"x": float(i % 7)})
    run.finish()
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="x"] .js-plotly-plot .nsewdrag')
    assert points(page, "x") < 3000
    box = page.locator('[data-metric="x"] .nsewdrag').bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.53, y, steps=5)
    page.mouse.up()
    until(lambda: 400 < points(page, "x") < 900, why="the zoomed window has no raw points")
    page.locator('[data-metric="x"]').hover()
    page.get_by_title("Show all (double click)").click()
    until(lambda: points(page, "x") > 1000)


def test_runs_are_hidden_and_shown_and_the_address_keeps_it(site, page):
    """Reload and the back button show the same."""
    for name in ("one", "two"):
        run = aspara.Run(name, "p")
        run.log({"a": 1.0})
        run.finish()
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    page.get_by_label("Hide two").click()
    until(lambda: points(page, "a") == 1)
    assert "hide=two" in page.url
    page.get_by_label("Filter metrics").fill("nothing like it")
    page.wait_for_selector("text=No metric matches")
    page.reload()
    page.wait_for_selector("text=No metric matches")
    page.get_by_label("Filter metrics").fill("")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    assert 1 == points(page, "a")
    page.get_by_role("link", name="Table of runs").click()
    page.wait_for_selector("text=2 runs")
    page.go_back()
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')


def test_notes_and_tags_are_edited_and_a_lost_edit_is_prevented(site, page):
    """An edit that met another's says so and keeps the text."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    run.finish()
    page.goto(f"{site.url}projects/p/runs/r#overview")
    page.get_by_role("button", name="Edit name, notes and tags").click()
    page.get_by_label("Notes").fill("<b>mine</b>")
    page.get_by_label("Tags").fill("good, <i>bold</i>")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector(".notes-text:has-text('<b>mine</b>')")
    assert 0 == page.locator(".notes-text b").count()
    assert 0 == page.locator(".tag i").count()
    page.get_by_role("button", name="Edit name, notes and tags").click()
    page.get_by_label("Notes").wait_for()
    site.context.catalog.edit_run("p", "r", {"notes": "theirs"})
    page.get_by_label("Notes").fill("mine again")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=Somebody changed this")
    assert "theirs" == site.context.catalog.run_metadata("p", "r").content["notes"]
    assert "mine again" == page.get_by_label("Notes").input_value()


def test_deleting_asks_once_for_the_thing_named(site, page):
    """Keep it keeps it; Delete deletes it and goes back to the project."""
    for name in ("r", "other"):
        run = aspara.Run(name, "p")
        run.log({"a": 1.0})
        run.finish()
    page.goto(f"{site.url}projects/p/runs/r#overview")
    page.get_by_role("button", name="Delete run").click()
    page.wait_for_selector("text=Delete run “r”?")
    page.get_by_role("button", name="Cancel").click()
    assert 2 == len(site.context.catalog.runs("p"))
    page.get_by_role("button", name="Delete run").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/projects/p")
    assert ["other"] == [r.run for r in site.context.catalog.runs("p")]


def test_a_run_that_is_deleted_while_it_is_looked_at_offers_nothing_any_more(site, page):
    """Said once, with the way back; it counts no longer as live."""
    with aspara.Run("r", "p") as run:
        run.log({"a": 1.0})
    with aspara.Run("other", "p") as run:
        run.log({"a": 1.0})
    page.goto(f"{site.url}projects/p/runs/r#overview")
    page.get_by_role("button", name="Delete run").wait_for()
    site.context.catalog.delete_run("p", "r")
    page.get_by_role("alert").get_by_text("This run was deleted.").wait_for()
    for tab in ("console", "media", "artifacts", "overview"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_selector(f"#panel-{tab}")
        assert 1 == page.get_by_role("alert").count()
    assert 0 == page.locator(".liveness").count()
    assert 0 == page.get_by_role("button", name=re.compile("Delete|Edit|Stop")).count()
    page.get_by_role("link", name="Back to p").click()
    page.wait_for_selector(".runlist li")


def test_deleting_a_running_run_asks_once_too(site, page):
    """The question says that it is running."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    page.goto(f"{site.url}projects/p/runs/r#overview")
    page.get_by_role("button", name="Delete run").click()
    page.get_by_role("dialog").get_by_text("The run is still running: anything it logs after this is lost.").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/projects/p")
    assert [] == site.context.catalog.runs("p")
    run.finish()


def test_read_only_has_no_button_on_any_page_for_what_cannot_be_done(page, tmp_path):
    """Nor does a running run offer to be stopped; the head says why."""
    run = aspara.Run("r", "p", dir=tmp_path, tags=["t"], notes="mine")
    run.log({"a": 1.0})
    server = Server(tmp_path, port=0, read_only=True)
    thread = server.start_in_thread()
    for path, there in (
        ("", ".project"),
        ("?layout=list", ".project-list"),
        ("projects/p", '[data-metric="a"]'),
        ("projects/p/runs/r", ".page-head .status.running"),
        ("projects/p/runs/r#overview", ".notes"),
        ("projects/p/compare?runs=r", ".compared"),
    ):
        page.goto("about:blank")
        page.goto(server.url + path)
        page.wait_for_selector(there)
        if path == "projects/p":
            page.get_by_role("button", name="About").click()
            page.wait_for_selector(".notes")
        page.get_by_text("read-only", exact=True).wait_for()
        offered = page.get_by_role(
            "button", name=re.compile("Delete|Edit|Stop|Tag|Archive|More actions for p|Colour of")
        )
        assert [] == offered.all_inner_texts(), path
    server.stop()
    thread.join(10)
    run.finish()


def test_a_page_without_its_token_asks_for_it(page, tmp_path):
    """And opens with it what was asked for."""
    run = aspara.Run("r", "p", dir=tmp_path)
    run.log({"a": 1.0})
    run.finish()
    server = Server(tmp_path, port=0, token="s3cret")
    thread = server.start_in_thread()
    page.goto(f"http://127.0.0.1:{server.port}/projects/p")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Open").click()
    page.get_by_text("That token is not the one of this server").wait_for()
    page.get_by_label("Token").fill("s3cret")
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector('[data-metric="a"]')
    assert "token" not in page.url
    server.stop()
    thread.join(10)


def test_names_are_never_markup(site, page):
    """Projects, runs, metrics, tags and config of the worst kind are shown as they are."""
    evil = '<img src=x onerror="window.pwned=1">'
    run = aspara.Run(evil, "p", config={evil: evil}, tags=[evil[:60]])
    run.log({evil: 1.0, f"{evil}/b": 2.0})
    run.log({evil: 2.0, f"{evil}/b": 3.0})
    run.finish()
    for path in (
        "",
        "projects/p",
        "projects/p/runs",
        f"projects/p/runs/{run.run}",
        f"projects/p/runs/{run.run}#config",
    ):
        page.goto(site.url + path)
        page.wait_for_timeout(700)
        assert page.evaluate("window.pwned") is None
        assert 0 == page.locator('img[src="x"]').count()


def test_there_is_no_button_that_sends_a_chart_away(site, page):
    """Plotly's share button uploads; here it does not exist."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    run.finish()
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    page.locator('[data-metric="a"]').hover()
    assert 0 == page.locator("[data-title*='hare'], [data-title*='loud'], a[href*='plotly']").count()


def test_an_empty_dashboard_teaches_and_the_first_run_appears(site, page):
    """Three lines to copy; then the project is there by itself."""
    page.goto(site.url)
    page.wait_for_selector("text=No runs yet")
    run = aspara.Run("r", "first")
    run.log({"a": 1.0})
    page.wait_for_selector("text=1 run ·", timeout=15000)
    run.finish()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_sticks_out_at_any_width(site, browser, tmp_path, scheme, width):
    """No page scrolls sideways; pictures of each are kept."""
    from tests.browser.conftest import SCREENSHOTS

    for lr in (0.1, 0.01):
        run = aspara.Run(f"lr={lr}", "digits", config={"lr": lr, "model": {"layers": 3}}, tags=["sweep"])
        for i in range(200):
            run.log({"train/loss": 2.0 ** (-i * lr), "train/accuracy": 1 - 2.0 ** (-i * lr), "lr": lr})
        run.finish()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    SCREENSHOTS.mkdir(exist_ok=True)
    pages = {
        "projects": "",
        "project": "projects/digits",
        "runs": "projects/digits/runs",
        "run": "projects/digits/runs/lr-0.1",
    }
    for name, path in pages.items():
        page.goto(site.url + path)
        page.wait_for_timeout(900)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} sticks out at {width}"
        page.screenshot(path=str(SCREENSHOTS / f"{name}-{scheme}-{width}.png"))
    context.close()
