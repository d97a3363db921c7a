"""Every log() that returned survives: SIGKILL at random instants, full disks, torn tails, in the middle of an archive."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from pathlib import Path

import pytest

import aspara
from aspara.errors import DataDirError
from aspara.storage.layout import Layout
from aspara.util.append_file import AppendFile
from aspara.util.files import is_locked

KILL_ME = """
import aspara, sys
from wide_rows import row
run = aspara.init("p", "r", storage_backend=sys.argv[1])
out = open(sys.argv[2], "w", buffering=1)
i = 0
while True:
    run.log(row(i))
    out.write(f"{i}\\n")  # after log() returned
    i += 1
"""


def killed(
    disk, script, tmp_path: Path, backend: str, seed: int, by: signal.Signals = signal.SIGKILL, **environment: str
) -> int:
    """Kills a tight loop at a random instant; returns the last index whose log() had returned."""
    said = tmp_path / f"said-{seed}"
    process = script(KILL_ME, backend, str(said), wait=False, env={**os.environ, **environment})
    deadline = time.monotonic() + 30
    while not (said.exists() and said.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(random.Random(seed).uniform(0.01, 0.25))
    process.send_signal(by)
    process.communicate()
    assert -by == process.returncode
    return int(said.read_text().split("\n")[-2])


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
@pytest.mark.parametrize("seed", range(3))
def test_every_returned_row_is_there_once_after_sigkill(disk, wide, script, tmp_path, backend, seed):
    """At any instant; with polars small segments are being archived all the while."""
    last = killed(disk, script, tmp_path, backend, seed, ASPARA_ARCHIVE_ROWS="500", ASPARA_FSYNC_INTERVAL="0.02")
    values = disk.values("p", "r", "a")
    # At most one row may have been written whose log() had no time to return.
    assert len(values) in (last + 1, last + 2)
    assert [float(i) for i in range(len(values))] == values
    wide.check(disk.folder, len(values))
    assert disk.info("p", "r").status == "crashed"


@pytest.mark.soak
@pytest.mark.parametrize("backend", ["jsonl", "polars"])
@pytest.mark.parametrize("seed", range(100, 150))
def test_every_returned_row_is_there_once_after_sigkill_many_times(disk, wide, script, tmp_path, backend, seed):
    """The long form of the trial above."""
    test_every_returned_row_is_there_once_after_sigkill(disk, wide, script, tmp_path, backend, seed)


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
@pytest.mark.parametrize("seed", range(2))
def test_a_run_is_ended_in_good_order_wherever_sigterm_meets_it(disk, wide, script, tmp_path, backend, seed):
    """In the middle of a log() too: no deadlock, every row once, failed with the signal's code."""
    environment = {"ASPARA_ARCHIVE_ROWS": "500", "ASPARA_FSYNC_INTERVAL": "0.02"}
    last = killed(disk, script, tmp_path, backend, seed, signal.SIGTERM, **environment)
    values = disk.values("p", "r", "a")
    assert len(values) in (last + 1, last + 2)
    assert [float(i) for i in range(len(values))] == values
    wide.check(disk.folder, len(values))
    assert ("failed", 143) == (disk.info("p", "r").status, disk.info("p", "r").exit_code)


def test_a_killed_run_is_resumed_after_its_torn_tail(disk, wide, script, tmp_path):
    """Half a line at the end costs that line alone; the next row stands on its own."""
    last = killed(disk, script, tmp_path, "jsonl", 1)
    path = disk.folder / "p/r.jsonl"
    whole = disk.values("p", "r", "a")
    with path.open("ab") as file:
        file.write(b'{"timestamp": 1, "step": 9')
    run = aspara.init("p", "r", resume="must")
    assert run.step in (last + 1, last + 2)
    run.log({"a": -1.0})
    run.finish()
    assert [*whole, -1.0] == disk.values("p", "r", "a")


