"""Charts in a real Chromium: what they show is what the files hold."""

from __future__ import annotations

import csv
import json
import random
import time
import xml.etree.ElementTree as ET
from datetime import datetime, timezone

import pytest

import aspara
from tests.browser.conftest import in_every_zone, until, watched

pytestmark = pytest.mark.browser


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


def test_a_saved_picture_says_what_it_shows(site, page):
    """The SVG has the metric as its title and the runs' names as they are."""
    for name in ("first", "<b>second</b>"):
        with aspara.Run(name, "p") as run:
            run.log({"a": 1.0})
            run.log({"a": 2.0})
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    page.locator('[data-metric="a"]').hover()
    page.get_by_role("button", name="More of a").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="Save as SVG").click()
    texts = ET.parse(saved.value.path()).getroot().itertext()  # noqa: S314  it is our own
    assert {"a", "step", "first", "<b>second</b>"} <= set(texts)


def test_a_dozen_tabs_stay_usable(site, browser):
    """Each is live, and one more page still opens."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    context = browser.new_context()
    pages = [context.new_page() for _ in range(12)]
    for one in pages:
        one.goto(f"{site.url}projects/p")
    for one in pages:
        one.wait_for_selector(".liveness.live", timeout=30_000)
    more = context.new_page()
    more.goto(f"{site.url}projects/p/runs")
    more.wait_for_selector("text=r")
    run.log({"a": 2.0})
    until(lambda: "2" == pages[0].locator('[data-metric="a"] .plot').get_attribute("data-points"))
    run.finish()
    context.close()


def drawn(page, metric: str) -> list[dict]:
    """The traces of a chart as Plotly has them: name, x and y; bands left out."""
    return page.evaluate(
        """(metric) => [...document.querySelector(`[data-metric="${metric}"] .js-plotly-plot`).data]
        .filter((trace) => trace.fill !== 'toself')
        .map((trace) => ({ name: trace.name ?? '', x: [...trace.x], y: [...trace.y] }))""",
        metric,
    )


def drag(page, metric: str, start: float, end: float) -> None:
    """Drags over a chart from one part of its width to another."""
    box = page.locator(f'[data-metric="{metric}"] .nsewdrag').bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=8)
    page.mouse.up()


def test_a_zoomed_chart_shows_the_points_of_the_file_and_all_others_zoom_with_it(site, page):
    """Far enough in, every point of the window is drawn with the file's own value, in every chart, and the address says so."""
    run = aspara.Run("r", "p")
    for i in range(20_000):
        run.log({"a": (i * 7919) % 1000 / 7, "b": -i / 3})
    run.finish()
    page.goto(f"{site.url}projects/p")
    for metric in ("a", "b"):
        page.wait_for_selector(f'[data-metric="{metric}"] .js-plotly-plot .nsewdrag')
    assert max(len(trace["x"]) for trace in drawn(page, "a")) < 5000
    drag(page, "a", 0.50, 0.55)

    def window(metric: str) -> list[tuple[float, float]]:
        low, high = page.evaluate(
            '(m) => document.querySelector(`[data-metric="${m}"] .js-plotly-plot`).layout.xaxis.range', metric
        )
        return [
            (x, y) for t in drawn(page, metric)[:1] for x, y in zip(t["x"], t["y"], strict=True) if low <= x <= high
        ]

    def raw(metric: str) -> bool:
        steps = [x for x, _ in window(metric)]
        return len(steps) > 100 and steps == list(range(int(steps[0]), int(steps[0]) + len(steps)))

    until(lambda: raw("a") and raw("b"), why="not every point of the window is drawn")
    assert [(i * 7919) % 1000 / 7 for i, _ in window("a")] == [y for _, y in window("a")]
    assert [-i / 3 for i, _ in window("b")] == [y for _, y in window("b")]
    seen = window("a")
    page.reload()
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot .nsewdrag')
    until(lambda: raw("a"), why="the reloaded page is not zoomed")
    assert seen[:1] == window("a")[:1]
    box = page.locator('[data-metric="a"] .nsewdrag').bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(lambda: "range=" not in page.evaluate("location.search"), why="a double click does not show all again")


