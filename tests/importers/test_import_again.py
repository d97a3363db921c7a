"""Importing again adds nothing; a source that has grown brings what is new; an import that was interrupted goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import aspara
from aspara.importers.common.run_writer import RunWriter

SAMPLES = {
    "tensorboard": "tensorboard",
    "wandb": "wandb",
    "mlflow": "mlflow",
    "mlflow sqlite": "mlflow.sql",
    "trackio": "trackio.sql",
}


def contents(data: Path) -> dict[str, bytes]:
    return {str(p.relative_to(data)): p.read_bytes() for p in sorted(data.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_again_changes_no_byte(kind, backend, sample, bring, monkeypatch):
    """A second import says that nothing is new, and changes no file, with either backend."""
    monkeypatch.setenv("ASPARA_STORAGE_BACKEND", backend)
    source = sample(SAMPLES[kind])
    first = bring(kind.split()[0], source)
    assert {"new"} == {o.state for o in first} - {"empty"}
    before = contents(bring.data)
    again = bring(kind.split()[0], source)
    assert {"unchanged"} == {o.state for o in again} - {"empty"}
    assert 0 == sum(o.points for o in again)
    assert before == contents(bring.data)


@pytest.mark.parametrize("kind", SAMPLES)
def test_touched_sources_add_nothing(kind, sample, bring):
    """A source that looks changed and is not is read through, and adds nothing."""
    source = sample(SAMPLES[kind])
    first = bring(kind.split()[0], source)
    for path in [source, *source.rglob("*")]:
        os.utime(path, ns=(1, 1))
    assert 0 == sum(o.points for o in bring(kind.split()[0], source))
    runs = aspara.Api(bring.data).runs("p")
    assert len(runs) == sum(o.state == "new" for o in first)


def test_dry_run_writes_nothing(sample, bring):
    """A dry run counts what would come, and leaves no trace."""
    source = sample("wandb")
    outcomes = bring("wandb", source, dry=True)
    assert 0 < sum(o.points for o in outcomes)
    assert not bring.data.exists()
    assert [o.points for o in outcomes] == [o.points for o in bring("wandb", source)]


@pytest.mark.parametrize("cut", [100, 3000, 9000, -1])
def test_growing_event_file(cut, sample, bring):
    """A file that is still written gives its whole records; later only the further ones come. All in all: each once."""
    whole = bring("tensorboard", sample("tensorboard"), project="whole")
    source = bring.data.parent / "source" / "tensorboard"
    file = next((source / "slow").iterdir())
    content = file.read_bytes()
    file.write_bytes(content[:cut])
    bring("tensorboard", source, project="grown")
    file.write_bytes(content)
    outcome = next(o for o in bring("tensorboard", source, project="grown") if o.name == "slow")
    assert outcome.state in ("grown", "unchanged")
    assert bring.points("slow", "train/loss", "whole") == bring.points("slow", "train/loss", "grown")
    expected, found = bring.run("slow", "whole"), bring.run("slow", "grown")
    assert json.dumps(expected.summary) == json.dumps(found.summary)
    assert expected.metadata["metric_summary"] == found.metadata["metric_summary"]
    assert expected.metadata["finish_time"] == found.metadata["finish_time"]
    assert whole


def test_growing_wandb_run(sample, bring):
    """A run without an end is shown as crashed until a later import brings its end."""
    source = sample("wandb")
    file = next(source.glob("*abc12345/*.wandb"))
    content = file.read_bytes()
    file.write_bytes(content[:9000])
    bring("wandb", source)
    assert "crashed" == bring.run("café ☕").state
    some = len(bring.points("café ☕", "loss"))
    file.write_bytes(content)
    bring("wandb", source)
    assert "finished" == bring.run("café ☕").state
    assert some < len(bring.points("café ☕", "loss")) == 41


def test_growing_database(sample, bring):
    """New rows of a database come; the old ones are not doubled."""
    source = sample("trackio.sql")
    bring("trackio", source)
    with sqlite3.connect(source) as connection:
        connection.execute(
            "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) SELECT run_id, '2030-01-01T00:00:00Z', "
            "run_name, 30, '{\"loss\": 0.125}' FROM metrics WHERE run_name = 'fast' LIMIT 1"
        )
    connection.close()
    outcomes = {o.name: o for o in bring("trackio", source)}
    assert ("grown", 1) == (outcomes["fast"].state, outcomes["fast"].points)
    assert (30, 1893456000000, 0.125) == bring.points("fast", "loss")[-1]
    assert 31 == len(bring.points("fast", "loss"))


def test_edits_made_here_stay(sample, bring):
    """Notes, tags and a name given here survive the next import of a source that has grown."""
    source = sample("trackio.sql")
    bring("trackio", source)
    run = bring.run("fast")
    run.name, run.notes, run.tags = "renamed", "mine", ["kept"]
    run.update()
    with sqlite3.connect(source) as connection:
        connection.execute("UPDATE metrics SET step = step")
        connection.execute(
            "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) SELECT run_id, timestamp, run_name, 30, "
            "'{\"loss\": 0.125}' FROM metrics WHERE run_name = 'fast' LIMIT 1"
        )
    connection.close()
    bring("trackio", source)
    run = bring.run("renamed")
    assert ("mine", ["kept"], 30) == (run.notes, run.tags, run.last_step)


def test_rows_logged_here_are_not_taken_for_imported_ones(sample, bring):
    """Who continues an imported run here loses nothing of it, nor of what its source brings later."""
    source = sample("tensorboard")
    file = next((source / "slow").iterdir())
    content = file.read_bytes()
    file.write_bytes(content[:5000])
    bring("tensorboard", source)
    run = bring.run("slow")
    with aspara.Run(project="p", id=run.id, dir=bring.data) as continued:
        for step in range(1000, 1010):
            continued.log({"train/loss": -1.0}, step=step)
    file.write_bytes(content)
    bring("tensorboard", source)
    points = bring.points("slow", "train/loss")
    assert list(range(60)) == [step for step, _, value in points if value != -1.0]
    assert 70 == len(points)


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
@pytest.mark.parametrize("rows", [1, 30, 59])
def test_a_killed_import_goes_on(rows, backend, sample, bring, monkeypatch):
    """SIGKILL in the middle of a run: the next import brings exactly what is missing."""
    source = sample("tensorboard")
    shutil.rmtree(source / "fast")
    script = f"""
