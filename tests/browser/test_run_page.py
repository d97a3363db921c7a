"""The page of one run in a real Chromium: every tab, live, by keyboard, and against hostile content."""

from __future__ import annotations

import contextlib
import re
import socket
import zipfile

import numpy as np
import pytest

import aspara
from aspara.server.app import Server
from aspara.storage import metadata
from aspara.storage.layout import TURNED
from tests.browser.conftest import served, until

pytestmark = pytest.mark.browser

EVIL = '<img src=x onerror="window.pwned=1">'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A standalone dashboard with a run that has something in every tab, and one that has nothing."""
    home = tmp_path_factory.mktemp("run-page")
    data = home / "data"
    server = Server(data, port=0)
    thread = server.start_in_thread()
    elsewhere = _Elsewhere()
    _full(data, home, elsewhere.url)
    # What a work tree would have told; tests run outside of one.
    git = {"commit": "ab" * 20, "branch": "main", "dirty": True, "untracked": 1}
    metadata.edit(data / "p" / "full.meta.json", lambda content: content.update(git=git))
    aspara.Run("empty", "p", dir=data).finish()
    server.data = data
    server.elsewhere = elsewhere
    yield server
    server.stop()
    elsewhere.close()
    thread.join(10)


class _Elsewhere:
    """Another origin, that counts who comes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def visitors(self) -> int:
        """How many knocked."""
        self._listener.setblocking(False)
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        self._listener.close()


