"""The table of runs in a real Chromium: found, ordered, grouped, edited, deleted."""

from __future__ import annotations

import csv
import json
from datetime import datetime

import pytest

import aspara
from aspara.server.app import Server
from tests.browser.conftest import until

pytestmark = pytest.mark.browser


def make(name, lr, losses, **options):
    run = aspara.Run(name, "p", config={"lr": lr}, **options)
    for loss in losses:
        run.log({"loss": loss})
    run.finish()


@pytest.fixture
def three(site):
    make("one", 0.1, [3.0, 1.0, 2.0], tags=["baseline"])
    make("two", 0.2, [5.0])
    make("three", 0.1, [0.5, 4.0])
    return site


def names(page) -> list[str]:
    return page.locator(".runs-table tbody .name-cell a").all_inner_texts()


def test_a_filter_is_applied_as_it_is_typed_and_says_in_place_what_is_wrong(three, page):
    """The runs last found stay while a filter is unfinished; the address keeps it."""
    page.goto(f"{three.url}projects/p/runs")
    page.wait_for_selector("text=3 runs")
    box = page.get_by_role("combobox", name="Filter runs by an expression")
    box.fill("min(loss) < 2 and lr in [0.1]")
    until(lambda: ["three", "one"] == names(page), why="the filter did not apply")
    box.fill("min(loss) < 2 and")
    page.wait_for_selector(".filter-said >> text=A value is missing at the end.")
    assert ["three", "one"] == names(page)
    box.fill("los < 2")
    page.wait_for_selector("text=No run has los")
    page.get_by_role("button", name="loss", exact=True).click()
    until(lambda: [] == names(page) or ["one"] == names(page))
    box.fill('"baseline" in tags')
    until(lambda: ["one"] == names(page))
    page.reload()
    page.wait_for_selector("text=1 of 3 runs")
    assert ["one"] == names(page)


def test_a_whole_name_in_a_filter_stays_what_it_is(three, page):
    """Names are offered below what is wrong, and only one that is not whole is completed by Enter."""
    page.goto(f"{three.url}projects/p/runs")
    line = page.get_by_role("combobox", name="Filter runs by an expression")
    page.wait_for_selector(".runs-table tbody tr")
    line.press_sequentially("loss < and los")
    offers = page.get_by_role("listbox", name="Fields")
    offers.wait_for()
    said = page.locator(".filter-said .error")
    assert said.bounding_box()["y"] + said.bounding_box()["height"] <= offers.bounding_box()["y"]
    line.press("Enter")
    assert "loss < and loss" == line.input_value()
    line.fill("0.1 < loss")
    line.press("End")
    line.press_sequentially(" ")
    line.press("Backspace")
    offers.wait_for()
    line.press("Enter")
    assert "0.1 < loss" == line.input_value()
    line.press("ArrowDown")
    line.press("Enter")
    assert "(loss)" in line.input_value()


def test_runs_are_sorted_by_several_columns_and_grouped(three, page):
    """A click sorts, one with shift sorts beside it; a group says how many runs it has."""
    page.goto(f"{three.url}projects/p/runs?cols=lr,summary.loss")
    page.get_by_role("button", name="lr", exact=True).click()
    page.get_by_role("button", name="loss", exact=True).click(modifiers=["Shift"])
    page.get_by_role("button", name="loss").first.click(modifiers=["Shift"])
    until(lambda: ["three", "one", "two"] == names(page), why=f"{names(page)}")
    page.get_by_label("Group runs by").select_option("config.lr")
    page.wait_for_selector("text=lr = 0.1")
    page.get_by_role("button", name="lr = 0.1").click()
    until(lambda: ["two"] == names(page))


def test_selected_runs_are_tagged_undone_exported_and_deleted(three, page):
    """Each by one request, however many they are; deleting asks once, for those named."""
    sent = []
    page.on("request", lambda r: sent.append(r.url) if r.method in ("POST", "PUT", "DELETE") else None)
    page.goto(f"{three.url}projects/p/runs")
    page.get_by_label("Select one", exact=True).check()
    page.get_by_label("Select two", exact=True).check()
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Add tags, separated by commas").fill("seen")
    page.get_by_role("button", name="Change tags").click()
    page.wait_for_selector("text=Changed tags of 2 runs")

    def tags() -> dict[str, list[str]]:
        return {r.run: r.tags for r in three.context.catalog.runs("p")}

    until(lambda: {"one": ["baseline", "seen"], "two": ["seen"], "three": []} == tags())
    page.get_by_role("button", name="Undo").click()
    until(lambda: {"one": ["baseline"], "two": [], "three": []} == tags())
    with page.expect_download() as caught:
        page.get_by_role("button", name="Export CSV").click()
    lines = caught.value.path().read_text(encoding="utf-8").splitlines()
    assert 3 == len(lines) and lines[0].startswith("run,name,")
    began = {r.run: r.start_time for r in three.context.catalog.runs("p")}
    for row in csv.DictReader(lines):
        started = datetime.strptime(row["started"], "%Y-%m-%dT%H:%M:%S.%f%z")
        assert began[row["run"]] == round(1000 * started.timestamp())
    page.get_by_role("button", name="Delete…").click()
    page.wait_for_selector("text=Delete 2 runs?")
    page.get_by_role("button", name="Cancel").click()
    assert 3 == len(tags())
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete 2 runs").click()
    until(lambda: ["three"] == list(tags()))
    until(lambda: ["three"] == names(page))
    assert 3 * [f"{three.url}api/projects/p/edits"] == sent


