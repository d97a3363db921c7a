"""What charts and lists cost: for the first time, again, after a restart, zoomed; in the reader and over HTTP.

The floor is `polars.scan_ndjson` over the same files with their schema given, in the same run; figures are ratios to it
where that makes sense, milliseconds where it does not. Every first reading and every restart is a fresh process. Data is
made once and kept (`--data`, default `.bench`). `make bench` runs it; `python bench/reading.py --only long --scale 0.1` is
one shape with a tenth of its steps. Other trackers take part in the shapes of a few series, where the Python that has them is given
(``--rival NAME=PYTHON``, ``BENCH_RIVALS``) or made (``--rivals``): Aspara 0.1, TensorBoard, trackio, with the same numbers.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.machine import clocked, load, memory, server
from common.rivals import add_rivals, rivals_of, title
from common.shapes import KEPT, SHAPES, Shape, folder, listed

from aspara.catalog.series.smoothing import SMOOTHERS

Life = dict[str, float]

READER = Path(__file__).parent / "child" / "reader.py"
RIVALS = ("aspara01", "tensorboard", "trackio")
_MOST_SERIES = 500
"""With more of them, one round of a rival takes minutes."""


def floor(data: Path, shape: Shape) -> float:
    """Seconds of polars' own scan of the files, schema given."""
    import polars as pl

    schema = {
        "timestamp": pl.Int64,
        "step": pl.Int64,
        "metrics": pl.Struct(dict.fromkeys(shape.names, pl.Float64)),
    }
    files = sorted((data / "p").glob("*.jsonl"))
    return clocked(lambda: pl.scan_ndjson(files, schema=schema).collect())


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


def visit(data: Path, cache: Path, shape: Shape) -> Life:
    """One reader's life: the run list, all charts, both again, zooms; seconds, bytes, and megabytes of memory."""
    from aspara.catalog.catalog import Catalog
    from aspara.catalog.series.query import SeriesQuery

    catalog = Catalog(data, cache_dir=cache)
    charts = SeriesQuery(points=shape.points)
    found: Life = {}
    found["first list"] = clocked(lambda: [run.json() for run in catalog.runs("p")])
    found["list"] = min(clocked(lambda: [run.json() for run in catalog.runs("p")]) for _ in range(3))
    found["first charts"] = clocked(lambda: catalog.metrics("p", None, charts).json_bytes())
    found["charts"] = statistics.median(
        clocked(lambda: catalog.metrics("p", None, charts).json_bytes()) for _ in range(5)
    )
    one = SeriesQuery(metrics=(shape.names[0],), points=shape.points)
    found["chart"] = statistics.median(clocked(lambda: catalog.metrics("p", None, one).json_bytes()) for _ in range(5))
    zooms, sizes = [], []
    for n in range(20):
        low = shape.steps * n / 40
        zoom = SeriesQuery(
            metrics=(shape.names[0],), points=shape.points, start=low, end=low + shape.steps * (0.5 if n % 2 else 0.01)
        )
        answer: list[bytes] = []
        zooms.append(clocked(lambda: answer.append(catalog.metrics("p", ["run-0000"], zoom).json_bytes())))  # noqa: B023
        sizes.append(len(answer[0]))
    found["zoom"], found["zoom bytes"] = statistics.median(zooms), max(sizes)
    for smoother in SMOOTHERS:
        smoothed = [
            clocked(lambda: catalog.metrics("p", ["run-0000"], window).json_bytes())  # noqa: B023
            for n in range(11)
            for low in [shape.steps * n / 20]
            for window in [
                SeriesQuery(
                    metrics=(shape.names[0],),
                    points=shape.points,
                    start=low,
                    end=low + shape.steps * (0.5 if n % 2 else 0.01),
                    smoothing=0.9,
                    smoother=smoother,
                )
            ]
        ]
        found[f"{smoother} first"], found[smoother] = smoothed[0], statistics.median(smoothed[1:])
    found["peak"] = memory().peak
    catalog.close()
    return found


def browse(data: Path, cache: Path, shape: Shape) -> Life:
    """The same from outside: a dashboard in its own process, asked over HTTP for a page of runs, a chart and a zoom."""
    import requests

    found: Life = {}
    with server(data, cache) as site:
        base = f"{site.address}/api/projects/p/runs"
        asking = requests.Session()

        def ask(**options: Any) -> int:
            answer = asking.get(f"{base}/metrics", params=options, stream=True, timeout=600)
            answer.raise_for_status()
            return len(answer.raw.read(decode_content=False))

        runs = {"params": {"limit": 1000}, "timeout": 600}
        found["first list"] = clocked(lambda: asking.get(base, **runs).raise_for_status())
        found["list"] = statistics.median(
            clocked(lambda: asking.get(base, **runs).raise_for_status()) for _ in range(5)
        )
        found["memory after list"] = memory(site.pid).now
        one = {"metrics": shape.names[0], "points": shape.points}
        found["chart"] = clocked(lambda: ask(**one))
        zooms, sizes = [], []
        for n in range(10):
            begin = shape.steps * n / 20
            end = begin + shape.steps * (0.5 if n % 2 else 0.01)
            began = time.perf_counter()
            sizes.append(ask(runs="run-0000", **{"from": begin, "to": end}, **one))
            zooms.append(time.perf_counter() - began)
        found["zoom"], found["zoom bytes"] = statistics.median(zooms), max(sizes)
        held = memory(site.pid)
        found["peak"], found["now"], found["mapped"] = held.peak, held.now, held.mapped
    return found


