"""Trainings of two processes: rank 0 records the run, or each rank one of the group."""

from __future__ import annotations

import os
import socket

import pytest

pytestmark = pytest.mark.frameworks
GROUP = os.environ.get("FRAMEWORKS_GROUP")


def torchrun() -> tuple[str, ...]:
    """torchrun with two processes that meet at a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    places = ("--master-addr", "127.0.0.1", "--master-port", str(port), "--local-addr", "127.0.0.1")
    return ("-m", "torch.distributed.run", "--nproc-per-node", "2", *places)


@pytest.mark.skipif(GROUP != "lightning", reason="torch is in the group lightning")
def test_plain_torch_gives_one_run(train):
    """Under torchrun the first process records, and the loss is the mean of all."""
    (run,) = train("torch", "aspara", torchrun())
    assert [1.5, 1.5] == [row["loss"] for row in run.scan_history()]


@pytest.mark.skipif(GROUP != "lightning", reason="torch is in the group lightning")
def test_ranks_of_a_group_are_runs(train):
    """With a group each process records a run of its own."""
    runs = train("torch", "group", torchrun())
    assert {("ddp", 1.0), ("ddp", 2.0)} == {(run.group, run.summary["own"]) for run in runs}


@pytest.mark.skipif(GROUP != "lightning", reason="Lightning is in the group lightning")
def test_lightning_with_two_processes_gives_one_run(train):
    """Lightning starts the second process itself; rank 0 logs."""
    (run,) = train("lightning", "aspara", DEVICES="2")
    assert "test_loss" in run.summary


@pytest.mark.skipif(GROUP != "huggingface", reason="transformers is in the group huggingface")
@pytest.mark.parametrize("name", ["transformers", "accelerate"])
def test_hugging_face_with_two_processes_gives_one_run(name: str, train):
    """Under torchrun the world's first process records."""
    (run,) = train(name, "aspara", torchrun())
    assert len(list(run.scan_history())) > 2
