"""Programs that use wandb, run in processes of their own with Aspara in its place."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aspara


@pytest.fixture(autouse=True)
def without_wandb_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No WANDB_ variable of the person who runs the tests counts."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data directory of a test."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(folder))
    yield folder
    aspara.finish()


@pytest.fixture
def program(data: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a program: ``unchanged`` with the module wandb made of Aspara, or with its import line changed."""
    folder = tmp_path / "work"
    folder.mkdir()

    def run(source: str, *arguments: str, unchanged: bool = True, check: bool = True, **variables: str) -> Any:
        text = textwrap.dedent(source)
        if not unchanged:
            text = re.sub(r"^import wandb$", "import aspara as wandb", text, flags=re.MULTILINE)
            text = re.sub(r"^from wandb\.", "from aspara.", text, flags=re.MULTILINE)
        (folder / "script.py").write_text(text)
        command = [sys.executable, *(["-m", "aspara.wandb"] if unchanged else []), "script.py", *arguments]
        environment = {**os.environ, "ASPARA_DATA_DIR": str(data), **variables}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    run.folder = folder  # type: ignore[attr-defined]
    return run


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a program printed last."""
    return json.loads(done.stdout.strip().splitlines()[-1])
