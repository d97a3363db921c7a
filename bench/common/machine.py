"""Servers in processes of their own, and what the kernel says of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def clocked(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def load() -> str:
    """How busy the machine is besides: figures of a loaded one say little but in ratios."""
    try:
        busy = os.getloadavg()[0]
    except OSError:
        return "load unknown"
    cores = os.cpu_count() or 1
    return f"{cores} cores, load {busy:.1f}" + (" - LOADED: trust ratios only" if busy > cores / 2 else "")


@dataclass(frozen=True)
class Memory:
    """Megabytes: the most that was resident, what is held now, and how much of that is mapped files that cost nothing."""

    peak: float
    now: float
    mapped: float


def memory(pid: int | str = "self") -> Memory:
    """What a process holds."""
    found = dict.fromkeys(("VmHWM", "VmRSS", "RssFile"), float("nan"))
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0]) / 1024
    return Memory(found["VmHWM"], found["VmRSS"], found["RssFile"])


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bytes_read(pid: int) -> int:
    """Bytes that a process has read from files (what comes by sockets is not among them)."""
    for line in Path(f"/proc/{pid}/io").read_text(encoding="ascii").splitlines():
        if line.startswith("rchar:"):
            return int(line.split()[1])
    return 0


@dataclass(frozen=True)
class Running:
    """A server: its address, without a slash at the end, and its process."""

    address: str
    pid: int


@contextlib.contextmanager
def confined(cores: set[int]) -> Iterator[None]:
    """Meanwhile this process, and those that it starts, run on these cores alone, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def server(data: Path, cache: Path, command: str = "dashboard", **environment: str) -> Iterator[Running]:
    """`aspara dashboard` (or another command) on a free port of loopback, under some variables."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "aspara.cli.main", command, "--data-dir", str(data), "--port", "0"],
        env={**os.environ, "ASPARA_CACHE_DIR": str(cache), "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "http://" in line:
                address = "http://" + line.partition("http://")[2].split()[0].rstrip("/.,")
                break
        else:
            raise SystemExit("The server did not start:\n" + "".join(said))
        yield Running(address, process.pid)
    finally:
        process.terminate()
        process.wait(20)
