"""The code of the tutorial and of every how-to page runs as it stands, in one directory, from top to bottom."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "howto").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    """The (language, code) of each block that runs."""
    return [(kind, code) for kind, code in _BLOCK.findall(page.read_text("utf-8")) if kind in ("python", "console")]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("ASPARA_")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**own, "ASPARA_DATA_DIR": str(folder / "data"), "ASPARA_CAPTURE": "off", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done


def follow(page: Path, folder: Path, environment: dict[str, str] | None = None) -> str:
    """Runs the page; returns what its commands printed."""
    printed = []
    for kind, code in blocks(page):
        if kind == "console":
            for line in code.splitlines():
                assert line.startswith("$ aspara "), line
                command = [sys.executable, "-m", *shlex.split(line.removeprefix("$ "), comments=True)]
                printed.append(run(command, folder, environment or {}).stdout)
        elif "import torch" not in code or find_spec("torch"):
            printed.append(run([sys.executable, "-c", code], folder, environment or {}).stdout)
    return "\n".join(printed)


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "remote"], ids=lambda page: page.stem)
def test_page_runs(page: Path, tmp_path: Path):
    """Each block ends with 0, and the page begins with one of Python."""
    assert blocks(page)[0][0] == "python"
    follow(page, tmp_path)


def test_tutorial_comes_to_its_decision(tmp_path: Path):
    """The best run is named, and is the baseline from then on; the one that was deleted is gone."""
    printed = follow(DOCS / "tutorial.md", tmp_path)
    assert "lr-10.0 10.0 0.9" in printed
    assert not list((tmp_path / "data" / "tutorial").glob("lr-0.001*"))
    command = [sys.executable, "-m", "aspara", "runs", "tutorial", "--tag", "baseline"]
    assert len(run(command, tmp_path, {}).stdout.splitlines()) == 2


def test_slurm_job_goes_on(tmp_path: Path):
    """The second attempt of the SLURM page's script continues the run of the first."""
    follow(DOCS / "howto" / "slurm.md", tmp_path)
    printed = follow(DOCS / "howto" / "slurm.md", tmp_path)
    assert "last step  19" in printed


def test_remote_page(tmp_path: Path):
    """The remote page's program records at a tracker when the two variables name one."""
    server = subprocess.Popen(
        [sys.executable, "-m", "aspara", "serve", "together", "--port", "0", "--data-dir", str(tmp_path / "kept")],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = next(found.group() for line in server.stdout if (found := re.search(r"http://[\w.:]+", line)))
        state = {"ASPARA_TRACKER_URI": address, "XDG_STATE_HOME": str(tmp_path / "state")}
        printed = follow(DOCS / "howto" / "remote.md", tmp_path, state)
    finally:
        server.terminate()
        server.communicate(timeout=20)
    assert "remote/far-away" in printed
    assert (tmp_path / "kept" / "remote" / "far-away.jsonl").is_file()
