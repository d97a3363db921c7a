"""The power fails: what was made durable is there, whatever comes after it is a whole beginning, and every file can be opened.

A file system in a file is cut off as by a power failure: what the kernel had in memory is gone, its journal too. Needs root and
ext4; elsewhere the trials are skipped.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_DROP_ALL = struct.pack("I", 2)

PROGRAM = """
import sys
import aspara
from wide_rows import row
run = aspara.init("p", "r", config={"lr": 0.1}, storage_backend=sys.argv[1])
out = open(sys.argv[2], "w", buffering=1)
i = 0
while True:
    run.log(row(i))
    if i == 300:
        run.config.flushed = True
        run.flush()
    out.write(f"{i}\\n")
    i += 1
"""


class Disk:
    """A small ext4 disk whose power can fail."""

    def __init__(self, folder: Path) -> None:
        self.image, self.mounted = folder / "image", folder / "disk"
        self.mounted.mkdir()
        subprocess.run(["truncate", "-s", "64M", self.image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)

    def mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self.image, self.mounted], check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", self.mounted], check=False, capture_output=True)

    def cut_off(self) -> None:
        descriptor = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, _DROP_ALL)
        finally:
            os.close(descriptor)


@pytest.fixture
def power(tmp_path):
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "mount", "umount", "truncate"))):
        pytest.skip("a disk whose power fails is made with mkfs.ext4 and mount, as root")
    disk = Disk(tmp_path)
    try:
        disk.mount()
        disk.cut_off()
    except (OSError, subprocess.CalledProcessError) as error:
        disk.unmount()
        pytest.skip(f"no disk can be mounted and cut off here: {error}")
    disk.unmount()
    subprocess.run(["mkfs.ext4", "-q", "-F", disk.image], check=True)
    disk.mount()
    yield disk
    disk.unmount()


SHORT = [("jsonl", "interval", 1), ("polars", "interval", 2), ("jsonl", "always", 3)]
LONG = [(b, d, seed) for seed in range(10, 20) for b in ("jsonl", "polars") for d in ("interval", "always")]


@pytest.mark.parametrize(
    ("backend", "durability", "seed"), [*SHORT, *(pytest.param(*one, marks=pytest.mark.soak) for one in LONG)]
)
def test_what_was_made_durable_survives_a_power_failure(power, wide, tmp_path, backend, durability, seed):
    """Rows before a flush(), or all of them with ASPARA_DURABILITY=always; of later ones a beginning without a gap."""
    said = tmp_path / "said"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {
        **os.environ,
        "ASPARA_DATA_DIR": str(power.mounted / "data"),
        "ASPARA_DURABILITY": durability,
        "ASPARA_FSYNC_INTERVAL": "0.05",
        "ASPARA_ARCHIVE_ROWS": "120",
    }
    process = subprocess.Popen(
        [sys.executable, str(program), backend, str(said)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 120
        while not (said.exists() and said.read_text().count("\n") > 310) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(random.Random(seed).uniform(0, 0.5))
        returned = said.read_text().count("\n")
        power.cut_off()
    finally:
        process.kill()
        process.wait()
    power.unmount()
    power.mount()
    catalog = Catalog(power.mounted / "data", cache_dir=tmp_path / "cache")
    found = catalog.metrics("p", ["r"], SeriesQuery()).metrics["a"]["r"].values.tolist()
    assert [float(i) for i in range(len(found))] == found
    wide.check(power.mounted / "data", len(found), torn=True)
    assert len(found) >= (returned if durability == "always" else 301)
    info = catalog.run("p", "r").info
    assert ({"lr": 0.1, "flushed": True}, "crashed") == (info.config, info.status)
