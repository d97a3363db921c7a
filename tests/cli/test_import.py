"""`aspara import`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent.parent / "importers" / "samples"


def test_table_of_runs(cli):
    """Each run has a line with what came; what has no place here is said on stderr. Again: nothing new."""
    answer = cli("import", "wandb", str(SAMPLES / "wandb"))
    assert 0 == answer.code
    assert [["digits/cafe", "new"], ["digits/failed", "new"]] == [
        [line.split()[0], line.split()[-3]] for line in answer.out.splitlines()[1:]
    ]
    left = cli("import", "wandb", str(SAMPLES / "wandb-media"))
    assert "Left where they are: 1 versions of artifacts" in left.err
    again = cli("import", "wandb", str(SAMPLES / "wandb"))
    assert ["unchanged", "unchanged"] == [line.split()[-3] for line in again.out.splitlines()[1:]]
    assert "café ☕" in cli("show", "digits/cafe").out


def test_problems_name_the_run(cli, tmp_path):
    """What could not be read is said with the run that it belongs to: several runs have files of the same name."""
    source = tmp_path / "mlruns"
    shutil.copytree(SAMPLES / "mlflow", source)
    for path in source.rglob("metrics/loss"):
        path.write_bytes(b"what is this\n" + path.read_bytes())
    answer = cli("import", "mlflow", str(source), "--project", "m")
    lines = [line for line in answer.err.splitlines() if "line 1 is no point" in line]
    assert len(lines) > 1
    assert all(line.startswith("Could not be read: run '") for line in lines)
    assert len(set(lines)) == len(lines)


def test_dry_run(cli, data):
    """A dry run says what would come and writes nothing."""
    before = sorted(data.rglob("*"))
    assert "would be new" in cli("import", "mlflow", str(SAMPLES / "mlflow"), "--project", "m", "--dry-run").out
    assert before == sorted(data.rglob("*"))


@pytest.mark.parametrize("source", ["tensorboard", "wandb", "mlflow"])
def test_auto_looks(source, cli):
    """`auto` finds out what a folder holds."""
    told = json.loads(cli("import", "auto", str(SAMPLES / source), "--project", "p", "--json").out)
    assert source == told["source"]
    assert {"p"} == {run["project"] for run in told["runs"]}
    assert len(told["runs"]) == told["total"] > 1


def test_json(cli):
    """--json has what became of each run, the problems and what was left."""
    told = json.loads(cli("import", "tensorboard", str(SAMPLES / "tensorboard"), "--json").out)
    slow = next(run for run in told["runs"] if run["name"] == "slow")
    assert ("new", 72, {}) == (slow["state"], slow["points"], slow["skipped"])
    told = json.loads(cli("import", "tensorboard", str(SAMPLES / "tensorboard-media"), "--project", "m", "--json").out)
    assert {"pr curves values": 1} == next(run for run in told["runs"] if run["name"] == "old")["skipped"]
    assert "tensorboard" == slow["project"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["wandb", "/no/such"], 2, "There is no '/no/such'"),
        (["auto", "{samples}/make.py"], 2, "looks like none of tensorboard, wandb"),
        (["auto", "{data}"], 2, "are here already"),
        (["aspara", "{data}/digits"], 2, "are here already"),
        (["wandb", "http://127.0.0.1:1"], 2, "wandb runs are brought from files"),
        (["auto", "http://127.0.0.1:1"], 1, "http://127.0.0.1:1 cannot be reached"),
        (["mlflow", "{data}"], 2, "give a folder 'mlruns'"),
        (["wandb", "{samples}/wandb", "--project", "../x"], 2, "no valid project name"),
        (["wandb", "{samples}/wandb", "--run-column", "x"], 2, "--run-column is for csv, parquet and jsonl"),
        (["csv", "{samples}/make.py", "--step-column", "nope"], 2, "no step column 'nope'"),
    ],
)
def test_errors(arguments, code, said, cli, data):
    """An error is one line that names the value and the way out."""
    answer = cli("import", *(a.format(data=data, samples=SAMPLES) for a in arguments))
    assert (code, "") == answer[:2]
    assert said in answer.err
    assert 1 == answer.err.count("\n")
