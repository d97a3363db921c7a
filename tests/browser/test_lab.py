"""The notebook side in a real JupyterLab: live while the cell runs, whole after a reload, kept without a kernel."""

from __future__ import annotations

import itertools
import json
import shutil

import pytest

import aspara
from aspara import Api
from tests.browser.conftest import until, watched
from tests.browser.lab import PATIENCE, Lab, Notebook, training

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

_names = (f"notebook{i}.ipynb" for i in itertools.count())


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def context(browser):
    """One browser profile, so that JupyterLab's own files are loaded once; each test has a page of its own."""
    made = browser.new_context(viewport={"width": 1300, "height": 900}, accept_downloads=True)
    yield made
    made.close()


@pytest.fixture
def page(context, request):
    with watched(context, request.node.name) as opened:
        yield opened


@pytest.fixture
def notebook(lab, page):
    """Makes a notebook of the given cells and opens it."""

    def make(*cells: str) -> Notebook:
        name = next(_names)
        lab.notebook(name, *cells)
        return Notebook(lab, page, name).open()

    yield make
    lab.end_kernels()


def logged(lab: Lab, name: str) -> int:
    """How many points the run's files hold."""
    (run,) = [run for run in Api(lab.data).runs("lab") if run.name == name]
    return 3 * (run.last_step + 1)


def test_points_grow_while_the_training_cell_is_running(notebook, lab):
    """The chart under the cell is there and grows before the cell ends, and holds every point when it has."""
    book = notebook(training("live"))
    book.run_cell()
    first = book.wait_for_points(15)
    assert book.running()
    later = book.wait_for_points(first + 30)
    assert book.running()
    assert later > first
    book.page.wait_for_selector(".aspara-widget .js-plotly-plot path.js-line", state="attached")
    assert "running" == book.page.get_attribute(".aspara-widget", "data-status")
    lab.let_end("live")
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    total = logged(lab, "live")
    assert total == book.wait_for_points(total)


def test_nothing_is_lost_when_the_bundle_comes_four_seconds_late(notebook, lab):
    """A slow server delays the picture, and no point is missing once it is there, with the cell still running."""
    held: list = []
    late = True
    book = notebook(training("slow bundle"))
    book.page.route(
        "**/static/aspara_jupyter/widget.*.js", lambda route: held.append(route) if late else route.continue_()
    )
    book.run_cell()
    while not held:
        book.page.wait_for_timeout(50)
    book.page.wait_for_timeout(4000)
    late = False
    for route in held:
        route.continue_()
    assert book.wait_for_points(30) >= 30
    assert book.running()
    lab.let_end("slow bundle")
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    total = logged(lab, "slow bundle")
    assert total == book.wait_for_points(total)


def test_a_page_reloaded_in_mid_run_shows_the_whole_chart_again_at_once(notebook, lab):
    """After a reload the chart is back while the cell still runs: from the first point on, and it goes on growing."""
    book = notebook(training("reload"))
    book.run_cell()
    before = book.wait_for_points(60)
    book.save()
    book.reload()
    after = book.wait_for_points(before)
    assert "running" == book.page.get_attribute(".aspara-widget", "data-status")
    assert "server" == book.page.get_attribute(".aspara-widget", "data-origin")
    assert book.wait_for_points(after + 30) > after
    lab.let_end("reload")
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    total = logged(lab, "reload")
    assert total == book.wait_for_points(total)


