"""Hydra, of which wandb has no integration."""

from __future__ import annotations

import os

import pytest

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.skipif(os.environ.get("FRAMEWORKS_GROUP") != "boosting", reason="Hydra is in the group boosting"),
]


def test_each_job_is_a_run_of_the_group(train):
    """A multirun gives a run for each job, in one group, with its config resolved; a job that raises has failed."""
    first, second = train("hydra", "aspara")
    assert ["lr=0.1", "lr=0.2"] == [first.name, second.name]
    assert first.group == second.group
    assert first.group.endswith("sweep")
    assert {"lr": 0.1, "twice": 0.1, "where": "train_hydra", "missing": "???"} == first.config
    assert ["finished", "failed"] == [first.state, second.state]
    assert [0, 1, 2] == [row["_step"] for row in second.scan_history()]
