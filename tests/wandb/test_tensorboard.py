"""TensorBoard's writers: what they are given is recorded here too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aspara
from aspara.integrations.tensorboard import SummaryWriter
from tests.wandb.conftest import answer

# A writer with tensorboardX's methods: it keeps what it is given.
WRITER = """
class SummaryWriter:
    def __init__(self, logdir=None):
        self.kept = []

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None):
        self.kept.append(tag)

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow"):
        self.kept.append(tag)
"""

PROGRAM = """
import json
{begin}
import wandb
run = wandb.init(project="p", id="r", sync_tensorboard=True)
from tensorboardX import SummaryWriter
writer = SummaryWriter("logs")
for step in (0, 10):
    writer.add_scalar("loss", 1.0 / (step + 1), step)
    writer.add_scalar("train/acc", step, global_step=step)
print(json.dumps(writer.kept))
wandb.finish()
"""


def rows(path: str) -> list[dict[str, Any]]:
    found = aspara.Api().run(path).scan_history()
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in found]


@pytest.mark.parametrize("unchanged", [True, False], ids=["unchanged", "one line changed"])
@pytest.mark.parametrize("imported", ["before", "after"])
def test_a_script_is_followed(imported: str, unchanged: bool, program, data: Path):
    """sync_tensorboard=True records each step as a row with `global_step`; the writer goes on as ever."""
    folder = program.folder / "tensorboardX"
    folder.mkdir()
    (folder / "writer.py").write_text(WRITER)
    (folder / "__init__.py").write_text("from tensorboardX.writer import SummaryWriter\n")
    begin = "import tensorboardX" if imported == "before" else ""
    done = program(PROGRAM.format(begin=begin), unchanged=unchanged)
    assert ["loss", "train/acc", "loss", "train/acc"] == answer(done)
    assert [
        {"loss": 1.0, "train/acc": 0, "global_step": 0},
        {"loss": 1.0 / 11, "train/acc": 10, "global_step": 10},
    ] == rows("p/r")
    assert "no effect" not in done.stderr


def test_the_writer_of_its_own(data: Path):
    """SummaryWriter takes TensorBoard's calls and needs no TensorBoard."""
    with aspara.init(project="p", id="r") as run, SummaryWriter("logs") as writer:
        writer.add_scalars("loss", {"train": 0.5, "val": 0.75}, 1)
        writer.add_histogram("weights", np.arange(10.0), 1)
        writer.add_image("picture", np.zeros((3, 4, 4)), 2)
        writer.add_text("note", "text", 2)
        writer.add_hparams({"lr": 0.1}, {"best": 1.0})
        writer.add_graph(None)
        assert (0.1, 1.0) == (run.config["lr"], run.summary["best"])
    first, second = rows("p/r")
    assert {"loss/train", "loss/val", "weights", "global_step"} == set(first)
    assert {"picture", "note", "global_step"} == set(second)
