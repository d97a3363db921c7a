"""CSV and Parquet: steps, times, runs and metrics are told by the names of columns."""

from __future__ import annotations

import math
import os

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import aspara
from aspara.errors import UsageError
from aspara.importers.common import table_batches
from aspara.importers.common.source import ImportReport
from aspara.importers.common.tabular import assign, moment, row


def test_lightning_logs(bring, tmp_path):
    """Lightning's CSVLogger: a folder for each version, empty cells, hyperparameters beside them."""
    folder = tmp_path / "lightning_logs" / "version_0"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text("epoch,step,train_loss,val_loss\n0,9,0.5,\n0,9,,0.75\n1,19,0.25,\n")
    (folder / "hparams.yaml").write_text("lr: 0.001\nname: 'deep: net'\nsizes:\n- 1\n- 2\n")
    bring("csv", folder.parent)
    run = bring.run("version_0")
    assert {"lr": 0.001, "name": "deep: net"} == run.config
    assert [(9, 0.5), (19, 0.25)] == [(s, v) for s, _, v in bring.points("version_0", "train_loss")]
    assert [(9, 0.75)] == [(s, v) for s, _, v in bring.points("version_0", "val_loss")]
    assert [(9, 0), (9, 0), (19, 1)] == [(s, v) for s, _, v in bring.points("version_0", "epoch")]


def test_tensorboard_download(bring, tmp_path):
    """TensorBoard's CSV: wall time in seconds, step, value."""
    file = tmp_path / "run-fast-tag-loss.csv"
    file.write_text("Wall time,Step,Value\n1767268800.125,0,1\n1767268801.5,5,0.5\n")
    bring("csv", file)
    assert [(0, 1767268800125, 1.0), (5, 1767268801500, 0.5)] == bring.points("run-fast-tag-loss", "Value")


def test_semicolons_and_iso_times(bring, tmp_path):
    """Another delimiter, ISO 8601 times, a byte order mark, text values."""
    file = tmp_path / "table.csv"
    file.write_text(
        "timestamp;step;loss;word\n2026-01-01T12:00:00Z;0;0,5;a\n2026-01-01T12:00:01Z;1;nan;b\n", "utf-8-sig"
    )
    bring("csv", file)
    points = bring.points("table", "loss")
    assert [(0, 1767268800000), (1, 1767268801000)] == [point[:2] for point in points]
    assert 0.5 == points[0][2], "a decimal comma"
    assert math.isnan(points[1][2])


def test_columns_of_one_name_are_kept_apart(bring, tmp_path):
    """Nothing that stands in a column is lost to another one of its name."""
    file = tmp_path / "table.csv"
    file.write_text("step,loss,loss,loss (2)\n0,1,2,3\n")
    bring("csv", file)
    found = {name: bring.points("table", name)[0][2] for name in bring.run("table").metrics}
    assert {"loss": 1, "loss (2)": 2, "loss (2) (2)": 3} == found


def test_another_encoding_is_named(bring, tmp_path):
    """What a spreadsheet calls Unicode text is no garbage of metrics."""
    file = tmp_path / "table.csv"
    file.write_text("step\tloss\n0\t1\n", "utf-16")
    with pytest.raises(UsageError, match="UTF-8"):
        bring("csv", file)


def test_several_runs_in_one_file(bring, tmp_path):
    """A column that names runs makes several of one file; its name may be given."""
    file = tmp_path / "all.csv"
    file.write_text("model,epoch,acc\na,0,0.5\nb,0,0.25\na,1,0.75\n")
    bring("csv", file, run="model")
    assert {"a", "b"} == {run.name for run in aspara.Api(bring.data).runs("p")}
    assert [(0, 0.5), (1, 0.75)] == [(s, v) for s, _, v in bring.points("a", "acc")]
    with pytest.raises(UsageError, match=r"no step column 'nope'. The columns: model, epoch, acc"):
        bring("csv", file, step="nope")


def test_growing_table(bring, tmp_path):
    """New lines of a file come; a line of another length is named and costs nothing else."""
    file = tmp_path / "log.csv"
    file.write_text("step,loss\n0,1\n1,0.5\n")
    bring("csv", file)
    with file.open("a") as out:
        out.write("2,0.25,what\n\n3,0.125\n")
    outcome = bring("csv", file)[0]
    assert ("grown", 1) == (outcome.state, outcome.points)
    assert [0, 1, 3] == [s for s, _, _ in bring.points(outcome.name, "loss")]
    assert {"log.csv: line 4 has 3 cells, the header 2": 1} == outcome.problems


def test_binary_rubbish_named_csv(bring, tmp_path):
    """Rubbish is an error or a problem, never a traceback."""
    file = tmp_path / "x.csv"
    file.write_bytes(os.urandom(5000) + b"\n" + bytes(3000) + b"\n")
    try:
        bring("csv", file)
    except UsageError as error:
        assert "x.csv" in str(error)


