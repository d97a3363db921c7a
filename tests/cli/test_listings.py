"""`aspara projects`, `runs` and `show`."""

from __future__ import annotations

import json

import pytest

import aspara


def test_projects(cli):
    """Each project has a line with how many runs it has."""
    lines = cli("projects").out.splitlines()
    assert lines[1].split()[:2] == ["words", "1"]
    assert lines[2].split()[:2] == ["digits", "2"]


def test_projects_search(cli):
    """--search keeps what has the text in its name."""
    assert [p["name"] for p in json.loads(cli("projects", "--search", "DIG", "--json").out)["projects"]] == ["digits"]


def test_no_projects_yet(monkeypatch, cli, tmp_path):
    """Before the first run the default data directory may be missing: that is no error, and says what to do."""
    monkeypatch.delenv("ASPARA_DATA_DIR")
    monkeypatch.chdir(tmp_path)
    answer = cli("projects")
    assert answer.code == 0
    assert "aspara demo" in answer.out
    (tmp_path / "demo-data" / "digits").mkdir(parents=True)
    answer = cli("projects")
    assert answer.code == 0
    assert "--data-dir demo-data" in answer.out


def test_runs(cli):
    """Each run has a line with its status, last step and results."""
    out = cli("runs", "digits").out
    assert "RUN STATUS STARTED DURATION LAST STEP acc loss".split() == out.splitlines()[0].split()
    fast = next(line for line in out.splitlines() if line.startswith("fast")).split()
    assert fast[:2] == ["fast", "completed"]
    assert fast[-3:] == ["49", "0.98", "0.1695"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--sort", "summary.loss"], ["fast", "slow"]),
        (["--sort=-summary.loss"], ["slow", "fast"]),
        (["--sort", "config.lr"], ["slow", "fast"]),
        (["--sort", "name"], ["fast", "slow"]),
        (["--sort", "summary.absent"], ["fast", "slow"]),
        (["--tag", "best"], ["fast"]),
        (["--status", "failed"], []),
        (["--status", "finished"], ["fast", "slow"]),
        (["--status", "completed", "--sort", "-loss"], ["slow", "fast"]),
        (["--state", "Finished", "--sort=loss"], ["fast", "slow"]),
        (["--sort", "+lr"], ["slow", "fast"]),
        (["--sort", "-max(acc)", "--limit", "1"], ["fast"]),
        (["--sort", "min(loss)"], ["fast", "slow"]),
        (["--sort", "name", "--limit", "1"], ["fast"]),
    ],
)
def test_runs_sorted_and_filtered(arguments, expected, cli):
    """Runs are filtered by state and tag, sorted by any result or input, cut to a number."""
    assert expected == [r["run"] for r in json.loads(cli("runs", "digits", "--json", *arguments).out)["runs"]]


def test_json_is_the_apis_shape(cli):
    """--json prints what the dashboard's API answers."""
    found = json.loads(cli("runs", "words", "--json").out)
    assert {"project", "runs", "total"} == set(found)
    run = found["runs"][0]
    assert (run["run"], run["status"], run["exit_code"], run["notes"]) == ("broken", "failed", 3, "stopped early")


def test_show(cli):
    """A run's page in the terminal: state, config, each metric with its course, and a chart."""
    out = cli("show", "digits/fast").out
    assert "status     completed" in out
    assert ["lr", "0.1"] in [line.split() for line in out.splitlines()]
    loss = next(line for line in out.splitlines() if line.startswith("loss ")).split()
    assert loss[:4] == ["loss", "0.1695", "0.1695", "1"]
    assert loss[4].startswith("█")
    assert loss[4].endswith("▁")
    assert "1 ┤" in out


def test_show_by_id(cli):
    """A run may be named by its id."""
    run_id = json.loads(cli("show", "digits/slow", "--json").out)["id"]
    assert "digits/slow" in cli("show", f"digits/{run_id}").out


def test_show_a_failed_run(cli):
    """A failed run shows its exit code and its notes; a metric that is NaN is shown as that, and not drawn."""
    out = cli("show", "words/broken").out
    assert "failed (exit code 3)" in out
    assert "stopped early" in out
    assert "NaN" in out