@in_every_zone
def test_the_time_axis_shows_the_viewers_clock_and_a_zoomed_window_its_points(site, page, tmp_path):
    """The points of an hour: ticks on the viewer's clock, a dragged window full of points, kept in the address."""
    first = int(time.mktime((2026, 11, 25, 12, 0, 0, 0, 0, -1)))
    run = aspara.Run("r", "p")
    for minute in range(61):
        run.log({"a": float(minute)}, timestamp=datetime.fromtimestamp(first + 60 * minute, tz=timezone.utc))
    run.finish()
    page.goto(f"{site.url}projects/p?x=wall")
    plot = page.locator('[data-metric="a"] .js-plotly-plot')
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot .nsewdrag')

    def labels() -> list[str]:
        return plot.locator(".xtick text").all_text_contents()

    assert ["12:00", "12:15", "12:30", "12:45", "13:00"] == [text[:5] for text in labels()]
    assert "Nov 25, 2026" in labels()[0]
    box = page.locator('[data-metric="a"] .nsewdrag').bounding_box()
    page.mouse.move(box["x"] + box["width"] * 30 / 60.6, box["y"] + box["height"] / 2)
    head = page.locator('[data-metric="a"] .readout-head')
    head.wait_for()
    assert "12:30:00" in head.inner_text()
    drag(page, "a", 0.25, 0.5)
    page.wait_for_selector("text=zoomed")

    def visible() -> list[float]:
        low, high = page.evaluate(
            "() => document.querySelector('[data-metric=\"a\"] .js-plotly-plot').layout.xaxis.range"
        )
        return [y for x, y in zip(drawn(page, "a")[0]["x"], drawn(page, "a")[0]["y"], strict=True) if low <= x <= high]

    until(lambda: 13 <= len(visible()) <= 17, why=lambda: f"the window has {len(visible())} points, not 15")
    before = visible()
    assert all(label.startswith("12:") for label in labels())
    page.reload()
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot .nsewdrag')
    until(lambda: before == visible(), why="the reloaded page shows another window")


def test_a_finger_scrolls_over_charts_shows_values_and_zooms_in_a_full_one(site, browser, request):
    """On a phone charts fill the page: what is drawn across them must not hold it."""
    with aspara.Run("r", "p") as run:
        for i in range(300):
            run.log({f"m{n}": float(i) for n in range(12)})
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**phone)
    with watched(context, request.node.name) as page:
        page.goto(f"{site.url}projects/p")
        page.wait_for_selector('[data-metric="m0"] .js-plotly-plot .nsewdrag')
        session = context.new_cdp_session(page)

        def touch(kind: str, *points: dict[str, float]) -> None:
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

        def swipe(right: float, down: float) -> None:
            box = page.locator('[data-metric="m0"] .nsewdrag').bounding_box()
            x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] * 0.75
            touch("touchStart", {"x": x, "y": y})
            for part in range(1, 9):
                touch("touchMove", {"x": x + right * part / 8, "y": y + down * part / 8})

        swipe(0, -120)
        touch("touchEnd")
        until(lambda: page.evaluate("scrollY") > 50, why="the page does not scroll")
        page.reload()  # it may still be rolling
        page.wait_for_selector('[data-metric="m0"] .js-plotly-plot .nsewdrag')
        page.evaluate("scrollTo(0, 0)")
        swipe(120, 0)
        page.locator('[data-metric="m0"] .chart-readout').wait_for()
        touch("touchEnd")
        assert "range=" not in page.evaluate("location.search")
        page.get_by_role("button", name="Full screen: m0").click()
        page.wait_for_selector(".chart.full .nsewdrag")
        swipe(120, 0)
        touch("touchEnd")
        until(lambda: "range=" in page.evaluate("location.search"), why="the full chart does not zoom")
    context.close()


def test_a_zoom_survives_what_is_logged_meanwhile(site, page):
    """New points move nothing that somebody looks at."""
    run = aspara.Run("r", "p")
    for i in range(1000):
        run.log({"a": float(i)})
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot .nsewdrag')
    drag(page, "a", 0.2, 0.4)
    layout = "() => document.querySelector('[data-metric=\"a\"] .js-plotly-plot').layout.xaxis.range.map(Number)"
    page.wait_for_selector("text=zoomed")
    before = page.evaluate(layout)
    for i in range(1000):
        run.log({"a": float(i)})
    until(lambda: "step 1999" in page.locator(".runlist, aside").first.inner_text(), why="the list heard nothing")
    assert before == page.evaluate(layout)
    run.finish()


