"""Runs side by side in a real Chromium: what differs, their charts and texts, inputs against results."""

from __future__ import annotations

import pytest

import aspara
from tests.browser.conftest import until

pytestmark = pytest.mark.browser


def make(name, config, loss):
    run = aspara.Run(name, "p", config={"data": "cifar", **config})
    run.define_metric("odd", goal="maximize")
    for value in (3.0, loss):
        run.log({"loss": value, "odd": value * 2})
    run.finish()


@pytest.fixture
def three(site, tmp_path):
    """Three runs; two of them with what they had changed in their code, and other packages."""
    make("one", {"model": {"lr": 0.1, "act": "relu"}}, 0.5)
    make("two", {"model": {"lr": 0.2, "act": "relu"}}, 0.25)
    make("three", {"model": {"lr": 0.4, "act": "gelu"}, "extra": True}, 1.0)
    for name, version, line in (("one", "2.0", "+lr = 1"), ("two", "2.1", "+lr = 2")):
        folder = tmp_path / "data/p" / name
        folder.mkdir(exist_ok=True)
        (folder / "requirements.txt").write_text(f"numpy=={version}\ntorch==2.5\n")
        (folder / "diff.patch").write_text(f"--- a/train.py\n+++ b/train.py\n same\n{line}\n")
    return site


def row(page, key: str) -> list[str]:
    """What the table says of a key, a text for each run."""
    head = page.get_by_role("button", name=key, exact=True)
    return [" ".join(text.split()) for text in head.locator("xpath=ancestor::tr").locator("td").all_text_contents()]


def keys(page) -> list[str]:
    return page.locator(".diff-table tbody th[scope=row]").all_inner_texts()


def test_selected_runs_are_compared_and_only_what_differs_is_shown(three, page):
    """From the table; deltas to the baseline, the best marked, all on demand, found by nested key, kept in the address."""
    page.goto(f"{three.url}projects/p/runs")
    for name in ("one", "two", "three"):
        page.get_by_label(f"Select {name}", exact=True).click()
    page.get_by_role("link", name="Compare").click()
    page.wait_for_selector("text=3 runs compared")
    page.get_by_role("button", name="Make one the baseline").click()
    page.wait_for_selector(".diff-table")
    until(lambda: {"model.lr", "extra", "loss", "odd"} <= set(keys(page)))
    assert "data" not in keys(page)
    page.get_by_role("button", name="loss", exact=True).click()
    until(lambda: ["★ best: 0.25−50%", "0.5", "1+100%"] == row(page, "loss"), why=lambda: row(page, "loss"))
    assert ["0.2+100%", "0.1", "0.4+300%"] == row(page, "model.lr")
    assert "★" in row(page, "odd")[2], "the goal that the program gave counts"
    page.get_by_role("button", name="all", exact=False).and_(page.locator(".finder button")).click()
    until(lambda: "data" in keys(page))
    page.get_by_label("Search config and summary").fill(r"model\.")
    until(lambda: ["model.lr", "model.act"] == keys(page))
    page.reload()
    page.wait_for_selector(".diff-table")
    until(lambda: ["model.lr", "model.act"] == keys(page))
    page.get_by_role("button", name="Remove three from comparison").click()
    page.wait_for_selector("text=2 runs compared")
    assert "runs=two%2Cone" in page.url


def test_charts_of_the_compared_runs_grow(site, page):
    """Only they are drawn; a point that one of them logs appears."""
    make("other", {"lr": 1}, 1.0)
    make("done", {"lr": 2}, 1.0)
    live = aspara.Run("live", "p", config={"lr": 3})
    live.log({"loss": 1.0})
    page.goto(f"{site.url}projects/p/compare?runs=done,live&tab=charts")
    plot = page.locator('[data-metric="loss"] .plot')
    until(lambda: plot.count() and "3" == plot.get_attribute("data-points"))
    live.log({"loss": 0.5})
    until(lambda: "4" == plot.get_attribute("data-points"))
    page.get_by_role("tab", name="Differences").click()
    until(lambda: ["1", "★ best: 0.5−50%"] == row(page, "loss"), why=lambda: row(page, "loss"))
    live.finish()


def test_code_and_packages_are_told_apart_line_by_line(three, page):
    page.goto(f"{three.url}projects/p/compare?runs=one,two,three&tab=code")
    until(lambda: "numpy" in keys(page) and "torch" not in keys(page))
    assert ["2.0", "2.1≠", "–"] == row(page, "numpy")
    text = page.get_by_role("region", name="From one to two")
    until(lambda: text.count() and "removed: +lr = 1" in text.text_content())
    assert "added: +lr = 2" in text.text_content()
    page.get_by_role("combobox", name="To", exact=True).select_option("three")
    page.wait_for_selector("text=three: no uncommitted changes, or they were not captured.")
    page.get_by_role("combobox", name="Show").select_option("config")
    page.get_by_role("button", name="side by side").click()
    page.wait_for_selector('.split-text >> text="lr": 0.4')


@pytest.fixture
def sweep(site):
    for i in range(24):
        lr, act = 10 ** (-4 + i / 8), "relu" if i % 2 else "gelu"
        make(
            f"r{i:02}", {"lr": lr, "act": act, "seed": i % 5, **({} if i % 3 else {"warm": True})}, (i - 12) ** 2 / 100
        )
    return site