def test_what_could_not_be_changed_is_told_with_its_reason(three, page):
    """The others are."""
    page.goto(f"{three.url}projects/p/runs")
    page.get_by_label("Select all 3 runs").check()
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Add tags, separated by commas").fill(",".join(f"t{i}" for i in range(100)))
    page.get_by_role("button", name="Change tags").click()
    page.wait_for_selector("text=Changed tags of 2 runs. 1 run failed: 101 tags are too many")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector("text=Restored 2 runs.")
    assert [[], [], ["baseline"]] == sorted(r.tags for r in three.context.catalog.runs("p"))


def test_a_colour_is_chosen_and_kept(three, page):
    page.goto(f"{three.url}projects/p/runs")
    page.get_by_role("button", name="Colour of two").click()
    page.get_by_role("button", name="Colour 5", exact=True).click()
    until(lambda: 4 == next(r.color for r in three.context.catalog.runs("p") if r.run == "two"))


def test_read_only_offers_nothing_that_cannot_be_done(page, tmp_path, monkeypatch):
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path / "data"))
    make("one", 0.1, [1.0])
    server = Server(tmp_path / "data", port=0, read_only=True)
    thread = server.start_in_thread()
    page.goto(f"{server.url}projects/p/runs")
    page.get_by_label("Select one", exact=True).click()
    page.wait_for_selector("text=1 run selected")
    for gone in ("Tag…", "Delete…", "Colour of one"):
        assert 0 == page.get_by_role("button", name=gone).count()
    server.stop()
    thread.join(10)


def test_a_table_of_ten_thousand_runs_scrolls(site, page, tmp_path):
    """All are counted and reached; only those near the screen exist in the page."""
    folder = tmp_path / "data/many"
    folder.mkdir(parents=True)
    for i in range(10_000):
        meta = {
            "run_id": f"{i:016x}", "display_name": f"r{i}", "config": {"lr": i / 1e4}, "summary": {"loss": 1 / (i + 1)},
            "is_finished": True, "exit_code": 0, "status": "completed", "start_time": 1764000000000 + i * 1000,
            "finish_time": 1764000000500 + i * 1000, "version": "0.2.0", "last_step": 1,
            "metric_summary": {"loss": {"last": 1 / (i + 1), "min": 0.0, "max": 1.0, "mean": 0.5, "count": 2}},
        }  # fmt: skip
        (folder / f"r{i}.meta.json").write_text(json.dumps(meta))
        (folder / f"r{i}.jsonl").touch()
    page.goto(f"{site.url}projects/many/runs")
    page.wait_for_selector("text=10000 runs", timeout=120_000)
    assert "r9999" == names(page)[0]
    table = page.locator(".runs-table")

    def last_seen() -> str:
        # The page opens on the latest runs; the others come after, and the table grows with them.
        table.evaluate("el => { el.scrollTop = el.scrollHeight }")
        return names(page)[-1]

    until(lambda: "r0" == last_seen(), seconds=120, why="the last run is not there")
    assert len(names(page)) < 100
    page.get_by_role("combobox", name="Filter runs by an expression").fill("0.5 <= lr < 0.5003")
    until(lambda: ["r5002", "r5001", "r5000"] == names(page))


def test_the_console_of_a_running_run_follows(site, page):
    """What is written appears without a reload; markup in it is text."""
    run = aspara.Run("r", "p")
    run.log({"a": 1.0})
    file = site.context.catalog.layout.run("p", run.run).console
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("first <b>line</b>\n")
    page.goto(f"{site.url}projects/p/runs/r#console")
    page.wait_for_selector("[aria-label='Console output'] >> text=first <b>line</b>")
    with file.open("a") as out:
        out.write("10%\r20%\r30%\nsecond\n")
    page.wait_for_selector("pre >> text=second")
    shown = page.get_by_label("Console output").inner_text()
    assert "30%" in shown and "20%" not in shown
    run.finish()


def test_a_range_of_runs_is_selected_by_keyboard(three, page):
    """With either key that selects, as the list of keys says."""
    page.goto(f"{three.url}projects/p/runs")
    page.wait_for_selector(".runs-table tbody tr")
    for first, then in (("x", "Shift+X"), ("Space", "Shift+Space")):
        page.locator(".runs-table").focus()
        page.keyboard.press("Home")
        page.keyboard.press(first)
        page.keyboard.press("End")
        page.keyboard.press(then)
        page.wait_for_selector("text=3 runs selected")
        page.get_by_role("button", name="Clear selection").click()