def test_an_archive_that_was_cut_short_neither_loses_nor_doubles_rows(disk, wide, monkeypatch):
    """Parts written but the segment not yet removed: the segment counts. Removed: the parts do."""
    from aspara.storage import parquet_archive as archive

    run = aspara.init("p", "r", storage_backend="polars")
    for i in range(500):
        run.log(wide.row(i))
    paths = Layout(disk.folder).run("p", "r")
    monkeypatch.setattr(os, "unlink", lambda *_args, **_kw: (_ for _ in ()).throw(OSError("killed here")))
    run._recorder.backend.archiver.turn()
    run._recorder.backend.archiver.settle()
    monkeypatch.undo()
    [segment] = paths.segment_files()
    assert len(paths.parts()) == 1
    monkeypatch.setenv("ASPARA_DATA_DIR", str(disk.folder))
    assert [float(i) for i in range(500)] == disk.values("p", "r", "a")
    wide.check(disk.folder, 500)
    archive.archive_segment(paths, segment.stem)
    assert paths.segment_files() == []
    assert [float(i) for i in range(500)] == disk.values("p", "r", "a")
    run.log(wide.row(500))
    run.finish()
    wide.check(disk.folder, 501)
    assert [float(i) for i in range(501)] == disk.values("p", "r", "a")


def test_a_short_script_that_ends_by_itself_archives_too(disk, wide, script, monkeypatch):
    """Polars, which it meets only when the interpreter is ending, says nothing and keeps every row."""
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "100")
    done = script("""
        import aspara
        from wide_rows import row
        run = aspara.init("p", "r", capture=False, storage_backend="polars")
        for i in range(500):
            run.log(row(i))
    """)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    paths = Layout(disk.folder).run("p", "r")
    assert (1, []) == (len(paths.parts()), paths.segment_files())
    wide.check(disk.folder, 500)
    assert [float(i) for i in range(500)] == disk.values("p", "r", "a")


def test_an_interpreter_that_loads_no_more_modules_leaves_the_rows_where_they_are(disk, wide, script, monkeypatch):
    """Nothing is printed, and the next process of the run archives them."""
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "100")
    source = """
        import aspara, sys
        from wide_rows import row
        run = aspara.init("p", "r", resume="allow", storage_backend="polars")
        if len(sys.argv) > 1:
            sys.modules["polars"] = None  # the import fails, as it may at the end of an interpreter
        begin = run.step
        for i in range(begin, begin + 500):
            run.log(row(i))
    """
    done = script(source, "late")
    assert (0, "") == (done.returncode, done.stderr)
    assert 500 == len(disk.values("p", "r", "a"))
    assert (0, "") == (script(source).returncode, done.stderr)
    paths = Layout(disk.folder).run("p", "r")
    assert (2, []) == (len(paths.parts()), paths.segment_files())
    wide.check(disk.folder, 1000)
    assert 1000 == len(disk.values("p", "r", "a"))


def test_late_timestamps_go_to_their_own_date(disk):
    """One Parquet part per UTC date, and no old part is rewritten."""
    run = aspara.init("p", "r", storage_backend="polars")
    for day in ("2024-01-01", "2024-01-02", "2024-01-01"):
        run.log({"a": 1.0}, timestamp=f"{day}T12:00:00")
    run._recorder.backend.archiver.turn()
    run._recorder.backend.archiver.settle()
    run.finish()
    parts = Layout(disk.folder).run("p", "r").parts()
    assert [part.parent.name for part in parts] == ["date=2024-01-01", "date=2024-01-02"]
    assert len(disk.values("p", "r", "a")) == 3


def test_a_full_disk_stops_nothing_and_loses_nothing_once_there_is_space(disk, tmp_path):
    """EFBIG through the real limit, a short write included: one warning, rows wait, then all of them are there in order."""
    said: list[str] = []
    path = tmp_path / "rows.jsonl"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    file = AppendFile(path, descriptor, warn=said.append)
    lines = [b'{"n": %d}\n' % i for i in range(200)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (505, hard))
    try:
        for line in lines:
            with file.lock:
                file.append(line)
        assert len(said) == 1
        assert file.pending > 100
        assert path.stat().st_size <= 505
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert file.close(5) == []
    assert b"".join(lines) == path.read_bytes()
    assert "none was lost" in said[-1]


