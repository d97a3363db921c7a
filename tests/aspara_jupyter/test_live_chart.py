"""`LiveChart`: runs of the past and of this moment compared in one output."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.errors import RunNotFound, UsageError
from aspara.server.app import Server
from aspara_jupyter import LiveChart
from aspara_jupyter.run_selection import chosen

CHART = "application/vnd.aspara.chart+json"
RUN = "application/vnd.aspara.run+json"
FIGURE = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"


def until(true: Callable[[], Any]) -> Any:
    """What it gives once it is true."""
    deadline = time.monotonic() + 30
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.fixture
def kernel(shell, monkeypatch):
    """A shell that has a kernel; messages to the page are kept."""
    monkeypatch.setattr(shell.ip, "kernel", SimpleNamespace(), raising=False)
    monkeypatch.setenv("ASPARA_NOTEBOOK", "off")
    return shell


def names(chart: LiveChart) -> list[str]:
    return chart.runs


def test_runs_are_given_in_any_form(record):
    """A run, its path, a list of them, what the Api gives, a project or its name; each run once, in that order."""
    one, two = record("p", "one"), record("p", "two")
    three = record("q", "three")
    api = aspara.Api()
    assert ["p/one"] == names(LiveChart(one))
    assert ["p/two", "p/one"] == names(LiveChart([two, "p/one", one]))
    assert ["p/one", "p/two"] == names(LiveChart(api.runs("p")))
    assert ["p/one", "p/two"] == names(LiveChart("p"))
    assert ["p/one", "p/two"] == names(LiveChart(api.project("p")))
    assert ["q/three", "p/one"] == names(LiveChart([api.run("q/three"), one]))
    assert ["q/three"] == names(LiveChart(f"q/{three.id}"))


def test_what_is_no_run_is_refused_in_words(record):
    """So are no runs at all, too many, and a height that is none."""
    record("p", "one")
    with pytest.raises(RunNotFound, match="There is no run 'ghost' in project 'p'. Its runs: one."):
        LiveChart("p/ghost")
    with pytest.raises(UsageError, match="3 names no run"):
        LiveChart([3])
    with pytest.raises(UsageError, match="There is no run to show"):
        LiveChart([])
    with pytest.raises(UsageError, match="height='high'"):
        LiveChart("p", height="high")
    with pytest.raises(UsageError, match="give names or globs"):
        LiveChart("p", [1])


def test_ended_runs_are_a_picture_that_needs_nothing(kernel, record):
    """Plotly, SVG and text, one line for each run in each chart, and which runs they are; no widget."""
    record("p", "a <b>")
    record("p", "c")
    kernel.run("from aspara_jupyter import LiveChart; LiveChart('p', ['loss'], height=300)")
    shown = kernel.last
    assert {CHART, FIGURE, "image/svg+xml", "text/plain"} == set(shown)
    traces = shown[FIGURE]["data"]
    assert [("loss", "p/a-b"), ("loss", "p/c")] == [(t["meta"]["metric"], t["meta"]["run"]) for t in traces]
    assert 2 == len({t["line"]["color"] for t in traces})
    assert "a &lt;b&gt;" in shown["image/svg+xml"]
    assert "<b>" not in shown["image/svg+xml"]
    assert (["p/a-b", "p/c"], 300) == (
        [f"{r['project']}/{r['run']}" for r in shown[CHART]["runs"]],
        shown[CHART]["height"],
    )


def test_runs_of_one_name_are_told_apart(record):
    """By what their files are called, in every face of the picture and in plotly figures."""
    runs = [record("p", "same"), record("p", "same"), record("p", "other")]
    expected = {f"same ({runs[0].run})", f"same ({runs[1].run})", "other"}
    shown = LiveChart("p", "loss")._repr_mimebundle_()
    assert expected == {trace["name"] for trace in shown[FIGURE]["data"]}
    assert all(name in shown["image/svg+xml"] and name in shown["text/plain"] for name in expected)
    assert expected == {trace.name for trace in aspara.Api().runs("p").plot("loss").data}


def test_a_picture_of_many_runs_stays_small(record):
    """Twenty runs of two metrics are kept in less than half a megabyte."""
    for i in range(20):
        record("p", f"run {i}", steps=300)
    shown = LiveChart("p")._repr_mimebundle_()
    assert 40 == len(shown[FIGURE]["data"])
    assert len(json.dumps(shown)) < 400_000


def test_a_running_run_is_followed_without_a_server(kernel, record):
    """Points that are logged while the chart is shown go to the page, past ones are there from the beginning."""
    past = record("p", "past")
    run = aspara.init(project="p", name="live")
    run.log({"loss": 1.0, "other": 1.0})
    run.flush()
    chart = LiveChart([run, past], "loss")
    sent: list[tuple[dict, list]] = []
    chart.display()
    chart._widget.send = lambda content, buffers=None: sent.append((content, list(buffers or ())))
    shown = kernel.last
    assert {WIDGET, CHART, FIGURE} <= set(shown)
    snapshot = chart._widget.get_state()["snapshot"]
    assert {"p/live", "p/past"} == set(snapshot["runs"])
    assert (["loss"], [100]) == (snapshot["runs"]["p/past"]["metrics"], snapshot["runs"]["p/past"]["totals"])
    run.log({"loss": 0.5, "other": 2.0})
    content, buffers = until(lambda: next((m for m in sent if m[0]["type"] == "rows"), None))
    assert ("p/live", ["loss"], [1], [2]) == (
        content["run"],
        content["metrics"],
        content["counts"],
        content["totals"],
    )
    assert [1.0, 0.5] == np.frombuffer(buffers[0], "<f8")[1:].tolist()
    chart.close()


def test_runs_on_a_server_far_away_are_compared_too(kernel, record, data):
    """What `Api(address)` gives is drawn and followed like runs on this disk."""
    record("p", "past")
    server = Server(data, port=0)
    thread = server.start_in_thread()
    try:
        run = aspara.init(project="p", name="live")
        run.log({"loss": 1.0})
        chart = LiveChart(aspara.Api(server.url).runs("p"), "loss")
        assert ["p/past", "p/live"] == chart.runs
        chart.display()
        assert 101 == sum(sum(r["totals"]) for r in chart._widget.get_state()["snapshot"]["runs"].values())
        run.log({"loss": 0.5})
        until(lambda: chart._widget.get_state()["snapshot"]["runs"]["p/live"]["totals"] == [2])
        chart.close()
    finally:
        server.stop()
        thread.join(10)


@pytest.mark.parametrize("far", [False, True], ids=["here", "far away"])
def test_runs_that_begin_later_in_a_project_are_drawn(kernel, record, data, far):
    """A chart of a whole project takes them in, with every point up to their end, wherever it is kept; its picture has them."""
    record("p", "past", steps=10)
    first = aspara.init(project="p", name="first")
    first.log({"loss": 1.0})
    server = Server(data, port=0)
    thread = server.start_in_thread()
    try:
        chart = LiveChart(aspara.Api(server.url).project("p") if far else "p", "loss")
        chart.display()
        totals = lambda run: chart._widget.get_state()["snapshot"]["runs"].get(run, {}).get("totals")  # noqa: E731
        second = aspara.Run("second", "p")
        for value in (3.0, 2.0):
            second.log({"loss": value})
        until(lambda: totals("p/second") == [2])
        assert ["p/past", "p/first", "p/second"] == chart.runs
        second.log({"loss": 1.0})
        second.finish()
        first.finish()
        last = until(lambda: next((o["data"] for o in kernel.outputs if WIDGET not in o["data"]), None))
        assert [3] == totals("p/second")
        assert ["p/past", "p/first", "p/second"] == [t["meta"]["run"] for t in last[FIGURE]["data"]]
        assert ["completed"] * 3 == [r["status"] for r in last[CHART]["runs"]]
    finally:
        chart.close()
        server.stop()
        thread.join(10)


def test_a_look_at_runs_far_away_is_one_request(record, data):
    """However many they are; one that was deleted meanwhile is let go."""
    runs = [record("p", f"run {i}", steps=3) for i in range(5)]
    server = Server(data, port=0)
    thread = server.start_in_thread()
    try:
        selection = chosen(aspara.Api(server.url).runs("p"))
        reader = selection.runs[0].library._reader
        asked: list[tuple] = []
        get = reader.get
        reader.get = lambda *parts, **query: asked.append(parts) or get(*parts, **query)
        assert {run.path: "completed" for run in runs} == {r.key: info.status for r, info in selection.look().items()}
        assert 1 == len(asked)
        aspara.Api(data).run(runs[2].path).delete()
        assert [run.path for run in runs if run is not runs[2]] == [run.key for run in selection.look()]
    finally:
        server.stop()
        thread.join(10)


@pytest.mark.parametrize("far", [False, True], ids=["here", "far away"])
def test_a_chart_outlives_its_project(record, data, far):
    """Somebody deletes it while it is shown: the chart is empty, and nothing raises."""
    record("p", "one")
    server = Server(data, port=0)
    thread = server.start_in_thread()
    try:
        chart = LiveChart(aspara.Api(server.url).project("p") if far else "p")
        Catalog(data).delete_project("p")
        assert [] == chart._repr_mimebundle_()[CHART]["runs"]
        assert [] == chart.runs
    finally:
        server.stop()
        thread.join(10)


def test_the_output_becomes_a_picture_when_the_last_run_ends(kernel, record):
    """The widget's view is replaced by what a saved notebook can show."""
    past = record("p", "past")
    run = aspara.init(project="p", name="live")
    run.log({"loss": 1.0})
    kernel.ip.user_ns.update(run=run, past=past, LiveChart=LiveChart)
    kernel.run("chart = LiveChart([run, past]); chart.display()")
    display_id = kernel.outputs[0]["transient"]["display_id"]
    run.log({"loss": 0.25})
    run.finish()
    last = until(lambda: next((o for o in kernel.outputs if WIDGET not in o["data"]), None))
    assert (True, display_id) == (last["update"], last["transient"]["display_id"])
    assert {CHART, FIGURE, "image/svg+xml", "text/plain"} == set(last["data"])
    assert ["completed", "completed"] == [r["status"] for r in last["data"][CHART]["runs"]]


