"""One logger in a process of its own: timed, filled, killed or counted. `bench/log.py` runs it, with any Python.

    logger.py time NAME FOLDER WIDTH COUNT    nanoseconds of each call, as JSON on the last line of stdout
    logger.py pace NAME FOLDER WIDTH COUNT    the same at 1 000 rows a second for 3 s, after as many rows as fast as it can
    logger.py fill NAME FOLDER WIDTH COUNT    as many rows of random numbers, then an orderly end
    logger.py go   NAME FOLDER WIDTH RATE     so many rows a second until it is killed; FOLDER/returned has how many returned
    logger.py count NAME FOLDER WIDTH         the rows that can be read back; by the Python that has aspara

Standard library only, beside the logger itself: it also runs where only a rival is installed.
"""

from __future__ import annotations

import contextlib
import gc
import glob
import json
import mmap
import os
import random
import sqlite3
import struct
import subprocess
import sys
import time

Row = dict


def rows(width: int, count: int) -> list[Row]:
    """Different rows with names as long as real ones and numbers of full precision."""
    draw = random.Random(0).random
    return [{f"train/metric_{i}": draw() for i in range(width)} for _ in range(count)]


# -- the loggers: each gives (log(row), end()) --------------------------------------------------------------------------


def open_floor(folder: str):
    """The least that a record costs that survives SIGKILL: encode it, write it."""
    import orjson

    descriptor = os.open(f"{folder}/floor.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    step = 0

    def log(row: Row) -> None:
        nonlocal step
        os.write(
            descriptor,
            orjson.dumps({"timestamp": 1764000000000, "step": step, "metrics": row}, option=orjson.OPT_APPEND_NEWLINE),
        )
        step += 1

    return log, lambda: os.close(descriptor)


def open_jsonl(folder: str):
    """`run.log` to local files."""
    import aspara

    run = aspara.init("bench", "bench", dir=f"{folder}/data")
    return run.log, run.finish


def open_module(folder: str):
    """`aspara.log`, which finds the active run first."""
    import aspara

    aspara.init("bench", "bench", dir=f"{folder}/data")
    return aspara.log, aspara.finish


def open_polars(folder: str):
    """`run.log` with rows that move into Parquet."""
    import aspara

    run = aspara.init("bench", "bench", dir=f"{folder}/data", storage_backend="polars")
    return run.log, run.finish


def open_remote(folder: str):
    """`run.log` to the tracker that ASPARA_TRACKER_URI names, whether it is up or down."""
    import aspara

    run = aspara.init("bench", "bench", dir=f"{folder}/data")
    return run.log, run.finish


def open_aspara01(folder: str):
    """The first release."""
    os.environ["ASPARA_DATA_DIR"] = f"{folder}/data"
    import aspara

    aspara.init(project="bench", name="bench")
    return aspara.log, aspara.finish


def open_wandb(folder: str):
    """wandb, offline."""
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DIR=folder)
    import wandb

    run = wandb.init(project="bench")
    return run.log, run.finish


def open_trackio(folder: str):
    """trackio, local."""
    os.environ["TRACKIO_DIR"] = folder
    import trackio

    trackio.init(project="bench")
    return trackio.log, trackio.finish


def open_tensorboardX(folder: str):  # noqa: N802
    """tensorboardX: a record for each value."""
    from tensorboardX import SummaryWriter

    writer = SummaryWriter(f"{folder}/tb")
    step = 0

    def log(row: Row) -> None:
        nonlocal step
        for name, value in row.items():
            writer.add_scalar(name, value, step)
        step += 1

    return log, writer.close


# -- reading back -------------------------------------------------------------------------------------------------------


def count_lines(folder: str, _width: int) -> int:
    """Whole rows in JSON lines."""
    found = 0
    for path in glob.glob(f"{folder}/**/*.jsonl", recursive=True):
        with open(path, "rb") as file:
            for line in file:
                with contextlib.suppress(ValueError):
                    found += line.endswith(b"\n") and "metrics" in json.loads(line)
    return found


