"""axe-core finds nothing to mend on any page, in any state of it, light or dark."""

from __future__ import annotations

from pathlib import Path

import pytest

import aspara
from tests.browser.conftest import served

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "js/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A dashboard with two projects; one run is still running, one failed."""
    data = tmp_path_factory.mktemp("data")
    for i in range(6):
        run = aspara.Run(
            f"run-{i}",
            "digits",
            dir=data,
            config={"lr": 0.1 / (i + 1), "model": {"act": "relu" if i % 2 else "gelu"}},
            tags=["baseline"],
            notes="# A sweep\n\n- of *rates*",
        )
        for step in range(20):
            run.log({"train/loss": 1 / (step + 1 + i), "val/acc": step / 20, "system/cpu": 1.0})
        if i < 5:
            run.finish(exit_code=int(i == 3))
        folder = data / "digits" / run.run
        folder.mkdir(exist_ok=True)
        (folder / "console.log").write_text("epoch 1\nepoch 2\n")
        (folder / "diff.patch").write_text(f"--- a/a.py\n+++ b/a.py\n-old\n+new {i}\n")
        (folder / "requirements.txt").write_text(f"numpy==2.{i}\n")
        (folder / "artifacts").mkdir(exist_ok=True)
        (folder / "artifacts/model.txt").write_text("weights")
    (data / "empty").mkdir()
    (data / "empty/metadata.json").write_text("{}")
    with served(data) as server:
        yield server
    run.finish()


def selected(page, button: str) -> None:
    page.get_by_label("Select run-1", exact=True).click()
    press(page, button)


def press(page, name: str, role: str = "button") -> None:
    page.get_by_role(role, name=name, exact=True).first.click()


# What is opened, what shows that it is there, and what is done before it is looked at.
STATES = {
    "projects": ("", "text=digits", None),
    "projects, a menu": ("", "text=digits", lambda p: p.get_by_title("More").first.click()),
    "nothing of that name": ("projects/ghost", "h1", None),
    "a project": ("projects/digits", ".js-plotly-plot", None),
    "a project, about": ("projects/digits", ".js-plotly-plot", lambda p: press(p, "About")),
    "a project, keys": ("projects/digits", ".js-plotly-plot", lambda p: press(p, "Keyboard shortcuts")),
    "a project, grouped": ("projects/digits?group=config.model.act&best=1&smooth=0.5", ".js-plotly-plot", None),
    "an empty project": ("projects/empty", "main", None),
    "runs": ("projects/digits/runs", ".runs-table tbody tr", None),
    "runs, selected": ("projects/digits/runs", ".runs-table tbody tr", lambda p: p.get_by_label("Select run-1", exact=True).click()),
    "runs, tagging": ("projects/digits/runs", ".runs-table tbody tr", lambda p: selected(p, "Tag…")),
    "runs, deleting": ("projects/digits/runs", ".runs-table tbody tr", lambda p: selected(p, "Delete…")),
    "runs, columns": ("projects/digits/runs", ".runs-table tbody tr", lambda p: press(p, "Columns of the table")),
    "runs, filter": ("projects/digits/runs?filter=lr+<", ".filter-said p", lambda p: press(p, "Filter syntax")),
    "runs, grouped": ("projects/digits/runs?group=config.model.act&baseline=run-1", ".runs-table tr.group", None),
    "no runs": ("projects/empty/runs", ".teach", None),
    "a running run": ("projects/digits/runs/run-5", ".js-plotly-plot", None),
    "compare": ("projects/digits/compare?runs=run-1,run-2,run-5", ".diff-table", None),
    "compare, charts": ("projects/digits/compare?runs=run-1,run-2&tab=charts", ".js-plotly-plot", None),
    "compare, code": ("projects/digits/compare?runs=run-1,run-2&tab=code&split=1", ".split-text", None),
    "compare, parameters": ("projects/digits/compare?runs=run-1,run-2&tab=parameters", ".importance", None),
    "compare, add": ("projects/digits/compare?runs=run-1,ghost", ".compared", lambda p: press(p, "Add run to comparison")),
    "parameters of all": ("projects/digits/compare?tab=parameters&scope=all", ".importance", None),
    "Page not found": ("projekts", "h1", None),
    "compare, nothing": ("projects/digits/compare", ".others button", None),
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(site, browser, scheme):
    """Contrast, names, roles, order, focus: everything that axe-core can tell."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    found: list[str] = []

    def look(name: str) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text(encoding="utf-8"))
        violations = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
        found.extend(
            f"{name}: {v['id']} ({v['help']}): {node['target']} {node['html'][:160]} {node['failureSummary'][-200:]!r}"
            for v in violations
            for node in v["nodes"][:3]
        )

    for name, (path, there, act) in STATES.items():
        page.goto("about:blank")
        page.goto(site.url + path)
        page.wait_for_selector(there)
        if act is not None:
            act(page)
        look(name)
    page.goto(f"{site.url}projects/digits/runs/run-1")
    page.wait_for_selector("[role=tab]")
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_load_state("networkidle")
        look(f"a run, {tab.inner_text()}")
    context.close()
    assert [] == found, "\n".join(found)
