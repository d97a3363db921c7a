"""What `log()` costs: beside its floor (orjson.dumps of the same record and one os.write) in the same run.

Prints the median of several rounds as ratios, the 50th and 99th percentile of single calls, and, where they are
installed, other trackers under the same loop. Run it with `make bench`.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson


def rows(width: int) -> dict[str, float]:
    """A row of `width` floats, with names as long as real ones."""
    return {f"train/metric_{i}": 0.123456789 + i for i in range(width)}


def per_call(call: Callable[[int], None], count: int) -> list[int]:
    """Nanoseconds of each of `count` calls, the collector off so that its pauses are nobody's."""
    clock = time.perf_counter_ns
    taken = [0] * count
    gc.collect()
    gc.disable()
    for i in range(count):
        began = clock()
        call(i)
        taken[i] = clock() - began
    gc.enable()
    return taken


@contextlib.contextmanager
def floor(folder: Path, width: int) -> Iterator[Callable[[int], None]]:
    """The least that a durable-against-SIGKILL record costs: encode, write."""
    descriptor = os.open(folder / "floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    metrics = rows(width)

    def call(step: int) -> None:
        os.write(
            descriptor,
            orjson.dumps(
                {"timestamp": 1764000000000, "step": step, "metrics": metrics}, option=orjson.OPT_APPEND_NEWLINE
            ),
        )

    yield call
    os.close(descriptor)


@contextlib.contextmanager
def ours(folder: Path, width: int, **options: str) -> Iterator[Callable[[int], None]]:
    """`run.log` of the same record."""
    import aspara

    run = aspara.Run("bench", "bench", dir=str(folder), **options)
    metrics = rows(width)
    log = run.log
    yield lambda _step: log(metrics)
    run.finish()


def rival(name: str, folder: Path, width: int) -> Callable[[int], None] | None:
    """Another tracker's log call, or None where it is not installed."""
    metrics = rows(width)
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=str(folder), TRACKIO_DIR=str(folder))
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    if name == "tensorboardX":
        writer = module.SummaryWriter(str(folder / "tb"))

        def scalars(step: int) -> None:
            for key, value in metrics.items():
                writer.add_scalar(key, value, step)

        return scalars
    module.init(project="bench")
    return lambda _step: module.log(metrics)


def report(title: str, taken: list[list[int]], base: float) -> None:
    """One line: median of the rounds' medians, p99, ratio."""
    middle = statistics.median(statistics.median(t) for t in taken)
    high = statistics.median(sorted(t)[int(len(t) * 0.99)] for t in taken)
    print(f"  {title:<34} p50 {middle / 1000:8.2f} µs   p99 {high / 1000:8.2f} µs   {middle / base:6.2f} × floor")


def compare(width: int, count: int, rounds: int) -> None:
    """Floor and ours in turn, `rounds` times."""
    print(f"log() of {width} floats, {count} calls, median of {rounds} rounds")
    taken: dict[str, list[list[int]]] = {"floor: orjson + os.write": [], "aspara jsonl": [], "aspara polars": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with floor(folder, width) as call:
                taken["floor: orjson + os.write"].append(per_call(call, count))
            with ours(folder, width) as call:
                taken["aspara jsonl"].append(per_call(call, count))
            with ours(folder, width, storage_backend="polars") as call:
                taken["aspara polars"].append(per_call(call, count))
    base = statistics.median(statistics.median(t) for t in taken["floor: orjson + os.write"])
    for title, each in taken.items():
        report(title, each, base)
    for name in ("tensorboardX", "trackio", "wandb"):
        with tempfile.TemporaryDirectory() as folder_name:
            call_rival = rival(name, Path(folder_name), width)
            if call_rival is not None:
                report(name, [per_call(call_rival, min(count, 2000))], base)


def import_time(rounds: int) -> None:
    """`import aspara` beyond bare Python, in fresh processes."""

    def once(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return (time.perf_counter() - began) * 1000

    once("import aspara")
    bare = statistics.median(once("pass") for _ in range(rounds))
    full = statistics.median(once("import aspara") for _ in range(rounds))
    print(f"import aspara: {full - bare:.0f} ms above bare Python ({full:.0f} against {bare:.0f}), median of {rounds}")


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    compare(5, arguments.count, arguments.rounds)
    compare(200, max(1000, arguments.count // 10), arguments.rounds)
    import_time(2 * arguments.rounds + 1)


if __name__ == "__main__":
    main()