def test_a_reloaded_page_with_many_live_charts_leaves_the_server_to_others(notebook, lab):
    """Seven runs of one cell grow on one stream: a browser has six connections to a server, and JupyterLab needs some."""
    many = """
import aspara, pathlib, time
runs = [aspara.init(project="many", name=f"many {i}", reinit="create_new") for i in range(7)]
while not pathlib.Path("many.end").exists() and runs[0].step < 3000:
    for run in runs:
        run.log({"loss": 1 / (1 + run.step)})
    time.sleep(0.05)
for run in runs:
    run.finish()
"""
    book = notebook(many)
    book.run_cell()
    book.wait_for_points(10, nth=6)
    book.save()
    streams: list[str] = []
    book.page.on("request", lambda request: streams.append(request.url) if "/runs/stream" in request.url else None)
    book.reload()
    seen = book.wait_for_points(10, nth=6)
    for nth in range(7):
        book.wait_for_points(seen + 10, nth=nth)
    assert book.page.evaluate("async () => (await fetch('/api/status')).ok")
    assert len(streams) <= 4, streams
    lab.let_end("many")
    book.page.wait_for_function("() => document.querySelectorAll('.aspara-widget[data-status=completed]').length === 7")


def test_a_saved_notebook_shows_the_chart_without_kernel_and_files(notebook, lab, browser):
    """Finished, saved, and opened where neither the kernel nor the run's files exist: the chart is drawn from the notebook."""
    name = "kept <b>&amp;"
    book = notebook(training(name, steps=60))
    book.run_cell()
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    book.wait_for_points(180)
    content = book.saved_when(lambda kept: len(kept["cells"][0]["outputs"][0]["data"]) == 4)
    (output,) = [o for o in content["cells"][0]["outputs"] if o["output_type"] == "display_data"]
    assert {
        "application/vnd.aspara.run+json",
        "application/vnd.plotly.v1+json",
        "image/svg+xml",
        "text/plain",
    } == set(output["data"])
    assert len(json.dumps(content)) < 60_000
    (run,) = [run for run in Api(lab.data).runs("lab") if run.name == name]
    for path in (lab.data / "lab").glob(f"{run.run}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    # Another name with no kernel of its own, opened by another browser.
    content["metadata"] = {}
    (lab.root / "kept.ipynb").write_text(json.dumps(content))
    with watched(browser.new_context(viewport={"width": 1300, "height": 900}), "kept") as fresh:
        other = Notebook(lab, fresh, "kept.ipynb").open(kernel=False)
        fresh.wait_for_selector(".aspara-widget[data-origin=still] .js-plotly-plot path.js-line", state="attached")
        assert 180 == other.points()
        assert name in fresh.inner_text(".aspara-widget .w-head")
        other.shot("lab-kept-notebook")
        fresh.context.close()


def test_zoom_reaches_raw_points_while_the_cell_is_running(notebook, lab):
    """Dragging over a chart asks the server for that range, and it answers although the kernel is busy."""
    fast = """
import aspara, math, pathlib, time
run = aspara.init(project="lab", name="zoom")
for i in range(20_000):
    aspara.log({"loss": math.sin(i / 50)})
while not pathlib.Path("zoom.end").exists() and run.step < 22_000:
    aspara.log({"loss": 0.0})
    time.sleep(0.1)
aspara.finish()
"""
    book = notebook(fast)
    book.run_cell()
    book.wait_for_points(20_000)
    plot = book.page.wait_for_selector(".aspara-widget .js-plotly-plot .nsewdrag")
    plot.scroll_into_view_if_needed()
    # What is drawn comes a moment after what is there.
    book.page.wait_for_function(
        "() => document.querySelector('.aspara-widget .js-plotly-plot').layout.xaxis.range[1] >= 19_999"
    )
    box = plot.bounding_box()
    y = box["y"] + box["height"] / 2
    with book.page.expect_response(lambda response: "/runs/metrics" in response.url) as answered:
        book.page.mouse.move(box["x"] + box["width"] * 0.50, y)
        book.page.mouse.down()
        book.page.mouse.move(box["x"] + box["width"] * 0.52, y, steps=8)
        book.page.mouse.up()
    answer = answered.value.json()
    (series,) = answer["metrics"]["loss"].values()
    assert series["raw"]
    assert 200 < series["count"] < 1500
    # The line is drawn anew when the answer is here.
    book.page.wait_for_function(
        "() => document.querySelector('.aspara-widget .js-plotly-plot').data[0].x.at(-1) < 15_000"
    )
    assert "0" == book.page.inner_text(".aspara-widget figcaption .value"), "the latest value, not the window's last"
    assert book.running()
    lab.let_end("zoom")


def test_smoothing_axes_and_sections_are_changed_while_the_cell_is_running(notebook, lab):
    """The page draws what it has in another way; the kernel, which trains, is not asked."""
    code = training("controls").replace(
        '"lr": 0.1', '"lr": 0.1, "val/a": 1.0, "val/b": 2.0, "val/c": 3.0, "val/d": 4.0'
    )
    book = notebook(code)
    book.run_cell()
    book.wait_for_points(140)
    widget = book.page.locator(".aspara-widget")
    chart = "document.querySelector('.aspara-widget [data-metric=\"train/loss\"] .js-plotly-plot')"
    book.page.wait_for_function(f"() => {chart}?.querySelectorAll('.scatterlayer .trace').length === 1")
    widget.get_by_label("Smoothing", exact=False).first.fill("0.9")
    book.page.wait_for_function(f"() => {chart}.querySelectorAll('.scatterlayer .trace').length === 2")
    widget.get_by_role("button", name="log y").click()
    book.page.wait_for_function(f"() => {chart}.layout.yaxis.type === 'log'")
    widget.get_by_role("button", name="relative").click()
    # Seconds since the run began, of which there are far fewer than steps.
    book.page.wait_for_function(f"() => {chart}.data[0].x.at(-1) < {chart}.data[0].x.length / 2")
    fold = widget.locator(".section-head .fold", has_text="val")
    fold.click()
    widget.locator("[data-metric='val/a']").wait_for(state="detached")
    fold.click()
    widget.locator("[data-metric='val/a']").wait_for()
    seen = book.points()
    assert book.wait_for_points(seen + 70) > seen
    assert book.running()
    book.shot("lab-controls")
    lab.let_end("controls")


def test_earlier_runs_are_drawn_beside_while_the_cell_is_running(notebook, lab):
    """The Compare menu lists the project's other runs; choosing one draws it in the charts that it shares."""
    book = notebook(training("first", steps=40), training("second"))
    book.run_cell()
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    book.run_cell()
    book.wait_for_points(15, nth=1)
    widget = book.page.locator(".aspara-widget").nth(1)
    widget.locator(".w-compare > button").click()
    widget.locator(".w-menu label", has_text="first").first.click()
    widget.locator(".w-other", has_text="first").wait_for()
    book.page.wait_for_function(
        "() => document.querySelectorAll('.aspara-widget')[1]"
        ".querySelector('[data-metric=\"train/loss\"]').querySelectorAll('.scatterlayer .trace').length === 2"
    )
    book.shot("lab-compare")
    assert book.running()
    lab.let_end("second")


def test_the_running_training_is_tagged_noted_and_stopped_from_its_chart(notebook, lab):
    """Tags, notes and the request to stop go by the server, so they do not wait for the cell."""
    book = notebook(training("stopped"))
    book.run_cell()
    book.wait_for_points(15)
    widget = book.page.locator(".aspara-widget")
    widget.locator(".w-about > button").click()
    form = widget.locator(".w-about form")
    form.locator("input").fill("baseline, <b>bold</b>")
    form.locator("textarea").fill("first try")
    form.get_by_role("button", name="Save").click()
    widget.locator(".w-head .tag", has_text="<b>bold</b>").wait_for()
    book.shot("lab-tagged")
    assert book.running()
    widget.locator(".w-stop").click()
    widget.get_by_role("button", name="Stop run").click()
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    (run,) = [run for run in Api(lab.data).runs("lab") if run.name == "stopped"]
    assert (["baseline", "<b>bold</b>"], "first try", "finished") == (run.tags, run.notes, run.state)
    total = logged(lab, "stopped")
    assert total == book.wait_for_points(total)


def test_an_interrupted_cell_keeps_its_picture(notebook):
    """After an interrupt the run lives on, and the notebook on disk holds the chart as it stood."""
    book = notebook(training("interrupted"))
    book.run_cell()
    book.wait_for_points(60)
    book.execute("notebook:interrupt-kernel")
    book.wait_for_end()
    content = book.saved_when(lambda kept: "image/svg+xml" in kept["cells"][0]["outputs"][0]["data"])
    shown = next(o for o in content["cells"][0]["outputs"] if o["output_type"] == "display_data")
    assert {"application/vnd.plotly.v1+json", "image/svg+xml"} <= set(shown["data"])
    assert "running" == book.page.get_attribute(".aspara-widget", "data-status")


def test_the_launcher_card_opens_the_dashboard(notebook, lab):
    """A card in JupyterLab's launcher opens the dashboard in a tab; after a reload it stands where it stood."""
    book = notebook(training("for the dashboard", steps=5))
    book.run_cell()
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    book.execute("launcher:create")
    book.page.locator(".jp-LauncherCard", has_text="Aspara").click()
    frame = book.page.frame_locator("iframe[title='Aspara dashboard']")
    frame.get_by_role("link", name="lab", exact=True).first.click()
    frame.get_by_role("button", name="log y").click()
    frame.locator(".js-plotly-plot").first.wait_for()
    book.shot("lab-dashboard")
    workspaces = lab.root / "own/workspaces"
    until(
        lambda: any("projects/lab?log=1" in file.read_text() for file in workspaces.iterdir()),
        why="JupyterLab has not kept where the dashboard stands",
    )
    book.page.reload()
    book.page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="Aspara").click(timeout=PATIENCE)
    frame.get_by_role("button", name="log y", pressed=True).wait_for(timeout=PATIENCE)


