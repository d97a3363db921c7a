"""best, compare, summary and sql: answers for scripts and agents, of a data directory and of a server far away alike."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.server.app import Server

_RUN_KEYS = {
    *"run id name project status exit_code start_time finish_time last_update last_step color tags notes group".split(),
    *"job_type host config summary problem_count stop_requested stop_requested_at stop_requested_by goals".split(),
    *"step_metrics hidden_metrics is_finished".split(),
}
RATES = (0.001, 0.01, 0.1, 1.0, 3.0)


def loss(rate: float, step: int) -> float:
    """Falls the faster the higher the rate is; the highest one blows up."""
    if rate > 2 and step > 200:
        return math.nan
    return 9.0 if step == 120 else math.exp(-rate * step) + 0.1 + rate / 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for rate in RATES:
        config = {"lr": rate, "net": {"depth": 3}, "batch": 64 if rate > 0.001 else 32}
        with aspara.Run(project="digits", name=f"lr-{rate}", dir=folder, config=config, capture=False) as run:
            for step in range(300):
                run.log({"val/loss": loss(rate, step), "fps": 30 + step % 2})
    return folder


@pytest.fixture(params=["directory", "server"])
def ask(request: pytest.FixtureRequest, folder: Path, cli: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """``ask("best", "digits")``: the command on the folder, or on a server that serves it."""
    if request.param == "directory":
        yield lambda *arguments: cli(*arguments, "--data-dir", str(folder))
        return
    server = Server(folder, port=0)
    thread = server.start_in_thread()
    yield lambda *arguments: cli(*arguments, "--tracker", server.url)
    server.stop()
    thread.join(10)


# -- best ----------------------------------------------------------------------------------------------------------------


def test_best_names_the_run_and_its_margin(ask):
    """The run, its value and step, by how much it is ahead and of which run, and what of the config tells them apart."""
    found = json.loads(ask("best", "digits").out)
    assert ("lr-0.1", "val/loss", "minimize", 299) == (
        found["run"]["run"],
        found["metric"],
        found["goal"],
        found["step"],
    )
    assert math.isclose(found["value"], loss(0.1, 299))
    assert math.isclose(found["margin"], loss(1.0, 299) - loss(0.1, 299))
    assert [{"section": "config", "key": "lr", "values": {"digits/lr-0.1": 0.1, "digits/lr-1.0": 1.0}}] == found[
        "differences"
    ]
    assert ["lr-0.1", "lr-1.0", "lr-0.01", "lr-0.001"] == [entry["run"] for entry in found["ranking"]]
    assert (4, 1) == (found["compared"], found["without_value"])


def test_best_json_has_documented_keys(ask):
    """Programs find these keys, and each run in the shape of the dashboard's API."""
    found = json.loads(ask("best", "digits").out)
    keys = "project metric goal by compared without_value run value step margin differences ranking".split()
    assert keys == list(found)
    assert _RUN_KEYS == set(found["run"])


def test_best_by_its_best_point(ask):
    """--by best goes by the best point of each run, of one that blew up later too; --goal turns the direction."""
    found = json.loads(ask("best", "digits", "--by", "best", "--goal", "maximize", "--metric", "val/loss").out)
    assert (9.0, 120, 0.0) == (found["value"], found["step"], found["margin"])
    assert 5 == found["compared"]


def test_best_for_people(ask):
    """--no-json says it in a sentence and tables."""
    answer = ask("best", "digits", "--no-json")
    assert answer.out.startswith("lr-0.1  val/loss 0.101 at step 299, the lowest value of 4 runs.\n")
    assert "1 more runs have no finite value of it." in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["best", "digts"], 1, "Did you mean 'digits'?"),
        (["best", "digits", "--metric", "val/los"], 2, "Did you mean 'val/loss'?"),
        (["best", "digits", "--metric", "fps"], 2, "Give --goal minimize or --goal maximize"),
        (["best", "digits", "--filter", "lr >"], 2, "A value is missing"),
        (["compare", "digits/lr-0.1"], 2, "name two runs or more"),
        (["compare", "digits/lr-0.1", "digits/lr-0.11"], 1, "Did you mean 'lr-0.1'?"),
        (["summary", "digits/lr"], 1, "There is no run 'lr'"),
        (["bset", "digits"], 2, "Did you mean 'best'?"),
        (["sql", "drop table runs"], 2, "DROP is not possible"),
        (["sql", "delete from runs"], 2, "DELETE is not possible"),
        (["sql", "select * from read_csv('/etc/passwd')"], 2, "read_csv() is not possible"),
        (["sql", "select * from \"read_csv\" ('/etc/passwd')"], 2, "read_csv() is not possible"),
        (["sql", "select 1; select 2"], 2, "One statement at a time"),
        (["sql", "select * from point"], 2, "Did you mean 'points'?"),
        (["sql", 'select "config.rl" from runs'], 2, "Did you mean 'config.lr'?"),
        (["sql", "select run from"], 2, "The query makes no sense"),
        (["sql", ""], 2, "There is no statement"),
        (["sql", "select 1", "--timeout", "soon"], 2, "no span of time"),
    ],
)
def test_misuse_is_one_line(arguments, code, said, ask):
    """What makes no sense is told in one line that names the way out; nothing is on stdout."""
    answer = ask(*arguments)
    assert (code, "") == answer[:2]
    assert said in answer.err
    assert 1 == answer.err.count("\n")


