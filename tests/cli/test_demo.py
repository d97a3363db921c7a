"""`aspara demo`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aspara.catalog.catalog import Catalog

pytest.importorskip("sklearn", reason="the demo trains with scikit-learn")


def test_once_trains_and_exits(tmp_path: Path):
    """--once trains real runs within seconds, each better than guessing, and exits 0."""
    command = [sys.executable, "-m", "aspara.cli.main", "demo", "--once", "--port", "0", "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    runs = Catalog(tmp_path).runs("digits")
    assert {"lr-0.1", "lr-0.01"} == {run.name for run in runs}
    assert {"completed"} == {run.status for run in runs}
    assert all(run.summary["val/accuracy"] > 0.8 for run in runs)


def test_ctrl_c_ends_demo_and_training(tmp_path: Path, start):
    """While it trains, the demo's page shows the run; Ctrl-C ends both in good order, the run marked as failed."""
    program = start("demo", "--port", "0", "--data-dir", str(tmp_path), until="Training lr-0.1")
    answer = program.stop(signal.SIGINT)
    assert (answer.code, answer.err) == (0, "")
    assert Catalog(tmp_path).run("digits", "lr-0.1").info.status == "failed"
    assert json.loads((tmp_path / "digits" / "lr-0.1.meta.json").read_text())["exit_code"] == 143


def test_without_scikit_learn(cli, monkeypatch):
    """Where scikit-learn is missing the demo says how to get it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    answer = cli("demo", "--once")
    assert answer.code == 1
    assert "pip install scikit-learn" in answer.err
