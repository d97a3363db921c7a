"""Disks that refuse, lie, hang or fill up, by the system's own means: every row whose log() returned is there once, or counted.

``strace`` makes system calls fail; a small tmpfs and RLIMIT_FSIZE make real full disks. Where one is missing its trials are
skipped, with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.cli.main import main
from aspara.storage.heartbeat import here
from aspara.storage.layout import Layout

SEGMENT = f"1-a-{here()[:8]}"
STRACE = "strace -f -qq -o /dev/null".split()


@pytest.fixture(scope="module")
def strace(tmp_path_factory) -> list[str]:
    """The command line that makes system calls fail, if it may."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run(
        [*STRACE, "-e", "inject=getcwd:error=EIO", "true"], capture_output=True, text=True, check=False
    )
    if probe.returncode != 0:
        pytest.skip(f"strace may not trace here: {probe.stderr.strip()[:100]}")
    return STRACE


# Logs so many rows, then waits until nothing is pending, and says how long the slowest call took.
PROGRAM = """
import aspara, sys, time
from wide_rows import row
run = aspara.init("p", "r", storage_backend=sys.argv[1])
print("ready", flush=True)
slowest = 0.0
for i in range(int(sys.argv[2])):
    began = time.perf_counter()
    run.log(row(i))
    run.config.i = i
    slowest = max(slowest, time.perf_counter() - began)
    if len(sys.argv) > 3:
        time.sleep(float(sys.argv[3]))
run.finish()
print("slowest", slowest)
"""


def run_program(folder: Path, before: list[str], *arguments: object, source: str = PROGRAM, **environment: str):
    path = folder / "program.py"
    path.write_text(textwrap.dedent(source))
    return subprocess.run(
        [*before, sys.executable, str(path), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "ASPARA_FSYNC_INTERVAL": "0.05", **environment},
    )


def values(folder: Path, metric: str = "a") -> list[float]:
    found = Catalog(folder).metrics("p", ["r"], SeriesQuery()).metrics
    return found[metric]["r"].values.tolist() if metric in found else []


def once(count: int) -> list[float]:
    return [float(i) for i in range(count)]


def row_file(disk, backend: str) -> Path:
    return disk.folder / ("p/r.wal.jsonl" if backend == "polars" else "p/r.jsonl")


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
@pytest.mark.parametrize(
    "fault",
    [
        "write:error=ENOSPC:when=20..60",
        "write:error=EIO:when=1+3",
        "write:error=EDQUOT:when=5..25",
        "write:error=EROFS:when=30..90",
        "fdatasync:error=EIO:when=1+2",
        "fdatasync:error=EIO",
        "fdatasync:error=ENOSPC:when=1..3",
        "ftruncate:error=EIO",
    ],
)
def test_a_disk_that_refuses_costs_no_row(disk, wide, strace, tmp_path, backend, fault):
    """One warning; training goes on, and what was logged is there once, in order."""
    done = run_program(
        tmp_path, [*strace, "-P", str(row_file(disk, backend)), "-e", f"inject={fault}"], backend, 200, 0.002
    )
    assert 0 == done.returncode, done.stderr
    assert once(200) == values(disk.folder)
    wide.check(disk.folder, 200)
    assert "completed" == disk.info("p", "r").status
    assert [] == Catalog(disk.folder).run("p", "r").problems
    assert done.stderr.count("cannot be written") + done.stderr.count("does not confirm") <= 2
    assert "lost" not in done.stderr.replace("none was lost", "")


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_a_disk_that_takes_parts_of_rows_tears_none(disk, wide, strace, tmp_path, backend):
    """Short writes that are followed by errors: the half that went is cut off again."""
    # The limit lets a part of a row through, and then nothing: a real short write, then EFBIG.
    source = PROGRAM.replace("import aspara", "import resource, aspara").replace(
        'print("ready", flush=True)',
        "soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE); resource.setrlimit(resource.RLIMIT_FSIZE, (3333, hard))",
    )
    source = source.replace("run.config.i = i", "i == 150 and resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))")
    done = run_program(tmp_path, [], backend, 200, 0.001, source=source)
    assert 0 == done.returncode, done.stderr
    assert once(200) == values(disk.folder)
    wide.check(disk.folder, 200)
    assert [] == Catalog(disk.folder).run("p", "r").problems
    assert 1 == done.stderr.count("Rows cannot be written")
    assert 1 == done.stderr.count("none was lost")


