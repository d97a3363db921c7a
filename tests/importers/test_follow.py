"""`aspara import --follow`: rows that a source gains arrive while it is written."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import aspara
from aspara.util import tfrecord


def event(step: int, value: float) -> bytes:
    """An event with the plain value of the tag loss: Event{wall_time, step, summary{value{tag, simple_value}}}."""
    item = b"\x0a\x04loss\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(item)]) + item
    return (
        b"\x09"
        + struct.pack("<d", 1_700_000_000.0 + step)
        + b"\x10"
        + bytes([step])
        + b"\x2a"
        + bytes([len(summary)])
        + summary
    )


def test_event_files_are_followed(tmp_path: Path):
    """New events and new runs come by themselves; Ctrl-C ends it well."""
    logs, data = tmp_path / "logs", tmp_path / "data"
    first, second = (logs / name / "events.out.tfevents.1.host" for name in ("first", "second"))
    first.parent.mkdir(parents=True)
    with first.open("wb") as file:
        tfrecord.write_tfrecord(file, event(1, 0.5))
    command = [sys.executable, "-u", "-m", "aspara", "import", "tensorboard", str(logs), "--project", "p", "--follow"]
    environment = {**os.environ, "ASPARA_DATA_DIR": str(data)}
    importer = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert importer.stdout is not None
        assert "first" in (importer.stdout.readline() + importer.stdout.readline())
        with first.open("ab") as file:
            tfrecord.write_tfrecord(file, event(2, 0.25))
        assert "p/first: grown, 1 rows\n" == importer.stdout.readline()
        second.parent.mkdir()
        with second.open("wb") as file:
            tfrecord.write_tfrecord(file, event(1, 0.75))
        assert "p/second: new, 1 rows\n" == importer.stdout.readline()
        importer.send_signal(signal.SIGINT)
        assert 0 == importer.wait(timeout=60)
    finally:
        importer.kill()
        importer.communicate()
    runs = {run.name: [row["loss"] for row in run.scan_history()] for run in aspara.Api(data).runs("p")}
    assert {"first": [0.5, 0.25], "second": [0.75]} == runs
