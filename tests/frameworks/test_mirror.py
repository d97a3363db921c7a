"""mirror() beside the real wandb (offline), MLflow and tensorboardX: ``make test-frameworks GROUPS=rivals``."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import aspara

pytestmark = pytest.mark.frameworks

WANDB = """
import numpy as np
import wandb
run = wandb.init(project="digits", name="first", config={"lr": 0.1}, tags=["a"], notes="why", group="g", job_type="t")
for step in range(3):
    wandb.log({"loss": 1 / (step + 1), "nested": {"a": step}})
run.log({"late": 5, "image": wandb.Image(np.zeros((4, 4, 3), dtype="uint8"), caption="dark"), "h": wandb.Histogram([1, 2])}, step=10)
table = wandb.Table(columns=["a", "b"], data=[["x", 1]])
run.log({"table": table})
run.log({"bar": wandb.plot.bar(wandb.Table(columns=["a", "b"], data=[["x", 1]]), "a", "b")})
wandb.config.layers = 3
run.summary["best"] = 0.5
open("data.txt", "w").write("x")
artifact = wandb.Artifact("data", "dataset")
artifact.add_file("data.txt")
run.log_artifact(artifact, aliases=["good"])
"""
MLFLOW = """
import mlflow
mlflow.set_tracking_uri("sqlite:///ml.db")
mlflow.set_experiment("digits")
with mlflow.start_run(run_name="first") as run:
    mlflow.log_params({"lr": 0.1, "opt": "sgd"})
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"acc": step / 10}, step=step)
    mlflow.set_tag("team", "x")
    mlflow.log_text("hello", "a/b.txt")
with mlflow.start_run(run_id=run.info.run_id):
    mlflow.log_metric("loss", 0.1, step=9)
try:
    with mlflow.start_run(run_name="second"):
        raise ValueError
except ValueError:
    pass
"""
TENSORBOARD = """
from tensorboardX import SummaryWriter
writer = SummaryWriter("logs/first")
for step in range(3):
    writer.add_scalar("loss", 1 / (step + 1), step)
writer.add_hparams({"lr": 0.1}, {"best": 1.0})
writer.close()
"""


def mirrored(tool: str, source: str, first: bool, folder: Path) -> list[Any]:
    """The runs that a program left here."""
    mirror = f"import aspara\naspara.mirror({tool!r}, capture=False)\n"
    lines = source.splitlines(keepends=True)
    begin = next(number for number, line in enumerate(lines) if line.startswith(("import " + tool, "from " + tool))) + 1
    text = mirror + source if first else "".join([*lines[:begin], mirror, *lines[begin:]])
    (folder / "script.py").write_text(text)
    data = folder / "data"
    environment = {**os.environ, "ASPARA_DATA_DIR": str(data), "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mirrored" not in done.stderr
    api = aspara.Api(data)
    return [run for project in api.projects() for run in api.runs(project.name, order="+created_at")]


def rows(run: Any) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in ("_timestamp", "_runtime")}
        for row in run.scan_history()
    ]


ORDERS = pytest.mark.parametrize("first", [True, False], ids=["mirror first", "import first"])


@ORDERS
@pytest.mark.skipif(find_spec("wandb") is None, reason="wandb is not installed")
def test_wandb(first: bool, tmp_path: Path):
    """The run here is what wandb's own file holds, as the importer reads it."""
    (run,) = mirrored("wandb", WANDB, first, tmp_path)
    assert ("first", ["a"], "why", "g", "t") == (run.name, run.tags, run.notes, run.group, run.job_type)
    assert ({"lr": 0.1, "layers": 3}, 0.5) == (run.config, run.summary["best"])
    assert {"image": "image", "h": "histogram", "table": "table", "bar": "table"} == {
        m.metric: m.type for m in run.media()
    }
    assert ["data:v0"] == [artifact.name for artifact in run.logged_artifacts()]
    command = [sys.executable, "-m", "aspara", "import", "wandb", "wandb", "--data-dir", "imported"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (theirs,) = aspara.Api(tmp_path / "imported").runs("digits")
    assert run.id == theirs.id
    numbers = [
        [{key: value for key, value in row.items() if isinstance(value, int | float)} for row in rows(each)]
        for each in (run, theirs)
    ]
    assert numbers[1] == numbers[0]


@ORDERS
@pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow(first: bool, tmp_path: Path):
    """A resumed run goes on, a failed one has failed."""
    run, failed = mirrored("mlflow", MLFLOW, first, tmp_path)
    assert ("first", "finished", ["team: x"]) == (run.name, run.state, run.tags)
    assert {"lr": 0.1, "opt": "sgd"} == run.config
    assert ("second", "failed") == (failed.name, failed.state)
    assert [(0, 1.0, 0.0), (1, 1 / 2, 0.1), (2, 1 / 3, 0.2), (9, 0.1, None)] == [
        (row["_step"], row["loss"], row.get("acc")) for row in rows(run)
    ]


@ORDERS
@pytest.mark.skipif(find_spec("tensorboardX") is None, reason="tensorboardX is not installed")
def test_tensorboardx(first: bool, tmp_path: Path):
    """A writer's run has its values, the hyperparameters in its config."""
    (run,) = mirrored("tensorboard", TENSORBOARD, first, tmp_path)
    assert ("first", 0.1, 1.0) == (run.name, run.config["lr"], run.summary["best"])
    assert [(step, 1 / (step + 1)) for step in range(3)] == [(row["global_step"], row["loss"]) for row in rows(run)]
