"""Another tracker as a reader, in a process of its own. `bench/reading.py` runs it, with the Python that has the tracker.

    reader.py make NAME SOURCE TARGET         the runs of SOURCE (Aspara's row files) in the tracker's own form, below TARGET
    reader.py read NAME TARGET POINTS COUNT   all charts of project ``p`` at so many points a series, for the first time and again: seconds,
                                              as JSON on the last line of stdout; COUNT series must come

Standard library only, beside the tracker itself. What is timed is what its own page asks for, until the answer is there as bytes.
TensorBoard reads while it starts, so its first time is counted from there.
"""

from __future__ import annotations

import contextlib
import glob
import itertools
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

Ask = "Callable[[], int]"
"""Asks for all charts; returns how many series came."""


def sources(folder: str):
    """(name, rows) of each run of project ``p``."""
    for path in sorted(glob.glob(f"{folder}/p/*.jsonl")):
        with open(path, "rb") as lines:
            yield os.path.basename(path)[: -len(".jsonl")], map(json.loads, lines)


# -- each gives how its runs are made, and a context in which all charts can be asked for --------------------------------


def make_aspara01(source: str, target: str) -> None:
    """It reads the same files; what it may write, metadata, is its own."""
    for path in glob.glob(f"{source}/**/*", recursive=True):
        if os.path.isfile(path):
            place = os.path.join(target, os.path.relpath(path, source))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            (os.link if path.endswith(".jsonl") else shutil.copy)(path, place)


@contextlib.contextmanager
def read_aspara01(target: str, points: int):
    """Its dashboard's own endpoint, which takes no number of points."""
    runs = ",".join(name for name, _ in sources(target))
    port = free()
    command = [os.path.join(os.path.dirname(sys.executable), "aspara"), "dashboard", "--port", str(port)]
    with served(command, port, "/", ASPARA_DATA_DIR=target, ASPARA_LTTB_THRESHOLD=str(points)) as base:

        def ask() -> int:
            answer = asked(f"{base}/api/projects/p/runs/metrics?{urllib.parse.urlencode({'runs': runs})}")
            return sum(len(runs) for runs in json.loads(answer)["metrics"].values())

        yield ask


def make_tensorboard(source: str, target: str) -> None:
    """An event for each step, as tight as event files get."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    for name, rows in sources(source):
        os.makedirs(f"{target}/{name}")
        with open(f"{target}/{name}/events.out.tfevents.1764000000.host", "wb") as file:
            writer = RecordWriter(file)
            writer.write(Event(wall_time=1764000000.0, file_version="brain.Event:2").SerializeToString())
            for row in rows:
                values = [Summary.Value(tag=k, simple_value=v) for k, v in row["metrics"].items()]
                event = Event(wall_time=row["timestamp"] / 1000, step=row["step"], summary=Summary(value=values))
                writer.write(event.SerializeToString())


@contextlib.contextmanager
def read_tensorboard(target: str, points: int):
    """The request of its time series page: all runs of a metric at once. It is ready when the last step of each run is there."""
    last = {name: json.loads(line)["step"] for name, line in ends(target)}
    port = free()
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", target, "--port", str(port)]
    command += ["--samples_per_plugin", f"scalars={points}"]
    with served(command, port, "/data/environment") as base:
        scalars = f"{base}/data/plugin/timeseries"

        def ask() -> int:
            found = 0
            tags = json.loads(asked(f"{scalars}/tags"))["scalars"]["runTagInfo"]
            for tag in sorted({tag for tags_ in tags.values() for tag in tags_}):
                form = urllib.parse.urlencode({"requests": json.dumps([{"plugin": "scalars", "tag": tag}])})
                answer = json.loads(asked(f"{scalars}/timeSeries", form.encode()))
                for run, points_ in answer[0]["runToSeries"].items():
                    found += points_[-1]["step"] == last[run]
            return found

        yield ask


def ends(target: str):
    """(run, last line) of what event files were made of."""
    with open(f"{target}/last.json", encoding="utf-8") as file:
        yield from json.load(file)


def make_trackio(source: str, target: str) -> None:
    """Its database, by its own way of writing many rows."""
    os.environ["TRACKIO_DIR"] = target
    from trackio.sqlite_storage import SQLiteStorage

    for name, rows in sources(source):
        while some := list(itertools.islice(rows, 10_000)):
            SQLiteStorage.bulk_log("p", name, [row["metrics"] for row in some], steps=[row["step"] for row in some])


@contextlib.contextmanager
def read_trackio(target: str, points: int):
    """What its page's server gives for the charts of some runs, without its HTTP."""
    os.environ["TRACKIO_DIR"] = target
    from trackio.sqlite_storage import SQLiteStorage

    def ask() -> int:
        runs = [{"run": run} for run in SQLiteStorage.get_runs("p")]
        if hasattr(SQLiteStorage, "get_logs_batch"):
            answers = SQLiteStorage.get_logs_batch("p", runs, max_points=points, scalar_only=True)
            logs = [answer["logs"] for answer in answers]
        else:
            logs = [SQLiteStorage.get_logs("p", run["run"], max_points=points) for run in runs]
        json.dumps(logs)
        return sum(len({name for row in rows for name in row} - {"timestamp", "step", "id"}) for rows in logs)

    yield ask


RIVALS = {
    "aspara01": (make_aspara01, read_aspara01),
    "tensorboard": (make_tensorboard, read_tensorboard),
    "trackio": (make_trackio, read_trackio),
}


# -- servers ------------------------------------------------------------------------------------------------------------


def free() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as door:
        return door.getsockname()[1]


def asked(address: str, body: bytes | None = None) -> bytes:
    """The answer."""
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=600) as answer:
        return answer.read()


@contextlib.contextmanager
def served(command: list[str], port: int, sign: str, **environment: str):
    """A server that answers at `sign`; yields its address."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, **environment}, **quiet) as process:
        base = f"http://127.0.0.1:{port}"
        try:
            while True:
                if process.poll() is not None:
                    raise SystemExit(f"{command} ended with {process.returncode}")
                try:
                    asked(base + sign)
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.02)
            yield base
        finally:
            process.terminate()


def main() -> None:
    """What the arguments say."""
    what, name, place, *rest = sys.argv[1:]
    make, read = RIVALS[name]
    if what == "make":
        os.makedirs(rest[0])
        make(place, rest[0])
        if name == "tensorboard":
            found = []
            for run, rows in sources(place):
                *_, last = rows
                found.append((run, json.dumps({"step": last["step"]})))
            with open(f"{rest[0]}/last.json", "w", encoding="utf-8") as file:
                json.dump(found, file)
        return
    points, count = int(rest[0]), int(rest[1])
    began = time.perf_counter()
    with read(place, points) as ask:
        if name != "tensorboard":
            began = time.perf_counter()
        while (there := ask()) < count and name == "tensorboard":
            time.sleep(0.02)
        first = time.perf_counter() - began
        if there != count:
            raise SystemExit(f"{name} gave {there} series, not {count}")
        again = []
        for _ in range(3):
            began = time.perf_counter()
            ask()
            again.append(time.perf_counter() - began)
    print(json.dumps({"first": first, "again": statistics.median(again)}))


if __name__ == "__main__":
    main()
