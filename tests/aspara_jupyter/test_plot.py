"""`plot()`: a run's metrics as a plotly figure."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import aspara
from aspara.errors import UsageError
from aspara.server.app import Server
from aspara.server.tracker import ingest


def test_a_metric_is_a_line_of_all_its_points(record):
    """A short run's figure has every point, at its step."""
    run = record(steps=100)
    (line,) = run.plot("loss").data
    assert ("loss", 100) == (line.name, len(line.x))
    assert [0, 1, 99] == [line.x[0], line.x[1], line.x[99]]
    np.testing.assert_allclose(np.exp(-np.arange(100) / 30), line.y)


def test_a_long_run_is_thinned_and_keeps_its_spikes(data):
    """At most so many points are drawn, and the extremes are among them."""
    with aspara.Run("long", "p") as run:
        for i in range(20_000):
            run.log({"loss": 100.0 if i == 12_345 else 1.0 + i % 3})
    (line,) = aspara.Api().run(run.path).plot("loss", points=500).data
    assert len(line.x) <= 500
    assert 100.0 == max(line.y)
    assert 12_345 == line.x[int(np.argmax(line.y))]


def test_several_metrics_and_patterns_stand_in_one_picture(record):
    """Names are drawn in the order asked for; a pattern is what it matches."""
    run = record()
    assert ["train/acc", "loss"] == [line.name for line in run.plot("train/*", "loss").data]


def test_runs_are_compared_in_their_own_colours(record):
    """Of several runs each has one line a metric, named after it, in different colours."""
    record(name="a <b>")
    record(name="c")
    lines = aspara.Api().runs("p").plot("loss").data
    assert ["a &lt;b&gt;", "c"] == [line.name for line in lines]
    assert 2 == len({line.line.color for line in lines})
    assert 4 == len(aspara.Api().runs("p").plot("loss", "train/acc").data)


def test_the_x_axis_may_be_time_or_another_metric(data):
    """Seconds since the beginning, moments, or the values of a metric."""
    with aspara.Run("timed", "p") as run:
        begin = int(run.start_time * 1000)
        for i in range(10):
            run.log({"loss": 1.0 / (1 + i), "epoch": i / 2}, timestamp=begin + 1000 * i)
    (seconds,) = run.plot("loss", x="relative").data
    np.testing.assert_allclose(np.arange(10), seconds.x, atol=0.5)
    (moments,) = run.plot("loss", x="time").data
    assert np.datetime64(begin, "ms") == np.datetime64(moments.x[0])
    (along,) = run.plot("loss", x="epoch").data
    assert [0.0, 0.5, 1.0] == list(along.x[:3])


def test_smoothing_is_drawn_over_the_raw_line(record):
    """A smoothed line and the raw one behind it; the smoothed one begins at the first value, without a bias."""
    raw, smooth = record().plot("loss", smoothing=0.8).data
    assert (0.3, raw.y[0]) == (raw.opacity, smooth.y[0])
    assert smooth.y[50] > raw.y[50]


def test_what_cannot_be_drawn_is_said(record, data):
    """A wrong name, axis or weight is answered with what there is."""
    run = record()
    with pytest.raises(UsageError, match="No metric is called 'lozz'. There are loss, train/acc"):
        run.plot("lozz")
    with pytest.raises(UsageError, match="Which metrics shall be drawn"):
        run.plot()
    with pytest.raises(UsageError, match="x='epoch' is neither step"):
        run.plot("loss", x="epoch")
    with pytest.raises(UsageError, match="smoothing=3"):
        run.plot("loss", smoothing=3)
    assert 0 == len(aspara.Run("off", "p", mode="disabled").plot("loss").data)


def test_a_run_at_a_tracker_is_drawn_from_there(data, tmp_path):
    """The figure of a run that records far away is made of what its tracker has."""
    routes, close = ingest(tmp_path / "far")
    server = Server(tmp_path / "far", port=0, extra=routes, on_close=[close])
    thread = server.start_in_thread()
    try:
        with aspara.Run("r", "p", tracker_uri=server.url) as run:
            for i in range(10):
                run.log({"loss": float(i)})
        (line,) = run.plot("loss").data
        assert list(range(10)) == list(line.y)
    finally:
        server.stop()
        thread.join(10)


def test_without_plotly_the_extra_is_named(record, monkeypatch):
    """Who has not installed plotly is told how to."""
    run = record()
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(UsageError, match=r'pip install "aspara\[jupyter\]"'):
        run.plot("loss")
