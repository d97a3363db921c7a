"""define_metric: what the summary shows of a metric, which value is its best, and what it is drawn over."""

from __future__ import annotations

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.errors import UsageError


def test_the_summary_shows_the_aggregates_asked_for(disk):
    """As a dict under the metric's name, live, on disk and in every view; other metrics keep their last value."""
    run = aspara.init("p", "r")
    run.define_metric("loss", summary="min,max")
    run.define_metric("val/*", summary="mean, first,last")
    run.define_metric("secret", summary="none")
    for value in (3.0, 1.0, 2.0):
        run.log({"loss": value, "val/acc": value, "plain": value, "secret": value})
    want = {
        "loss": {"min": 1.0, "max": 3.0},
        "val/acc": {"mean": 2.0, "first": 3.0, "last": 2.0},
        "plain": 2.0,
    }
    assert want == run.summary
    assert 1.0 == run.summary["loss"]["min"] == run.summary.loss.min
    assert "secret" not in run.summary
    run.flush()  # a busy machine's disk has the definitions then too
    assert want == Catalog(disk.folder).run("p", "r").info.summary
    run.finish()
    assert want == disk.meta("p", "r")["summary"]
    assert want == Catalog(disk.folder).run("p", "r").info.summary
    assert want == aspara.Api(disk.folder).run("p/r").summary


@pytest.mark.parametrize(("goal", "best", "step"), [("maximize", 3.0, 0), ("minimize", 1.0, 1), (None, 1.0, 1)])
def test_the_best_value_has_its_step(disk, goal, best, step):
    """The greatest or the least by the goal; the least where none is given."""
    run = aspara.init("p", "r")
    run.define_metric("loss", summary="best", goal=goal)
    for value in (3.0, 1.0, 2.0):
        run.log({"loss": value})
    assert {"best": best} == run.summary["loss"]
    run.finish()
    facts = disk.meta("p", "r")["metric_summary"]["loss"]
    assert (best, step) == (facts["best"], facts["best_step"])
    shown = Catalog(disk.folder).run("p", "r").metric_summary["loss"]
    assert (best, step) == (shown["best"], shown["best_step"])


def test_a_metrics_own_definition_beats_a_glob(disk):
    """And the longer glob the shorter one; a second call adds to the first."""
    run = aspara.init("p", "r")
    run.define_metric("*", summary="last")
    run.define_metric("val/*", summary="max")
    run.define_metric("val/loss", summary="min")
    run.define_metric("val/loss", goal="minimize", hidden=True)
    run.log({"val/loss": 2.0, "val/acc": 0.5, "x": 1.0})
    assert {"val/loss": {"min": 2.0}, "val/acc": {"max": 0.5}, "x": {"last": 1.0}} == run.summary
    run.finish()
    assert {"summary": "min", "goal": "minimize", "hidden": True} == disk.meta("p", "r")["metric_definitions"][
        "val/loss"
    ]


def test_what_the_program_sets_wins_over_a_definition(disk):
    """The summary is the user's in the end."""
    run = aspara.init("p", "r")
    run.define_metric("loss", summary="min")
    run.log({"loss": 2.0})
    run.summary["loss"] = "fine"
    run.finish()
    assert "fine" == disk.meta("p", "r")["summary"]["loss"]


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_rows_have_the_value_of_the_metric_they_are_drawn_over(disk, backend):
    """``step_metric``: logged once, it stands in every row of the metrics that are drawn over it."""
    run = aspara.init("p", "r", storage_backend=backend)
    run.define_metric("val/*", step_metric="epoch")
    for epoch in range(3):
        run.log({"epoch": epoch})
        run.log({"train": 1.0})
        run.log({"val/acc": epoch / 10})
        run.log({"val/acc": epoch / 10})
    run.finish()
    history = aspara.Api(disk.folder).run("p/r").history(pandas=False)
    rows = [(row["epoch"], row["val/acc"]) for row in history if row.get("val/acc") is not None]
    assert [(e, e / 10) for e in (0, 0, 1, 1, 2, 2)] == rows
    assert all(row.get("epoch") is None for row in history if row.get("train") is not None)


def test_definitions_hold_when_the_run_is_resumed(disk):
    """They are part of the run."""
    run = aspara.init("p", "r", id="abc")
    run.define_metric("loss", summary="min")
    run.define_metric("val", step_metric="epoch")
    run.log({"loss": 1.0, "epoch": 7})
    run.finish()
    run = aspara.init("p", id="abc")
    run.log({"loss": 3.0})
    run.log({"val": 0.5})
    assert {"min": 1.0} == run.summary["loss"]
    run.finish()
    assert [7.0, 7.0] == disk.values("p", "r", "epoch")


@pytest.mark.parametrize(("options", "word"), [({"summary": "median"}, "summary="), ({"goal": "up"}, "goal=")])
def test_words_that_are_none_raise(disk, options, word):
    """The message names the choices."""
    run = aspara.init("p", "r")
    with pytest.raises(UsageError, match=word):
        run.define_metric("loss", **options)
