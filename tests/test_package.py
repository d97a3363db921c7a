"""The wheel: what users install carries everything, and nothing that is ours alone."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aspara.version import __version__

ROOT = Path(__file__).parent.parent

pytest.importorskip("hatchling", reason="the wheel is built with hatchling")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """`pip wheel .`"""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(folder / f"aspara-{__version__}-py3-none-any.whl")


@pytest.mark.parametrize("folder", ["aspara/web/static", "aspara_jupyter/static"])
def test_carries_the_front_end(folder: str, wheel: zipfile.ZipFile):
    """Every built file that a manifest names is in the wheel, so users need no Node."""
    manifest = json.loads(wheel.read(f"{folder}/manifest.json"))
    assert manifest
    assert {f"{folder}/{name}" for name in manifest.values()} <= set(wheel.namelist())


def test_enables_the_server_extension(wheel: zipfile.ZipFile):
    """Installing it enables the extension: its configuration lands where Jupyter looks."""
    name = f"aspara-{__version__}.data/data/etc/jupyter/jupyter_server_config.d/aspara_jupyter.json"
    assert json.loads(wheel.read(name))["ServerApp"]["jpserver_extensions"] == {"aspara_jupyter": True}


def test_carries_the_lab_extension(wheel: zipfile.ZipFile):
    """The launcher's card lands where JupyterLab looks."""
    names = wheel.namelist()
    assert f"aspara-{__version__}.data/data/share/jupyter/labextensions/aspara/package.json" in names


def test_carries_no_tests_and_no_sources_of_the_front_end(wheel: zipfile.ZipFile):
    """Tests, examples, documentation and TypeScript stay in the repository."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    info = f"aspara-{__version__}"
    assert tops == {"aspara", "aspara_jupyter", f"{info}.data", f"{info}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith((".ts", ".tsx", ".pyc"))]
    assert "aspara/py.typed" in wheel.namelist()


def test_offers_the_command(wheel: zipfile.ZipFile):
    """`aspara` is the command line; notebooks find their side by entry points."""
    told = wheel.read(f"aspara-{__version__}.dist-info/entry_points.txt").decode()
    assert "aspara = aspara.cli.main:main" in told
    assert "[aspara.notebook]" in told


def test_carries_the_package_wandb(wheel: zipfile.ZipFile):
    """The folder that stands for an installed wandb is in the wheel, with its metadata."""
    folder = "aspara/wandb/path_entry"
    names = set(wheel.namelist())
    assert f"{folder}/wandb/__init__.py" in names
    assert b"Name: wandb" in wheel.read(f"{folder}/wandb-0.31.0.dist-info/METADATA")