def test_groups_are_drawn_as_mean_and_band_of_all_their_points(site, page):
    """One line a value of the config key; its mean is the mean of the runs at each step."""
    for seed in range(3):
        for lr in (0.1, 0.2):
            with aspara.Run(f"lr={lr} seed={seed}", "p", config={"lr": lr, "seed": seed}) as run:
                for i in range(50):
                    run.log({"a": lr * i + seed})
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    page.get_by_label("Group by").select_option(label="lr")
    until(lambda: 2 == len(drawn(page, "a")), why="there are not two groups")
    means = sorted(round(trace["y"][-1], 9) for trace in drawn(page, "a"))
    assert [round(0.1 * 49 + 1, 9), round(0.2 * 49 + 1, 9)] == means
    assert "group=" in page.url
    assert ["lr = 0.1", "lr = 0.2"] == page.get_by_role("list", name="Groups").get_by_role("listitem").all_inner_texts()
    assert 2 == page.evaluate(
        "() => document.querySelector('[data-metric=\"a\"] .js-plotly-plot').data.filter((t) => t.fill === 'toself').length"
    )


def test_a_group_has_all_of_its_runs_but_those_left_out(site, page):
    """Also the older ones, which are not drawn by themselves; its mean is smoothed, faint behind it as it is."""
    for i in range(24):
        with aspara.Run(f"r{i:02}", "p", config={"side": i % 2}) as run:
            for step in range(40):
                run.log({"a": float(i + 100 * (step % 2))})
    page.goto(f"{site.url}projects/p?group=config.side")
    count = page.locator(".runlist-head .faint")
    until(lambda: "24 of 24 shown" == count.inner_text(), why="the list has other runs than the groups")

    def lasts() -> list[float]:
        return sorted(trace["y"][-1] for trace in drawn(page, "a"))

    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    assert "metrics" in page.locator(".section-head").first.inner_text()
    until(lambda: [111.0, 112.0] == lasts(), why="the groups have other means")
    dots = page.locator(".runlist-rows .swatch i")
    colors = [dots.nth(i).evaluate("el => el.style.background") for i in range(4)]
    assert colors[:2] == colors[2:] and colors[0] != colors[1], "a dot in the list has the colour of its group"
    page.locator(".runlist-rows").evaluate("el => { el.scrollTop = el.scrollHeight }")
    page.get_by_role("button", name="Hide r00").click()
    until(lambda: [112.0, 112.0] == lasts(), why="the run is still in its group")
    page.get_by_role("slider", name="Smoothing").fill("0.9")
    until(lambda: 4 == len(drawn(page, "a")), why="no raw line lies behind the smoothed one")
    assert lasts()[0] < 75


def test_charts_of_no_run_wait_for_nothing(site, page):
    """The page says that no run is drawn, and nothing turns."""
    with aspara.Run("r", "p") as run:
        run.log({"a": 1.0})
    page.goto(f"{site.url}projects/p?runs=none")
    page.wait_for_selector("text=No runs are shown.")
    page.wait_for_selector('[data-metric="a"]')
    until(lambda: 0 == page.locator(".waiting").count(), why="the chart waits")
    page.get_by_role("button", name="show the latest runs").click()
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')