def test_nothing_is_asked_from_another_host(notebook):
    """A live chart asks its own server for everything."""
    book = notebook(training("at home", steps=20))
    book.run_cell()
    book.page.wait_for_selector(".aspara-widget .js-plotly-plot")
    book.page.wait_for_selector(".aspara-widget[data-status=completed]")
    assert [] == [url for url in book.page.foreign if not url.startswith("ws://127.0.0.1")]
    assert 0 == book.page.locator("[data-title*='share' i], [data-title*='cloud' i]").count()


def recorded(lab: Lab, project: str, name: str, steps: int = 50, **options) -> aspara.Run:
    """A run of the past, by the public API."""
    with aspara.Run(name, project, dir=lab.data, capture=False, **options) as run:
        for i in range(steps):
            run.log({"train/loss": 1 / (1 + i), "other": float(i)})
    return run


def test_a_chart_compares_a_finished_run_with_one_that_is_running(notebook, lab):
    """LiveChart draws both in one chart, grows with the running one, and becomes a picture when that has ended."""
    past = recorded(lab, "lab", "the <i>past</i>", steps=200)
    begin = f"""
import aspara, pathlib, time
from aspara_jupyter import LiveChart
run = aspara.init(project="lab", name="compared")
LiveChart([run, "lab/{past.run}"], "train/*")
"""
    train = """
while not pathlib.Path("compared.end").exists() and run.step < 6000:
    run.log({"train/loss": 1.0, "lr": 0.1})
    time.sleep(0.02)
run.finish()
"""
    book = notebook(begin, train)
    book.run_cell()
    book.wait_for_points(200, nth=1)
    book.run_cell()
    seen = book.wait_for_points(215, nth=1)
    assert book.running()
    chart = book.page.locator(".aspara-widget").nth(1)
    assert "server" == chart.get_attribute("data-origin")
    assert 1 == chart.locator("[data-metric]").count()
    book.page.wait_for_function(
        "() => document.querySelectorAll('.aspara-widget')[1].querySelectorAll('.scatterlayer .trace').length === 2"
    )
    assert book.wait_for_points(seen + 20, nth=1) > seen
    chart.scroll_into_view_if_needed()
    book.shot("lab-compare-runs")
    lab.let_end("compared")
    book.page.wait_for_selector(".aspara-widget[data-running='0']", state="attached", timeout=60_000)
    kept = book.saved_when(lambda content: set(_outputs(content)[0]) == KEPT)
    assert KEPT == set(_outputs(kept)[0])
    assert "the &lt;i&gt;past&lt;/i&gt;" in "".join(_outputs(kept)[0]["image/svg+xml"])