def _full(data, home, elsewhere: str) -> None:
    run = aspara.Run(
        "full",
        "p",
        dir=data,
        config={"lr": 1e-3, "model": {"depth": 18, "blocks": [{"width": 64}, {"width": 128}]}, EVIL: EVIL},
        tags=["baseline"],
        notes="# Plan",
    )
    run.define_metric("val/accuracy", goal="maximize")
    for step in range(12):
        row = {"train/loss": 1 / (step + 1), "val/accuracy": [0.1, 0.9, 0.5][step % 3], "system/cpu": 10.0 + step}
        row["weights"] = aspara.Histogram(np.arange(200) * (step + 1) / 100)
        if step % 4 == 0:
            row["samples"] = [
                aspara.Image(np.full((8, 8), i / 3 + step / 50), caption=f"s{step} {i}") for i in range(3)
            ]
        run.log(row)
    boxes = {
        "guess": {
            "box_data": [{"position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6}, "class_id": 1}],
            "class_labels": {1: "cat"},
        }
    }
    mask = np.zeros((20, 30), int)
    mask[5:10] = 1
    table = aspara.Table(
        columns=["id", "name", "score", "picture"],
        data=[[i, EVIL if i == 7 else f"row {i}", i % 10 / 10, aspara.Image(np.eye(4))] for i in range(300)],
    )
    run.log(
        {
            "seen": aspara.Image(
                np.zeros((20, 30, 3)), boxes=boxes, masks={"truth": {"mask_data": mask, "class_labels": {1: "cat"}}}
            ),
            "table": table,
            "words": aspara.Text(f"# Big\n\n{EVIL} **bold**", format="markdown"),
            "tone": aspara.Audio(np.sin(np.arange(800) / 9), sample_rate=8000),
            "cloud": aspara.Object3D(np.random.default_rng(0).normal(size=(50, 3))),
            "curve": aspara.Plotly({"data": [{"x": [1, 2], "y": [3, 4]}], "layout": {"title": {"text": "roc"}}}),
            "page": aspara.Html(
                "<p id=p>static</p><script>document.getElementById('p').textContent = 'scripts run';"
                "try { parent.document.title = 'pwned' } catch (e) {}"
                "try { parent.pwned = 1 } catch (e) {}"
                "try { localStorage.x = 1; p.textContent = 'has an origin' } catch (e) {}"
                f"fetch('{elsewhere}').catch(() => 0); new Image().src = '{elsewhere}x.png'</script>"
                f"<link rel=stylesheet href='{elsewhere}x.css'><form action='{elsewhere}'></form>"
                "<script>document.forms[0].submit(); try { top.location = '/' } catch (e) {}</script>"
            ),
        }
    )
    (home / "scores.csv").write_text('name,score\n"a, b",1\n' + EVIL + ",2\n")
    (home / "conf.json").write_text('{"deep": {"er": [1, {"x": 2}]}}')
    run.log_artifact(home / "scores.csv", category="data")
    made = aspara.Artifact("model", type="model", metadata={"rows": 3})
    made.add_file(home / "conf.json", "in/conf.json")
    run.log_artifact(made, aliases=["best"])
    run.summary["verdict"] = "good"
    run.finish()
    folder = data / "p" / run.run
    (folder / "console.log").write_text(
        "\x1b[31mred\x1b[0m plain <b>x</b>\n" + "".join(f"line {i} {'w' * 300}\n" for i in range(900)) + "needle\n"
    )
    (folder / "diff.patch").write_text(
        f"diff --git a/train.py b/train.py\n--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n import aspara\n-old\n+{EVIL}\n"
        "diff --git a/b.py b/b.py\nnew file mode 100644\n--- /dev/null\n+++ b/b.py\n@@ -0,0 +1 @@\n+x\n"
    )
    (folder / "requirements.txt").write_text("aspara==0.2\nnumpy==2.0\npolars==1.0\n")
    with (data / "p" / f"{run.run}.jsonl").open("a") as rows:
        rows.write("{broken\n")


def open_tab(site, page, tab: str, run: str = "full") -> None:
    page.goto("about:blank")
    page.goto(f"{site.url}projects/p/runs/{run}#{tab}")
    page.locator(f"#tab-{tab.partition('?')[0]}[aria-selected=true]").wait_for(timeout=45_000)


def test_tabs_go_by_keyboard_and_the_address_and_the_back_button_keep_them(site, page):
    """One stop for Tab; arrows, Home and End; a reload shows the same."""
    open_tab(site, page, "charts")
    page.wait_for_selector('[data-metric="train/loss"]', timeout=45_000)
    assert 0 == page.locator('[data-metric="system/cpu"]').count()
    page.locator("#tab-charts").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#panel-overview >> text=Environment", timeout=45_000)
    assert "tab-overview" == page.evaluate("document.activeElement.id")
    page.keyboard.press("End")
    page.wait_for_selector("#panel-console")
    assert "#console" == page.evaluate("location.hash")
    assert 1 == page.locator("[role=tab][tabindex='0']").count()
    page.go_back()
    page.wait_for_selector("#panel-overview")
    page.reload()
    page.wait_for_selector("#panel-overview")
    page.locator("#tab-system").click()
    page.wait_for_selector('[data-metric="system/cpu"]')
    assert 0 == page.locator('[data-metric="train/loss"]').count()


def test_what_the_machine_did_is_seen_over_time_and_filtered_apart(site, page):
    """With units; the charts of the program keep their own steps and filter."""
    open_tab(site, page, "charts")
    page.get_by_label("Filter metrics").fill("loss")
    until(lambda: "metrics=loss" in page.evaluate("location.search"))
    page.locator("#tab-system").click()
    page.locator('[data-metric="system/cpu"]', has_text="cpu, %").wait_for(timeout=45_000)
    assert "" == page.get_by_label("Filter metrics").input_value()
    assert "true" == page.get_by_role("button", name="relative", exact=True).get_attribute("aria-pressed")
    page.get_by_role("button", name="time", exact=True).click()
    until(lambda: "x=wall" in page.evaluate("location.search"))
    page.reload()
    page.wait_for_selector('[data-metric="system/cpu"]')
    assert "true" == page.get_by_role("button", name="time", exact=True).get_attribute("aria-pressed")
    page.locator("#tab-charts").click()
    page.wait_for_selector('[data-metric="train/loss"]')
    assert "true" == page.get_by_role("button", name="step", exact=True).get_attribute("aria-pressed")
    page.get_by_label("Filter metrics").fill("accuracy")
    until(lambda: "metrics=accuracy" in page.evaluate("location.search"))
    page.go_back()
    until(lambda: "" == page.get_by_label("Filter metrics").input_value())
    page.go_back()
    page.wait_for_selector('[data-metric="system/cpu"]')
    assert "true" == page.get_by_role("button", name="time", exact=True).get_attribute("aria-pressed")


def test_the_overview_tells_how_a_run_came_about(site, page):
    """Commit and diff by file, packages to search, problems with file, line and reason."""
    open_tab(site, page, "overview")
    page.wait_for_selector(".patch-file", timeout=45_000)
    assert ["+1 −1", "+1 −0"] == page.locator(".patch-file .counts").all_inner_texts()
    assert EVIL in page.locator(".patch-lines tr.new").first.inner_text()
    page.get_by_role("button", name="train.py").click()
    assert 1 == page.locator(".patch-lines").count()
    assert "main" in page.locator("section.card", has=page.get_by_role("heading", name="Code")).inner_text()
    page.get_by_text("Installed packages").click()
    page.get_by_label("Search packages").fill("num")
    until(lambda: [text.split() for text in page.locator(".packages li").all_inner_texts()] == [["numpy", "2.0"]])
    assert re.search(r"full\.jsonl\s+\d+\s+.*JSON", page.locator("#problems").inner_text())
    assert page.evaluate("window.pwned") is None


def test_the_summary_has_extremes_with_their_steps_and_the_programs_own_words(site, page):
    """Best by what the program defined."""
    open_tab(site, page, "summary")
    row = page.locator("tr", has_text="val/accuracy")
    row.wait_for(timeout=45_000)
    assert ["0.5@11", "0.9@1", "0.1@0", "0.9@1"] == [
        "".join(text.replace("at step", "").split()) for text in row.locator("td.number").all_inner_texts()[:4]
    ]
    assert "good" in page.locator(".own").inner_text()
    page.get_by_label("Search summary").fill("loss")
    until(lambda: page.locator(".summary tbody tr").count() == 1)


def test_the_config_is_a_tree_to_search_and_to_copy_from(site, page):
    """By key or value; a path as a program would write it."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_tab(site, page, "config")
    page.get_by_label("Search the config").fill("128")
    until(lambda: page.locator(".tree-row.leaf").count() == 1)
    page.locator(".tree-row.leaf").hover()
    page.get_by_role("button", name="Copy the path config.model.blocks.1.width").or_(
        page.get_by_role("button", name=re.compile("Copy the path .*width"))
    ).first.click()
    page.wait_for_selector(".toast")
    assert "width" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_label("Search the config").fill("")
    page.get_by_role("button", name="Collapse all", exact=True).click()
    until(lambda: page.locator(".tree .tree").count() == 0)
    assert EVIL in page.locator(".tree").inner_text()
    assert page.evaluate("window.pwned") is None


def test_one_slider_moves_all_media_and_arrows_and_the_address_follow(site, page):
    """What has nothing at a step shows its last before it."""
    open_tab(site, page, "media")
    page.locator('[data-media="samples"] .tile').nth(2).wait_for(timeout=45_000)
    assert "s8 0" in page.locator('[data-media="samples"]').inner_text()
    page.locator("h1").click()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    until(lambda: "s4 0" in page.locator('[data-media="samples"]').inner_text())
    until(lambda: "step=6" in page.evaluate("location.hash"))
    assert "step 6" in page.locator('[data-media="weights"] .bars').inner_text()
    page.reload()
    until(lambda: page.locator(".step-slider output").inner_text() == "step 6")
    page.locator('[data-media="weights"] canvas').wait_for(timeout=45_000)
    colors = "e => new Set(e.getContext('2d').getImageData(0, 0, e.width, e.height).data).size"
    assert page.locator('[data-media="weights"] canvas').evaluate("e => e.width") == 12
    assert page.locator('[data-media="weights"] canvas').evaluate(colors) > 3
    page.locator('[data-media="samples"] .tile').first.click()
    page.wait_for_selector("dialog.lightbox")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("dialog.lightbox >> text=2 of 3")
    page.keyboard.press("+")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.lightbox", state="detached")


def test_boxes_and_masks_lie_over_their_picture_and_can_be_taken_off(site, page):
    """By class."""
    open_tab(site, page, "media?search=seen")
    page.locator(".picture svg rect").wait_for(state="attached", timeout=45_000)
    painted = "e => e.width > 0 && e.getContext('2d').getImageData(0, 0, e.width, e.height).data.some(v => v === 120)"
    until(lambda: page.locator("canvas.mask").evaluate(painted))
    page.get_by_role("button", name="guess: cat").click()
    until(lambda: page.locator(".picture svg rect").count() == 0)
    page.get_by_role("button", name="truth: cat").click()
    until(lambda: not page.locator("canvas.mask").evaluate(painted))


def test_a_table_is_sorted_searched_and_filtered_and_says_what_is_wrong(site, page):
    """Only rows on the screen exist; the address keeps the order."""
    open_tab(site, page, "media?search=table")
    cell = page.locator(".media-table tbody tr[aria-rowindex] td:nth-child(3)")
    until(lambda: cell.count() > 0 and cell.first.inner_text() == "row 0")
    assert page.locator(".media-table tbody tr").count() < 60
    page.locator(".media-table .rows").evaluate("e => e.scrollTo(0, 1e6)")
    until(lambda: cell.count() > 0 and cell.last.inner_text() == "row 299")
    page.get_by_role("button", name="score").click()
    page.get_by_role("button", name="score").click()
    until(lambda: page.locator(".media-table tr[aria-rowindex='1'] td:nth-child(4)").inner_text() == "0.9")
    assert "sort" in page.evaluate("location.hash")
    page.get_by_label("Filter table").fill("score > 0.8 and id < 20")
    until(lambda: "2 of 300 rows" in page.locator(".media-table .bar").inner_text())
    page.get_by_label("Filter table").fill("score >")
    page.locator(".media-table .error").wait_for(timeout=45_000)
    page.get_by_label("Filter table").fill("")
    page.get_by_label("Search table").fill("onerror")
    until(lambda: "1 of 300 rows" in page.locator(".media-table .bar").inner_text())
    assert EVIL == page.locator(".media-table tr[aria-rowindex='1'] td:nth-child(3)").inner_text()
    page.get_by_role("button", name="Show row 1").click()
    until(lambda: EVIL in page.get_by_role("dialog").inner_text())
    assert page.evaluate("window.pwned") is None


def test_a_logged_page_cannot_reach_the_dashboard_or_the_network(site, page):
    """Its scripts run, in an origin that is nobody's; texts are no markup; the other kinds are drawn."""
    open_tab(site, page, "media")
    frame = page.frame_locator('[data-media="page"] iframe')
    page.locator('[data-media="page"] iframe').scroll_into_view_if_needed(timeout=45_000)
    frame.locator("text=scripts run").wait_for(timeout=45_000)
    assert "allow-scripts" == page.locator('[data-media="page"] iframe').get_attribute("sandbox")
    assert page.evaluate("window.pwned") is None
    assert "pwned" not in page.title()
    assert "#media" == page.evaluate("location.hash")
    assert 0 == site.elsewhere.visitors()
    words = page.locator('[data-media="words"] .markdown')
    words.scroll_into_view_if_needed(timeout=45_000)
    assert EVIL in words.inner_text()
    assert "bold" == words.locator("strong").inner_text()
    page.locator('[data-media="curve"]').scroll_into_view_if_needed()
    page.locator('[data-media="curve"] .js-plotly-plot .scatterlayer .trace').wait_for(state="attached", timeout=45_000)
    page.locator('[data-media="cloud"] canvas').wait_for(timeout=45_000)
    page.locator('[data-media="tone"] audio').wait_for(timeout=45_000)


def test_artifacts_are_looked_into_and_downloaded(site, page, tmp_path):
    """Text, tables and JSON as what they are; a version with its maker, and in one file."""
    open_tab(site, page, "artifacts")
    page.get_by_role("button", name="scores.csv").click()
    page.locator(".preview td", has_text="a, b").wait_for(timeout=45_000)
    assert EVIL in page.locator(".preview").inner_text()
    page.get_by_role("button", name="model:v0").click()
    assert "this run" in page.locator(".lineage").inner_text()
    page.get_by_role("button", name="in/conf.json").click()
    page.locator(".version .preview .tree-key", has_text="deep").wait_for(timeout=45_000)
    with page.expect_download(timeout=45_000) as found:
        page.get_by_role("link", name="Download model:v0 as ZIP").click()
    found.value.save_as(tmp_path / "v0.zip")
    with zipfile.ZipFile(tmp_path / "v0.zip") as archive:
        assert ["in/conf.json"] == archive.namelist()
    # What is unfolded is in the address.
    page.reload()
    page.locator(".version .preview .tree-key", has_text="deep").wait_for(timeout=45_000)
    page.locator(".preview td", has_text="a, b").wait_for(timeout=45_000)
    assert page.evaluate("window.pwned") is None


def test_the_console_has_colours_and_is_searched_and_kept(site, page, tmp_path):
    """Markup in it is text; hits are gone through; a download has all of it."""
    open_tab(site, page, "console")
    page.locator(".console .f1", has_text="red").wait_for(state="attached", timeout=45_000)
    assert "red plain <b>x</b>" in page.locator(".console .line").first.text_content()
    box = page.locator(".console-box")
    until(lambda: box.evaluate("e => e.scrollTop > 1000 && e.scrollTop + e.clientHeight > e.scrollHeight - 30"))
    page.get_by_label("Search output").fill("needle")
    until(lambda: "1 of 1" in page.locator(".console .bar").inner_text())
    page.locator(".console mark").wait_for(timeout=45_000)
    page.get_by_label("Wrap lines").check()
    assert page.locator(".console-box").evaluate("e => e.scrollWidth <= e.clientWidth")
    with page.expect_download(timeout=45_000) as found:
        page.get_by_role("button", name="Download").click()
    found.value.save_as(tmp_path / "log")
    assert (tmp_path / "log").read_text().endswith("needle\n")


@pytest.mark.parametrize("tab", ["charts", "summary", "config", "system", "media", "artifacts", "console"])
def test_an_empty_tab_shows_the_line_that_fills_it(site, page, tab):
    """Nobody has to look it up."""
    open_tab(site, page, tab, "empty")
    page.locator(".teach pre").wait_for(timeout=45_000)


def test_a_running_run_shows_new_media_and_output_and_can_be_asked_to_stop(site, page):
    """Without a reload."""
    run = aspara.Run("live", "p", dir=site.data)
    run.log({"words": aspara.Text("first")})
    open_tab(site, page, "media", "live")
    page.locator('[data-media="words"]', has_text="first").wait_for(timeout=45_000)
    run.log({"words": aspara.Text("second"), "late": aspara.Histogram([1.0, 2.0])})
    page.locator('[data-media="words"]', has_text="second").wait_for(timeout=45_000)
    page.locator('[data-media="late"] .bars').wait_for(timeout=45_000)
    page.get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog", name=f"Stop run {run.name}?")
    dialog.get_by_role("button", name="Cancel").click()
    assert not run.should_stop
    page.get_by_role("button", name="Stop").click()
    dialog.get_by_role("button", name="Stop run").click()
    until(lambda: run.should_stop, why="the run was not told")
    page.get_by_role("button", name="Stopping…").wait_for(timeout=45_000)
    run.finish()
    page.locator(".page-head .status.completed").wait_for(timeout=45_000)
    page.get_by_role("button", name="Stopping…").wait_for(state="detached", timeout=45_000)
    page.locator(".page-head .chip", has_text="stopped").wait_for()
    page.get_by_role("tab", name="overview").click()
    page.locator("dt", has_text="Stop requested").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_tab_sticks_out_at_any_width(site, browser, scheme, width):
    """Pictures of each are kept."""
    from tests.browser.conftest import SCREENSHOTS

    SCREENSHOTS.mkdir(exist_ok=True)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for tab in ("charts", "overview", "summary", "config", "media", "artifacts", "console"):
        open_tab(site, page, tab)
        page.locator(f"#panel-{tab} > *").first.wait_for(timeout=45_000)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{tab} sticks out at {width}"
        page.screenshot(path=str(SCREENSHOTS / f"run-{tab}-{scheme}-{width}.png"), full_page=True)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_has_a_barrier(site, browser, scheme):
    """Everything that axe-core can tell, with each tab full and empty, and with what opens out of it."""
    from tests.browser.test_accessibility import AXE

    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    found: list[str] = []

    def look(name: str) -> None:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = page.evaluate(
            "async () => (await axe.run({resultTypes: ['violations'], iframes: false})).violations"
        )
        found.extend(
            f"{name}: {v['id']}: {n['html'][:160]} {n['failureSummary'][-160:]!r}"
            for v in violations
            for n in v["nodes"][:3]
        )

    for run in ("full", "empty"):
        for tab in ("charts", "overview", "summary", "config", "system", "media", "artifacts", "console"):
            open_tab(site, page, tab, run)
            page.locator(f"#panel-{tab} > *").first.wait_for(timeout=45_000)
            page.wait_for_timeout(300)
            look(f"{run}, {tab}")
    open_tab(site, page, "media?search=seen")
    page.locator(".tile").click(timeout=45_000)
    look("a picture")
    open_tab(site, page, "media?search=table")
    page.get_by_role("button", name="Show row 1", exact=True).click(timeout=45_000)
    look("a row")
    open_tab(site, page, "artifacts")
    page.get_by_role("button", name="scores.csv").click(timeout=45_000)
    page.get_by_role("button", name="model:v0").click()
    page.locator(".preview td").first.wait_for(timeout=45_000)
    look("a preview")
    context.close()
    assert [] == found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("projects/ghost", "All projects"),
        ("projects/ghost/runs", "All projects"),
        ("projects/p/runs/ghost", "Back to runs of p"),
        ("projekte/p", "Go to projects"),
    ],
)
def test_what_there_is_not_is_said_with_the_way_back(site, page, path, way):
    """And nothing else: no charts that will never come, no word on being live."""
    page.goto(site.url + path)
    page.get_by_role("link", name=way, exact=True).wait_for(timeout=45_000)
    assert re.search(r"(Page not found|There is no (project|run) 'ghost')", page.locator("main").inner_text())
    assert 0 == page.locator(".teach, .liveness, .controls, [role=tablist]").count()


