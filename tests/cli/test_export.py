"""`aspara export`."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

import aspara
from aspara.importers import tensorboard
from aspara.importers.common.source import ImportReport
from aspara.util import protobuf, tfrecord


def test_csv_of_a_run(cli):
    """A run's CSV on stdout has its steps and metrics, every row."""
    lines = cli("export", "digits/fast").out.splitlines()
    assert lines[0] == "_run,_step,acc,loss,_runtime,_timestamp"
    assert lines[1].startswith("fast,0,0.0,1.0,")
    assert len(lines) == 51


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_project_to_a_file(ending, cli, tmp_path):
    """A project's file, in the format that its name says, has every row of every run."""
    path = tmp_path / f"all.{ending}"
    assert "Wrote 100 rows of 2 runs" in cli("export", "digits", "--output", str(path)).out
    read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[ending]
    frame = read(path)
    assert frame.group_by("_run").len().sort("_run").rows() == [("fast", 50), ("slow", 50)]
    assert frame.filter(pl.col("_run") == "fast")["loss"][49] == pytest.approx(1 / 5.9)


def test_non_finite_values_come_back(cli, tmp_path):
    """NaN is NaN in every format."""
    assert json.loads(cli("export", "words/broken", "--format", "jsonl").out)["loss"] == "NaN"
    assert math.isnan(float(cli("export", "words/broken").out.splitlines()[1].split(",")[2]))
    path = tmp_path / "broken.parquet"
    cli("export", "words/broken", "--output", str(path))
    assert math.isnan(pl.read_parquet(path)["loss"][0])


def test_no_spreadsheet_runs_a_formula(cli, data):
    """Texts and names that begin like a formula have an apostrophe in front, numbers do not; a switch leaves them as they are."""
    with aspara.init("p", "formulas", dir=data) as run:
        run.log({"=cmd()": -1.5, "text": "=1+1"})
        run.log({"=cmd()": 2.0, "text": "-3.5"})
        run.log({"text": "plain"})
    lines = cli("export", "p/formulas").out.splitlines()
    assert ["'=cmd()", "text"] == lines[0].split(",")[2:4]
    assert [["-1.5", "'=1+1"], ["2.0", "-3.5"], ["", "plain"]] == [line.split(",")[2:4] for line in lines[1:]]
    raw = cli("export", "p/formulas", "--raw-cells").out.splitlines()
    assert (["=cmd()", "text"], "=1+1") == (raw[0].split(",")[2:4], raw[1].split(",")[3])


def test_a_failed_export_leaves_nothing(cli, tmp_path):
    """An unknown run, or a folder that is not there, is an error that leaves no half file."""
    assert cli("export", "digits/ghost", "--output", str(tmp_path / "x.csv")).code == 1
    assert cli("export", "digits", "--output", str(tmp_path / "no" / "x.csv")).code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "html"])
def test_a_reader_that_has_enough(form, data):
    """`| head` ends an export without a word, in every format."""
    program = subprocess.Popen(
        [sys.executable, "-m", "aspara.cli.main", "export", "digits", "--format", form, "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()
    assert b"" == program.stderr.read()
    assert 0 == program.wait(60)


def test_a_pipe_is_written_to_and_never_replaced(cli, tmp_path):
    """What is no plain file stays what it is, and so does a link: what it leads to is written."""
    pipe, link = tmp_path / "pipe", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "there.csv")
    found = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text()))
    reader.start()
    assert 0 == cli("export", "digits/fast", "--format", "csv", "--output", str(pipe)).code
    reader.join()
    assert 0 == cli("export", "digits/fast", "--output", str(link)).code
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert found == [(tmp_path / "there.csv").read_text()]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_runs_that_log_different_things(ending, cli, data, tmp_path):
    """Columns are those of all runs; a metric that is a number here and a text there is a text everywhere."""
    with aspara.Run(name="words", project="digits", dir=data) as run:
        run.log({"loss": "unknown", "other": 1})
    path = tmp_path / f"all.{ending}"
    cli("export", "digits", "--output", str(path))
    read = {"csv": pl.read_csv, "jsonl": pl.read_ndjson, "parquet": pl.read_parquet}[ending]
    frame = read(path, infer_schema_length=None) if ending != "parquet" else read(path)
    row = frame.filter(pl.col("_run") == "words").row(0, named=True)
    assert ("unknown", 1, None) == (row["loss"], row["other"], row["acc"])
    assert 101 == len(frame)


