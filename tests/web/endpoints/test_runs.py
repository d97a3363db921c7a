"""The list of runs that a table of thousands is drawn from: filters, orders, columns."""

from __future__ import annotations

import pytest
import requests

import aspara
from tests.web.conftest import q


def make(name, config, values, **options):
    run = aspara.Run(name, "p", config=config, **options)
    for value in values:
        run.log({"loss": value})
    run.finish()


@pytest.fixture
def three(site):
    make("one", {"lr": 0.1, "model": {"layers": 3}}, [3.0, 1.0, 2.0], tags=["baseline"])
    make("two", {"lr": 0.2}, [5.0, float("nan")])
    make("three", {"lr": 0.1}, [0.5, 4.0])
    return site


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("loss < 3", {"one"}),
        ("min(loss) < 1 or loss == nan", {"two", "three"}),
        ('lr in [0.1] and "baseline" not in tags', {"three"}),
        ("model.layers == 3 and duration < 1h and status == 'finished'", {"one"}),
        ("", {"one", "two", "three"}),
    ],
)
def test_runs_are_filtered_by_an_expression(three, wanted, names):
    found = three.json(f"api/projects/p/runs?filter={q(wanted)}")
    assert (names, len(names)) == ({run["name"] for run in found["runs"]}, found["total"])


def test_a_wrong_filter_is_answered_with_what_is_wrong_and_where(three):
    answer = three.get(f"api/projects/p/runs?filter={q('loss < < 3')}")
    assert 400 == answer.status_code
    assert "Filter, character 8: “<” was not expected here: a value is missing before it." == answer.json()["detail"]


def test_runs_are_sorted_by_several_fields(three):
    """What has no value comes last in both directions."""

    def order(sort: str) -> list[str]:
        return [run["name"] for run in three.json(f"api/projects/p/runs?sort={q(sort)}")["runs"]]

    assert ["three", "one", "two"] == order("lr,min(loss)")
    assert ["two", "one", "three"] == order("-lr,-min(loss)")
    assert ["three", "one", "two"] == order("-loss")
    assert "one" == order("model.layers")[0] == order("-model.layers")[0]


def test_columns_carry_all_runs_and_say_the_same_as_the_list(three):
    """One value a run in each column; `metric_summary` is listed when it is asked for."""
    found = three.json("api/projects/p/runs?shape=columns&sort=name&metrics=loss")
    listed = three.json("api/projects/p/runs?sort=name&fields=name,tags,metric_summary")["runs"]
    assert (3, ["one", "three", "two"]) == (found["total"], found["own"]["name"])
    assert [run["tags"] for run in listed] == found["own"]["tags"]
    assert [0.1, 0.1, 0.2] == found["config"]["lr"]["values"]
    assert [3, None, None] == found["config"]["model.layers"]["values"]
    assert [2.0, 4.0, "NaN"] == found["summary"]["loss"]["values"]
    for which in ("min", "max", "mean"):
        column = found["metrics"]["loss"][which]["values"]
        assert [run["metric_summary"]["loss"][which] for run in listed] == column
    less = three.json("api/projects/p/runs?shape=columns&fields=metrics&limit=2")
    assert ({"project", "total", "run", "metrics"}, 2, 3) == (set(less), len(less["run"]), less["total"])
    assert {"loss": {}} == less["metrics"]


def test_columns_tell_what_is_good_of_a_metric(site):
    """As the programs said; of several words the one of the first row counts."""
    for name, goal in (("old", "maximize"), ("new", "minimize")):
        with aspara.Run(name, "p") as run:
            run.define_metric("score", goal=goal)
            run.define_metric(f"{name}/*", goal="maximize")
    found = site.json("api/projects/p/runs?shape=columns&fields=own&sort=-started")
    assert {"score": "minimize", "new/*": "maximize", "old/*": "maximize"} == found["goals"]


def test_a_column_of_few_runs_names_their_places(site):
    """A key that one of many runs has costs one value."""
    for i in range(6):
        make(f"r{i}", {"rare": i} if i == 4 else {}, [1.0])
    found = site.json("api/projects/p/runs?shape=columns&sort=name")
    assert {"at": [4], "values": [4]} == found["config"]["rare"]