def test_show_a_run_without_metrics(cli, data):
    """A run that logged nothing says so."""
    aspara.Run(name="empty", project="digits", dir=data).finish()
    assert "No metrics were logged." in cli("show", "digits/empty").out


def test_names_do_not_steer_the_terminal(cli, data):
    """Escape sequences in names, notes and config come out as harmless marks."""
    evil = "\x1b]0;owned\x07\x1b[2J"
    with aspara.Run(name="evil", project="digits", dir=data, notes=evil, config={evil: evil}) as run:
        run.log({"loss": 1.0})
    for command in (("show", "digits/evil"), ("runs", "digits"), ("projects",)):
        out = cli(*command).out
        assert "\x1b" not in out
        assert "\x07" not in out


def test_filter(cli):
    """--filter speaks the dashboard's language, and says where it makes no sense."""
    listed = json.loads(cli("runs", "digits", "--filter", "config.lr < 0.05", "--json").out)["runs"]
    assert ["slow"] == [run["run"] for run in listed]
    assert 1 == len(cli("runs", "digits", "--filter", '"best" in tags').out.splitlines()) - 1
    assert "character 12" in cli("runs", "digits", "--filter", "config.lr <").err


def test_show_several_charts(cli):
    """--metric takes globs and may be repeated; --log and --axis are said beside and below the charts."""
    out = cli("show", "digits/fast", "--metric", "*", "--log", "--axis", "relative").out
    assert "\nacc  (1 not above 0, log)\n" in out
    assert "\nloss  (log)\n" in out
    assert 2 == out.count("since its start:")


def test_show_in_a_narrow_terminal(cli, monkeypatch):
    """Nothing is wider than 60 columns there."""
    monkeypatch.setenv("COLUMNS", "60")
    lines = cli("show", "digits/fast", "--metric", "*").out.splitlines()
    assert max(len(line) for line in lines if "command" not in line) <= 60


def test_a_terminal_that_is_very_narrow(cli, monkeypatch):
    """Times make room for names and states; the ends of an axis do not run into each other."""
    monkeypatch.setenv("COLUMNS", "30")
    lines = cli("runs", "digits").out.splitlines()
    assert ["RUN", "STATUS", "LAST", "STEP"] == lines[0].split()
    assert max(map(len, lines)) <= 30
    monkeypatch.setenv("COLUMNS", "20")
    assert ["0", "step", "49"] == cli("show", "digits/fast", "--metric", "loss").out.splitlines()[-1].split()


def test_show_nested_config(cli, data):
    """Nested values are shown under their full names; a metric of which nothing can be drawn says so."""
    with aspara.Run(name="nested", project="digits", dir=data, config={"net": {"depth": 3}}) as run:
        run.log({"odd": float("nan")})
    out = cli("show", "digits/nested", "--metric", "odd").out
    assert "net.depth  3" in out
    assert "odd  (1 not finite)\nNothing to draw: it has no finite value." in out


def test_problems_are_shown(cli, data):
    """What could not be read is named by file, line and reason."""
    with (data / "digits" / "fast.jsonl").open("a") as file:
        file.write("garbage\n")
    shown = cli("show", "digits/fast").out
    assert ["fast.jsonl", "51", "1", "no", "JSON"] == shown.splitlines()[-1].split()
    assert 1 == json.loads(cli("show", "digits/fast", "--json").out)["problems"][0]["count"]


def test_show_of_thousands_of_metrics_is_bounded(cli, data):
    """A terminal gets a page of a run of thousands of metrics, with a word on what is left out; --all gives everything."""
    config = {f"part.{i:03}": i for i in range(100)}
    with aspara.Run(name="wide", project="digits", dir=data, config=config) as run:
        for step in range(2):
            run.log({f"layer/{i:04}": i + step for i in range(3000)} | {"z/loss": 1.0})
    short = cli("show", "digits/wide").out
    assert len(short.splitlines()) < 130
    assert "… and 2961 more metrics; --all shows them, --metric GLOB those you want" in short
    assert "… and 60 more values; --all shows them" in short
    assert "\nz/loss\n" in short, "the loss is drawn though it is not listed"
    chosen = cli("show", "digits/wide", "--metric", "layer/29*").out
    assert "layer/2939" in chosen
    assert 12 == sum(line.endswith(" step 1") for line in chosen.splitlines())
    assert "… and more charts; --all draws them" in chosen
    whole = cli("show", "digits/wide", "--all").out
    assert "layer/2999" in whole
    assert "--all" not in whole


