"""What `aspara export` writes, `aspara import` brings back: every step, value, text and time."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import aspara
from aspara.cli.main import main


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """Two runs with everything that is hard: non-finite values, texts with line ends and quotes, late steps, odd names."""
    data = tmp_path / "exported"
    for name, rate in (("plain", 0.1), ('b, "quoted" ü', 0.01)):
        with aspara.Run(name=name, project="p", dir=data, config={"lr": rate}) as run:
            for step in range(20):
                odd = {3: math.nan, 4: math.inf, 5: -math.inf}.get(step, -0.0)
                text = f'line\n{step}, "q" ☃' if step % 7 == 0 else None
                run.log({"loss": 1 / (3 + step), "odd": odd, "note": text, "train/x,y": step * 1e-300, "7": step})
            run.log({"late": 5.0}, step=3)
    return data


@pytest.mark.parametrize("points", [False, True], ids=["rows", "points"])
@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_tables_come_back(form, points, exported, tmp_path, capsys):
    """The full history of each run is the same, to the bit; of rows the time since the start, too."""
    file, data = tmp_path / f"out.{form}", tmp_path / "back"
    assert 0 == main(["export", "p", "--data-dir", str(exported), "--output", str(file), *["--points"] * points])
    assert 0 == main(["import", "auto", str(file), "--project", "p", "--data-dir", str(data)])
    before = {run.run: run for run in aspara.Api(exported).runs("p")}
    after = {run.name: run for run in aspara.Api(data).runs("p")}
    assert before.keys() == after.keys()
    for name, run in before.items():
        left, right = run.frame(), after[name].frame()
        kept = [column for column in left.columns if not points or column != "_runtime"]
        assert left.columns == right.columns
        assert left.select(kept).equals(right.select(kept))
        assert [math.copysign(1, v) for v in left["odd"]] == [math.copysign(1, v) for v in right["odd"]]
    assert 0 == main(["import", "auto", str(file), "--project", "p", "--data-dir", str(data), "--json"])
    assert 2 == capsys.readouterr().out.count('"unchanged"')


def test_any_log_of_json_lines(bring, tmp_path):
    """One object a line: steps, times and runs by their names, nested objects by dots; what is no object is reported."""
    file = tmp_path / "train.jsonl"
    file.write_text(
        '{"step": 1, "time": 1767268800, "loss": 0.5, "eval": {"acc": NaN, "deep": {"f1": 1}}, "ok": true}\n'
        "no json\n[1]\n\n"
        '{"step": 2, "time": 1767268801, "loss": "Infinity", "word": "12", "list": [1]}\n'
        '{"step": 3, "loss": 0.25'
    )
    (outcome,) = bring("jsonl", file)
    assert {"train.jsonl: line 2 is no JSON object": 1, "train.jsonl: line 3 is no JSON object": 1} == outcome.problems
    assert {"lists": 1} == outcome.skipped
    rows = list(bring.run("train").scan_history())
    assert [1, 2] == [row["_step"] for row in rows]
    assert (0.5, 1.0, 1.0, 1767268800.0) == tuple(rows[0][k] for k in ("loss", "eval.deep.f1", "ok", "_timestamp"))
    assert math.isnan(rows[0]["eval.acc"])
    assert (math.inf, "12") == (rows[1]["loss"], rows[1]["word"])


def test_a_row_file_of_asparas_own(bring, tmp_path):
    """Row files may be imported as they lie; one that grows brings its new rows."""
    file = tmp_path / "some.jsonl"
    file.write_text('{"timestamp": 1000, "step": 0, "metrics": {"loss": 1, "bad": null}}\n')
    bring("jsonl", file)
    with file.open("a") as lines:
        lines.write('{"timestamp": "1970-01-01T00:00:02Z", "step": 5, "metrics": {"loss": "NaN"}}\n')
        lines.write('{"step": "x", "metrics": {"loss": 2, "pic": {"_type": "image"}}}\n')
    (outcome,) = bring("jsonl", file)
    assert ("grown", 2) == (outcome.state, outcome.points)
    assert [(0, 1000), (2, 2000), (5, 2000)] == [(step, time) for step, time, _ in bring.points("some", "loss")]
    assert {"media values": 1} == outcome.skipped
