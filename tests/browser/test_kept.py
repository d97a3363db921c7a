"""A saved notebook opened where Aspara is not: no kernel, no server extension, no JupyterLab extension."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import pytest

import aspara
from aspara_jupyter import LiveChart
from tests.browser.conftest import watched
from tests.browser.lab import PATIENCE, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Notebook 7.6 says this of itself at every start, with and without extensions.
KNOWN = ("Cannot read properties of undefined (reading 'schema')",)

NAME = "kept <b>&amp;"


@pytest.fixture(scope="module", params=["lab", "notebook"])
def lab(request, tmp_path_factory):
    """A Jupyter in which nobody has heard of Aspara."""
    server = Lab(tmp_path_factory.mktemp("kept"), request.param)
    (_config(server) / "labconfig").mkdir(parents=True)
    extensions = {"ServerApp": {"jpserver_extensions": {"aspara_jupyter": False}}}
    (_config(server) / "jupyter_server_config.json").write_text(json.dumps(extensions))
    yield server.start()
    server.stop()


def _config(lab: Lab) -> Path:
    return lab.root / "own" / "config"


PLOTLY = "@jupyterlab/plotly-extension"


@pytest.fixture(params=["plotly", "bare"])
def helper(request, lab):
    """What the page has that could draw it: plotly's own extension, or nothing."""
    without = ["aspara", *([PLOTLY] if request.param == "bare" else [])]
    page = {"disabledExtensions": dict.fromkeys(without, True)}
    (_config(lab) / "labconfig" / "page_config.json").write_text(json.dumps(page))
    return request.param


@pytest.fixture
def notebook(lab, helper, browser, tmp_path):
    """A stranger's notebook that holds the outputs of a finished run and of a comparison, opened without a kernel."""
    runs = []
    for i in range(2):
        with aspara.Run(NAME, "p", dir=tmp_path, capture=False) as run:
            for step in range(100):
                run.log({"loss": math.exp(-step / (20 + i)), "<i>accuracy</i>": step / 100})
        runs.append(run)
    outputs = [aspara.Api(tmp_path).run(runs[0].path)._repr_mimebundle_(), LiveChart(runs)._repr_mimebundle_()]
    cells = [
        {
            "cell_type": "code",
            "id": f"cell{i}",
            "metadata": {},
            "source": "run",
            "execution_count": 1,
            "outputs": [{"output_type": "display_data", "data": data, "metadata": {}}],
        }
        for i, data in enumerate(outputs)
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    name = next(_names)
    (lab.root / name).write_text(json.dumps(content))
    with watched(browser.new_context(viewport={"width": 1300, "height": 900}), name, KNOWN) as page:
        yield Notebook(lab, page, name).open(kernel=False)
        page.context.close()


_names = (f"kept{i}.ipynb" for i in itertools.count())


def test_its_charts_are_there(lab, helper, notebook):
    """Drawn by plotly's own extension, else as pictures for whoever trusts the notebook; for a stranger's, which Jupyter shows no
    picture of, the course of each metric stands there as text. Every name is as it was written.
    """
    page = notebook.page
    shown = page.locator(".jp-OutputArea-output")
    if helper == "plotly":
        page.locator(".js-plotly-plot path.js-line").nth(5).wait_for(state="attached", timeout=PATIENCE)
    else:
        shown.filter(has_text="▁").first.wait_for(timeout=PATIENCE)
    for text in (NAME, "<i>accuracy</i>", "100"):
        assert text in shown.first.inner_text()
    assert 0 == page.locator(".aspara-widget").count()
    notebook.shot(f"{lab.application}-kept-{helper}")
    if helper == "bare":
        # Notebook > Trust asks first.
        page.evaluate(
            "() => { for (const cell of jupyterapp.shell.currentWidget.content.widgets) cell.model.trusted = true; }"
        )
        page.wait_for_function(
            "() => { const all = [...document.querySelectorAll('.jp-RenderedSVG img, .jp-RenderedSVG svg')];"
            " return all.length === 2 && all.every((picture) => picture.getBoundingClientRect().height > 150); }",
            timeout=PATIENCE,
        )
        notebook.shot(f"{lab.application}-kept-{helper}-trusted")
