"""Runs and projects as tables: what a notebook shows for `Api().runs(...)`, a project, and all projects."""

from __future__ import annotations

import re

import aspara
from aspara.api import table_view

TABLE = "application/vnd.aspara.table+json"


def texts(html: str) -> list[list[str]]:
    """The cells of a table as a reader without scripts sees them."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_runs_are_a_table_of_what_tells_them_apart_and_of_their_results(record):
    """Their status, the configs in which they differ and their last values, in the order that was asked for."""
    record(name="low", config={"lr": 0.1, "depth": 3})
    record(name="high", config={"lr": 0.3, "depth": 3}, tags=["best"])
    shown = aspara.Api().runs("p", order="-config.lr")._repr_mimebundle_()
    head, *rows = texts(shown["text/html"])
    assert ["Run", "Status", "Last step", "Started", "Duration", "lr", "loss", "train/acc", "Tags"] == head
    assert [["high", "0.3", "best"], ["low", "0.1", "–"]] == [[row[0], row[5], row[8]] for row in rows]
    assert ["high", "low"] == [row[0] for row in shown[TABLE]["rows"]]
    assert [["p", "high"], ["p", "low"]] == shown[TABLE]["keys"]


def test_columns_that_are_called_alike_say_what_they_are(record, data):
    """A setting and a result of one name, and names that the table has itself, are told apart."""
    for lr in (0.1, 0.2):
        with aspara.Run("one", "p", config={"lr": lr, "step": lr}) as run:
            run.log({"lr": lr, "duration": 1.0})
    titles = [column["title"] for column in aspara.Api().runs("p")._repr_mimebundle_()[TABLE]["columns"]]
    assert ["config.lr", "config.step", "summary.duration", "summary.lr"] == titles[5:]
    assert len(titles) == len(set(titles))


def test_a_terminal_gets_the_table_as_text(record):
    """IPython without a notebook prints columns."""
    record(name="one")
    shown = aspara.Api().runs("p")._repr_mimebundle_()["text/plain"].splitlines()
    assert "p: 1 run" == shown[0]
    assert ["Run", "Status", "Last", "step", "Started", "Duration", "loss", "train/acc"] == shown[1].split()
    assert ["one", "completed", "99"] == shown[2].split()[:3]


def test_whatever_users_name_is_data(record):
    """Names, configs, tags and metrics are escaped in HTML, and cannot steer a terminal."""
    nasty = "<script>alert(1)</script>&\"'"
    run = record(name=nasty, config={"<b>k": nasty}, tags=[nasty])
    record(name="other", config={"<b>k": "\x1b[31mred"})
    run = aspara.Api().run(f"p/{run.run}")
    run.summary["<img src=x>"] = 1.0
    run.update()
    shown = aspara.Api().runs("p")._repr_mimebundle_()
    without_ours = re.sub(r"<script>\(\(\) => \{.*?</script>", "", shown["text/html"], flags=re.DOTALL)
    assert not re.search(r"<(script|img|b>k)", without_ours)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in without_ours
    assert "\x1b" not in shown["text/plain"] + shown["text/html"]
    assert [nasty, "other"] == [row[0] for row in shown[TABLE]["rows"]]


def test_a_table_stays_small(record):
    """Of thousands of runs the first are shown, and how many there are."""
    record(name="one", steps=1)
    (run,) = aspara.Api().runs("p")
    many = table_view.runs([run._record()] * 5000, "p")
    assert table_view.MOST_ROWS == len(many.rows)
    assert "p: 5000 runs, 200 of them here" == many.caption
    assert len(many.html()) < 250_000


def test_a_project_shows_its_runs_and_projects_themselves(record):
    """`Api().project(name)` shows its newest runs first, `Api().projects()` how many each has."""
    record("p", "first")
    record("p", "second")
    record("q", "third")
    api = aspara.Api()
    project = api.project("p")
    assert ("p", 2, 0) == (project.name, project.run_count, project.running)
    assert ["second", "first"] == [run.name for run in project.runs()]
    assert ["second", "first"] == [row[0] for row in project._repr_mimebundle_()[TABLE]["rows"]]
    shown = api.projects()._repr_mimebundle_()
    assert {("p", 2), ("q", 1)} == {(row[0], row[1]) for row in shown[TABLE]["rows"]}
    assert "2 projects" == shown["text/plain"].splitlines()[0]


def test_runs_of_nothing_are_shown_too(record):
    """No run is an empty table, not an error; so is a run that logged nothing."""
    record(name="silent", steps=0)
    api = aspara.Api()
    assert "0 runs" in api.runs("p", filters={"state": "failed"})._repr_mimebundle_()["text/plain"]
    assert "silent" in api.runs("p")._repr_mimebundle_()["text/plain"]
