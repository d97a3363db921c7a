"""What recording costs, beside its floor: `orjson.dumps` of the same record and one `os.write`.

    python bench/log.py [--quick] [--rivals] [--rival NAME=PYTHON ...]

Time of `log()` with 5 and with 200 numbers, rows lost when the process is killed, bytes on disk, and time to import: local files,
the polars backend, a tracker that is up and one that is down (a real one, on loopback). All are measured in turn in each round,
each in a process of its own; what is shown are medians of the rounds. Other trackers take part where the Python that has them is
given: NAME is one of aspara01 (aspara==0.1.0), wandb (offline), trackio and tensorboardX. ``BENCH_RIVALS`` takes the same,
separated by commas; with ``--rivals`` all take part, in environments that are made for them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common.rivals import add_rivals, rivals_of, title

LOGGER = Path(__file__).parent / "child" / "logger.py"
RIVALS = ("aspara01", "wandb", "trackio", "tensorboardX")

HELPERS_TIME = 1.0
"""Seconds that a helper process of a killed one (wandb has one) is given to write what it holds."""


@contextlib.contextmanager
def tracker(data: Path, port: int = 0) -> Iterator[str]:
    """A tracker of its own process; yields its address."""
    command = [sys.executable, "-m", "aspara.cli.main", "tracker", "--port", str(port), "--data-dir", str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        yield next(word for line in process.stdout for word in line.split() if word.startswith("http://"))
    finally:
        process.terminate()
        process.wait()


@dataclass
class Contestant:
    """One logger under one Python, and what was measured of it."""

    title: str
    name: str
    python: str = sys.executable
    up: bool | None = None
    """For a remote run: whether its tracker is up."""
    imports: str = "aspara"
    taken: dict[int, list[list[int]]] = field(default_factory=dict)
    lost: str = ""
    size: str = ""

    def run(self, what: str, folder: Path, width: int, *rest: object, **environment: str) -> str:
        """The last line that the child says."""
        done = subprocess.run(
            self.command(what, folder, width, *rest),
            env=self.surroundings(folder, **environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.title}: {what} ended with {done.returncode}: {done.stderr}")
        return done.stdout.strip().rpartition("\n")[2]

    def command(self, what: str, folder: Path, width: int, *rest: object) -> list[str]:
        python = sys.executable if what == "count" else self.python
        return [python, str(LOGGER), what, self.name, str(folder), str(width), *map(str, rest)]

    def surroundings(self, folder: Path, **environment: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ASPARA_")}
        return {
            **clean,
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            **environment,
        }

    @contextlib.contextmanager
    def place(self) -> Iterator[tuple[Path, dict[str, str]]]:
        """An empty folder, and the variables that bring a remote run to a tracker that keeps its runs there."""
        with tempfile.TemporaryDirectory(prefix="aspara-bench-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            if self.up is None:
                yield folder, {}
            elif self.up:
                with tracker(folder / "data") as address:
                    yield folder, {"ASPARA_TRACKER_URI": address}
            else:
                # A port that was free a moment ago and that nobody listens on.
                with tracker(folder / "data") as address:
                    pass
                yield folder, {"ASPARA_TRACKER_URI": address, "ASPARA_EXIT_TIMEOUT": "0.1"}

    def time(self, width: int, count: int) -> None:
        with self.place() as (folder, environment):
            taken = json.loads(self.run("time", folder, width, count, **environment))
            self.taken.setdefault(width, []).append(taken)

    def archive(self, count: int) -> list[int]:
        """Nanoseconds of paced calls while as many rows move into Parquet."""
        with self.place() as (folder, environment):
            taken = self.run("pace", folder, 5, count + 1000, **environment, ASPARA_ARCHIVE_ROWS=str(count))
        return list(json.loads(taken))

    def kill(self, rate: float) -> tuple[int, int]:
        """(rows whose log() returned, those of them that cannot be read back) of a process killed at a random instant."""
        with self.place() as (folder, environment):
            process = subprocess.Popen(
                self.command("go", folder, 5, rate),
                env=self.surroundings(folder, **environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                while not returned(folder):
                    if process.poll() is not None:
                        raise RuntimeError(f"{self.title} ended by itself")
                    time.sleep(0.05)
                time.sleep(random.uniform(1.0, 2.5))
                process.kill()
                process.wait()
                time.sleep(HELPERS_TIME)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if self.up is not None:
                self.deliver(folder, environment)
            done = returned(folder)
            return done, max(0, done - int(self.run("count", folder, 5)))

    def deliver(self, folder: Path, environment: dict[str, str]) -> None:
        """What a killed remote run left behind goes to its tracker as a user would send it."""
        with contextlib.ExitStack() as stack:
            if not self.up:
                port = int(environment["ASPARA_TRACKER_URI"].rpartition(":")[2].strip("/"))
                stack.enter_context(tracker(folder / "data", port))
            subprocess.run(
                [sys.executable, "-m", "aspara.cli.main", "sync"],
                env=self.surroundings(folder, **environment),
                stdout=subprocess.DEVNULL,
                check=True,
            )

    def weigh(self, count: int) -> None:
        """Bytes on disk for a point, of a run of `count` rows of 5 random numbers."""
        with self.place() as (folder, environment):
            self.run("fill", folder, 5, count, **environment)
            # What the file system holds; links and caches apart.
            kept = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and "cache" not in p.parts)
        self.size = f"{kept / count / 5:.1f}"


def returned(folder: Path) -> int:
    """How many calls of a logger have returned."""
    try:
        content = (folder / "returned").read_bytes()
    except FileNotFoundError:
        return 0
    return int(struct.unpack("<Q", content)[0]) if len(content) == 8 else 0


def shown(contestants: list[Contestant], width: int) -> None:
    """The table of one width."""
    # The median of the rounds' ratios, each to the floor of its own round: what else the machine does hits both.
    floors = [statistics.median(taken) for taken in contestants[0].taken[width]]
    print(f"\nlog() of {width} numbers, {len(floors)} rounds of {len(contestants[0].taken[width][0])} calls, µs")
    print(f"  {'':<26}{'p50':>9}{'p99':>10}{'mean':>10}{'longest':>11}{'p50 / floor':>13}")
    for each in contestants:
        if width in each.taken:
            rounds = each.taken[width]
            middles = [statistics.median(taken) for taken in rounds]
            ratio = statistics.median(m / f for m, f in zip(middles, floors, strict=False))
            figures = (
                statistics.median(middles),
                statistics.median(sorted(taken)[int(len(taken) * 0.99)] for taken in rounds),
                statistics.median(statistics.mean(taken) for taken in rounds),
                statistics.median(max(taken) for taken in rounds),
            )
            p50, p99, mean, longest = (f / 1000 for f in figures)
            print(f"  {each.title:<26}{p50:9.2f}{p99:10.2f}{mean:10.2f}{longest:11.1f}{ratio:12.2f}×")


def archives(polars: Contestant, count: int, rounds: int) -> None:
    """What `log()` notices of an archive behind it."""
    taken = [sorted(polars.archive(count)) for _ in range(rounds)]
    p99 = statistics.median(each[int(len(each) * 0.99)] for each in taken)
    longest = statistics.median(each[-1] for each in taken)
    print(
        f"\nlog() at 1 000 rows/s while {count} rows move into Parquet, µs: p99 {p99 / 1000:.1f}, longest {longest / 1000:.1f}"
    )


def imports(contestants: list[Contestant], rounds: int) -> None:
    """What `import` and the way to the first row cost beyond bare Python, fresh processes in turn."""

    def once(python: str, code: str) -> float:
        began = time.perf_counter()
        # Not from here, where `-c` would find our own package first, whichever Python it is.
        subprocess.run(
            [python, "-c", code], check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return (time.perf_counter() - began) * 1000

    with tempfile.TemporaryDirectory() as folder:
        first = f"import aspara, os; aspara.init('bench', dir={folder!r}).log({{'a': 1.0}}); os._exit(0)"
        codes = {("import aspara", sys.executable): "import aspara", ("… to the first row", sys.executable): first}
        for each in contestants:
            if each.name in RIVALS:
                codes[f"import {each.imports} ({each.title})", each.python] = f"import {each.imports}"
        beyond: dict[str, list[float]] = {}
        for _ in range(rounds):
            for (title, python), code in codes.items():
                beyond.setdefault(title, []).append(once(python, code) - once(python, "pass"))
    print(f"\nbeyond bare Python, median of {rounds} starts, ms")
    for title, found in beyond.items():
        print(f"  {title:<36}{statistics.median(found):8.0f}")


def entrants(rivals: dict[str, str]) -> list[Contestant]:
    """The floor first, ours, then those rivals that are there."""
    found = [
        Contestant("floor: orjson, os.write", "floor"),
        Contestant("run.log", "jsonl"),
        Contestant("aspara.log", "module"),
        Contestant("run.log, polars", "polars"),
        Contestant("run.log, tracker up", "remote", up=True),
        Contestant("run.log, tracker down", "remote", up=False),
    ]
    for name, python in rivals.items():
        found.append(Contestant(title(name), name, python, imports="aspara" if name == "aspara01" else name))
    return found


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--count", type=int, default=20_000, help="calls in a round; a tenth for 200 numbers and for rivals"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=5, help="processes killed of each kind")
    parser.add_argument("--rate", type=float, default=200.0, help="rows a second of those; 0: as many as it can")
    parser.add_argument("--quick", action="store_true", help="few rounds, to see that it works")
    add_rivals(parser, *RIVALS)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.count, arguments.rounds, arguments.kills = 2000, 2, 1
    contestants = entrants(rivals_of(parser, arguments))

    few = max(500, arguments.count // 10)
    for width in (5, 200):
        for _ in range(arguments.rounds):
            for each in contestants:
                each.time(width, arguments.count if width == 5 and each.name not in RIVALS else few)
        shown(contestants, width)

    print(
        f"\nSIGKILL at a random instant, {arguments.rate:g} rows/s, {arguments.kills} times; bytes on disk for a point"
    )
    for each in contestants:
        trials = [each.kill(arguments.rate) for _ in range(arguments.kills)]
        done, lost = (sum(trial[i] for trial in trials) for i in (0, 1))
        each.lost = f"{lost} of {done} ({100 * lost / max(1, done):.1f} %)"
        if each.up is None:
            each.weigh(few if each.name in RIVALS else 5 * arguments.count)
        print(f"  {each.title:<26}lost {each.lost:<22}{each.size:>8}", flush=True)
    archives(contestants[3], 5 * arguments.count, min(3, arguments.rounds))
    imports(contestants, 2 * arguments.rounds + 1)


if __name__ == "__main__":
    main()