# -- compare -------------------------------------------------------------------------------------------------------------


def test_compare_shows_only_what_differs(ask):
    """Values that are the same in all runs are counted, not listed."""
    found = json.loads(ask("compare", "digits/lr-0.1", "digits/lr-0.01", "digits/lr-0.001").out)
    assert ["digits/lr-0.1", "digits/lr-0.01", "digits/lr-0.001"] == found["runs"]
    assert ["lr", "batch", "val/loss"] == [entry["key"] for entry in found["differences"]]
    assert {"digits/lr-0.1": 64, "digits/lr-0.01": 64, "digits/lr-0.001": 32} == found["differences"][1]["values"]
    assert (1, 1) == (found["same"]["config"], found["same"]["summary"])
    text = ask("compare", "digits/lr-0.1", "digits/lr-3.0", "--no-json").out
    assert "depth" not in text
    assert "NaN" in text


# -- summary -------------------------------------------------------------------------------------------------------------


def test_summary_tells_trend_spike_and_blow_up(ask):
    """Best point, spike, the step from which nothing is a number, and the place among the runs; no point is invented."""
    text = ask("summary", "digits/lr-3.0", "--no-json").out
    assert "1 spike (9 at step 120)" in text
    assert "not finite from step 201 on" in text
    text = ask("summary", "digits/lr-0.01", "--no-json").out
    assert re.search(r"val/loss: 1.1001 → \S+, falls, best at the end", text)
    assert "number 3 of 4 runs" in text


@pytest.mark.parametrize("rate", RATES)
def test_summary_invents_no_point(rate, ask):
    """Each value that is told with a step is the value of that step."""
    text = ask("summary", f"digits/lr-{rate}", "--no-json").out
    line = next(line for line in text.splitlines() if line.startswith("val/loss"))
    told = re.findall(r"(-?[\d.e+-]+) at step (\d+)", line)
    assert told
    for value, step in told:
        assert f"{loss(rate, int(step)):.5g}" == value


@pytest.mark.parametrize("tokens", [40, 60, 100, 400])
def test_summary_keeps_to_its_tokens(tokens, ask):
    """The text is not longer than was asked for, and says how much it leaves out."""
    found = json.loads(ask("summary", "digits/lr-0.1", "--tokens", str(tokens)).out)
    assert ["run", "text", "tokens", "metrics", "left_out"] == list(found)
    assert found["tokens"] <= tokens
    assert (found["left_out"] > 0) == ("more lines" in found["text"])
    assert "digits/lr-0.1, completed" in found["text"]


# -- sql -----------------------------------------------------------------------------------------------------------------


def test_sql_over_runs(ask):
    """The table runs has a row a run, with its config and summary as columns."""
    query = 'select run, "config.lr", "config.net.depth", step from runs where "config.lr" > 0.5 order by run'
    found = json.loads(ask("sql", query).out)
    assert ["run", "config.lr", "config.net.depth", "step"] == found["columns"]
    assert [["lr-1.0", 1.0, 3, 299], ["lr-3.0", 3.0, 3, 299]] == found["rows"]
    assert found["truncated"] is False


def test_sql_over_points(ask):
    """The table points has every point, unsampled; a join reaches config and summary."""
    query = (
        "select p.run, count(*) as n, max(p.value) as high from points p join config c on p.run = c.run "
        "where p.metric = 'val/loss' and c.key = 'lr' and c.number < 0.05 group by p.run order by p.run"
    )
    assert [["lr-0.001", 300, 9.0], ["lr-0.01", 300, 9.0]] == json.loads(ask("sql", query, "--project", "digits").out)[
        "rows"
    ]
    query = "select count(*) as n from points"
    assert [[300]] == json.loads(ask("sql", query, "--metric", "fps", "--filter", "lr == 0.1").out)["rows"]
    assert [["NaN"]] == json.loads(
        ask("sql", "select value from summary where run = 'lr-3.0' and key = 'val/loss'").out
    )["rows"]


def test_sql_never_cuts_silently(ask):
    """More rows than --limit are said to be there."""
    found = json.loads(ask("sql", "select step from points", "--limit", "7").out)
    assert (7, True) == (len(found["rows"]), found["truncated"])
    assert "more rows" in ask("sql", "select step from points", "--limit", "7", "--no-json").out


def test_sql_gives_up_in_time(ask):
    """A query that would run for minutes is given up, and the way out is named."""
    query = "select count(*) from points a cross join points b cross join points c where a.value + b.value > c.value"
    answer = ask("sql", query, "--timeout", "0.5s")
    assert (1, "") == answer[:2]
    assert "takes longer than 0.5 s" in answer.err


def test_sql_writes_nothing(folder, ask):
    """After questions of every kind the files of the data directory are as they were."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for query in (
        "select * from runs",
        "create table x as select 1",
        "insert into runs values (1)",
        "truncate table runs",
    ):
        ask("sql", query)
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
