"""`aspara sync`: runs recorded while the tracker was away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from aspara.catalog.catalog import Catalog

# A program that records to a tracker that is away, and dies without a word.
SCRIPT = """
import os, aspara
run = aspara.init(project="far", name="orphan", tracker_uri="http://127.0.0.1:9")
for step in range(20):
    aspara.log({"loss": 1 / (step + 1)})
os.kill(os.getpid(), 9)
"""


def test_nothing_to_send(cli):
    """With nothing left behind it says so."""
    assert cli("sync") == (0, "Nothing is left to send.\n", "")


def test_sends_what_a_killed_process_left(cli, start, tmp_path):
    """What a killed process logged while its tracker was away is kept, said to be kept, and sent once there is one."""
    assert subprocess.run([sys.executable, "-c", SCRIPT], check=False, capture_output=True).returncode == -9
    kept = cli("sync", "--timeout", "1", "--json")
    assert kept.code == 1
    assert [r["state"] for r in json.loads(kept.out)["runs"]] == ["kept"]
    home = tmp_path / "tracker"
    program = start("tracker", "--port", "0", "--data-dir", str(home), until="Ctrl-C")
    sent = cli("sync", "--tracker-uri", program.url)
    assert sent.code == 0, sent
    assert "sent" in sent.out
    assert program.stop(signal.SIGINT).code == 0
    info = Catalog(home).runs("far")[0]
    assert (info.name, info.last_step) == ("orphan", 19)
    assert "Nothing is left" in cli("sync").out