def test_points_are_what_was_logged(cli, data):
    """--points has a line for each point, repeated steps too, with its own time."""
    with aspara.Run(name="twice", project="digits", dir=data) as run:
        for value in (1.0, 2.0, 3.0):
            run.log({"loss": value, "word": "w"}, step=7, timestamp=1767268800000 + value)
    lines = cli("export", "digits/twice", "--points", "--metric", "loss").out.splitlines()
    assert [
        "_run,_step,_timestamp,metric,value,text",
        "twice,7,1767268800.001,loss,1.0,",
        "twice,7,1767268800.002,loss,2.0,",
        "twice,7,1767268800.003,loss,3.0,",
    ] == lines
    rows = [
        json.loads(line) for line in cli("export", "digits/twice", "--points", "--format", "jsonl").out.splitlines()
    ]
    assert {"_run": "twice", "timestamp": 1767268800002, "step": 7, "metrics": {"loss": 2.0, "word": "w"}} == rows[1]


def test_some_metrics(cli):
    """--metric takes names and globs."""
    assert "_run,_step,acc,_runtime,_timestamp" == cli("export", "digits/fast", "--metric", "a*").out.splitlines()[0]


def test_json_says_what_was_written(cli, tmp_path):
    """--json tells of a file that was written; on stdout it would spoil the export."""
    told = json.loads(cli("export", "digits", "--output", str(tmp_path / "x.csv"), "--json").out)
    assert {"format": "csv", "output": str(tmp_path / "x.csv"), "runs": 2, "rows": 100} == told
    assert 2 == cli("export", "digits", "--json").code


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--format", "tensorboard"], 2, "--output PATH"),
        (["--output", "x.docx"], 2, "its ending is no format"),
        (["--format", "html", "--points", "--output", "x.html"], 2, "--points is for csv"),
        (["--format", "csv", "--output", "{data}"], 1, "is a folder"),
        (["--output", "{data}/no/x.csv"], 1, "make it, or name another"),
        (["--metric", "loss", "--metric", "val/*"], 2, "no metric 'val/*' to export. Metrics: acc, loss"),
        (["--format", "tensorboard", "--output", "{data}/digits/fast.jsonl"], 1, "is a file"),
    ],
)
def test_errors(arguments, code, said, cli, data):
    """Wrong usage is one line with the way out."""
    answer = cli("export", "digits", *(a.format(data=data) for a in arguments))
    assert (code, "") == answer[:2]
    assert said in answer.err
    assert 1 == answer.err.count("\n")


# -- TensorBoard -------------------------------------------------------------------------------------------------------


@pytest.fixture
def varied(data: Path) -> Path:
    """A run with all kinds of values."""
    with aspara.Run(
        name="varied",
        project="digits",
        dir=data,
        group="g",
        config={"lr": 0.1, "layers": 3, "nesterov": True, "net": {"kind": "mlp"}, "none": None},
    ) as run:
        for step in range(5):
            run.log({"loss": 1 / (step + 3), "word": f"w{step}"}, step=step, timestamp=1767268800125 + step * 1000)
        run.log({"odd": math.nan}, step=2**40, timestamp=1767268900000)
        run.log({"odd": -math.inf, "huge": 1e300}, step=2**40 + 1, timestamp=1767268900001)
    return data


def test_event_files_are_read_back(varied, cli, tmp_path):
    """Scalars, texts, config and times come back through a reader of event files, as 32-bit floats."""
    folder = tmp_path / "logs"
    assert (
        "Wrote 7 rows of 1 run"
        in cli("export", "digits/varied", "--format", "tensorboard", "--output", str(folder)).out
    )
    report = ImportReport()
    source = tensorboard.runs(folder, report)[0]
    rows = list(source.rows(report))
    assert not report.problems
    assert [(1767268800125 + step * 1000, step, f"w{step}") for step in range(5)] == [
        (time, step, values["word"]) for time, step, values in rows[:5]
    ]
    assert all(abs(values["loss"] - 1 / (step + 3)) < 1e-8 for _, step, values in rows[:5])
    assert 2**40 == rows[5][1]
    assert math.isnan(rows[5][2]["odd"])
    assert {"odd": -math.inf, "huge": math.inf} == rows[6][2]
    assert {"lr": 0.1, "layers": 3, "nesterov": True, "net.kind": "mlp"} == source.facts.config
    assert ("g", "completed") == (source.facts.group, source.facts.status)