def _outputs(content: dict) -> list[dict]:
    """The outputs that compare."""
    outputs = [output.get("data", {}) for cell in content["cells"] for output in cell["outputs"]]
    return [output for output in outputs if "application/vnd.aspara.chart+json" in output]


KEPT = {"application/vnd.aspara.chart+json", "application/vnd.plotly.v1+json", "image/svg+xml", "text/plain"}


def test_the_sidebar_follows_the_runs_of_the_notebooks_project(notebook, lab):
    """A run that begins in the notebook stands in the sidebar as running, then as completed; a click opens its charts.

    The charts under the cell are as high as JupyterLab's settings say.
    """
    own = lab.settings.parents[1] / "aspara"
    own.mkdir(exist_ok=True)
    (own / "dashboard.jupyterlab-settings").write_text('{"outputHeight": 120}')
    recorded(lab, "elsewhere", "of another project")
    book = notebook(training("watched").replace('"lab"', '"watched-project"'))
    book.run_cell()
    book.wait_for_points(15)
    book.execute("aspara:show-runs")
    row = book.page.locator(".aspara-sidebar [data-run^=watched]")
    row.filter(has_text="running").wait_for()
    assert "watched-project" in book.page.locator(".aspara-sidebar select").input_value()
    assert "120px" == book.page.locator(".aspara-widget .w-charts").evaluate("(el) => el.style.maxHeight")
    (own / "dashboard.jupyterlab-settings").unlink()
    lab.let_end("watched")
    row.filter(has_text="completed").wait_for()
    book.shot("lab-sidebar")
    row.click()
    frame = book.page.frame_locator("iframe[title='Aspara: watched']")
    frame.get_by_text("train/loss").or_(frame.get_by_text("loss", exact=True)).first.wait_for()
    assert book.page.locator(".jp-Notebook:visible").count() == 1
    book.shot("lab-run-beside")


