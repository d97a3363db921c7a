"""What stands where something else belongs is passed over, and told: by the run's problems, on its page, and by the doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.catalog.catalog import Catalog


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    for name in ("r", "other"):
        run = aspara.Run(name, "p", dir=data, capture=False, config={"lr": 1})
        run.log({"loss": 1.0})
        run.finish()
    return data


def problems(data: Path, run: str = "r") -> list[tuple[str, str]]:
    return [(found["file"], found["reason"]) for found in Catalog(data).run("p", run).json()["problems"]]


def doctor(data: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aspara", "doctor", "--data-dir", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("config", 5, "config holds a number where an object belongs"),
        ("summary", ["a"], "summary holds a list where an object belongs"),
        ("metric_summary", "x", "metric_summary holds a text where an object belongs"),
        ("metric_summary", {"loss": 3}, "metric_summary of 'loss' holds no object"),
        ("tags", "x", "tags holds a text where a list belongs"),
        ("tags", [1], "tags hold values that are no texts"),
        ("notes", 7, "notes holds a number where a text belongs"),
        ("display_name", {}, "display_name holds an object where a text belongs"),
        ("exit_code", "no", "exit_code holds a text where a whole number belongs"),
        ("last_step", True, "last_step holds true or false where a whole number belongs"),
        ("start_time", "yesterday", "start_time holds a text that is no time"),
    ],
)
def test_metadata_of_a_wrong_kind_is_told(data: Path, key: str, value: Any, reason: str) -> None:
    path = data / "p" / "r.meta.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    assert problems(data) == [("r.meta.json", reason)]
    assert {info.run: info.problem_count for info in Catalog(data).runs("p")} == {"r": 1, "other": 0}
    found = doctor(data)
    assert f"p/r.meta.json: {reason}" in found.stdout
    assert found.returncode == 1


@pytest.mark.parametrize("what", ["folder", "pipe", "link"])
def test_a_row_file_that_is_none_is_told(data: Path, what: str) -> None:
    path = data / "p" / "r.jsonl"
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(data / "p" / "other.jsonl")
    reason = {
        "folder": "a folder where a file belongs; it is not read",
        "pipe": "a pipe or device where a file belongs; it is not read",
        "link": "a link, which is not followed",
    }[what]
    assert problems(data) == [("r.jsonl", reason)]
    found = doctor(data)
    assert f"p/r.jsonl: is {reason}" in found.stdout
    assert found.returncode == 1


def test_a_run_in_order_has_no_problems(data: Path) -> None:
    """Also of one that is running, of one without an end, and of the first release's metadata."""
    run = aspara.Run("live", "p", dir=data, config={"a": [1]}, tags=["x"], notes="n", group="g", job_type="j")
    run.log({"loss": 1.0})
    run.define_metric("loss", summary="min", goal="minimize")
    run.flush()
    assert [] == problems(data, "live") == problems(data)
    run.finish()
    assert [] == problems(data, "live")
    assert doctor(data).returncode == 0
