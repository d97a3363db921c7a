"""The dashboard inside Jupyter, at an address that is not the root: the same stories as standalone, behind Jupyter's own doors."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import aspara
from aspara import Api
from tests.browser.conftest import until
from tests.browser.lab import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

BASE = "/user/anna@lab/"


class Jupyter:
    """A Jupyter server below a base URL, as a hub starts one for each of its users."""

    def __init__(self, root: Path) -> None:
        self.data = root / "data"
        settings = {
            "AsparaApp": {"data_dir": str(self.data)},
            "IdentityProvider": {"token": "tok"},
            "ServerApp": {"base_url": BASE, "allow_root": True, "root_dir": str(root), "open_browser": False},
        }
        config = root / "config"
        config.mkdir(parents=True)
        (config / "jupyter_server_config.json").write_text(json.dumps(settings))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}{BASE}aspara/"
        self._log = root / "log"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("ASPARA_")},
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(root / "share"),
            "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
            "XDG_CACHE_HOME": str(root / "cache"),
        }
        command = [sys.executable, "-m", "jupyter_server", "--ip=127.0.0.1", f"--port={port}"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)

    def ready(self) -> Jupyter:
        def answers() -> bool:
            assert self._process.poll() is None, self._log.read_text()
            try:
                with urllib.request.urlopen(f"{self.url}api/health?token=tok", timeout=5):
                    return True
            except (OSError, urllib.error.URLError):
                return False

        until(answers, 90, why=self._log.read_text)
        return self

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory) -> Iterator[Jupyter]:
    server = Jupyter(tmp_path_factory.mktemp("jupyter"))
    try:
        yield server.ready()
    finally:
        server.stop()


@pytest.fixture
def project(jupyter, page, request) -> str:
    """A project of the test's own with three finished runs, and a page that has come in by Jupyter's door."""
    name = request.node.name
    for i, lr in enumerate((0.1, 0.2, 0.4)):
        with aspara.Run(f"run-{i}", name, dir=jupyter.data, config={"lr": lr, "act": "relu"}, capture=False) as run:
            for step in range(30):
                run.log({"train/loss": lr / (1 + step), "train/acc": 1 - lr / (1 + step), "val/loss": lr})
    page.set_default_timeout(PATIENCE)
    page.goto(f"{jupyter.url}?token=tok")
    page.wait_for_selector(f"text={name}")
    return name


def test_who_is_not_let_in_sees_jupyters_login(jupyter, page):
    """A page of the dashboard asks for the login, and goes on to that very page after it."""
    with aspara.Run("r", "door", dir=jupyter.data, capture=False) as run:
        run.log({"a": 1.0})
    page.goto(f"{jupyter.url}projects/door/runs/r?smooth=0.5")
    page.get_by_label("Password or token:").or_(page.locator("#password_input")).first.fill("tok")
    page.locator("#login_submit").click()
    page.wait_for_selector('[data-metric="a"] .js-plotly-plot', timeout=PATIENCE)
    assert "/projects/door/runs/r?smooth=0.5" in page.url


def test_runs_are_compared_and_the_address_keeps_it(jupyter, page, project):
    """From the project's page by the table to a comparison; its charts, tabs and links stay below the base URL."""
    page.get_by_role("link", name=project).first.click()
    page.wait_for_selector('[data-metric="train/loss"] .js-plotly-plot')
    page.get_by_role("link", name="Table of runs").click()
    page.wait_for_selector("text=3 runs")
    for name in ("run-0", "run-2"):
        page.get_by_label(f"Select {name}").check()
    page.get_by_role("button", name="Tag…").click()
    page.get_by_label("Add tags, separated by commas").fill("seen")
    page.get_by_role("button", name="Change tags").click()
    page.wait_for_selector("text=Changed tags of 2 runs.")
    assert ["run-0", "run-2"] == sorted(r.name for r in Api(jupyter.data).runs(project) if r.tags == ["seen"])
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_selector("text=2 runs compared")
    page.get_by_role("tab", name="Charts").click()
    plot = page.locator('[data-metric="train/loss"] .plot')
    until(lambda: plot.count() and "60" == plot.get_attribute("data-points"), why="the charts hold other points")
    page.reload()
    until(lambda: plot.count() and "60" == plot.get_attribute("data-points"), why="the reloaded page is another one")
    assert f"{BASE}aspara/projects/{project}/compare" in page.url
    outside = page.eval_on_selector_all("a[href]", "all => all.map(a => new URL(a.href).pathname)")
    assert [] == [path for path in outside if not path.startswith(BASE)]


def test_a_run_grows_is_tagged_and_deleted(jupyter, page, project):
    """Points, tags and a deletion go through Jupyter's XSRF check and its socket; what was zoomed is so after a reload."""
    live = aspara.Run("live", project, dir=jupyter.data, capture=False)
    live.log({"train/loss": 1.0})
    page.goto(f"{jupyter.url}projects/{project}/runs/live?log=1")
    plot = page.locator('[data-metric="train/loss"] .plot')
    until(lambda: plot.count() and "1" == plot.get_attribute("data-points"), 60, why="the first point is not drawn")
    page.wait_for_selector(".live.live")
    for i in range(9):
        live.log({"train/loss": 1 / (i + 2)})
    until(lambda: "10" == plot.get_attribute("data-points"), 60, why="the chart does not grow")
    page.reload()
    until(lambda: plot.count() and "10" == plot.get_attribute("data-points"), 60, why="the reloaded chart is not whole")
    assert "true" == page.get_by_role("button", name="log y").get_attribute("aria-pressed")
    page.get_by_role("tab", name="overview").click()
    page.get_by_role("button", name="Edit name, notes and tags").click()
    page.get_by_label("Tags").fill("baseline, <b>x</b>")
    page.get_by_role("button", name="Save").click()
    page.locator(".page-head .tag", has_text="<b>x</b>").wait_for()
    (run,) = [run for run in Api(jupyter.data).runs(project) if run.name == "live"]
    assert ["baseline", "<b>x</b>"] == run.tags
    live.finish()
    page.locator(".page-head .status.completed").wait_for()
    page.get_by_role("button", name="Delete run").click()
    page.wait_for_selector("text=Delete run “live”?")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"**/projects/{project}")
    until(lambda: 3 == len(Api(jupyter.data).runs(project)), why="the run is still there")


def test_back_undoes_what_was_done_below_the_base_url(jupyter, page, project):
    """An act is an entry of the history there too; a selection outlives a reload."""

    def at() -> str:
        return page.evaluate("location.pathname + location.search")

    home = f"{BASE}aspara/projects/{project}"
    page.get_by_role("link", name=project).first.click()
    page.wait_for_selector('[data-metric="val/loss"]')
    page.get_by_role("button", name="log y").click()
    until(lambda: f"{home}?log=1" == at())
    page.get_by_label("Filter metrics").fill("acc")
    until(lambda: 0 == page.locator('[data-metric="val/loss"]').count())
    page.go_back()
    page.wait_for_selector('[data-metric="val/loss"]')
    assert f"{home}?log=1" == at()
    page.go_back()
    until(lambda: "false" == page.get_by_role("button", name="log y").get_attribute("aria-pressed"))
    page.go_back()
    page.get_by_role("link", name=project).first.wait_for()
    page.goto(f"{jupyter.url}projects/{project}/runs")
    page.get_by_label("Select run-1").check()
    until(lambda: f"{home}/runs?sel=run-1" == at())
    page.reload()
    page.wait_for_selector("text=1 run selected")