import os, signal, sys
from pathlib import Path
from aspara.importers import tensorboard
from aspara.importers.common.run_writer import RunWriter
from aspara.importers.common.source import ImportReport
run = next(r for r in tensorboard.runs(Path({str(source)!r}), ImportReport()) if r.facts.name == "slow")
inner = run.rows
def dying(report):
    for number, row in enumerate(inner(report)):
        if number == {rows}:
            os.kill(os.getpid(), signal.SIGKILL)
        yield row
run.rows = dying
RunWriter(Path({str(bring.data)!r})).keep(run, "p")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "ASPARA_STORAGE_BACKEND": backend}, check=False
    )
    assert -signal.SIGKILL == done.returncode
    assert "crashed" == bring.run("slow").state
    monkeypatch.setenv("ASPARA_STORAGE_BACKEND", backend)
    bring("tensorboard", source)
    assert list(range(60)) == [step for step, _, _ in bring.points("slow", "train/loss")]
    assert 3 == len(bring.points("slow", "odd"))
    assert "finished" == bring.run("slow").state
    assert {"unchanged"} == {o.state for o in bring("tensorboard", source)} - {"empty"}


def test_a_full_disk_stops_the_import_with_a_sentence(sample, bring, tmp_path):
    """When the disk refuses rows, the import ends with an error that says so; later it goes on where it stopped."""
    source = sample("tensorboard")
    script = f"""
import resource, signal
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from aspara.errors import DataDirError
from aspara.importers import tensorboard
from aspara.importers.common.run_writer import RunWriter
from aspara.importers.common.source import ImportReport
run = next(r for r in tensorboard.runs(Path({str(source)!r}), ImportReport()) if r.facts.name == "slow")
resource.setrlimit(resource.RLIMIT_FSIZE, (2500, resource.RLIM_INFINITY))
try:
    RunWriter(Path({str(bring.data)!r})).keep(run, "p")
except DataDirError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "run it again to go on" in done.stdout
    bring("tensorboard", source)
    assert list(range(60)) == [step for step, _, _ in bring.points("slow", "train/loss")]


def test_a_run_being_written_is_left_alone(sample, bring):
    """Two imports at once: the second says that the run is being written."""
    source = sample("wandb")
    bring("wandb", source)
    run = bring.run("café ☕")
    with aspara.Run(project="p", id=run.id, dir=bring.data):
        os.utime(next(source.glob("*abc12345/*.wandb")), ns=(1, 1))
        failed = [o for o in bring("wandb", source) if o.state == "failed"]
        assert ["café ☕"] == [o.name for o in failed]
        assert "import again later" in failed[0].detail


def test_keepers_close(tmp_path):
    """A keeper of an empty directory makes nothing."""
    RunWriter(tmp_path / "data").close()
    assert not (tmp_path / "data").exists()