def test_a_run_that_a_full_disk_kept_from_being_resumed_is_nobodys(disk):
    """Its files are not held, so it is not taken for running, and the next try is its writer."""
    first = aspara.Run("r", "p", id="abc")
    first.log({"a": 1.0})
    first.finish()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        with pytest.raises(DataDirError, match="large"):
            aspara.Run(project="p", id="abc")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    assert not any(is_locked(path) for path in disk.folder.glob("p/*.jsonl"))
    again = aspara.Run(project="p", id="abc")
    again.log({"a": 2.0})
    again.finish()
    assert ("completed", [1.0, 2.0]) == (disk.info("p", "r").status, disk.values("p", "r", "a"))
    assert [] == list(disk.folder.glob("p/r/writers/*"))


def test_what_outgrows_the_memory_is_counted(tmp_path):
    """Never silent: the rows beyond the bound are known by number."""
    path = tmp_path / "rows.jsonl"
    file = AppendFile(path, os.open("/dev/full", os.O_RDWR), warn=lambda _: None, spill_bytes=100)
    for _ in range(50):
        with file.lock:
            file.append(b"012345678\n")
    assert file.rows_lost == 40
    assert len(file.close(0.1)) == 10


def test_finish_says_what_was_not_delivered_and_where_it_is(disk, capsys, monkeypatch):
    """A disk that stays full: the rows go to the user's state folder, and finish() says so."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "0.2")
    run = aspara.init("p", "r", capture=False)
    for i in range(200):
        run.log({"a": float(i)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # As many bytes as the row file has: nothing more fits there, and all that is smaller fits.
    resource.setrlimit(resource.RLIMIT_FSIZE, ((disk.folder / "p/r.jsonl").stat().st_size, hard))
    try:
        for i in range(5):
            run.log({"a": float(i)})
        run.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    said = capsys.readouterr().err
    assert "5 rows were not delivered" in said
    [kept] = Path(os.environ["XDG_STATE_HOME"]).rglob("*.jsonl")
    assert len(kept.read_text().splitlines()) == 5


def test_a_run_deleted_while_it_goes_on_does_not_come_back_by_halves(disk, capsys):
    """Training continues; there is one warning, and no half of a run appears again."""
    from aspara.catalog.catalog import Catalog

    run = aspara.init("p", "r")
    run.log({"a": 1.0})
    Catalog(disk.folder).delete_run("p", "r", force=True)
    run.flush()
    run.log({"a": 2.0})
    run.config.lr = 1
    run.finish()
    assert "was deleted" in capsys.readouterr().err
    assert not (disk.folder / "p/r.meta.json").exists()


def test_durability_always_syncs_each_row(disk, monkeypatch):
    """ASPARA_DURABILITY=always: no row waits for the timer."""
    monkeypatch.setenv("ASPARA_DURABILITY", "always")
    synced = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (synced.append(fd), real(fd))[1])
    run = aspara.init("p", "r")
    for i in range(5):
        run.log({"a": float(i)})
    assert len(synced) >= 5


def test_a_failed_sync_is_not_believed(tmp_path, monkeypatch):
    """The rows since the last good sync are written again, each once; there is one warning, and one word when it is over."""
    path = tmp_path / "rows.jsonl"
    said: list[str] = []
    file = AppendFile(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), warn=said.append)
    with file.lock:
        file.append(b"1\n")
    file.sync()
    with file.lock:
        file.append(b"2\n")
    real_sync, real_cut, cuts = os.fdatasync, os.ftruncate, []
    monkeypatch.setattr(os, "fdatasync", lambda _fd: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    monkeypatch.setattr(os, "ftruncate", lambda fd, size: (cuts.append(size), real_cut(fd, size))[1])
    file.sync()
    file.sync()
    monkeypatch.setattr(os, "fdatasync", real_sync)
    assert [2, 2] == cuts
    file.sync()
    assert b"1\n2\n" == path.read_bytes()
    assert [] == file.close(5)
    assert ["does not confirm" in said[0], "confirms" in said[1]] == [True, True]
    assert 2 == len(said)
    assert b"1\n2\n" == path.read_bytes()