def test_event_files_have_the_right_form(varied, cli, tmp_path):
    """Every record has its checksums, the first one names the version, and the file's name is one that TensorBoard takes."""
    cli("export", "digits/varied", "--format", "tensorboard", "--output", str(tmp_path / "logs"))
    files = [path for path in (tmp_path / "logs").rglob("*") if path.is_file()]
    assert 1 == len(files)
    assert re.fullmatch(r"events\.out\.tfevents\.\d{10}\.aspara", files[0].name)
    content = files[0].read_bytes()
    found = list(tfrecord.read_tfrecords(io.BytesIO(content)))
    assert {"record"} == {kind for kind, _ in found}
    assert "brain.Event:2" == protobuf.text(found[0][1], 3)
    at = 0
    for _, record in found:
        assert len(record) == int.from_bytes(content[at : at + 8], "little")
        assert tfrecord.masked(content[at : at + 8]) == int.from_bytes(content[at + 8 : at + 12], "little")
        end = at + 12 + len(record)
        assert tfrecord.masked(record) == int.from_bytes(content[end : end + 4], "little")
        at = end + 4
    assert len(content) == at


def test_event_files_again(varied, cli, tmp_path):
    """A second export replaces the first."""
    for _ in range(2):
        cli("export", "digits", "--format", "tensorboard", "--output", str(tmp_path / "logs"))
    assert 3 == len([path for path in (tmp_path / "logs").rglob("*") if path.is_file()])


def test_there_and_back(cli, data, tmp_path):
    """What goes out as event files comes in again, point by point."""
    cli("export", "digits/fast", "--format", "tensorboard", "--output", str(tmp_path / "logs"))
    cli("import", "tensorboard", str(tmp_path / "logs"), "--project", "back")
    api = aspara.Api(data)
    before, after = api.run("digits/fast").frame(), api.run("back/fast").frame()
    assert before["_timestamp"].to_list() == after["_timestamp"].to_list()
    assert before["loss"].cast(pl.Float32).to_list() == after["loss"].cast(pl.Float32).to_list()
    assert {"lr": 0.1} == api.run("back/fast").config


# -- the page ----------------------------------------------------------------------------------------------------------

HOSTILE = "</script><script>document.title='hit'</script><img src=x onerror=\"document.title='hit'\">"


@pytest.fixture
def page(data: Path, cli, tmp_path: Path) -> Path:
    """A page of three runs, one of them with names that would like to be markup."""
    with aspara.Run(name=HOSTILE, project="digits", dir=data, notes=HOSTILE, config={HOSTILE: HOSTILE}) as run:
        for step in range(3000):
            run.log({"loss": math.nan if step == 5 else step / 3000, HOSTILE.replace("'", ""): step})
    path = tmp_path / "page.html"
    answer = cli("export", "digits", "--output", str(path))
    assert "points of 3 runs" in answer.out
    return path


def test_page_is_one_file(page):
    """Everything is inside; no address of another place is loaded; names are nothing but data."""
    text = page.read_text(encoding="utf-8")
    assert HOSTILE not in text
    assert "default-src 'none'" in text
    own = text[: text.index("<script>")] + text[text.rindex("<script>") :]
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", own)
    content = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert {"fast", "slow", HOSTILE} == {run["name"] for run in content["runs"]}
    loss = next(metric for metric in content["metrics"] if metric["name"] == "loss")
    line = next(line for line in loss["lines"] if line["count"] == 3000)
    assert len(line["values"]) <= 1500
    assert (0, 2999) == (line["steps"][0], line["steps"][-1])
    assert "NaN" in line["values"]


@pytest.mark.browser
def test_page_draws_itself(page, browser):
    """In a browser it draws every chart, asks nobody for anything, runs nothing out of a name, and follows its controls."""
    from playwright.sync_api import expect

    with contextlib.closing(browser.new_context(color_scheme="dark", offline=True)) as context:
        tab = context.new_page()
        asked: list[str] = []
        wrong: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        tab.goto(page.as_uri())
        lines = tab.locator(".card:has(h3[title='loss']) .scatterlayer .trace")
        expect(lines).to_have_count(3)
        assert "digits" == tab.title()
        assert "dark" == tab.locator("html").get_attribute("data-theme")
        assert HOSTILE in tab.locator("#runs").inner_text()
        assert HOSTILE in tab.locator("#table").inner_text()
        tab.locator("#runs button").first.click()
        expect(lines).to_have_count(2)
        tab.locator("#smoothing").select_option("0.9")
        expect(lines).to_have_count(4)
        tab.locator("#axis").select_option("wall")
        tab.locator("#log").check()
        tab.locator("#theme").click()
        assert "light" == tab.locator("html").get_attribute("data-theme")
        tab.locator("#filter").fill("ACC")
        expect(tab.locator(".card:visible h3")).to_have_text(["acc"])
        assert ([page.as_uri()], []) == (asked, wrong)
