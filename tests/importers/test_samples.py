"""What other trackers wrote arrives as they themselves read it: every value, step and time, config, notes, tags, ends."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"

TOLD = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SAMPLES.glob("*.json")}


def same(one: float, other: float) -> bool:
    """Equal to the bit, the sign of zero and NaN included."""
    return (math.isnan(one) and math.isnan(other)) or (
        one == other and math.copysign(1, one) == math.copysign(1, other)
    )


@pytest.mark.parametrize(("name", "metric"), [(r, m) for r, found in TOLD["tensorboard"].items() for m in found])
def test_tensorboard_values(name, metric, sample, bring):
    """Scalars of both kinds, hyperparameter metrics and texts are those that TensorBoard reads."""
    bring("tensorboard", sample("tensorboard"))
    told = TOLD["tensorboard"][name][metric]
    name = name.removesuffix("/trial")  # what add_hparams() made
    if isinstance(told[0][2], list):
        metric = metric.removesuffix("/text_summary")
        rows = [(row["_step"], row[metric]) for row in bring.run(name).scan_history(keys=[metric])]
        assert rows == [(step, "\n".join(texts)) for step, _, texts in told]
        return
    found = bring.points(name, metric)
    assert [(step, round(time * 1000)) for step, time, _ in told] == [point[:2] for point in found]
    assert all(same(float(value), point[2]) for (_, _, value), point in zip(told, found, strict=True))


def test_tensorboard_hyperparameters(sample, bring):
    """Hyperparameters are the config; pictures and histograms come with the rest."""
    outcomes = bring("tensorboard", sample("tensorboard"))
    assert bring.run("tuned").config == {"lr": 0.1, "optimizer": "sgd", "nesterov": True, "layers": 3}
    assert {} == next(o for o in outcomes if o.name == "slow").skipped
    assert {"weights": "histogram", "sample": "image"} == {m.metric: m.type for m in bring.run("slow").media()}
    assert "tuned/trial" not in {o.name for o in outcomes}, "what add_hparams() makes belongs to its run"


def test_wandb_values(sample, bring):
    """Every history row, nested ones flattened with dots, with wandb's own step and time."""
    bring("wandb", sample("wandb"))
    told = TOLD["wandb"]["run-abc12345"]
    for metric in ("loss", "nested.acc", "nested.deep.x", "odd"):
        expected = [
            (int(row["_step"]), round(float(row["_timestamp"]) * 1000), json.loads(row[metric.replace(".", "/")]))
            for row in told
            if metric.replace(".", "/") in row
        ]
        found = bring.points("café ☕", metric)
        assert [e[:2] for e in expected] == [f[:2] for f in found]
        assert all(same(float(e[2]), f[2]) for e, f in zip(expected, found, strict=True)), metric
    assert 100 == bring.points("café ☕", "loss")[-1][0]


def test_wandb_facts(sample, bring):
    """Name, id, group, job type, tags, notes, config with later changes, results, start and end, exit code."""
    outcomes = bring("wandb", sample("wandb"))
    run = bring.run("café ☕")
    assert ("abc12345", "g1", "train", ["a", "b"], "first try") == (
        run.id,
        run.group,
        run.job_type,
        run.tags,
        run.notes,
    )
    assert {"lr": 0.1, "nested": {"depth": 3, "names": ["x", "y"]}, "nan": None, "late": 5} == run.config
    assert (0.25, 9, "text ☃") == (run.summary["best"], run.summary["loss"], run.summary["word"])
    assert "finished" == run.state
    assert 1795548242208 == run.metadata["start_time"]
    assert {} == next(o for o in outcomes if o.name == "café ☕").skipped
    assert [("hist", 8, "histogram")] == [(m.metric, m.step, m.type) for m in run.media()]
    failed = bring.run("failed")
    assert ("failed", 3) == (failed.state, failed.exit_code)
    assert {"val/*": {"step_metric": "epoch"}} == failed.metadata["metric_definitions"]


@pytest.mark.parametrize(("source", "store"), [("mlflow", "file"), ("mlflow.sql", "sqlite")])
def test_mlflow(source, store, sample, bring):
    """Both stores: values, steps and times; parameters as numbers; note, tags, status and times."""
    bring("mlflow", sample(source))
    for name, metrics in TOLD["mlflow"][store].items():
        for metric, told in metrics.items():
            found = bring.points(name, metric)
            assert [(step, time) for step, time, _ in told] == [point[:2] for point in found]
            assert all(same(float(value), point[2]) for (_, _, value), point in zip(told, found, strict=True))
    run = bring.run('fast: #1 "best"')
    assert {"lr": 0.1, "layers": 3, "opt": "sgd", "nesterov": True} == run.config
    assert (["team: vision"], "first\nsecond: line", "failed") == (run.tags, run.notes, run.state)
    assert 0 < run.metadata["finish_time"] - run.metadata["start_time"] < 60_000
    assert "finished" == bring.run("slow").state


def test_mlflow_of_both_stores_is_one_run(sample, bring):
    """A run is known by MLflow's id, wherever it is found the second time."""
    source = sample("mlflow")
    bring("mlflow", source)
    moved = source.rename(source.with_name("elsewhere"))
    assert {"unchanged"} == {outcome.state for outcome in bring("mlflow", moved)}


def test_trackio(sample, bring):
    """Values with steps and times, nested ones flattened; config, group and start."""
    bring("trackio", sample("trackio.sql"))
    run = bring.run("fast")
    assert ({"lr": 0.1, "nested": {"depth": 3}}, "g") == (run.config, run.group)
    points = bring.points("fast", "loss")
    assert [(step, 1 / (1 + 0.1 * step)) for step in range(30)] == [(step, value) for step, _, value in points]
    assert 1795548497067 == run.metadata["start_time"]
    odd = [value for _, _, value in bring.points("fast", "odd")]
    assert math.isnan(odd[0])
    assert math.inf == odd[1]
    assert [(4, 4, 1.0)] == [(step, step, value) for step, _, value in bring.points("fast", "deep.x")]
