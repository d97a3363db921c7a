"""What people do, on whatever system this runs: record, read, resume, archive, artifacts, media, dashboard, tracker, command line.

Arguments: an empty folder, and the storage backend or ``remote``.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import os
import sys
import threading
import urllib.request
from pathlib import Path

import aspara
from aspara.cli.main import main
from aspara.server.app import Server
from aspara.server.tracker import ingest

ROWS = 12_000


def command(*arguments: str) -> str:
    out = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="strict")  # such a console cannot show every letter
    with contextlib.redirect_stdout(out):
        code = main(list(arguments))
    out.flush()
    text = out.buffer.getvalue().decode("cp1252")
    assert code == 0, (arguments, code, text)
    return text


def worker(options: dict[str, str], number: int) -> None:
    with aspara.init("p", id="main", **options) as run:
        run.log({f"worker{number}": number})


def record(options: dict[str, str], folder: Path) -> None:
    note = folder / "note.txt"
    note.write_text("näh\n", encoding="utf-8")
    with aspara.init("p", name="Größe 日本", id="main", config={"lr": 0.1}, tags=["a"], **options) as run:
        for i in range(ROWS):
            run.log({"loss": 1 / (i + 1), "größe": i})
            if i % 4000 == 3999:
                run.flush()
        print("wörds of the script")
        run.log_artifact(note)
        run.log({"picture": aspara.Image([[0, 255], [255, 0]])})
        run.summary["best"] = 1
        processes = [multiprocessing.Process(target=worker, args=(options, number)) for number in range(2)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
            assert process.exitcode == 0
    with aspara.init("p", id="main", resume="must", **options) as run:
        assert run.step > ROWS
        run.config.later = True
        run.log({"loss": 0.0})


def read(data_dir: Path) -> None:
    run = aspara.Api(data_dir).run("p/main")
    losses = [row["loss"] for row in run.scan_history(keys=["loss"])]
    assert [*(1 / (i + 1) for i in range(ROWS)), 0.0] == losses, len(losses)
    for number in range(2):
        assert [row[f"worker{number}"] for row in run.scan_history(keys=[f"worker{number}"])] == [number]
    assert run.config["later"] is True
    assert run.config["lr"] == 0.1
    assert run.summary["best"] == 1
    assert run.state == "finished"


def serve(data_dir: Path) -> None:
    server = Server(data_dir, port=0)
    thread = server.start_in_thread()
    base = server.url.rstrip("/")
    try:
        with urllib.request.urlopen(f"{base}/api/projects/p/runs") as answer:
            [run] = json.load(answer)["runs"]
        for _ in range(2):  # the second answer is made of what the first one kept
            address = f"{base}/api/projects/p/runs/metrics?runs={run['run']}&metrics=loss"
            with urllib.request.urlopen(address) as answer:
                assert json.load(answer)["metrics"]["loss"][run["run"]]["values"][-1] == 0.0
        with urllib.request.urlopen(f"{base}/api/projects/p/runs/{run['run']}/artifacts/note.txt") as answer:
            assert answer.read() == "näh\n".encode()
    finally:
        server.stop()
        thread.join(20)


def commands(data_dir: Path, folder: Path) -> None:
    at = ("--data-dir", str(data_dir))
    assert "completed" in command("runs", "p", *at)
    run = json.loads(command("runs", "p", "--json", *at))["runs"][0]["run"]
    command("show", f"p/{run}", *at)
    command("export", f"p/{run}", "--format", "csv", "--output", str(folder / "out.csv"), *at)
    command("doctor", *at)
    command("delete", f"p/{run}", "--yes", *at)
    left = [path.name for path in (data_dir / "p").iterdir() if path.name not in ("metadata.json", ".lock")]
    assert not [name for name in left if not name.startswith(".")], left


def run_all(folder: Path, backend: str) -> None:
    data_dir = folder / "data"
    stop = threading.Event()
    if backend == "remote":
        routes, close = ingest(data_dir)
        server = Server(data_dir, port=0, extra=routes, on_close=[close])
        thread = server.start_in_thread()
        record({"tracker_uri": server.url}, folder)
        server.stop()
        thread.join(20)
    else:

        def look() -> None:
            """Reads while it is written, as a dashboard does."""
            while not stop.wait(0.05):
                with contextlib.suppress(aspara.errors.NotFound):
                    list(aspara.Api(data_dir).run("p/main").scan_history(keys=["loss"]))

        reader = threading.Thread(target=look)
        if backend == "jsonl":  # how readers follow an archive has tests of its own
            reader.start()
        try:
            record({"dir": str(data_dir), "storage_backend": backend}, folder)
        finally:
            stop.set()
            if reader.ident is not None:
                reader.join()
    if backend == "polars":
        assert list(data_dir.glob("p/*_archive/date=*/*.parquet")), [str(path) for path in data_dir.rglob("*")]
    assert b"\r" not in b"".join(path.read_bytes() for path in data_dir.glob("p/*.json*"))
    read(data_dir)
    serve(data_dir)
    commands(data_dir, folder)
    print("everything", os.getpid())


if __name__ == "__main__":
    run_all(Path(sys.argv[1]), sys.argv[2])
