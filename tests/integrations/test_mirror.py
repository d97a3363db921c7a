"""mirror(): what a program logs to another tracker is recorded here too, and the program notices nothing.

The trackers are stand-ins with the functions that programs call; ``tests/frameworks/test_mirror.py`` uses the real ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.errors import UsageError

WANDB_RUN = """
class Config(dict):
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


class Run:
    disabled = False

    def __init__(self, **given):
        self.id, self.project, self.name = given["id"], given["project"], given.get("name")
        self.config, self._summary, self.rows = Config(given.get("config") or {}), {}, []
        self.tags, self.notes, self.group, self.job_type = tuple(given.get("tags") or ()), given.get("notes"), None, None
        self.is_over = False

    @property
    def summary(self):
        assert not self.is_over, "a finished run answers no more"
        return self._summary

    def log(self, data, step=None, commit=None):
        if not isinstance(data, dict):
            raise TypeError("must be a dict")
        self.rows.append(data)
        self.summary.update(data)

    def finish(self, exit_code=None):
        self.is_over = True

    def alert(self, title, text, level=None, wait_duration=None):
        pass
"""
WANDB = """
from wandb.sdk.wandb_run import Run

run = None


def init(**given):
    global run
    run = Run(**given)
    return run


def log(*args, **options):
    run.log(*args, **options)


def finish(exit_code=None):
    run.finish(exit_code)
"""
CLIENT = """
from types import SimpleNamespace as N

runs = {}


class MlflowClient:
    def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
        info = N(run_id=f"{len(runs):032x}", experiment_id=experiment_id, run_name=run_name)
        runs[info.run_id] = N(info=info, data=N(tags=tags or {}, params={}))
        return runs[info.run_id]

    def get_run(self, run_id):
        return runs[run_id]

    def get_experiment(self, experiment_id):
        return N(name="digits")

    def log_metric(self, run_id, key, value, timestamp=None, step=None):
        return "logged"

    def log_batch(self, run_id, metrics=(), params=(), tags=(), synchronous=None):
        for metric in metrics:
            self.log_metric(run_id, metric.key, metric.value)

    def log_param(self, run_id, key, value):
        return value

    def set_tag(self, run_id, key, value):
        pass

    def set_terminated(self, run_id, status=None, end_time=None):
        pass
"""
WRITER = """
class SummaryWriter:
    def __init__(self, logdir):
        self.logdir = logdir

    def add_scalar(self, tag, scalar_value, global_step=None):
        pass

    def add_hparams(self, hparam_dict, metric_dict):
        self.add_scalar("best", 1.0)

    def close(self):
        pass
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program beside the stand-ins; ``{mirror}`` in it stands before or after the imports."""
    work = tmp_path / "work"
    files = {
        "wandb/__init__.py": WANDB,
        "wandb/sdk/__init__.py": "",
        "wandb/sdk/wandb_run.py": WANDB_RUN,
        "mlflow/__init__.py": "",
        "mlflow/tracking/__init__.py": "",
        "mlflow/tracking/client.py": CLIENT,
        "tensorboardX/__init__.py": "from tensorboardX.writer import SummaryWriter",
        "tensorboardX/writer.py": WRITER,
    }
    for name, text in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(source: str, tool: str, order: str) -> subprocess.CompletedProcess[str]:
        mirror = f"import aspara; mirror = aspara.mirror({tool!r}, capture=False)\n"
        imports, _, rest = source.partition("\n\n")
        text = mirror + imports + "\n" + rest if order == "mirror first" else imports + "\n" + mirror + rest
        (work / "script.py").write_text(text)
        environment = {**os.environ, "ASPARA_DATA_DIR": str(tmp_path / "data")}
        return subprocess.run(
            [sys.executable, "script.py"], cwd=work, env=environment, capture_output=True, text=True, check=False
        )

    return run


def runs(tmp_path: Path, project: str) -> list[Any]:
    return list(aspara.Api(tmp_path / "data").runs(project, order="+created_at"))


def rows(run: Any) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in ("_timestamp", "_runtime")}
        for row in run.scan_history()
    ]


ORDERS = pytest.mark.parametrize("order", ["mirror first", "import first"])


@ORDERS
def test_wandb_is_mirrored(order: str, program, tmp_path: Path):
    """Project, id, name, config and its changes, rows, results, tags and the end are wandb's."""
    done = program(
        """import wandb

run = wandb.init(project="digits", id="abc", name="first", config={"lr": 0.1}, tags=["a"], notes="why")
for step in range(2):
    wandb.log({"loss": 1.0 / (step + 1), "train": {"acc": step}})
run.log({"late": 5}, step=7)
run.config.layers = 3
run.summary["best"] = 0.5
run.alert("slow", "It is slow.")
wandb.finish(exit_code=3)
print(len(run.rows))
""",
        "wandb",
        order,
    )
    assert (0, "3\n", "aspara: INFO slow: It is slow.\n") == (done.returncode, done.stdout, done.stderr)
    (run,) = runs(tmp_path, "digits")
    assert ("abc", "first", ["a"], "why", 3) == (run.id, run.name, run.tags, run.notes, run.exit_code)
    assert {"lr": 0.1, "layers": 3} == run.config
    assert 0.5 == run.summary["best"]
    assert [
        {"_step": 0, "loss": 1.0, "train.acc": 0},
        {"_step": 1, "loss": 0.5, "train.acc": 1},
        {"_step": 7, "late": 5},
    ] == rows(run)
    assert ["slow"] == [alert["title"] for alert in run.metadata["alerts"]]


