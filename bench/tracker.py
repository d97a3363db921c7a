"""What a tracker takes: points a second that it acknowledges, from JSON batches on loopback, one process, all of them kept.

Batches go to a tracker in a process of its own, one after another, from one sender and from several; then the tracker is
killed (SIGKILL) and the rows on disk are counted: an acknowledged row that is not there would be named. `make bench` runs it.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import orjson
import requests
from common.machine import cpu, load, server

START = 1_764_000_000_000
HEADERS = {"Content-Type": "application/json", "X-Requested-With": "bench"}


def batches(rows: int, metrics: int, count: int, writer: str) -> list[bytes]:
    """Bodies as the client sends them."""
    made = []
    for n in range(count):
        listed = [
            {"timestamp": START + i, "step": i, "metrics": {f"train/metric_{m}": i / (m + 3) for m in range(metrics)}}
            for i in range(n * rows, (n + 1) * rows)
        ]
        made.append(orjson.dumps({"writer": writer, "first": n * rows, "rows": listed}))
    return made


def send(base: str, run: str, bodies: list[bytes]) -> None:
    """One sender, batch behind batch."""
    with requests.Session() as session:
        for body in bodies:
            answer = session.post(
                f"{base}/projects/p/runs/{run}/metrics",
                data=body,
                headers=HEADERS,
                timeout=60,
            )
            answer.raise_for_status()


def measure(senders: int, rows: int, metrics: int, count: int) -> None:
    """Prints one line."""
    with tempfile.TemporaryDirectory(prefix="aspara-bench-") as name:
        data = Path(name) / "data"
        with server(data, Path(name) / "cache", "tracker") as site:
            base = f"{site.address}/tracker/api/v1"
            runs = []
            for n in range(senders):
                made = requests.post(f"{base}/projects/p/runs", json={"name": f"run-{n}"}, headers=HEADERS, timeout=30)
                made.raise_for_status()
                runs.append(made.json()["name"])
            work = [(run, batches(rows, metrics, count, f"w{n}")) for n, run in enumerate(runs)]
            threads = [threading.Thread(target=send, args=(base, run, bodies)) for run, bodies in work]
            used, began = cpu(site.pid), time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took, used = time.perf_counter() - began, cpu(site.pid) - used
            os.kill(site.pid, signal.SIGKILL)
        kept = sum(file.read_bytes().count(b"\n") for file in data.rglob("*.jsonl"))
    sent = senders * rows * count
    points = sent * metrics
    print(
        f"  {senders} sender{'s' if senders > 1 else ' '}, batches of {rows:>4} rows x {metrics} metrics: "
        f"{points / took:>9,.0f} points/s ({points / used:,.0f} a second of the tracker's processor time; target 100,000), "
        f"{sent - kept} of {sent} rows lost to SIGKILL"
    )


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows in each measurement")
    options = parser.parse_args()
    print(f"tracker ingest   [{load()}]")
    for senders, rows, metrics in ((1, 1000, 5), (1, 100, 5), (4, 500, 5), (1, 100, 100)):
        count = max(1, options.rows * 5 // metrics // rows // senders)
        measure(senders, rows, metrics, count)


if __name__ == "__main__":
    main()