def test_a_smoothed_line_is_the_mean_of_all_points(site, page):
    """A chart of many points keeps the extremes; those lie further above than below, and say nothing of the mean."""
    source = random.Random(1)
    run = aspara.Run("r", "p")
    for _ in range(30_000):
        run.log({"a": source.expovariate(1)})
    page.goto(f"{site.url}projects/p?smooth=0.95")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')

    def middle() -> float:
        smoothed = drawn(page, "a")[1]["y"]
        found = smoothed[len(smoothed) // 4 :]
        return sum(found) / len(found)

    until(
        lambda: 2 == len(drawn(page, "a")) and 0.95 < middle() < 1.05, why=lambda: f"smoothed at {middle()}, not at 1"
    )
    drag(page, "a", 0.2, 0.6)
    page.wait_for_selector("text=zoomed")
    until(lambda: 0.9 < middle() < 1.1, why=lambda: f"zoomed, smoothed at {middle()}")
    run.finish()


def test_sections_are_moved_folded_and_charts_pinned_for_good(site, page):
    """What somebody arranged is so again after a reload."""
    with aspara.Run("r", "p") as run:
        for i in range(5):
            run.log({"train/a": i, "val/a": i, "val/b": i})
    page.goto(f"{site.url}projects/p")
    heads = page.locator(".section-head .fold")
    until(lambda: 2 == heads.count())
    page.get_by_role("button", name="Move section val up").click()
    page.get_by_role("button", name="Pin val/b").click()
    page.locator(".section-head", has_text="train").locator(".fold").click()

    def arranged() -> list[tuple[str, str]]:
        return [(head.inner_text().split()[1], head.get_attribute("aria-expanded")) for head in heads.all()]

    wanted = [("pinned", "true"), ("val", "true"), ("train", "false")]
    until(lambda: wanted == arranged(), why="the sections are not as they were put")
    page.reload()
    until(lambda: wanted == arranged(), why="the reloaded page has another order")
    assert 0 == page.locator('[data-metric="train/a"]').count()


def test_a_chart_of_gaps_and_infinities_says_so(site, page):
    """NaN breaks the line; a chart of nothing but NaN is no error."""
    with aspara.Run("r", "p") as run:
        for i in range(30):
            run.log(
                {"gap": float("nan") if 10 <= i < 20 else i, "none": float("nan"), "inf": float("inf") if i == 5 else i}
            )
    page.goto(f"{site.url}projects/p")
    for metric in ("gap", "none", "inf"):
        page.wait_for_selector(f'[data-metric="{metric}"] .js-plotly-plot')
    until(lambda: any(len(trace["x"]) > 20 for trace in drawn(page, "gap")), why="no line is drawn")
    (line,) = [trace for trace in drawn(page, "gap") if len(trace["x"]) > 20][:1]
    inside = [y for x, y in zip(line["x"], line["y"], strict=True) if 10 <= x < 20]
    assert 10 == len(inside)
    assert not [y for y in inside if y is not None and y == y]


def test_hundreds_of_charts_cost_what_is_on_the_screen(site, page):
    """Far ones are empty boxes; who scrolls to the last one sees it at once as a sketch, then drawn by Plotly, with its points."""
    with aspara.Run("r", "p") as run:
        for i in range(20):
            run.log({f"g{n // 20:02}/m{n:03}": i * n for n in range(400)})
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector(".js-plotly-plot")
    page.wait_for_selector(".section-head >> text=g19")
    assert page.locator("[data-metric]").count() < 200
    assert page.locator(".js-plotly-plot").count() < 30
    height = page.evaluate("() => document.documentElement.scrollHeight")
    page.evaluate("() => window.scrollTo(0, document.documentElement.scrollHeight)")
    last = page.locator('[data-metric="g19/m399"]')
    last.locator(".js-plotly-plot .js-line").wait_for(state="attached")
    assert 0 == last.locator(".chart-sketch").count()
    assert [19.0 * 399] == [trace["y"][-1] for trace in drawn(page, "g19/m399")]
    until(lambda: page.locator(".js-plotly-plot").count() < 60, why="charts that are far are still there")
    # What is not there yet holds its place.
    assert abs(page.evaluate("() => document.documentElement.scrollHeight") - height) < 0.05 * height


def test_the_best_value_is_the_one_that_the_program_wants(site, page):
    """define_metric(goal=…) decides against the name, also for a run that begins while the page is open."""
    with aspara.Run("old", "p") as run:
        for value in (3.0, 1.0, 2.0):
            run.log({"loss": value})
    page.goto(f"{site.url}projects/p?best=1")
    star = page.locator('[data-metric="loss"] .best')
    until(lambda: star.count() and "★ 1" == star.inner_text(), why="the least loss is not marked")
    with aspara.Run("new", "p") as run:
        run.define_metric("lo*", goal="maximize")
        run.log({"loss": 2.5})
    until(lambda: "★ 3" == star.inner_text(), why="the greatest loss is not marked")


def test_charts_are_drawn_as_define_metric_says(site, page):
    """Over the step metric, each with a zoom of its own axis; hidden metrics when asked for."""
    with aspara.Run("r", "p") as run:
        run.define_metric("val/*", step_metric="epoch")
        run.define_metric("secret", hidden=True)
        for i in range(40):
            run.log({"loss": 1 / (i + 1), "secret": i})
            if i % 4 == 3:
                run.log({"epoch": i // 4, "val/loss": float(i)})
    page.goto(f"{site.url}projects/p")
    for metric in ("loss", "val/loss"):
        page.wait_for_selector(f'[data-metric="{metric}"] .js-plotly-plot .nsewdrag')
    until(lambda: list(range(10)) == drawn(page, "val/loss")[0]["x"], why="val/loss is not drawn over epoch")
    assert list(range(3, 40, 4)) == drawn(page, "val/loss")[0]["y"]
    assert 0 == page.locator('[data-metric="secret"]').count()
    drag(page, "val/loss", 0.2, 0.6)
    page.wait_for_selector("text=zoomed")
    axis = """(metric) => document.querySelector(`[data-metric="${metric}"] .js-plotly-plot`).layout.xaxis.range[1]"""
    until(lambda: page.evaluate(axis, "val/loss") < 7, why="the chart is not zoomed")
    assert page.evaluate(axis, "loss") > 40, "a zoom over epochs is none over steps"
    page.get_by_role("searchbox", name="Filter metrics").fill("secret")
    page.wait_for_selector('[data-metric="secret"] .js-plotly-plot')


def test_every_finite_value_is_seen(site, page):
    """A single point, a few points, and those that stand between values that are none: as dots."""
    with aspara.Run("r", "p") as run:
        for i in range(400):
            run.log({"gaps": float(i) if i % 10 == 0 else float("nan"), "many": i})
        run.log({"once": 1.0})
    page.goto(f"{site.url}projects/p")
    for metric, dots in (("gaps", 40), ("once", 1), ("many", 0)):
        page.wait_for_selector(f'[data-metric="{metric}"] .js-plotly-plot .nsewdrag')
        points = page.locator(f'[data-metric="{metric}"] .js-plotly-plot .trace:has(.js-line) .point')
        drawn_dots = "els => els.filter((el) => el.getBoundingClientRect().width > 1).length"
        until(
            lambda points=points, dots=dots: dots == points.evaluate_all(drawn_dots),
            why=lambda points=points, metric=metric: f"{metric} has {points.evaluate_all(drawn_dots)} dots",
        )


def test_a_smoothed_value_is_the_same_beside_a_longer_run_and_in_a_zoomed_window(site, page):
    """TensorBoard's: over all points of the run, whatever else is drawn."""
    source = random.Random(2)
    noise = [source.gauss(1, 1) for _ in range(20_000)]
    for name, count in (("short", 1000), ("long", 20_000)):
        with aspara.Run(name, "p") as run:
            for value in noise[:count]:
                run.log({"a": value})
    total = mean = 0.0
    for value in noise[:901]:
        total = 0.9 * total + 1
        mean += (value - mean) / total

    def at_900() -> list[float]:
        smoothed = [trace for trace in drawn(page, "a") if len(trace["x"])][1::2]
        near = [min(zip(trace["x"], trace["y"], strict=True), key=lambda p: abs(p[0] - 900)) for trace in smoothed]
        return [value for _, value in near]

    page.goto(f"{site.url}projects/p?smooth=0.9&range=890..910")
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot')
    until(
        lambda: [mean, mean] == pytest.approx(at_900(), abs=1e-9),
        why=lambda: f"in the window {at_900()}, not {mean}",
    )
    page.get_by_role("button", name="Hide long").click()
    until(lambda: [mean] == pytest.approx(at_900(), abs=1e-9), why=lambda: f"alone {at_900()}, not {mean}")


def test_a_chart_that_is_scrolled_to_has_its_buttons_when_the_page_rests_or_by_keyboard(site, page):
    """In passing a chart is its curves; what can be done with it comes with rest, and with the focus at once."""
    with aspara.Run("r", "p") as run:
        for i in range(5):
            run.log({f"m{n:03}": i * n for n in range(200)})
    page.goto(f"{site.url}projects/p")
    page.wait_for_selector(".js-plotly-plot")
    page.evaluate("() => window.scrollTo(0, document.documentElement.scrollHeight / 2)")
    middle = page.locator('[data-metric="m100"]')
    middle.get_by_role("button", name="Full screen: m100").wait_for()
    tall = middle.bounding_box()["height"]
    far = page.locator(".chart.far")
    assert {tall} == {far.nth(i).bounding_box()["height"] for i in range(min(3, far.count()))}
    middle.focus()
    page.keyboard.press("Tab")
    assert "Pin m100" == page.evaluate("() => document.activeElement.ariaLabel")