@pytest.fixture
def small(tmp_path):
    """A real small disk."""
    if os.geteuid() != 0:
        pytest.skip("a small disk is mounted by root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_a_disk_that_is_full_and_freed_again(tmp_path, small, monkeypatch, backend):
    """A real small disk, filled to the last byte while the run goes on, then freed: every row, no lie about the end."""
    monkeypatch.setenv("ASPARA_DATA_DIR", str(small / "data"))
    source = """
        import aspara, sys
        run = aspara.init("p", "r", storage_backend=sys.argv[1])
        run.log({"a": 0.0})
        filler = open(sys.argv[2], "wb", buffering=0)
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            pass
        for i in range(1, 2000):
            run.log({"a": float(i)})
            run.config.i = i
        filler.truncate(0)
        for i in range(2000, 2100):
            run.log({"a": float(i)})
        run.finish()
    """
    done = run_program(tmp_path, [], backend, small / "filler", source=source, ASPARA_FSYNC_INTERVAL="0.02")
    assert 0 == done.returncode, done.stderr
    assert once(2100) == values(small / "data")
    run = Catalog(small / "data").run("p", "r")
    assert ("completed", 1999, []) == (run.info.status, run.info.config["i"], run.problems)
    assert 1 == done.stderr.count("Rows cannot be written")


def test_an_archive_on_a_full_disk_waits_for_room(disk, small, tmp_path):
    """One warning, whatever library met the full disk; the rows stay readable, and are archived when there is room."""
    source = """
        import aspara, os, sys, time
        from pathlib import Path
        small, data = Path(sys.argv[1]), Path(os.environ["ASPARA_DATA_DIR"])
        run = aspara.init("p", "r", storage_backend="polars")
        (data / "p/r_archive").symlink_to(small)
        filler = open(small / "filler", "wb", buffering=0)
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            pass
        for turn in range(1, 4):
            for i in range(100):
                run.log({"a": float(100 * (turn - 1) + i)})
            while len(list(data.glob("p/r/segments/*"))) < turn:
                time.sleep(0.01)
        if sys.argv[2] == "freed":
            filler.truncate(0)
        run.log({"a": 300.0})
    """
    paths = Layout(disk.folder).run("p", "r")
    for ending, left in (("full", 3), ("freed", 0)):
        done = run_program(
            tmp_path, [], small, ending, source=source, ASPARA_FSYNC_INTERVAL="0.02", ASPARA_ARCHIVE_ROWS="100"
        )
        assert (0, 1, 1) == (done.returncode, done.stderr.count("could not be archived"), done.stderr.count("\n"))
        assert left == len(paths.segment_files())
        paths.archive.unlink()
        shutil.copytree(small, paths.archive, ignore=shutil.ignore_patterns("filler"))
        assert (once(301), []) == (values(disk.folder), Catalog(disk.folder).run("p", "r").problems)
        assert 3 - left == len([path for path in paths.archive.rglob("*") if path.is_file()])
        shutil.rmtree(disk.folder)


def test_what_finds_no_place_in_the_end_is_told_and_kept_elsewhere(disk, wide, strace, tmp_path):
    """A disk that never takes a row again: finish() says how many, and where they are; the exit is not held up."""
    began = time.monotonic()
    done = run_program(
        tmp_path,
        [*strace, "-P", str(row_file(disk, "jsonl")), "-e", "inject=write:error=ENOSPC"],
        "jsonl",
        50,
        ASPARA_EXIT_TIMEOUT="0.5",
    )
    assert 0 == done.returncode
    assert "50 rows were not delivered" in done.stderr
    assert time.monotonic() - began < 60
    kept = [line for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*.jsonl") for line in path.open()]
    assert (0, 50) == (len(values(disk.folder)), len(kept))


def test_metadata_that_finds_no_place_in_the_end_is_named_and_kept_elsewhere(small, tmp_path, monkeypatch, capsys):
    """The closing words say what the disk did not take, and where it is; the doctor puts it back, the run's end too."""
    monkeypatch.setenv("ASPARA_DATA_DIR", str(small / "data"))
    source = """
        import aspara, sys
        run = aspara.init("p", "r", config={"lr": 1, "gone": 1})
        filler = open(sys.argv[1], "wb", buffering=0)
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            pass
        run.log({"a": 1.0})
        run.config.update({f"c{i}": i for i in range(7)})
        run.config.lr = 2
        del run.config["gone"]
        run.summary["best"] = 0.5
        run.finish()
    """
    done = run_program(tmp_path, [], small / "filler", source=source, ASPARA_EXIT_TIMEOUT="0.2")
    assert 0 == done.returncode, done.stderr
    told = "its end, 8 values of its config (c0, c1, c2, c3, c4, …) and 1 value of its summary (best)"
    assert 1 == done.stderr.count(f"Run 'r': the disk did not take {told}; they are in ")
    assert "crashed" == Catalog(small / "data").run("p", "r").info.status
    os.truncate(small / "filler", 0)
    assert 0 == main(["doctor", "--fix"])
    capsys.readouterr()
    info = Catalog(small / "data").run("p", "r").info
    assert {"lr": 2, **{f"c{i}": i for i in range(7)}} == info.config
    assert ("completed", 0.5, [1.0]) == (info.status, info.summary["best"], values(small / "data"))
    assert 0 == main(["doctor"])
    assert [] == [path for path in Path(os.environ["XDG_STATE_HOME"]).rglob("r-*") if path.is_file()]


def test_a_disk_that_hangs_does_not_hold_up_the_training(disk, wide, strace, tmp_path):
    """Each fsync takes two seconds, and metadata with it: no log() and no config change waits for that."""
    done = run_program(
        tmp_path,
        [*strace, "-e", "inject=fsync,fdatasync:delay_enter=2000000:when=8+"],
        "jsonl",
        100,
        0.005,
        ASPARA_EXIT_TIMEOUT="20",
    )
    assert 0 == done.returncode, done.stderr
    assert once(100) == values(disk.folder)
    assert 99 == disk.info("p", "r").config["i"]
    # Two seconds each would be minutes; one that waits for a sync would take two seconds at least.
    assert float(done.stdout.split()[-1]) < 1.5


ARCHIVE = """
import os, sys
from pathlib import Path
from aspara.storage.layout import Layout
from aspara.storage.parquet_archive import archive_segment
paths = Layout(Path(os.environ["ASPARA_DATA_DIR"])).run("p", "r")
import polars  # before the count begins
Path(sys.argv[1]).touch()
archive_segment(paths, paths.segment_files()[0].stem)
"""


def prepare_segment(disk, wide) -> None:
    """A run with 500 rows on two dates, all of them in one segment on its way into the archive."""
    import aspara

    run = aspara.init("p", "r", storage_backend="polars")
    for i in range(500):
        run.log(wide.row(i), timestamp=1_767_225_500_000 + i * 1000)
    paths = Layout(disk.folder).run("p", "r")
    run.finish()
    paths.segments.mkdir(parents=True)
    paths.wal.rename(paths.segment(SEGMENT))


def kill_at(disk, strace, tmp_path: Path, call: str, number: int) -> int:
    """Kills an archive as it makes its `number`-th `call` on the run's own files; the exit status."""
    paths = Layout(disk.folder).run("p", "r")
    watched: list[str] = []
    for path in (paths.segments, paths.segment(SEGMENT), paths.archive):
        watched += ["-P", str(path)]
    for date in ("2025-12-31", "2026-01-01"):
        part = paths.part(SEGMENT, date)
        for path in (part.parent, part, part.with_name(f".{part.name}.tmp")):
            watched += ["-P", str(path)]
    done = run_program(
        tmp_path,
        [*strace, *watched, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"],
        tmp_path / "begin",
        source=ARCHIVE,
    )
    return done.returncode


def check_archive(disk, wide) -> None:
    assert once(500) == values(disk.folder)
    wide.check(disk.folder, 500)
    found = Catalog(disk.folder).run("p", "r")
    assert [] == found.problems
    assert "text 497" == found.info.summary["note"]


@pytest.mark.parametrize(
    "call", ["rename", "unlink", "write", *(pytest.param(c, marks=pytest.mark.soak) for c in ("fsync", "openat"))]
)
def test_an_archive_killed_at_any_call_neither_loses_nor_doubles_a_row(disk, wide, strace, tmp_path, call):
    """Killed as it makes its first, second, ... such call, until it makes no further one; then done again."""
    prepare_segment(disk, wide)
    shutil.copytree(disk.folder, tmp_path / "before")
    for number in range(1, 200):
        shutil.rmtree(disk.folder)
        shutil.copytree(tmp_path / "before", disk.folder)
        code = kill_at(disk, strace, tmp_path, call, number)
        check_archive(disk, wide)
        if code == 0:
            assert number > 1, f"an archive makes no {call}"
            break
        assert 137 == code % 256 or -9 == code
        # What is left is archived by the next run, whole.
        import aspara

        run = aspara.init("p", "r", resume="must", storage_backend="polars")
        run._recorder.backend.archiver.work()
        run.finish()
        check_archive(disk, wide)
        assert [] == Layout(disk.folder).run("p", "r").segment_files()
    else:
        raise AssertionError("an archive does not end")
