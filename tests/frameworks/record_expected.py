"""Records what the frameworks' wandb integrations make of the programs beside this file: ``python record_expected.py NAME ...``.

Run it by a Python that has a group's requirements and wandb 0.31.0, and commit what it writes to ``expected/``. Nothing goes
online. Kept are the steps and keys of each row, the keys of config and summary, and the releases it was made with: the values
of a training differ from one machine to the next.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.frameworks.frameworks import PROGRAMS, run_program  # noqa: E402  found by the line above
from tests.wandb.record_expected import run_of  # noqa: E402


def releases(names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in (*names, "wandb"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def record(program: str) -> dict[str, Any]:
    """Runs a program in an empty folder, and tells what its wandb runs hold."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": folder}
        done = run_program(program, "wandb", folder, environment)
        if done.returncode:
            raise SystemExit(f"{program}: {done.stdout}{done.stderr}")
        files = sorted(Path(folder).rglob("offline-run-*/*.wandb"), key=lambda path: path.stat().st_ctime_ns)
        runs = [run_of(path) for path in files]
    return {
        "releases": releases(PROGRAMS[program].packages),
        "runs": [
            {
                "rows": [[row["_step"], sorted(row.keys() - {"_step"})] for row in run["history"]],
                "config": sorted(run["config"]),
                "summary": sorted(run["summary"]),
            }
            for run in runs
        ],
    }


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(name, flush=True)
        text = json.dumps(record(name), sort_keys=True)
        (HERE / "expected" / f"{name}.json").write_text(
            text.replace('{"config"', '\n {"config"')
            .replace("[[", "[\n  [")
            .replace("]], ", "]],\n  ")
            .replace("]], [", "]],\n  [")
            + "\n"
        )
