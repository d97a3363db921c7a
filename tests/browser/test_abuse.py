"""The live chart after what people do to notebooks: it is whole again, in JupyterLab and in Notebook 7."""

from __future__ import annotations

import itertools

import pytest

from aspara import Api
from tests.browser.conftest import watched
from tests.browser.lab import PATIENCE, Lab, Notebook, training

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Notebook 7.6 says this of itself at every start, with and without extensions.
KNOWN = ("Cannot read properties of undefined (reading 'schema')",)

_names = (f"abuse{i}.ipynb" for i in itertools.count())


@pytest.fixture(scope="module", params=["lab", "notebook"])
def lab(request, tmp_path_factory):
    server = Lab(tmp_path_factory.mktemp("abuse"), request.param)
    yield server.start()
    server.stop()


@pytest.fixture(scope="module")
def context(lab, browser):
    made = browser.new_context(viewport={"width": 1300, "height": 900})
    yield made
    made.close()


@pytest.fixture
def notebook(lab, context, request):
    """Makes a notebook of the given cells and opens it."""
    with watched(context, request.node.name, KNOWN) as page:

        def make(*cells: str) -> Notebook:
            name = next(_names)
            lab.notebook(name, *cells)
            return Notebook(lab, page, name).open()

        yield make
        lab.end_kernels()


def the_run(lab: Lab, name: str):
    (run,) = [run for run in Api(lab.data).runs("lab") if run.name == name]
    return run


def test_an_exception_ends_the_cell_and_not_the_run(notebook, lab):
    """The chart stays; a later cell goes on with it, and finishes it with every point there."""
    book = notebook(
        "import aspara\nrun = aspara.init(project='lab', name='raised')\n"
        "for i in range(30): aspara.log({'loss': 1 / (i + 1)})\nraise ValueError('oh')",
        "for i in range(30): aspara.log({'loss': 0.01})",
        "aspara.finish()",
    )
    book.run_cell()
    book.wait_for_points(30)
    book.wait_for_end()
    book.page.wait_for_selector("text=ValueError: oh")
    assert "running" == book.page.get_attribute(".aspara-widget", "data-status")
    book.run_cell()
    assert 60 == book.wait_for_points(60)
    book.run_cell()
    book.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=PATIENCE)
    assert 60 == book.points()
    assert 1 == book.page.locator(".aspara-widget").count()
    assert "finished" == the_run(lab, "raised").state


def test_a_second_browser_sees_the_chart_grow(notebook, lab, browser):
    """Another browser that opens the notebook in mid-run has the whole chart, and both go on."""
    book = notebook(training("two browsers"))
    book.run_cell()
    before = book.wait_for_points(45)
    book.save()
    with watched(browser.new_context(viewport={"width": 1300, "height": 900}), "second browser", KNOWN) as page:
        other = Notebook(lab, page, book.name).open(kernel=False)
        seen = other.wait_for_points(before)
        assert other.wait_for_points(seen + 30) > seen
        assert book.wait_for_points(seen + 30) > seen
        lab.let_end("two browsers")
        for each in (book, other):
            each.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=PATIENCE)
        total = 3 * (the_run(lab, "two browsers").last_step + 1)
        assert (total, total) == (book.wait_for_points(total), other.wait_for_points(total))
        page.context.close()


def test_a_restarted_kernel_ends_the_run_and_the_cell_may_be_run_again(notebook, lab):
    """The chart says that the run is over, keeps its points, and the next one has a chart of its own."""
    book = notebook(training("restarted"))
    book.run_cell()
    book.wait_for_points(45)
    book.page.evaluate(
        "async (name) => { const found = [...jupyterapp.shell.widgets('main')].find((w) => w.context?.path === name);"
        " await found.sessionContext.restartKernel(); }",
        book.name,
    )
    ended = ".aspara-widget[data-status=failed], .aspara-widget[data-status=crashed]"
    book.page.wait_for_selector(ended, timeout=PATIENCE)
    assert book.points() >= 45
    assert the_run(lab, "restarted").state in ("failed", "crashed")
    book.wait_for_kernel()
    lab.let_end("restarted")
    book.page.evaluate("() => jupyterapp.commands.execute('notebook:move-cursor-up')")
    book.run_cell()
    book.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=PATIENCE)
    assert ["restarted"] * 2 == [run.name for run in Api(lab.data).runs("lab") if run.name == "restarted"]


def test_a_laptop_that_slept_catches_up(notebook, lab, context):
    """Without a network for some seconds the cell trains on; when it is back, so are all points."""
    book = notebook(training("slept"))
    book.run_cell()
    before = book.wait_for_points(45)
    context.set_offline(True)
    book.page.wait_for_timeout(3000)
    context.set_offline(False)
    book.wait_for_points(before + 300)
    lab.let_end("slept")
    book.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=PATIENCE)
    total = 3 * (the_run(lab, "slept").last_step + 1)
    assert total == book.wait_for_points(total)


def test_fifty_metrics_are_drawn_as_they_come_into_sight(notebook, lab):
    """All points arrive; a chart exists for what is on the screen, and for the rest when it is scrolled to."""
    book = notebook(
        "import aspara\nwith aspara.init(project='lab', name='fifty'):\n    for i in range(200):\n"
        "        aspara.log({f'part{k % 5}/m{k:02}': (i + 1) / (k + 1) for k in range(50)})"
    )
    book.run_cell()
    book.wait_for_points(10_000)
    book.page.wait_for_selector(".aspara-widget[data-status=completed]", timeout=PATIENCE)
    assert 10_000 == book.points()
    drawn = book.page.locator(".aspara-widget .js-plotly-plot")
    drawn.first.wait_for()
    assert drawn.count() < 40
    last = book.page.locator("[data-metric='part4/m49']")
    last.scroll_into_view_if_needed()
    last.locator(".js-plotly-plot path.js-line").wait_for(state="attached")


def test_a_second_view_shows_the_same(notebook, lab):
    """JupyterLab's second view of an output grows with the first."""
    if lab.application != "lab":
        pytest.skip("Notebook 7 has no second views")
    book = notebook(training("two views"))
    book.run_cell()
    book.wait_for_points(45)
    book.page.evaluate("() => jupyterapp.commands.execute('notebook:move-cursor-up')")
    book.execute("notebook:create-output-view")
    seen = book.wait_for_points(45, nth=1)
    assert book.wait_for_points(seen + 30, nth=0) > seen
    assert book.wait_for_points(seen + 30, nth=1) > seen
    lab.let_end("two views")
    book.page.wait_for_function(
        "() => document.querySelectorAll('.aspara-widget[data-status=completed]').length === 2", timeout=PATIENCE
    )
    total = 3 * (the_run(lab, "two views").last_step + 1)
    assert (total, total) == (book.wait_for_points(total), book.wait_for_points(total, nth=1))
