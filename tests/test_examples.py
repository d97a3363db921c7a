"""The examples run as they stand, on real data, and record what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aspara.catalog.catalog import Catalog

EXAMPLES = Path(__file__).parent.parent / "examples"

pytest.importorskip("sklearn", reason="the examples train with scikit-learn")


def run_example(name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )


def test_train_script(tmp_path: Path):
    """The script learns, and its run has curves, a summary of its own and an artifact."""
    done = run_example("train_script.py", "--epochs", "8", "--learning-rate", "0.01", ASPARA_DATA_DIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    catalog = Catalog(tmp_path)
    info = catalog.runs("digits-mlp")[0]
    detail = catalog.run("digits-mlp", info.run)
    assert info.status == "completed"
    assert info.config["learning_rate"] == 0.01
    assert detail.metrics == ["epoch", "train/loss", "val/accuracy", "val/loss"]
    assert info.summary["val/accuracy"] > 0.9
    assert info.summary["parameters"] == 64 * 64 + 64 + 64 * 10 + 10
    assert [a["name"] for a in detail.artifacts] == ["confusion.csv"]


def test_remote_run_needs_an_address():
    """Without a tracker's address the remote example says how to give one."""
    done = run_example("remote_run.py")
    assert done.returncode == 1
    assert "ASPARA_TRACKER_URI" in done.stderr


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_remote_run(how: str, tmp_path: Path):
    """The remote example's run lies complete in the tracker's data directory when the script has ended."""
    tracker = subprocess.Popen(
        [sys.executable, "-m", "aspara.cli.main", "tracker", "--port", "0", "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert tracker.stdout is not None
        address = next(line.split()[-1] for line in tracker.stdout if "Aspara tracker" in line)
        done = (
            run_example("remote_run.py", address)
            if how == "argument"
            else run_example("remote_run.py", ASPARA_TRACKER_URI=address)
        )
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        tracker.terminate()
        tracker.communicate(timeout=20)
    info = Catalog(tmp_path).runs("digits-remote")[0]
    assert (info.status, info.last_step) == ("completed", 9)
    assert info.summary["val/accuracy"] > 0.9


def test_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The notebook runs from top to bottom in a real kernel; every cell shows what it says, and both runs are recorded."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    monkeypatch.setenv("ASPARA_DATA_DIR", str(tmp_path))
    notebook = nbformat.read(EXAMPLES / "live_chart.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    cells = {cell["id"]: cell for cell in notebook.cells}
    for cell in ("train", "again", "compare"):
        (shown,) = [output["data"] for output in cells[cell]["outputs"] if "data" in output]
        assert {"image/svg+xml", "application/vnd.plotly.v1+json"} <= set(shown)
    (table,) = [output["data"]["text/plain"] for output in cells["read"]["outputs"]]
    assert "rate 0.03" in table
    assert "rate 0.3" in table
    assert "text/html" in cells["dashboard"]["outputs"][-1]["data"]
    runs = Catalog(tmp_path).runs("digits-notebook")
    assert ["completed"] * 2 == [run.status for run in runs]
    assert all(run.summary["val/accuracy"] > 0.9 for run in runs)
    assert len(nbformat.writes(notebook)) < 250_000


def test_notebook_is_stored_clean():
    """The notebook is stored without outputs and execution counts."""
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(EXAMPLES / "live_chart.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [([], None)] * len(code) == [(cell.outputs, cell.execution_count) for cell in code]
