"""The commands of the migration guides run on what the other trackers wrote, and end with the runs being here."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

import aspara
from tests.importers.test_rivals import exported
from tests.test_howto import DOCS, blocks, follow

PAGES = sorted((DOCS / "migrate").glob("*.md"))
SAMPLES = Path(__file__).parent / "importers" / "samples"
RUNS = {"wandb": 2, "tensorboard": 5, "mlflow": 2, "trackio": None, "neptune": 1, "aim": 2}
"""How many runs the project has behind a page's commands; None: some."""


def prepare(page: str, folder: Path) -> None:
    """Puts what the other tracker wrote where the page's commands look for it."""
    if page == "wandb":
        shutil.copytree(SAMPLES / "wandb", folder / "wandb")
    elif page == "tensorboard":
        shutil.copytree(SAMPLES / "tensorboard", folder / "logs")
    elif page == "mlflow":
        shutil.copytree(SAMPLES / "mlflow" / "mlruns", folder / "mlruns")
    elif page == "trackio":
        with sqlite3.connect(folder / "trackio.db") as connection:
            connection.executescript((SAMPLES / "trackio.sql").read_text(encoding="utf-8"))
        connection.close()
    elif page == "neptune":
        exported(folder, "0", "1")


def test_there_is_a_page_for_each_tracker():
    """wandb, TensorBoard, MLflow, trackio, Neptune and Aim have a page, each with a table of words."""
    assert set(RUNS) == {page.stem for page in PAGES}
    assert all("\n|---|---|\n" in page.read_text("utf-8") and blocks(page) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_run(page: Path, tmp_path: Path):
    """Every block ends with 0, and the runs are in the project."""
    prepare(page.stem, tmp_path)
    follow(page, tmp_path)
    found = len(aspara.Api(tmp_path / "data").runs("digits"))
    assert found == (RUNS[page.stem] or found) > 0


def test_a_wandb_folder_becomes_one_page(tmp_path: Path):
    """Two commands, and the page has the runs' names and needs no other file."""
    page = DOCS / "migrate" / "wandb.md"
    prepare("wandb", tmp_path)
    follow(page, tmp_path)
    assert 2 == sum(len(code.splitlines()) for kind, code in blocks(page) if kind == "console")
    text = (tmp_path / "digits.html").read_text("utf-8")
    assert "café" in text
    assert "<script src=" not in text