def test_our_own_exports_come_back(bring, tmp_path):
    """What Aspara exported as CSV, JSON lines aside, and as Parquet, comes back value for value."""
    with aspara.Run(name="first", project="p", dir=tmp_path / "old") as run:
        for step in range(20):
            run.log({"loss": 1 / (step + 1), "odd": math.nan if step == 3 else -0.0, "word": f"w{step}"})
    frame = aspara.Api(tmp_path / "old").run("p/first").frame().with_columns(pl.lit("first").alias("_run"))
    frame.write_parquet(tmp_path / "e.parquet")
    frame.write_csv(tmp_path / "e.csv")
    for kind in ("parquet", "csv"):
        bring(kind, tmp_path / f"e.{kind}", project=kind)
        again = aspara.Api(bring.data).run(f"{kind}/first").frame()
        assert frame.drop("_run", "_runtime").equals(again.select(frame.drop("_run", "_runtime").columns))


def test_long_tables(bring, tmp_path):
    """A row for each point: Aspara's archives."""
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series([1767268800000, 1767268801000]).cast(pl.Datetime("ms")).cast(pl.Datetime("us")),
            "step": [0, 1],
            "metric_name": ["loss", "acc"],
            "metric_value": [0.5, 0.25],
        }
    )
    frame.write_parquet(tmp_path / "part.parquet")
    bring("parquet", tmp_path / "part.parquet")
    assert [(1, 1767268801000, 0.25)] == bring.points("part", "acc")


def test_broken_parquet(bring, tmp_path):
    """A file that is no Parquet is a problem that names it."""
    (tmp_path / "x.parquet").write_bytes(b"PAR1 nothing")
    assert [] == bring("parquet", tmp_path / "x.parquet")
    assert "x.parquet cannot be read" in next(iter(bring.report.problems))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1767268800, 1767268800000),
        (1767268800.5, 1767268800500),
        (1767268800500, 1767268800500),
        (1767268800500000, 1767268800500),
        (1767268800500000000, 1767268800500),
        ("1767268800.5", 1767268800500),
        ("2026-01-01 12:00:00", 1767268800000),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moments(value, expected):
    """Seconds, milli-, micro- and nanoseconds are told apart by their size; texts are ISO 8601, in UTC where they say nothing."""
    assert expected == moment(value)


CELLS = st.one_of(
    st.sampled_from(["", "0", "12", "-3", "1.5", "nan", "inf", "1e5", "word", "1_0", " 7 ", "²", "true", "9" * 20]),
    st.floats().map(str),
    st.integers().map(str),
)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=30),
    st.booleans(),
    st.booleans(),
    st.integers(0, 30),
)
def test_many_rows_at_a_time_are_the_rows_one_by_one(lines, with_step, with_time, cut):
    """What is made of a part of a table at one go is what each of its rows would be by itself."""
    header = ("step" if with_step else "a", "time" if with_time else "b", "c", "d")
    columns = assign(header)
    one, other = ImportReport(), ImportReport()
    expected, time = [], 5
    for number, cells in enumerate(lines):
        found = row(columns, dict(zip(header, cells, strict=True)), number, one, time)
        known = moment(cells[1]) if with_time else None
        time = time if known is None else known
        if found is not None:
            expected.append(found)
    parts = [dict(zip(header, zip(*some, strict=True), strict=True)) for some in (lines[:cut], lines[cut:]) if some]
    assert repr(expected) == repr(list(table_batches.rows(columns, parts, other, 5)))
    assert one.problems == other.problems