def test_sort_by_any_metric(cli, data):
    """--sort takes every name that --filter takes; runs without the value stand last, whichever the direction."""
    for name, accuracy in (("low", 0.5), ("high", 0.9), ("broken", float("nan"))):
        with aspara.Run(name=name, project="sorted", dir=data, config={"net": {"depth": 3}}) as run:
            run.log({"val/accuracy": accuracy, "my metric": accuracy})
    aspara.Run(name="empty", project="sorted", dir=data).finish()

    def runs(sort: str) -> list[str]:
        return [run["run"] for run in json.loads(cli("runs", "sorted", "--json", f"--sort={sort}").out)["runs"]]

    assert ["high", "low"] == runs("-val/accuracy")[:2]
    assert ["low", "high"] == runs("val/accuracy")[:2]
    assert ["high", "low"] == runs("-my metric")[:2]
    assert ["high", "low"] == runs("-summary.val/accuracy")[:2]
    assert "empty" == runs("net.depth")[-1]


def test_unknown_words_suggest_the_right_ones(cli, data):
    """A mistyped project, run, metric, command, option, status or field is answered with the name that was probably meant."""
    with aspara.Run(name="tiny", project="digits", dir=data) as run:
        run.log({"val/accuracy": 0.9})
    for arguments, meant in (
        (("runs", "digit"), "digits"),
        (("runs", "Digits"), "digits"),
        (("show", "digits/fats"), "fast"),
        (("delete", "digits/fasst", "--yes"), "fast"),
        (("export", "digist"), "digits"),
        (("doctor", "--project", "digts"), "digits"),
        (("show", "digits/tiny", "--metric", "val/acuracy"), "val/accuracy"),
        (("tail", "digits/tiny", "--metric", "val/acc"), "val/accuracy"),
        (("export", "digits/tiny", "--metric", "val/acuracy"), "val/accuracy"),
        (("rnus", "digits"), "runs"),
        (("runs", "digits", "--limt", "3"), "--limit"),
        (("runs", "digits", "--status", "complete"), "completed"),
        (("runs", "digits", "--sort=-val/acuracy"), "val/accuracy"),
        (("export", "digits", "--format", "parket"), "parquet"),
        (("import", "wandbb", "."), "wandb"),
    ):
        answer = cli(*arguments)
        assert answer.code in (1, 2), arguments
        assert f"Did you mean '{meant}'?" in answer.err, (arguments, answer.err)
    assert "Did you mean" not in cli("runs", "ghost").err


def test_runs_shows_what_says_the_most(cli, data):
    """Where only a few columns have room, validation results and losses come before counters."""
    with aspara.Run(name="r", project="narrow", dir=data) as run:
        run.log({"epoch": 3, "batch/tokens": 7, "lr": 0.1, "train/loss": 0.5, "val/accuracy": 0.9, "weight_norm": 2.0})
    titles = cli("runs", "narrow").out.splitlines()[0].split()
    assert ["val/accuracy", "train/loss", "weight_norm"] == titles[6:9]
    assert titles.index("weight_norm") < titles.index("epoch")


def test_no_match_is_told_from_no_runs(cli):
    """A filter that no run meets says so, with how many runs there are."""
    assert "No runs of project 'digits' match; it has 2.\n" == cli("runs", "digits", "--status", "failed").out


def test_where_the_demo_keeps_its_runs(cli, monkeypatch, tmp_path):
    """Somebody who has run the demo and looks into the empty default directory is told where the demo's runs are."""
    monkeypatch.delenv("ASPARA_DATA_DIR")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo-data" / "digits").mkdir(parents=True)
    assert "--data-dir demo-data" in cli("projects").out
