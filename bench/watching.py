"""What watching costs: subscribers of one run, a server that rests, a tick on the wire.

Two hundred pages that watch one run should cost one reading of its new rows; a server over a thousand runs that nobody
writes should rest; what a tick sends should depend on what is new, not on what was. Everything is asked of a dashboard in a
process of its own, over HTTP, once as it is (the system tells it of new rows) and once as it is on network disks (it looks).
`make bench` runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import selectors
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from common.machine import bytes_read, cpu, load, server
from common.shapes import KEPT, START, listed

WAYS = {"auto": "told", "poll": "looking"}


def row(step: int, metrics: int = 5) -> bytes:
    """A row as the recorder writes it, with this moment in the first metric."""
    values = {f"train/metric_{i}": step + i / 7 for i in range(metrics)}
    values["train/metric_0"] = time.time()
    return json.dumps({"timestamp": time.time_ns() // 1_000_000, "step": step, "metrics": values}).encode() + b"\n"


def project(data: Path, history: int) -> Path:
    """A run of so many rows; returns its row file."""
    folder = data / "p"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "r.jsonl"
    with file.open("wb") as out:
        for i in range(history):
            metrics = {f"train/metric_{n}": i / (n + 1) for n in range(5)}
            out.write(json.dumps({"timestamp": START + i, "step": i, "metrics": metrics}).encode() + b"\n")
    return file


class Pages:
    """So many pages that listen to the run ``r`` by server-sent events."""

    def __init__(self, address: str, count: int) -> None:
        where = urlsplit(address)
        self._selector = selectors.DefaultSelector()
        self._links = []
        self._halves: dict[int, bytes] = {}
        self.greeted = 0
        self.received = 0
        self.events = 0
        self.delays: list[float] = []
        ask = f"GET /api/projects/p/runs/stream?runs=r HTTP/1.1\r\nHost: {where.netloc}\r\nAccept: text/event-stream\r\n\r\n"
        for _ in range(count):
            link = socket.create_connection((where.hostname, where.port), timeout=30)
            link.sendall(ask.encode())
            link.setblocking(False)
            self._selector.register(link, selectors.EVENT_READ)
            self._links.append(link)
        # Everybody listens once everybody has been greeted.
        self.take(10, until=lambda: self.greeted >= count)

    def take(self, seconds: float, until=lambda: False) -> None:
        """Reads what comes for at most so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            for key, _ in self._selector.select(0.05):
                part = key.fileobj.recv(1 << 20)
                now = time.time()
                self.received += len(part)
                *lines, self._halves[key.fd] = (self._halves.get(key.fd, b"") + part).split(b"\n")
                for line in lines:
                    self.greeted += line.startswith(b"retry: 2000")
                    if line.startswith(b"data: "):
                        told = json.loads(line[6:])
                        if "metrics" in told:
                            self.events += 1
                            self.delays.append(now - told["metrics"]["train/metric_0"])

    def close(self) -> None:
        """They go."""
        for link in self._links:
            link.close()


def subscribers(count: int, rows: int, way: str) -> None:
    """Rows written at 10 Hz while so many pages listen."""
    with tempfile.TemporaryDirectory(prefix="aspara-bench-") as name:
        data = Path(name) / "data"
        file = project(data, 1000)
        with server(data, Path(name) / "cache", ASPARA_WATCH=way) as site:
            pages = Pages(site.address, count)
            pages.take(1.5)  # the first looks at the files are over
            read, used, written = bytes_read(site.pid), cpu(site.pid), 0
            began = time.monotonic()
            with file.open("ab", buffering=0) as out:
                for i in range(rows):
                    line = row(1000 + i)
                    out.write(line)
                    written += len(line)
                    pages.take(0.1)
            pages.take(20, until=lambda: pages.events >= rows * count)
            took = time.monotonic() - began
            read, used = bytes_read(site.pid) - read, cpu(site.pid) - used
            delays = sorted(pages.delays)
            pages.close()
    print(
        f"  {WAYS[way]:<8}{count:>4} subscribers: {pages.events} of {rows * count} events, files read {read / written:5.2f} x what was written, "
        f"{100 * used / took:5.1f} % of a core, file to page p50 {statistics.median(delays) * 1000:.0f} ms "
        f"p95 {delays[int(len(delays) * 0.95)] * 1000:.0f} ms"
    )


def tick(history: int, rows: int = 20) -> None:
    """Bytes on the wire of one row, behind so long a history."""
    with tempfile.TemporaryDirectory(prefix="aspara-bench-") as name:
        data = Path(name) / "data"
        file = project(data, history)
        with server(data, Path(name) / "cache") as site:
            pages = Pages(site.address, 1)
            pages.take(1.5)
            received = pages.received
            with file.open("ab", buffering=0) as out:
                for i in range(rows):
                    out.write(row(history + i))
                    pages.take(0.3, until=lambda seen=i + 1: pages.events >= seen)
            pages.take(10, until=lambda: pages.events >= rows)
            print(
                f"  a row of 5 values behind {history:>9} rows: {(pages.received - received) / rows:.0f} bytes on the wire"
            )
            pages.close()


@contextlib.contextmanager
def writers(data: Path) -> Iterator[None]:
    """Every run has a living writer that is silent."""
    from aspara.util import files

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        for file in sorted((data / "p").glob("*.jsonl")):
            meta = file.with_suffix(".meta.json")
            begun = {**json.loads(meta.read_bytes()), "status": "wip", "is_finished": False, "finish_time": None}
            meta.write_text(json.dumps(begun), encoding="utf-8")
            descriptor = files.open_append(file)
            stack.callback(os.close, descriptor)
            files.try_lock(descriptor)
        yield


def rest(kept: Path, runs: int, seconds: float, way: str) -> None:
    """Processor time of a server that nobody asks, of one whose project a page watches, and of one that watches as many runs
    that go on, and are silent.
    """
    import requests

    data = listed(kept, runs)
    with tempfile.TemporaryDirectory(prefix="aspara-bench-") as name, contextlib.ExitStack() as stack:
        copy = Path(name) / "data"
        shutil.copytree(data, copy)
        site = stack.enter_context(server(copy, Path(name) / "cache", ASPARA_WATCH=way))
        requests.get(f"{site.address}/api/projects/p/runs", timeout=60).raise_for_status()
        for title in ("nobody looks", "a page watches all of them", "they go on, silently"):
            if title.startswith("they"):
                stack.enter_context(writers(copy))
            if title.startswith("a page"):
                where = urlsplit(site.address)
                page = socket.create_connection((where.hostname, where.port), timeout=30)
                stack.callback(page.close)
                page.sendall(f"GET /api/projects/p/runs/stream HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
            time.sleep(0 if title.startswith("nobody") else 5)
            used = cpu(site.pid)
            time.sleep(seconds)
            used = cpu(site.pid) - used
            print(
                f"  {WAYS[way]:<8}{runs} runs at rest, {title}: {100 * used / seconds:.2f} % of a core over {seconds:.0f} s "
                "(target 1)"
            )


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long a resting server is looked at")
    parser.add_argument("--rows", type=int, default=50, help="rows written to subscribers, ten a second")
    parser.add_argument("--data", type=Path, default=KEPT, help="where generated data is kept (default: .bench)")
    options = parser.parse_args()
    print(f"watching   [{load()}]")
    for count in (1, 200):
        for way in WAYS:
            subscribers(count, options.rows, way)
    for history in (1000, 100_000):
        tick(history)
    for way in WAYS:
        rest(options.data, 1000, options.seconds, way)


if __name__ == "__main__":
    main()