def test_the_chosen_tab_is_on_a_phones_screen(site, page):
    """However many stand before it."""
    page.set_viewport_size({"width": 390, "height": 800})
    open_tab(site, page, "console")
    page.wait_for_selector("#panel-console")
    until(lambda: page.locator("#tab-console").evaluate("e => e.getBoundingClientRect().right <= innerWidth"))


def test_the_console_follows_a_run_and_asks_only_for_what_is_new(page, tmp_path):
    """New lines come in their colours, the end stays in sight, and nothing is sent twice."""
    run = aspara.Run("r", "p", dir=tmp_path, capture=False)
    run.log({"x": 1.0})
    log = tmp_path / "p" / "r" / "console.log"
    log.parent.mkdir(exist_ok=True)
    first = "".join(f"line {i}\n" for i in range(3000)) + "\x1b[32m"
    log.write_text(first)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url.split("?")[1]) if "/console?" in r.url else None)
    with served(tmp_path) as server:
        page.goto(f"{server.url}projects/p/runs/r#console")
        page.locator(".console .line", has_text="line 2999").wait_for(timeout=45_000)
        with log.open("a") as more:
            more.write("green line\x1b[0m\nplain line\n")
        page.locator(".console .f2", has_text="green line").wait_for(timeout=45_000)
        page.locator(".console .line", has_text="plain line").wait_for(timeout=45_000)
        box = page.locator(".console-box")
        until(lambda: box.evaluate("e => e.scrollTop + e.clientHeight > e.scrollHeight - 30"))
        grown = log.stat().st_size
        # Output that grew too long begins a new file: what was printed just before is there, and the download has both.
        with log.open("a") as more:
            more.write("last line of the old file\n")
        log.rename(log.with_name("console.1.log"))
        log.write_bytes(TURNED + b"first line of the new file\n")
        page.locator(".console .line", has_text="first line of the new file").wait_for(timeout=45_000)
        told = page.locator(".console .line").all_text_contents()
        assert ["last line of the old file\n", "first line of the new file\n"] == told[-2:]
        with page.expect_download(timeout=45_000) as found:
            page.get_by_role("button", name="Download").click()
        found.value.save_as(tmp_path / "whole.log")
        kept = (tmp_path / "whole.log").read_text()
        assert kept.startswith("line 0\n")
        assert kept.endswith("last line of the old file\nfirst line of the new file\n")
        run.finish()
    assert asked[0].startswith("last=")
    places = [query.partition("&")[0] for query in asked[1:] if not query.startswith("last=")]
    assert {f"after={end}" for end in (len(first), grown, log.stat().st_size)} >= set(places)


