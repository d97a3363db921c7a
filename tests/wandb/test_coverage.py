"""How much of what public examples use of wandb is served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[2].parent / "shared" / "wandb_usage.json"


@pytest.mark.skipif(not CORPUS.exists(), reason="The list of what the examples use does not lie beside the repository.")
@pytest.mark.parametrize("name", ["wandb", "aspara"])
def test_examples_find_every_name_and_argument(name: str, data: Path):
    """At least 95 % of the files have all names and keyword arguments they use, as `import wandb` and as `import aspara as wandb`."""
    command = [sys.executable, "-m", "aspara.wandb", str(Path(__file__).parent / "coverage.py"), name, str(CORPUS)]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    share = 1 - len(found["missing"]) / found["files"]
    assert share >= 0.95, f"{share:.1%} of {found['files']} files: {found['missing']}"