def test_a_running_run_has_its_latest_least_and_greatest(site):
    """The filter and the columns see what its rows say, not what its metadata said at the start."""
    run = aspara.Run("live", "p")
    run.log({"loss": 3.0})
    run.log({"loss": 2.0})
    assert 1 == site.json("api/projects/p/runs?filter=" + q("max(loss) == 3 and loss == 2"))["total"]
    run.log({"loss": 9.0})
    found = site.json("api/projects/p/runs?shape=columns&metrics=loss")
    assert ([9.0], [2.0]) == (found["metrics"]["loss"]["max"]["values"], found["metrics"]["loss"]["min"]["values"])
    run.finish()


def test_a_run_can_be_given_a_colour_and_its_own_back(three):
    """It is kept with the run, so every viewer sees it."""
    path = "api/projects/p/runs/one/metadata"
    before = three.json("api/projects/p/runs/one")["color"]
    assert 200 == three.ask("PUT", path, json={"color": 7}).status_code
    assert (7, 7) == (three.json("api/projects/p/runs/one")["color"], three.json(path)["color"])
    assert 200 == three.ask("PUT", path, json={"color": None}).status_code
    assert before == three.json("api/projects/p/runs/one")["color"]
    for wrong in ("red", -1, 1.5, True, 10**9):
        assert 400 == three.ask("PUT", path, json={"color": wrong}).status_code


@pytest.mark.parametrize("query", ["shape=table", "sort=nonsense", "filter=" + q("sum(x)")])
def test_a_bad_question_is_named(three, query):
    answer: requests.Response = three.get(f"api/projects/p/runs?{query}")
    assert 400 == answer.status_code and answer.json()["detail"]


def test_some_runs_are_asked_for_by_name_and_the_unknown_are_named(three):
    """What a comparison needs of them comes with the list: git, environment, command, definitions."""
    ask = "api/projects/p/runs?runs=one,ghost,two&fields=environment,metric_definitions,config"
    found = three.json(ask)
    assert (2, ["ghost"]) == (found["total"], found["missing"])
    assert {"run", "environment", "metric_definitions", "config"} == set(found["runs"][0])
    assert all(run["environment"]["python"] for run in found["runs"])
    columns = three.json("api/projects/p/runs?runs=two,ghost&shape=columns")
    assert (["two"], ["ghost"]) == (columns["run"], columns["missing"])
    assert "environment" not in three.json("api/projects/p/runs")["runs"][0]


def test_a_list_says_which_values_of_a_metric_its_program_wants(three):
    """By name or glob, where define_metric() gave a goal."""
    with aspara.Run("four", "p") as run:
        run.define_metric("val/*", goal="maximize")
        run.define_metric("val/loss", summary="min")
        run.log({"val/loss": 1.0})
    goals = {run["run"]: run["goals"] for run in three.json("api/projects/p/runs")["runs"]}
    assert {"val/*": "maximize"} == goals["four"]
    assert {} == goals["one"]


def test_captured_texts_are_served_and_nothing_else_of_the_folder(three):
    """The diff as plain text; a run without one, another file and a link are answered with 404."""
    folder = three.data / "p/one"
    folder.mkdir(exist_ok=True)
    (folder / "diff.patch").write_text("+<script>")
    (folder / "requirements.txt").symlink_to(three.data / "p/one.meta.json")
    answer = three.get("api/projects/p/runs/one/captured/diff.patch")
    assert (200, "+<script>") == (answer.status_code, answer.text)
    assert answer.headers["Content-Type"].startswith("text/plain")
    for path in ("one/captured/requirements.txt", "one/captured/console.log", "two/captured/diff.patch"):
        assert 404 == three.get(f"api/projects/p/runs/{path}").status_code
    assert 404 == three.get("api/projects/p/runs/ghost/captured/diff.patch").status_code


def test_the_page_of_compared_runs_is_served(three):
    """Whatever runs it names: the page itself says which are missing. A project that is not there is a 404."""
    html = {"Accept": "text/html"}
    assert 200 == three.get("projects/p/compare?runs=one,ghost", headers=html).status_code
    assert 404 == three.get("projects/ghost/compare?runs=one", headers=html).status_code