def count_aspara(folder: str, _width: int) -> int:
    """What aspara.Api reads, a row for each step."""
    import aspara

    return sum(1 for run in aspara.Api(f"{folder}/data").runs("bench") for _ in run.scan_history())


def count_wandb(folder: str, width: int) -> int:
    """What our importer finds in the files of offline runs."""
    command = [sys.executable, "-m", "aspara.cli.main", "import", "wandb", f"{folder}/wandb", "--project", "bench"]
    subprocess.run([*command, "--data-dir", f"{folder}/data"], check=True, stdout=subprocess.DEVNULL)
    return count_aspara(folder, width)


def count_trackio(folder: str, _width: int) -> int:
    """Rows of the table of metrics."""
    found = 0
    for path in glob.glob(f"{folder}/**/*.db", recursive=True):
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as base:
            found += base.execute("select count(*) from metrics").fetchone()[0]
    return found


def count_tensorboard(folder: str, width: int) -> int:
    """Whole records of event files but the first one, `width` for a row."""
    found = 0
    for path in glob.glob(f"{folder}/**/events.*", recursive=True):
        with open(path, "rb") as file:
            content = file.read()
        at = 0
        while at + 12 <= len(content):
            at += 16 + struct.unpack_from("<Q", content, at)[0]
            found += at <= len(content)
        found -= 1
    return found // width


LOGGERS = {
    "floor": (open_floor, count_lines),
    "jsonl": (open_jsonl, count_aspara),
    "module": (open_module, count_aspara),
    "polars": (open_polars, count_aspara),
    "remote": (open_remote, count_aspara),
    "aspara01": (open_aspara01, count_lines),
    "wandb": (open_wandb, count_wandb),
    "trackio": (open_trackio, count_trackio),
    "tensorboardX": (open_tensorboardX, count_tensorboard),
}


# -- what is done with one ----------------------------------------------------------------------------------------------


def per_call(log, width: int, count: int) -> list[int]:
    """Nanoseconds of each of `count` calls, the collector off so that its pauses are nobody's."""
    some = rows(width, 64)
    for row in some:  # the first calls open files and learn names
        log(row)
    clock = time.perf_counter_ns
    taken = [0] * count
    gc.collect()
    gc.disable()
    for i in range(count):
        row = some[i & 63]
        began = clock()
        log(row)
        taken[i] = clock() - began
    gc.enable()
    return taken


def paced(log, width: int, before: int) -> list[int]:
    """Nanoseconds of calls a millisecond apart, for three seconds: a training's pace, while the background works off `before`."""
    some = rows(width, 64)
    for i in range(before):
        log(some[i & 63])
    clock = time.perf_counter_ns
    taken: list[int] = []
    end = clock() + 3_000_000_000
    while clock() < end:
        began = clock()
        log(some[0])
        taken.append(clock() - began)
        time.sleep(0.001)
    return taken


def go_on(log, folder: str, width: int, rate: float) -> None:
    """Logs until it is killed; what returned is counted in memory that outlives the process."""
    some = rows(width, 64)
    path = f"{folder}/returned"
    with open(path, "wb") as file:
        file.write(bytes(8))
    with open(path, "r+b") as file:
        returned = mmap.mmap(file.fileno(), 8)
    done, began = 0, time.perf_counter()
    while True:
        log(some[done & 63])
        done += 1
        struct.pack_into("<Q", returned, 0, done)
        if rate:
            time.sleep(max(0.0, began + done / rate - time.perf_counter()))


def main() -> None:
    """One order from the command line."""
    what, name, folder, width = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    opened, counted = LOGGERS[name]
    if what == "count":
        print(counted(folder, width))
        return
    log, end = opened(folder)
    if what == "go":
        go_on(log, folder, width, float(sys.argv[5]))
    elif what == "fill":
        for row in rows(width, int(sys.argv[5])):
            log(row)
        end()
    else:
        taken = (per_call if what == "time" else paced)(log, width, int(sys.argv[5]))
        end()
        print()
        print(json.dumps(taken))


if __name__ == "__main__":
    main()
