"""Each framework's real training, in the release that ``requirements/`` names: what it records here has wandb's steps and keys.

``make test-frameworks`` runs these, a group of frameworks at a time; ``record_expected.py`` has made ``expected/``.
"""

from __future__ import annotations

import os
from importlib.metadata import version

import pytest

from tests.frameworks.conftest import expected
from tests.frameworks.frameworks import PROGRAMS

pytestmark = pytest.mark.frameworks

GROUP = os.environ.get("FRAMEWORKS_GROUP", "")
CHOSEN = [name for name, program in PROGRAMS.items() if program.group == GROUP]
COMPARED = [name for name in CHOSEN if PROGRAMS[name].has_wandb]


def rows_of(run) -> list[list]:
    """The steps and keys of a run's rows; nested values count as their first name, as in wandb's rows."""
    found = []
    for row in run.scan_history():
        keys = {key for key, value in row.items() if not key.startswith("_") and value is not None}
        if keys:
            found.append([row["_step"], sorted(keys)])
    return found


@pytest.mark.parametrize("way", ["aspara", "shim"])
@pytest.mark.parametrize("name", COMPARED)
def test_a_training_records_what_wandb_records(name: str, way: str, train):
    """Rows with wandb's steps and keys, by our integration and by the framework's own for wandb; no key of wandb's config and
    summary is missing.
    """
    wanted = expected(name)
    installed = {package: version(package) for package in PROGRAMS[name].packages}
    # Another release may log other keys: record them anew with it.
    assert installed == {package: wanted["releases"][package] for package in installed}
    runs = train(name, way)
    assert len(wanted["runs"]) == len(runs)
    for before, run in zip(wanted["runs"], runs, strict=True):
        assert before["rows"] == rows_of(run)
        assert set() == set(before["config"]) - set(run.config)
        media = {key for _, keys in before["rows"] for key in keys} - set(run.summary)
        assert set() == set(before["summary"]) - set(run.summary) - media
        assert run.state == "finished"