def test_long_tables_of_points(bring, tmp_path):
    """A table with a row for each point, some texts, and names and steps that change from row to row."""
    file = tmp_path / "points.csv"
    lines = [f"{1767268800000 + i},{i // 3},{'abc'[i % 3]},{i / 8},{'' if i % 3 else f't{i}'}" for i in range(3000)]
    lines[1500] = "1767268801500,500,a,,word"
    file.write_text("timestamp,step,metric_name,metric_value,metric_text\n" + "\n".join(lines) + "\n")
    bring("csv", file)
    assert [(i // 3, 1767268800000 + i, i / 8) for i in range(1, 3000, 3)] == bring.points("points", "b")
    assert 999 == len(bring.points("points", "a"))
    words = [row["a"] for row in bring.run("points").scan_history(keys=["a"]) if row["_step"] == 500]
    assert ["word"] == words


def test_a_line_without_an_end_costs_no_memory(bring, tmp_path, monkeypatch):
    """A table of a single endless line is refused, and no more of it is held than a line may be long."""
    monkeypatch.setattr("aspara.importers.csv.MAX_LINE", 1000)
    file = tmp_path / "endless.csv"
    file.write_text("step,loss\n0,1\n" + "x" * 50_000 + "\n1,0.5\n")
    outcome = bring("csv", file)[0]
    assert [(0, 1), (1, 0.5)] == [(s, v) for s, _, v in bring.points("endless", "loss")]
    assert 50 == sum(outcome.problems.values())


@pytest.mark.parametrize("order", ["grouped", "mixed"])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_runs_of_one_file_each_have_their_rows(bring, tmp_path, monkeypatch, kind, order):
    """However the rows of the runs of a file lie, each run has its own, and damaged lines are named by their place."""
    monkeypatch.setattr("aspara.importers.common.row_ranges._MOST", 3)
    file = tmp_path / f"all.{kind}"
    rows = [(f"r{n}", step, n + step / 8) for n in range(4) for step in range(50)]
    if order == "mixed":
        rows.sort(key=lambda row: (row[1], row[0]))
    lines = [
        f"{run},{step},{value}" if kind == "csv" else f'{{"run": "{run}", "step": {step}, "loss": {value}}}'
        for run, step, value in rows
    ]
    lines.insert(60, "garbage")
    file.write_text("\n".join(["run,step,loss", *lines] if kind == "csv" else lines) + "\n")
    outcomes = bring(kind, file)
    for n in range(4):
        assert [(s, n + s / 8) for s in range(50)] == [(s, v) for s, _, v in bring.points(f"r{n}", "loss")]
    told = {sentence for outcome in outcomes for sentence in outcome.problems}
    assert {
        "all.csv: line 62 has 1 cells, the header 3" if kind == "csv" else "all.jsonl: line 61 is no JSON object"
    } == told


def test_lines_of_an_old_mac(bring, tmp_path):
    """Lines that end in a carriage return alone are lines, also where several runs stand in one file."""
    file = tmp_path / "old.csv"
    file.write_bytes(b"run,step,loss\ra,0,1\rb,0,2\ra,1,0.5\r")
    bring("csv", file)
    assert [(0, 1), (1, 0.5)] == [(s, v) for s, _, v in bring.points("a", "loss")]
    assert [(0, 2)] == [(s, v) for s, _, v in bring.points("b", "loss")]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("step;loss\n0;0,5\n1;1.234,56\n2;-1,5e-3\n", [0.5, 1234.56, -0.0015]),
        ("step\tloss\n0\t12,25\n1\t7\n", [12.25, 7]),
        ('step,loss\n0,"0,5"\n1,"1,234"\n', [0.5, 1.234]),
    ],
)
def test_decimal_commas(content, expected, bring, tmp_path):
    """Numbers with a decimal comma are numbers, with points between the thousands too."""
    file = tmp_path / "table.csv"
    file.write_text(content)
    bring("csv", file)
    assert expected == pytest.approx([value for _, _, value in bring.points("table", "loss")])


def test_commas_that_are_no_decimal_commas(bring, tmp_path):
    """Thousands between commas, and texts with commas beside decimal points, stay what they are."""
    file = tmp_path / "table.csv"
    file.write_text('step,loss,note\n0,0.5,"1,5"\n1,0.25,"a,b"\n')
    bring("csv", file)
    assert [0.5, 0.25] == [value for _, _, value in bring.points("table", "loss")]
    assert ["1,5", "a,b"] == [row["note"] for row in bring.run("table").scan_history()]


def test_missing_values_of_keras(bring, tmp_path):
    """Keras' CSVLogger writes NA where an epoch had no validation; the metric stays a number. A column of texts keeps its NA."""
    file = tmp_path / "log.csv"
    file.write_text("epoch,loss,val_loss,country\n0,0.5,NA,NA\n1,0.4,0.45,DE\n2,0.3,NA,FR\n")
    bring("csv", file)
    run = bring.run(tmp_path.name)
    assert [(1, 0.45)] == [(step, value) for step, _, value in bring.points(run.name, "val_loss")]
    assert ["NA", "DE", "FR"] == [row["country"] for row in run.scan_history()]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "step,loss\n0,0.5\n18446744073709551616,0.4\n2,0.3\n"),
        ("t.csv", "step,timestamp,loss\n0,1767268800,0.5\n1,1e300,0.4\n2,99999999999999999999999999,0.3\n"),
        ("t.jsonl", '{"step": 0, "loss": 0.5}\n{"step": 9007199254740993, "loss": 0.4}\n{"step": 2, "loss": 0.3}\n'),
        (
            "t.jsonl",
            '{"step": 0, "metrics": {"loss": 0.5}}\n{"step": 18446744073709551615, "metrics": {"loss": 0.4}}\n{"step": 2, "metrics": {"loss": 0.3}}\n',
        ),
    ],
)
def test_steps_and_times_beyond_all_bounds(name, content, bring, tmp_path):
    """A step or time that no run can have is named; the row stays, at its position, and the others are as they were."""
    file = tmp_path / name
    file.write_text(content)
    (outcome,) = bring(file.suffix[1:], file)
    assert [(0, 0.5), (1, 0.4), (2, 0.3)] == [(step, value) for step, _, value in bring.points("t", "loss")]
    assert any("is used instead" in problem for problem in outcome.problems)
