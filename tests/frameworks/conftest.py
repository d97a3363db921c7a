"""Which group of frameworks is tested: FRAMEWORKS_GROUP, as ``make test-frameworks`` sets it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.frameworks import HERE, run_program


@pytest.fixture
def train(tmp_path: Path):
    """Trains by a program of ``programs/``, and returns its runs, the oldest first."""

    def run(name: str, way: str, launcher: tuple[str, ...] = (), **variables: str) -> list[Any]:
        import aspara

        data = tmp_path / "data"
        folder = tmp_path / "work"
        folder.mkdir()
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("WANDB_")},
            "ASPARA_DATA_DIR": str(data),
            "ASPARA_CAPTURE": "off",
            "WANDB_API_KEY": "0" * 40,  # Ray asks for one before it asks wandb
            **variables,
        }
        done = run_program(name, way, folder, environment, launcher)
        assert done.returncode == 0 or name == "hydra", done.stdout + done.stderr
        api = aspara.Api(data)
        found = [run for project in api.projects() for run in api.runs(project.name, order="+created_at")]
        assert found, done.stdout + done.stderr
        return found

    return run


def expected(name: str) -> dict[str, Any]:
    """What wandb made of a program."""
    return json.loads((HERE / "expected" / f"{name}.json").read_text(encoding="utf-8"))