@ORDERS
def test_mlflow_is_mirrored(order: str, program, tmp_path: Path):
    """Experiment, name, parameters as numbers, metrics with their steps, tags, note and status are MLflow's."""
    done = program(
        """from types import SimpleNamespace as N; from mlflow.tracking.client import MlflowClient

client = MlflowClient()
run_id = client.create_run("0", run_name="first", tags={"team": "x"}).info.run_id
client.log_param(run_id, "lr", 0.1)
print(client.log_metric(run_id, "loss", 0.5, step=3))
client.log_batch(run_id, [N(key="acc", value=0.25, step=4, timestamp=1700000000000)], [N(key="opt", value="sgd")])
client.set_tag(run_id, "mlflow.note.content", "why")
client.set_terminated(run_id, "FAILED")
""",
        "mlflow",
        order,
    )
    assert (0, "logged\n", "") == (done.returncode, done.stdout, done.stderr)
    (run,) = runs(tmp_path, "digits")
    assert ("first", ["team: x"], "why", "failed") == (run.name, run.tags, run.notes, run.state)
    assert {"lr": 0.1, "opt": "sgd"} == run.config
    assert [{"_step": 3, "loss": 0.5}, {"_step": 4, "acc": 0.25}] == rows(run)


@ORDERS
def test_tensorboard_is_mirrored(order: str, program, tmp_path: Path):
    """Each writer has its run; what a writer calls of itself is not recorded a second time."""
    done = program(
        """from tensorboardX import SummaryWriter

for name in ("a", "b"):
    writer = SummaryWriter(f"logs/{name}")
    writer.add_scalar("loss", 0.5, 10)
    writer.add_hparams({"lr": 0.1}, {"best": 1.0})
    writer.close()
""",
        "tensorboard",
        order,
    )
    assert (0, "") == (done.returncode, done.stderr)
    first, second = runs(tmp_path, "logs")
    assert ("a", "b") == (first.name, second.name)
    assert [{"_step": 0, "loss": 0.5, "global_step": 10}] == rows(first)
    assert (0.1, 1.0) == (first.config["lr"], first.summary["best"])


def test_the_program_never_notices(program, tmp_path: Path):
    """Where runs cannot be recorded here there is a note; the other tracker's errors and results are its own."""
    (tmp_path / "data").write_text("a file, and no folder")
    done = program(
        """import wandb

run = wandb.init(project="digits", id="abc")
wandb.log({"loss": 1.0})
try:
    wandb.log([1])
except TypeError as error:
    print(error)
wandb.finish()
print(len(run.rows))
""",
        "wandb",
        "mirror first",
    )
    assert (0, "must be a dict\n1\n") == (done.returncode, done.stdout)
    assert 1 == done.stderr.count("could not be mirrored")


def test_stop_restores_the_functions(program, tmp_path: Path):
    """After stop() the mirrored runs are finished and the functions are the library's own; another mirror may begin."""
    done = program(
        """import json, wandb

run = wandb.init(project="digits", id="abc")
wandb.log({"loss": 1.0})
mirror.stop()
mirror.stop()
wandb.log({"loss": 2.0})
with aspara.mirror("wandb", capture=False):
    wandb.init(project="digits", id="def").log({"loss": 3.0})
wandb.init(project="digits", id="ghi")
print(json.dumps([hasattr(wandb.init, "__wrapped__"), hasattr(type(run).log, "__wrapped__"), len(run.rows)]))
""",
        "wandb",
        "import first",
    )
    assert [False, False, 2] == json.loads(done.stdout), done.stderr
    assert {"abc": [1.0], "def": [3.0]} == {r.id: [row["loss"] for row in rows(r)] for r in runs(tmp_path, "digits")}


def test_a_tool_without_a_mirror_is_named():
    """The error names those that there are."""
    with pytest.raises(UsageError, match="choose one of 'wandb', 'mlflow', 'tensorboard'"):
        aspara.mirror("neptune")
