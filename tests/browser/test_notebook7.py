"""The notebook side in a real Notebook 7: the live chart, and the entries of the View menu."""

from __future__ import annotations

import pytest

from tests.browser.conftest import watched
from tests.browser.lab import Lab, Notebook, training

# Notebook 7.6 has it without any extension: shortcuts are looked at before their settings have come.
OWN = "Cannot read properties of undefined (reading 'schema')"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    server = Lab(tmp_path_factory.mktemp("notebook7"), "notebook")
    yield server.start()
    server.stop()


@pytest.fixture
def page(browser, request):
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    with watched(context, request.node.name, known=(OWN,)) as opened:
        yield opened
    context.close()


def test_a_live_chart_and_the_dashboard_by_the_menu(lab, page):
    """The chart grows while the cell runs; View → Aspara opens the dashboard; the sidebar has the run with its state."""
    lab.notebook("seven.ipynb", training("seven"))
    book = Notebook(lab, page, "seven.ipynb").open()
    book.run_cell()
    first = book.wait_for_points(15)
    assert book.wait_for_points(first + 30) > first
    assert book.running()
    page.get_by_role("menuitem", name="View").click()
    with page.expect_popup() as opened:
        page.get_by_role("menuitem", name="Aspara", exact=True).click()
    dashboard = opened.value
    dashboard.get_by_text("lab", exact=True).first.wait_for()
    dashboard.close()
    page.get_by_role("menuitem", name="View").click()
    page.get_by_role("menuitem", name="Aspara: Runs in the Sidebar").click()
    row = page.locator(".aspara-sidebar [data-run=seven]")
    row.filter(has_text="running").wait_for()
    lab.let_end("seven")
    row.filter(has_text="completed").wait_for()
    page.wait_for_selector(".aspara-widget[data-status=completed]")
    book.shot("notebook7")