def rival(name: str, python: str, data: Path, shape: Shape) -> Life:
    """What another tracker takes for all charts of the same runs."""
    place = data.with_name(f"{data.name}.{name}")
    if not place.is_dir():
        draft = place.with_name(place.name + ".tmp")
        shutil.rmtree(draft, ignore_errors=True)
        subprocess.run([python, READER, "make", name, data, draft], check=True)
        draft.rename(place)
    read = [python, READER, "read", name, place.absolute(), str(shape.points), str(shape.runs * shape.metrics)]
    done = subprocess.run(read, check=True, stdout=subprocess.PIPE, text=True)
    found: Life = json.loads(done.stdout.splitlines()[-1])
    return found


def report(shape: Shape, kept: Path, rounds: int, rivals: dict[str, str]) -> None:
    """Prints one shape's figures."""
    data = folder(kept, shape)
    size = sum(file.stat().st_size for file in data.rglob("*.jsonl")) / 1e6
    print(f"\n{shape.title}, {size:.0f} MB   [{load()}]", flush=True)
    floors, first, again, outside = [], [], [], []
    others: dict[str, list[Life]] = {name: [] for name in rivals if shape.runs * shape.metrics <= _MOST_SERIES}
    with tempfile.TemporaryDirectory(prefix="aspara-bench-") as name:
        fresh(floor, data, shape)  # the files are in the system's memory for everybody
        for n in range(rounds):
            # Side by side, so that a busy machine slows both.
            floors.append(fresh(floor, data, shape))
            cache = Path(name) / f"cache{n}"
            first.append(fresh(visit, data, cache, shape))
            again.append(fresh(visit, data, cache, shape))
            for other, lives in others.items():
                lives.append(rival(other, rivals[other], data, shape))
        outside.append(browse(data, Path(name) / "cache0", shape))

    def middle(lives: list[Life], what: str) -> float:
        return statistics.median(life[what] for life in lives)

    def line(title: str, value: str, more: str = "") -> None:
        print(f"  {title:<36}{value:>14}   {more}".rstrip(), flush=True)

    cold = statistics.median(life["first charts"] / f for life, f in zip(first, floors, strict=True))
    line("polars.scan_ndjson, schema given", _ms(statistics.median(floors)))
    line("all charts, nothing cached", _ms(middle(first, "first charts")), f"{cold:.2f} x polars (target 1.5)")
    line("all charts again", _ms(middle(first, "charts")), f"one metric of all runs {_ms(middle(first, 'chart'))}")
    line("all charts after a restart", _ms(middle(again, "first charts")))
    for other, lives in others.items():
        line(f"  {title(other)}", _ms(middle(lives, "first")), f"again {_ms(middle(lives, 'again'))}")
    line("zoom of one series", _ms(middle(again, "zoom")), f"{middle(again, 'zoom bytes') / 1000:.0f} kB as JSON")
    line(
        "  over HTTP", _ms(middle(outside, "zoom")), f"{middle(outside, 'zoom bytes') / 1000:.0f} kB on the wire (100)"
    )
    for smoother in SMOOTHERS:
        line(
            f"  smoothed by {smoother}",
            _ms(middle(again, smoother)),
            f"the first {_ms(middle(again, f'{smoother} first'))}" + (" (target 20 ms)" if smoother == "ema" else ""),
        )
    line("run list, nothing cached", _ms(middle(first, "first list")), f"again {_ms(middle(first, 'list'))}")
    line("  over HTTP", _ms(middle(outside, "first list")), f"again {_ms(middle(outside, 'list'))} (target 150 ms)")
    line("memory at most, all charts", f"{middle(first, 'peak'):.0f} MB", "first reading, with all answers as JSON")
    line(
        "memory of the server, one chart",
        f"{middle(outside, 'now') - middle(outside, 'mapped'):.0f} MB",
        f"and {middle(outside, 'mapped'):.0f} MB mapped; {middle(outside, 'memory after list'):.0f} MB after the list",
    )


def lists(kept: Path, runs: int) -> None:
    """Prints what a long list of finished runs costs."""
    data = listed(kept, runs)
    found = fresh(_list, data)
    print(f"\nlist: {runs:,} finished runs x 20 metrics".replace(",", " "), f"  [{load()}]")
    print(f"  nothing known {_ms(found['first'])}   again {_ms(found['again'])}   {found['memory']:.0f} MB")


def _list(data: Path) -> Life:
    from aspara.catalog.catalog import Catalog

    with tempfile.TemporaryDirectory() as cache:
        catalog = Catalog(data, cache_dir=Path(cache))
        found = {"first": clocked(lambda: catalog.runs("p")), "again": clocked(lambda: catalog.runs("p"))}
        catalog.close()
    found["memory"] = memory().now
    return found


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def main() -> None:
    """Every shape, or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*(s.name for s in SHAPES), "list"], action="append")
    parser.add_argument("--rounds", type=int, help="how often everything is measured (default: 1 to 3, by shape)")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the data, for example 0.1")
    parser.add_argument("--data", type=Path, default=KEPT, help="where generated data is kept (default: .bench)")
    add_rivals(parser, *RIVALS)
    options = parser.parse_args()
    rivals = rivals_of(parser, options)
    for shape in SHAPES:
        if not options.only or shape.name in options.only:
            report(shape.scaled(options.scale), options.data, options.rounds or shape.rounds, rivals)
    if not options.only or "list" in options.only:
        lists(options.data, max(10, round(10_000 * options.scale)))


if __name__ == "__main__":
    main()