def test_inputs_are_brushed_by_pointer_and_keyboard_and_the_kept_runs_compared(sweep, page):
    """The most important stands first; a range is kept in the address and told as a table."""
    page.goto(f"{sweep.url}projects/p/compare?runs=r00,r01&tab=parameters&target=loss")
    page.wait_for_selector("text=Parameter importance for loss")
    first = page.locator(".importance tbody tr").first
    assert first.inner_text().startswith("lr") and float(first.locator("td").first.inner_text()) > 0.6
    least = page.get_by_role("slider", name="Minimum lr")
    least.focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    page.wait_for_selector("text=12 runs in range")
    assert "brush=config.lr" in page.url
    page.reload()
    page.wait_for_selector("text=12 runs in range")
    page.get_by_role("slider", name="Minimum lr").focus()
    page.keyboard.press("Escape")
    page.wait_for_selector("text=24 runs, best first")
    box = page.locator(".axis .grip").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 8
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + (box["height"] - 16) * 0.25, steps=4)
    page.mouse.up()
    page.wait_for_selector("text=6 runs in range")
    page.get_by_role("button", name="Compare these 6").click()
    page.wait_for_selector("text=6 runs compared")
    page.get_by_role("combobox", name="X", exact=True).select_option("config.act")
    chart = page.get_by_role("application")
    chart.focus()
    page.keyboard.press("End")
    page.wait_for_selector(".scatter-said >> text=act relu")


def test_a_run_that_is_not_there_is_named_and_none_or_one_is_no_error(three, page):
    page.goto(f"{three.url}projects/p/compare?runs=one,ghost")
    page.wait_for_selector("text=Run not found in p: ghost")
    page.get_by_role("button", name="Continue without it").click()
    page.wait_for_selector("text=Add another run to see differences")
    page.get_by_role("button", name="show all values of this run").click()
    until(lambda: "data" in keys(page))
    page.goto(f"{three.url}projects/p/compare")
    page.wait_for_selector("text=Choose runs to compare")
    page.get_by_role("button", name="two").click()
    page.wait_for_selector("text=1 run compared")


def test_two_hundred_runs_are_compared(site, page):
    """Cells exist only near the screen, and the last column is reached."""
    for i in range(200):
        run = aspara.Run(f"r{i:03}", "p", config={f"key{k}": i * k for k in range(40)})
        run.log({"loss": 1.0 / (i + 1)})
        run.finish()
    names = ",".join(f"r{i:03}" for i in range(200))
    page.goto(f"{site.url}projects/p/compare?runs={names}")
    page.wait_for_selector("text=200 runs compared")
    table = page.locator(".diff-table")
    table.wait_for()
    assert page.locator(".diff-table td").count() < 1500
    table.evaluate("el => { el.scrollLeft = el.scrollWidth }")
    page.wait_for_selector(".diff-table thead >> text=r199")
    page.get_by_label("Search config and summary").fill("loss")
    page.get_by_role("button", name="loss", exact=True).click()
    table.evaluate("el => { el.scrollLeft = 0 }")
    until(
        lambda: "r199" in page.locator(".diff-table thead th").nth(1).inner_text(), why="the best does not come first"
    )


def test_the_parameters_of_all_runs_are_seen_without_choosing_any(three, page):
    """From the table of runs; its filter goes along."""
    page.goto(f"{three.url}projects/p/runs")
    page.get_by_role("link", name="Parameters").click(timeout=45_000)
    page.wait_for_selector(".parallel")
    assert "Parameters" == page.locator("h1").inner_text()
    assert "3 runs" in page.locator(".controls-row").first.inner_text()
    page.goto(f"{three.url}projects/p/runs?filter=loss%20%3C%200.9")
    page.get_by_role("link", name="Parameters").click(timeout=45_000)
    until(lambda: "2 runs" in page.locator(".controls-row").first.inner_text())
    assert 1 == page.get_by_role("button", name="Table filter", pressed=True).count()


def test_parameters_are_judged_by_what_the_programs_want(site, page):
    """Also where no run is chosen; the result with a goal comes first, whatever its name tells."""
    for i in range(4):
        with aspara.Run(f"r{i}", "p", config={"lr": i}) as run:
            run.define_metric("score", goal="minimize")
            run.log({"score": float(i), "loss": 1.0 / (i + 1)})
    page.goto(f"{site.url}projects/p/compare?scope=all&tab=parameters")
    page.wait_for_selector(".scale >> text=better score")
    page.locator(".kept summary").click()
    until(lambda: "r0" == page.locator(".kept tbody tr a").first.inner_text(), why="the least score is not the best")


def test_groups_of_compared_runs_have_no_others(three, page):
    """What the rest of the project is like is not asked."""
    page.goto(f"{three.url}projects/p/compare?runs=one,two&tab=charts&group=config.model.act")
    groups = page.get_by_role("list", name="Groups").get_by_role("listitem")
    until(lambda: ["model.act = relu"] == groups.all_inner_texts(), why=lambda: f"{groups.all_inner_texts()}")
