"""What charts cost: the first one of a run that nobody has read, the same again, after a restart, zoomed, run lists.

Each shape is made once in a temporary folder. The floor is `polars.scan_ndjson` over the same files with their schema
given, in the same process and run; the figures are ratios to it where that makes sense, milliseconds where it does not.
Every first reading and every restart is a fresh catalog in a fresh process. Run it with `make bench`, or one shape with
`python bench/reading.py --only long`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START = 1_764_000_000_000


@dataclass(frozen=True)
class Shape:
    """So many runs of so many steps with so many metrics at each."""

    name: str
    runs: int
    steps: int
    metrics: int
    points: int = 1000
    """Points a series that its charts ask for."""


SHAPES = (
    Shape("long", 1, 1_000_000, 5),
    Shape("deep", 1, 10_000_000, 1),
    Shape("many", 100, 10_000, 5),
    Shape("project", 1000, 1000, 20, 100),
    Shape("wide", 1, 200, 10_000),
)


def make(folder: Path, shape: Shape) -> None:
    """Writes the shape's files as the recorder would."""
    import numpy as np
    import orjson

    random = np.random.default_rng(7)
    project = folder / "p"
    project.mkdir(parents=True)
    names = [f"group{i // 10}/metric_{i}" for i in range(shape.metrics)]
    for run in range(shape.runs):
        values = None
        last: dict[str, Any] = {}
        with (project / f"run-{run:04}.jsonl").open("wb") as out:
            for begin in range(0, shape.steps, 100_000):
                count = min(100_000, shape.steps - begin)
                values = random.normal(size=(count, shape.metrics)).round(12).tolist()
                lines = []
                for i, row in enumerate(values, begin):
                    last = dict(zip(names, row, strict=True))
                    lines.append(orjson.dumps({"timestamp": START + 20 * i, "step": i, "metrics": last}))
                out.write(b"\n".join(lines) + b"\n")
        facts = {n: {"last": v, "count": shape.steps} for n, v in last.items()}
        meta = {
            "run_id": f"{run:016x}",
            "display_name": f"run {run}",
            "config": {"lr": 0.1 / (run + 1), "layers": 4, "optimizer": "adam"},
            "summary": last,
            "metric_summary": facts,
            "status": "completed",
            "is_finished": True,
            "start_time": START + run,
            "finish_time": START + run + 1000,
            "last_step": shape.steps - 1,
            "version": "1",
        }
        (project / f"run-{run:04}.meta.json").write_text(json.dumps(meta, indent=2), encoding="utf-8")
    then = time.time() - 86_400
    for file in project.iterdir():
        os.utime(file, (then, then))


def floor(folder: Path, shape: Shape) -> float:
    """Seconds of polars' own scan of the files, schema given."""
    import polars as pl

    names = [f"group{i // 10}/metric_{i}" for i in range(shape.metrics)]
    schema = {
        "timestamp": pl.Int64,
        "step": pl.Int64,
        "metrics": pl.Struct(dict.fromkeys(names, pl.Float64)),
    }
    files = sorted((folder / "p").glob("*.jsonl"))
    return clocked(lambda: pl.scan_ndjson(files, schema=schema).collect())


def clocked(call: Callable[[], Any]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _child(work: Callable[..., Any], arguments: tuple[Any, ...], answer: Any) -> None:
    import numpy  # noqa: F401  loading the libraries is not what is measured
    import orjson  # noqa: F401
    import polars  # noqa: F401

    answer.send(work(*arguments))


def fresh(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result of `work` in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(work, arguments, theirs))
    process.start()
    found = ours.recv()
    process.join()
    return found


def visit(folder: Path, cache: Path, shape: Shape) -> dict[str, float]:
    """One server's life: the first answer, the same again, zooms, the run list; seconds, and megabytes of memory."""
    from aspara.catalog.catalog import Catalog
    from aspara.catalog.series import SeriesQuery

    catalog = Catalog(folder, cache_dir=cache)
    charts = SeriesQuery(points=shape.points)
    found: dict[str, float] = {}
    found["first list"] = clocked(lambda: [run.json() for run in catalog.runs("p")])
    found["list"] = min(clocked(lambda: [run.json() for run in catalog.runs("p")]) for _ in range(3))
    found["first charts"] = clocked(lambda: catalog.metrics("p", None, charts).json_bytes())
    found["charts"] = statistics.median(
        clocked(lambda: catalog.metrics("p", None, charts).json_bytes()) for _ in range(5)
    )
    zooms, sizes = [], []
    for n in range(20):
        low = shape.steps * n / 40
        zoom = SeriesQuery(points=shape.points, start=low, end=low + shape.steps * (0.5 if n % 2 else 0.01))
        answer: list[bytes] = []
        zooms.append(clocked(lambda: answer.append(catalog.metrics("p", ["run-0000"], zoom).json_bytes())))  # noqa: B023
        sizes.append(len(answer[0]) / shape.metrics)
    found["zoom"], found["zoom bytes"] = statistics.median(zooms), max(sizes)
    found["close"] = clocked(catalog.close)
    found["memory"] = memory()
    return found


def memory() -> float:
    """The most this process has held, in megabytes; what getrusage says is the parent's after a spawn."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def report(shape: Shape, rounds: int) -> None:
    """Prints one shape's figures."""
    with tempfile.TemporaryDirectory(prefix="aspara-bench-") as name:
        data = Path(name) / "data"
        make(data, shape)
        size = sum(f.stat().st_size for f in data.rglob("*.jsonl")) / 1e6
        print(f"\n{shape.name}: {shape.runs} x {shape.steps} steps x {shape.metrics} metrics, {size:.0f} MB")
        floors, first, again = [], [], []
        for n in range(rounds):
            # Side by side, so that a busy machine slows both.
            floors.append(fresh(floor, data, shape))
            cache = Path(name) / f"cache{n}"
            first.append(fresh(visit, data, cache, shape))
            again.append(fresh(visit, data, cache, shape))
        base = statistics.median(floors)

        def middle(lives: list[dict[str, float]], what: str) -> float:
            return statistics.median(life[what] for life in lives)

        cold = statistics.median(life["first charts"] / f for life, f in zip(first, floors, strict=True))
        print(f"  polars.scan_ndjson, schema given  {base * 1000:9.0f} ms")
        print(
            f"  all charts, nothing cached        {middle(first, 'first charts') * 1000:9.0f} ms   {cold:.2f} x polars"
        )
        print(f"  all charts again                  {middle(first, 'charts') * 1000:9.1f} ms")
        print(f"  all charts after a restart        {middle(again, 'first charts') * 1000:9.1f} ms")
        print(
            f"  zoom of one run                   {middle(again, 'zoom') * 1000:9.1f} ms   {middle(again, 'zoom bytes') / 1000:.0f} kB a series"
        )
        print(
            f"  run list, first and again         {middle(first, 'first list') * 1000:9.1f} ms   {middle(first, 'list') * 1000:.1f} ms"
        )
        print(
            f"  memory at most                    {middle(first, 'memory'):9.0f} MB   {middle(again, 'memory'):.0f} MB after a restart"
        )


def main() -> None:
    """Every shape, or the one asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[s.name for s in SHAPES], action="append")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for shape in SHAPES:
        if not options.only or shape.name in options.only:
            report(shape, options.rounds)


if __name__ == "__main__":
    main()
