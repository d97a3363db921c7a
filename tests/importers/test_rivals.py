"""Runs of SwanLab 0.10.3 and of an offline session of ClearML 2.1.12, made by them; Neptune's by the schema of its exporter."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl


def test_swanlab(sample, bring):
    """Every value with its step, media with their captions, config, tags, notes, id and end."""
    (outcome,) = bring("swanlab", sample("swanlab"))
    assert ({}, {}) == (outcome.skipped, outcome.problems)
    run = bring.run("first")
    assert ("3uxdsqsj", ["a", "b"], "a note", "finished") == (run.id, run.tags, run.notes, run.state)
    assert {"lr": 0.1, "layers": 3, "opt": {"name": "sgd"}} == run.config
    assert [(step, 1 / (step + 1)) for step in range(5)] == [
        (step, value) for step, _, value in bring.points("first", "loss")
    ]
    assert [0.0, 0.1, 0.2, 0.3, 0.4] == [value for _, _, value in bring.points("first", "val/acc")]
    assert {("text", "text", "c"), ("img", "image", "pic")} == {(m.metric, m.type, m.caption) for m in run.media()}


def test_clearml(sample, bring, tmp_path):
    """Scalars as title/series, single values as results, parameters as numbers; the folder and the ZIP file are one task."""
    (outcome,) = bring("clearml", sample("clearml"))
    assert ({}, {}) == (outcome.skipped, outcome.problems)
    run = bring.run("first")
    assert (["a"], "a note", "finished") == (run.tags, run.notes, run.state)
    assert {"lr": 0.1, "layers": 3} == run.config
    assert 0.25 == run.summary["best"]
    assert [(step, 2 / (step + 1)) for step in range(5)] == [
        (step, value) for step, _, value in bring.points("first", "loss/val")
    ]
    assert ["unchanged"] == [again.state for again in bring("clearml", tmp_path / "source" / "clearml")]


def rows(*values: dict) -> pl.DataFrame:
    """Rows as neptune-exporter's schema has them."""
    schema = {
        "project_id": pl.String,
        "run_id": pl.String,
        "attribute_path": pl.String,
        "attribute_type": pl.String,
        "step": pl.Decimal(18, 6),
        "timestamp": pl.Datetime("ms", "UTC"),
        "int_value": pl.Int64,
        "float_value": pl.Float64,
        "string_value": pl.String,
        "bool_value": pl.Boolean,
        "datetime_value": pl.Datetime("ms", "UTC"),
        "string_set_value": pl.List(pl.String),
        "file_value": pl.Struct({"path": pl.String}),
        "histogram_value": pl.Struct({"type": pl.String, "edges": pl.List(pl.Float64), "values": pl.List(pl.Float64)}),
    }
    empty = dict.fromkeys(schema)
    return pl.DataFrame([empty | {"project_id": "team/digits", "run_id": "RUN-1"} | row for row in values], schema)


def exported(tmp_path: Path, *steps: str) -> Path:
    """An export of one run in two parts."""
    moment = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    single = [
        {"attribute_path": "sys/name", "attribute_type": "string", "string_value": "first"},
        {"attribute_path": "sys/tags", "attribute_type": "string_set", "string_set_value": ["a", "b"]},
        {"attribute_path": "sys/creation_time", "attribute_type": "datetime", "datetime_value": moment},
        {"attribute_path": "params/lr", "attribute_type": "float", "float_value": 0.1},
        {"attribute_path": "params/layers", "attribute_type": "int", "int_value": 3},
        {"attribute_path": "model", "attribute_type": "file", "file_value": {"path": "digits/model.bin"}},
    ]
    series = [
        {
            "attribute_path": "loss",
            "attribute_type": "float_series",
            "step": Decimal(step),
            "timestamp": moment,
            "float_value": 0.5,
        }
        for step in steps
    ]
    histogram = {"type": "COUNTING", "edges": [0.0, 1.0, 2.0], "values": [3.0, 4.0]}
    last = {
        "attribute_type": "histogram_series",
        "step": Decimal(steps[-1]),
        "timestamp": moment,
        "histogram_value": histogram,
    }
    folder = tmp_path / "exports" / "data" / "team_digits"
    folder.mkdir(parents=True)
    rows(*single).write_parquet(folder / "RUN-1_part_0.parquet")
    rows(*series, {"attribute_path": "weights"} | last).write_parquet(folder / "RUN-1_part_1.parquet")
    file = tmp_path / "exports" / "files" / "digits" / "model.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"model")
    return tmp_path / "exports" / "data"


def test_neptune(tmp_path, bring):
    """Series with their steps, single values as config, Neptune's own attributes in their places, files as an artifact."""
    (outcome,) = bring("neptune", exported(tmp_path, "0", "10"))
    assert ({}, {}) == (outcome.skipped, outcome.problems)
    run = bring.run("first")
    assert (["a", "b"], {"params": {"lr": 0.1, "layers": 3}}) == (run.tags, run.config)
    assert [(0, 0.5), (10, 0.5)] == [(step, value) for step, _, value in bring.points("first", "loss")]
    assert [("weights", 10, "histogram")] == [(m.metric, m.step, m.type) for m in run.media()]
    assert ["run-RUN-1-files:v0"] == [artifact.name for artifact in run.logged_artifacts()]


def test_neptunes_steps_may_have_decimals(tmp_path, bring):
    """Steps that are not all whole are counted, and each is kept beside."""
    bring("neptune", exported(tmp_path, "0.5", "1.25"))
    assert [(0, 0.5), (1, 1.25)] == [(step, value) for step, _, value in bring.points("first", "neptune_step")]
    assert [0, 1] == [step for step, _, _ in bring.points("first", "loss")]