def test_runs_are_a_table_that_sorts_in_a_notebook_that_is_not_trusted(notebook, lab):
    """Api().runs(...) is a table; a click on a column sorts it; scripts of an untrusted notebook are not needed for it."""
    for i, name in enumerate(["b <b>x</b>", "a", "c"]):
        recorded(lab, "table", name, steps=10 * (i + 1), config={"lr": [0.3, 0.1, 0.2][i]})
    book = notebook("import aspara\naspara.Api().runs('table')")
    book.run_cell()
    names = book.page.locator(".aspara-widget .w-row-name")
    names.first.wait_for()
    assert ["b <b>x</b>", "a", "c"] == [text.strip() for text in names.all_text_contents()]
    content = book.save()
    content["metadata"]["somebody"] = "changed it"
    (lab.root / "untrusted.ipynb").write_text(json.dumps(content))
    other = Notebook(lab, book.page, "untrusted.ipynb").open()
    names.first.wait_for()
    assert not other.page.evaluate("() => jupyterapp.shell.currentWidget.content.activeCell.model.trusted")
    other.page.get_by_role("button", name="lr").click()
    assert ["a", "c", "b <b>x</b>"] == [text.strip() for text in names.all_text_contents()]
    other.page.get_by_role("button", name="lr").click()
    assert ["b <b>x</b>", "c", "a"] == [text.strip() for text in names.all_text_contents()]
    other.shot("lab-table")
