"""A disk that refuses rows: they wait outside the memory, return to their own run, and a row file that vanishes is made good."""

from __future__ import annotations

import os
import signal
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.cli.main import main
from aspara.util.append_file import AppendFile

FULL = """
import aspara, os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = aspara.init("p", "job", id=sys.argv[1] or None, capture=False)
for i in range(2000):
    run.log({"a": float(i), "b": -float(i)})
size = os.path.getsize(os.path.join(os.environ["ASPARA_DATA_DIR"], "p", run._recorder.identity.run + ".jsonl"))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
for i in range(2000, 2500):
    run.log({"a": float(i), "b": -float(i)})
os.kill(os.getpid(), signal.SIGKILL)
"""


def values(folder: Path, run: str, metric: str) -> list[float]:
    return aspara.Api(folder).run(f"p/{run}").frame()[metric].to_list()


@pytest.mark.parametrize("run_id", ["", "job1"])
def test_rows_of_a_dead_run_are_not_mixed_into_the_one_that_has_its_name(disk, script, capsys, run_id):
    """Whatever its id: they become a run of their own."""
    assert -signal.SIGKILL == script(FULL, run_id).returncode
    Catalog(disk.folder).delete_run("p", "job")
    again = aspara.init("p", "job", id=run_id or None, capture=False)
    for i in range(10):
        again.log({"a": 1000.0 + i})
    again.finish()
    assert 1 == main(["doctor"])
    assert "become a run of their own" in capsys.readouterr().out
    assert 0 == main(["doctor", "--fix"])
    assert [1000.0 + i for i in range(10)] == values(disk.folder, "job", "a")
    [other] = [run for run in Catalog(disk.folder).layout.runs("p") if run != "job"]
    for metric, sign in (("a", 1), ("b", -1)):
        assert [sign * float(i) for i in range(2000, 2500)] == values(disk.folder, other, metric)
    assert 0 == main(["doctor", "--fix"])
    assert 2 == len(Catalog(disk.folder).layout.runs("p"))


def test_rows_that_wait_survive_a_kill_and_return_once(disk, script):
    """Killed in the middle of a full disk: every row of every metric is put back, each once, those moved already too."""
    assert -signal.SIGKILL == script(FULL, "").returncode
    assert 2000 == len(values(disk.folder, "job", "a"))
    [waiting] = Path(os.environ["XDG_STATE_HOME"]).rglob("rows.jsonl")
    moved = waiting.read_bytes().splitlines(keepends=True)[:100]
    with (disk.folder / "p/job.jsonl").open("ab") as file:
        file.writelines(moved)  # as if it had been killed while it moved them
    assert 0 == main(["doctor", "--fix"])
    for metric, sign in (("a", 1), ("b", -1)):
        assert Counter(sign * float(i) for i in range(2500)) == Counter(values(disk.folder, "job", metric))


def test_the_bound_of_memory_counts_what_is_held(tmp_path):
    """Lines as a codec gives them, whose buffers are larger than they are: no more than the bound is held."""
    full = os.open("/dev/full", os.O_RDWR)
    file = AppendFile(tmp_path / "rows.jsonl", full, warn=lambda _: None, spill_bytes=1 << 20)
    tracemalloc.start()
    try:
        for i in range(60_000):
            with file.lock:
                file.append(b'{"metrics":{"a":%8d}}\n' % i)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1.25 * (1 << 20)
    assert 60_000 == file.rows_lost + len(file.close(0))


def test_lost_rows_are_counted_once(disk, monkeypatch):
    """What the metadata says is what was lost."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "0.1")
    run = aspara.init("p", "r", capture=False)
    run.log({"a": 1.0})
    run._recorder._file.rows_lost = 7
    run.finish()
    assert 7 == disk.meta("p", "r")["rows_lost"]


@pytest.mark.parametrize("how", ["removed", "replaced", "older"])
def test_a_row_file_that_is_taken_away_is_made_good(disk, capsys, how):
    """No row is lost or doubled, and it is said."""
    run = aspara.init("p", "r", capture=False)
    for i in range(100):
        run.log({"a": float(i), "b": -float(i)})
    run.flush()
    path = disk.folder / "p/r.jsonl"
    content = path.read_bytes()
    path.unlink()
    if how == "replaced":
        path.write_bytes(content)
    elif how == "older":
        path.write_bytes(b"".join(content.splitlines(keepends=True)[:40]))
    for i in range(100, 200):
        run.log({"a": float(i), "b": -float(i)})
    run.flush()
    for i in range(200, 300):
        run.log({"a": float(i), "b": -float(i)})
    run.finish()
    assert "was removed or replaced" in capsys.readouterr().err
    for metric, sign in (("a", 1), ("b", -1)):
        assert [sign * float(i) for i in range(300)] == values(disk.folder, "r", metric)


def test_a_row_file_is_none_of_the_standard_streams(disk, script):
    """Whoever closes stderr has nothing else written into the rows; whoever closes all files, no rows in a file of his own."""
    done = script(
        """
        import aspara, os, sys
        os.close(2)
        run = aspara.init("p", "r", capture=False)
        run.log({"a": 0.0})
        try:
            os.write(2, b"foreign\\n")
        except OSError:
            pass
        os.open(os.devnull, os.O_WRONLY)  # takes the place of stderr
        os.closerange(3, 4096)
        own = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
        for i in range(1, 100):
            run.log({"a": float(i)})
        run.finish()
        os.write(own, b"mine")
        """,
        str(disk.folder.parent / "own"),
    )
    assert 0 == done.returncode
    assert b"mine" == (disk.folder.parent / "own").read_bytes()
    assert [float(i) for i in range(100)] == values(disk.folder, "r", "a")
    assert [] == Catalog(disk.folder).run("p", "r").problems
