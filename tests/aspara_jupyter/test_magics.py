"""`%aspara` and `%%aspara`: their forms, their help, and Tab."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter

import aspara
from aspara_jupyter.completion import completions

TABLE = "application/vnd.aspara.table+json"
CHART = "application/vnd.aspara.chart+json"


def test_runs_of_the_newest_project_are_a_table(shell, record):
    """Without a name it is the active run's project, else the one that changed last."""
    record("p", "one")
    found = shell.run("%aspara runs")
    assert ["one"] == [run.name for run in found]
    shell.run("import aspara; run = aspara.init(project='q', name='active')")
    assert ["active"] == [run.name for run in shell.run("%aspara runs")]


def test_after_a_run_it_is_still_its_project(shell, record):
    """`%aspara` and its forms are about the project of this notebook's last run, whatever other programs record meanwhile."""
    shell.run("run = __import__('aspara').init(project='mine', name='first'); run.display(); run.finish()")
    record("others", "later")
    assert ["first"] == [run.name for run in shell.run("%aspara runs")]
    assert ["mine/first"] == shell.run("%aspara chart").runs
    dashboard = shell.run("%aspara")
    assert 'base + "projects/mine"' in dashboard._repr_html_()
    assert "aspara dashboard" in repr(dashboard)


def test_runs_are_compared_by_name(shell, record):
    """`%aspara chart` takes projects and runs, metrics and a height."""
    one, two = record("p", "one"), record("q", "two")
    chart = shell.run(f"%aspara chart {one.path} {two.path} --metrics loss,train/* --height 300")
    assert ["p/one", "q/two"] == chart.runs
    assert 300 == chart.height
    assert ["p/one"] == shell.run("%aspara chart p").runs


def test_a_wrong_form_is_answered_with_all_forms(shell, record, capsys):
    """So are a missing number and a project that does not exist, in words."""
    record("p", "one")
    for line, sentence in {
        "%aspara dance": "there is no such form",
        "%aspara chart --height": "takes a number of pixels",
        "%aspara runs ghost": "There is no project 'ghost'. Projects: p.",
        "%aspara live": "There is no active run",
    }.items():
        shell.ip.run_cell(line)
        assert sentence in capsys.readouterr().err


def test_help_lists_every_form(shell, capsys):
    """`%aspara?` and `%aspara help` say the same."""
    shell.run("%aspara help")
    told = capsys.readouterr().out
    assert told.strip() in shell.ip.find_line_magic("aspara").__doc__
    assert told.strip() in shell.ip.find_cell_magic("aspara").__doc__
    assert "%aspara chart" in told


def test_a_cell_is_a_run(shell):
    """Its settings are config, its end is the run's end."""
    shell.run("%%aspara project=cells name=first tags=a,b lr=0.1 depth=3\naspara_seen = 1")
    (run,) = aspara.Api().runs("cells")
    assert ("first", ["a", "b"], {"lr": 0.1, "depth": 3}, "finished") == (run.name, run.tags, run.config, run.state)


def test_a_cell_that_raises_is_a_failed_run(shell, capsys):
    """The exception is shown as ever, and the run is failed."""
    shell.ip.run_cell("%%aspara project=cells\n1 / 0")
    capsys.readouterr()
    (run,) = aspara.Api().runs("cells")
    assert "failed" == run.state


@pytest.mark.parametrize(("code", "state"), [(0, "finished"), (3, "failed")])
def test_a_cell_that_exits_ends_its_run_as_a_script_would(shell, capsys, code, state):
    """`sys.exit(0)` in it is no failure."""
    shell.ip.run_cell(f"%%aspara project=cells\nraise SystemExit({code})")
    capsys.readouterr()
    (run,) = aspara.Api().runs("cells")
    assert (state, code) == (run.state, run.exit_code)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%aspara ", {"dashboard", "runs", "chart", "live", "help"}),
        ("%aspara ch", {"chart"}),
        ("%aspara runs ", {"digits", "other"}),
        ("%aspara runs di", {"digits"}),
        ("%aspara dashboard -", {"--height"}),
        ("%aspara chart ot", {"other"}),
        ("%aspara chart other/", {"other/second"}),
        ("%aspara chart digits/first o", {"other"}),
        ("%aspara chart digits/first --metrics ", {"loss", "train/acc"}),
        ("%aspara chart digits/first --metrics loss,tr", {"loss,train/acc"}),
        ("%%aspara pro", {"project="}),
        ("%%aspara project=di", {"project=digits"}),
        ("aspara.init(", set()),
    ],
)
def test_tab_completes_forms_projects_and_runs(record, line, expected):
    """What Tab offers depends on what stands before."""
    record("digits", "first")
    record("other", "second")
    word = line.rsplit(" ", 1)[-1]
    found = set(completions(line, word))
    assert expected <= found
    assert all(text.startswith(word) for text in found)


def test_ipython_asks_us_for_completions(shell, record):
    """The hook is in place: IPython's own completer offers our words, with and without percent sign."""
    record("digits", "first")
    for line, word in {"%aspara ch": "chart", "%aspara chart dig": "digits", "%%aspara pro": "project="}.items():
        with provisionalcompleter():
            found = {completion.text for completion in shell.ip.Completer.completions(line, len(line))}
        assert word in found, line


def test_display_as_the_last_line_of_a_cell_prints_nothing_below_the_charts(shell, record, capsys):
    """Its value is true all the same."""
    record("p", "one")
    shell.ip.run_cell("import aspara; aspara.Api().run('p/one').display()")
    printed = capsys.readouterr().out
    assert "True" not in printed
    assert "False" not in printed
    shell.ip.run_cell("shown = aspara.Api().run('p/one').display(); print(shown == bool(shown))")
    assert "True" in capsys.readouterr().out