def test_a_run_of_the_past_shows_itself(kernel, record):
    """An Api run that is the value of a cell is its picture; `display(height=)` bounds its height."""
    record("p", "one")
    shown = aspara.Api().run("p/one")._repr_mimebundle_()
    assert {RUN, FIGURE, "image/svg+xml", "text/plain"} == set(shown)
    assert ("one", "completed", 100) == (shown[RUN]["name"], shown[RUN]["status"], shown[RUN]["step"])
    assert aspara.Api().run("p/one").display(height=250)
    assert 250 == kernel.last[CHART]["height"]


def test_a_live_run_is_shown_again_at_another_height(kernel):
    """`run.display(height=)` is a further view of the same widget; both become pictures at the end."""
    run = aspara.init(project="p", name="live")
    run.log({"loss": 1.0})
    assert run.display(height=300)
    assert run.display()
    first, second = kernel.outputs
    assert first["data"][WIDGET] == second["data"][WIDGET]
    assert (300, None) == (first["data"][RUN]["height"], second["data"][RUN].get("height"))
    run.finish()
    ended = [o for o in kernel.outputs if o.get("update")]
    assert [300, None] == [o["data"][RUN].get("height") for o in ended]
    assert not any(WIDGET in o["data"] for o in ended)


def test_without_a_notebook_there_is_a_line_of_text(record, data):
    """A script that displays a run prints it."""
    record("p", "one")
    code = "import aspara; print(aspara.Api().run('p/one').display())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "<Run p/one (finished)>\nFalse\n" == done.stdout
