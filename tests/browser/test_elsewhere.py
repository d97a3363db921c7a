"""The live chart in pages behind which no Jupyter server stands: VS Code, Colab, marimo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

import aspara
from tests.browser.stub import HOSTS, Host, record_comms

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PATIENCE = 60.0


@pytest.fixture
def output(tmp_path, monkeypatch):
    """A run, and its live output as a kernel would make it."""
    from aspara_jupyter.live_output import LiveOutput

    record_comms(monkeypatch)
    run = aspara.Run("live", "p", dir=str(tmp_path / "data"))
    made = LiveOutput(run)
    run.subscribe(made)
    yield made, run
    run.finish()


def wait_for_points(host: Host, count: int) -> None:
    """Until every view shows so many points."""
    deadline = time.monotonic() + PATIENCE
    shown: list[int] = []
    while not shown or min(shown) < count:
        assert time.monotonic() < deadline, f"{shown} points, not {count}"
        host.deliver()
        shown = host.frame.eval_on_selector_all(
            ".aspara-widget", "all => all.map((el) => Number(el.dataset.points ?? 0))"
        )
        time.sleep(0.1)
    assert {count} == set(shown)


@pytest.mark.parametrize("name", HOSTS)
def test_the_chart_lives_where_no_server_can_be_asked(page, output, name):
    """The code comes with the widget; points logged before, during and after its start are all there, in every view."""
    made, run = output
    for i in range(50):
        run.log({"loss": 1 / (i + 1), "lr": 0.1})
    run.flush()
    host = Host(page, HOSTS[name])
    host.open(made.widget)
    for i in range(50):
        run.log({"loss": 1 / (i + 51), "lr": 0.1})
    host.view()
    wait_for_points(host, 200)
    host.view()
    for i in range(100):
        run.log({"loss": 1 / (i + 101), "lr": 0.1})
    wait_for_points(host, 400)
    assert 2 == host.frame.locator(".aspara-widget").count()
    host.frame.evaluate("() => host.closeView()")
    # What the browser can do alone, it does; what needs a server says why it cannot be done.
    widget = host.frame.locator(".aspara-widget")
    widget.get_by_label("Smoothing", exact=False).first.fill("0.9")
    widget.get_by_role("button", name="log y").click()
    for what in ("Stop", "Notes", "Compare"):
        button = widget.get_by_role("button", name=what)
        assert button.is_disabled()
        assert "has Aspara" in button.get_attribute("title")
    run.finish()
    deadline = time.monotonic() + PATIENCE
    while "completed" != widget.get_attribute("data-status"):
        assert time.monotonic() < deadline
        host.deliver()
        time.sleep(0.1)
    wait_for_points(host, 400)


NOTEBOOK = """
import marimo

app = marimo.App()


@app.cell
def train():
    import pathlib, time
    import aspara

    run = aspara.init(project="mo", name="live")
    while run.step < 6000 and not pathlib.Path("end").exists():
        aspara.log({"loss": 1 / (1 + run.step)})
        time.sleep(0.02)
    aspara.finish()
    return
"""


@pytest.fixture
def marimo(tmp_path):
    """A marimo server with one notebook; its address."""
    (tmp_path / "app.py").write_text(NOTEBOOK)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "ASPARA_DATA_DIR": str(tmp_path / "data"),
        "HOME": str(tmp_path),
        "MARIMO_SKIP_UPDATE_CHECK": "1",
    }
    flags = f"--headless --no-token --host 127.0.0.1 --port {port}".split()
    log = (tmp_path / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "marimo", "run", "app.py", *flags],
        cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    log.close()
    url = f"http://127.0.0.1:{port}/"
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(f"{url}health", timeout=5).close()
            break
        except OSError:
            assert server.poll() is None and time.monotonic() < deadline, (tmp_path / "server.log").read_text()
            time.sleep(0.2)
    yield url
    (tmp_path / "end").touch()
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def test_the_chart_lives_in_marimo(page, marimo, tmp_path):
    """It grows while the cell is running, and shows the end; marimo's own page needs no other host either."""
    page.goto(marimo)
    widget = page.locator(".aspara-widget")
    points = lambda: int(widget.get_attribute("data-points", timeout=PATIENCE * 1000))  # noqa: E731
    deadline = time.monotonic() + PATIENCE
    first = 0
    while first < 20 or points() < first + 20:
        assert time.monotonic() < deadline, f"{first} points"
        first = first if first >= 20 else points()
        time.sleep(0.1)
    assert "running" == widget.get_attribute("data-status")
    (tmp_path / "end").touch()
    page.wait_for_selector(".aspara-widget[data-status=completed]")
    (run,) = aspara.Api(tmp_path / "data").runs("mo")
    while points() < run.last_step + 1:
        assert time.monotonic() < deadline, f"{points()} of {run.last_step + 1} points"
        time.sleep(0.1)


def test_a_comparison_lives_where_no_server_can_be_asked(page, tmp_path, monkeypatch):
    """LiveChart pushes the points of finished and running runs, from the beginning and as they come; a run can be left out."""
    from aspara_jupyter import LiveChart

    record_comms(monkeypatch)
    folder = str(tmp_path / "data")
    with aspara.Run("past", "p", dir=folder) as past:
        for i in range(100):
            past.log({"loss": 1 / (i + 1), "other": 1.0})
    run = aspara.Run("running", "p", dir=folder)
    run.log({"loss": 1.0})
    run.flush()
    chart = LiveChart([past, run], "loss")
    widget = chart.follow()
    host = Host(page, HOSTS["vscode"])
    host.open(widget)
    host.view()
    wait_for_points(host, 101)
    for _ in range(49):
        run.log({"loss": 0.5, "other": 2.0})
    wait_for_points(host, 150)
    assert "comm" == host.frame.locator(".aspara-widget").get_attribute("data-origin")
    lines = host.frame.locator(".scatterlayer .trace")
    host.frame.wait_for_function("() => document.querySelectorAll('.scatterlayer .trace').length === 2")
    host.frame.locator(".w-runs button", has_text="past").click()
    host.frame.wait_for_function("() => document.querySelectorAll('.scatterlayer .trace').length === 1")
    assert 1 == lines.count()
    run.finish()
    deadline = time.monotonic() + PATIENCE
    while "0" != host.frame.locator(".aspara-widget").get_attribute("data-running"):
        assert time.monotonic() < deadline
        host.deliver()
        time.sleep(0.1)
    chart.close()