def test_a_page_on_paper_has_what_was_found_out_and_no_buttons(site, page):
    """Nothing is cut off by a frame that scrolls."""
    open_tab(site, page, "console")
    page.locator(".console .line").first.wait_for(state="attached", timeout=45_000)
    page.emulate_media(media="print")
    for gone in (".top", ".tabs", ".console .bar button"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator("h1").is_visible()
    until(lambda: page.locator(".console-box").evaluate("e => e.clientHeight >= e.scrollHeight"))
    page.emulate_media(media="screen")


def test_long_names_make_no_page_wider_than_a_phone(page, tmp_path):
    """Of projects, runs, tags, metrics and keys."""
    long = "averylongname" * 8
    with aspara.Run(long, long[:100], dir=tmp_path, config={long: long}, tags=[long[:60]], notes=long) as run:
        run.log({f"{long}/{long}": 1.0})
        run.summary[long] = long
    page.set_viewport_size({"width": 390, "height": 800})
    with served(tmp_path) as server:
        project = f"{server.url}projects/{long[:100]}"
        tabs = [f"{project}/runs/{run.run}#{tab}" for tab in ("charts", "overview", "summary", "config")]
        for address in (server.url, project, f"{project}/runs", *tabs):
            page.goto("about:blank")
            page.goto(address)
            page.locator("main", has_text="averylong").wait_for(timeout=45_000)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
