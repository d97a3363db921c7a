"""Two hosts that share a data directory: whose locks may not reach each other, whose clocks may disagree."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.errors import RunIsRunning
from aspara.storage import metadata
from aspara.storage.heartbeat import SILENCE, Heartbeats, touch
from aspara.storage.layout import Layout

ELSEWHERE = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def elsewhere(disk, tmp_path):
    """Runs a program on "another host": its own host name and boot id, and locks that reach nobody."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "strace", "mount"))):
        pytest.skip("another host is made with unshare, mount and strace, as root")
    boot = tmp_path / "boot_id"
    boot.write_text(ELSEWHERE + "\n")
    started: list[subprocess.Popen] = []

    def run(source: str, *arguments: str, locks: bool = False) -> subprocess.Popen:
        path = tmp_path / f"elsewhere-{len(started)}.py"
        path.write_text(textwrap.dedent(source))
        no_locks = [] if locks else "strace -f -qq -o /dev/null -e trace=flock -e inject=flock:retval=0".split()
        inside = f'hostname elsewhere && mount --bind {boot} /proc/sys/kernel/random/boot_id && exec "$@"'
        command = [
            "unshare",
            "--mount",
            "--uts",
            "sh",
            "-c",
            inside,
            "sh",
            *no_locks,
            sys.executable,
            str(path),
            *arguments,
        ]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    probe = run("print('here')", locks=True)
    if probe.communicate(timeout=60)[0].strip() != "here":
        pytest.skip("this machine lets nobody make another host (unshare --mount --uts)")
    yield run
    for process in started:
        process.kill()
        process.communicate()


JOIN = """
import aspara, sys
from wide_rows import row
run = aspara.init("p", id="shared")
print("ready", flush=True)
sys.stdin.readline()
for i in range(300):
    run.log(row(i, sys.argv[1] + "/"), step=i)
run.finish()
"""


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_two_hosts_write_one_run_and_nothing_is_lost_or_torn(disk, wide, elsewhere, script, monkeypatch, backend):
    """Begun by the same id at the same moment: it is one run, with a file for each."""
    monkeypatch.setenv("ASPARA_STORAGE_BACKEND", backend)
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "50")
    monkeypatch.setenv("ASPARA_FSYNC_INTERVAL", "0.05")
    there = elsewhere(JOIN, "there")
    here = script(JOIN, "here", wait=False, stdin=subprocess.PIPE)
    assert ["ready\n", "ready\n"] == [there.stdout.readline(), here.stdout.readline()]
    for process in (there, here):
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in (there, here):
        assert (0, "") == (process.wait(60), process.stderr.read())
    [run] = Catalog(disk.folder).runs("p")
    assert [] == Catalog(disk.folder).run("p", run.run).problems
    assert "completed" == run.status
    for metric in ("there", "here"):
        assert [float(i) for i in range(300)] == disk.values("p", run.run, f"{metric}/a")
    wide.check(disk.folder, {"there/": 300, "here/": 300}, run=run.run)
    here.stdout.close()
    here.stderr.close()
    here.stdin.close()


def test_what_another_host_writes_into_the_metadata_meanwhile_is_kept(tmp_path):
    """The lock of a folder may not reach it: the change is made to what it wrote."""
    path = tmp_path / "r.meta.json"
    path.write_text('{"status": "wip"}')
    others = iter([{"status": "completed"}, {"status": "completed", "tags": ["x"]}])

    def change(content):
        content["last_step"] = 7
        if (other := next(others, None)) is not None:
            theirs = tmp_path / "theirs"
            theirs.write_text(json.dumps(other))
            theirs.replace(path)

    assert {"status": "completed", "tags": ["x"], "last_step": 7} == metadata.edit(path, change)
    assert {"status": "completed", "tags": ["x"], "last_step": 7} == metadata.read(path)
    assert [path] == list(tmp_path.iterdir())


def test_a_run_of_another_host_is_running_while_it_lives_and_crashed_when_it_does_not(disk, elsewhere):
    """However silent it is; its sign of life is all that can be seen from here."""
    process = elsewhere("import aspara, sys\naspara.init('p', 'r')\nprint('ready', flush=True)\nsys.stdin.readline()")
    assert "ready\n" == process.stdout.readline()
    assert "running" == disk.info("p", "r").status
    paths = Layout(disk.folder).run("p", "r")
    for path in (paths.rows, paths.metadata):
        os.utime(path, (0, 0))
    # It has logged nothing for decades, but its first beat comes within seconds.
    deadline = time.monotonic() + 60
    while not paths.alive(ELSEWHERE).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "running" == disk.info("p", "r").status
    process.kill()
    process.wait()
    assert "running" == disk.info("p", "r").status
    os.utime(paths.alive(ELSEWHERE), (time.time() - SILENCE - 1,) * 2)
    assert "crashed" == disk.info("p", "r").status


def test_a_run_that_another_host_began_is_not_written_in_the_same_file(disk):
    """Nobody here can know whether its lock is held there; a resumed run that ended there goes on in its file."""
    for ended in (False, True):
        run = aspara.init("p", f"r-{ended}", id=f"id-{ended}")
        run.log({"a": 0.0})
        run.finish()
        path = disk.folder / f"p/r-{ended}.meta.json"
        meta = json.loads(path.read_text()) | {"boot_id": ELSEWHERE, "host": "elsewhere", "is_finished": ended}
        path.write_text(json.dumps(meta | ({} if ended else {"status": "wip"})))
        os.utime(path, (0, 0))
        os.utime(disk.folder / f"p/r-{ended}.jsonl", (0, 0))
        run = aspara.init("p", id=f"id-{ended}")
        run.log({"a": 1.0})
        run.finish()
        assert [0.0, 1.0] == disk.values("p", f"r-{ended}", "a")
        assert "completed" == disk.info("p", f"r-{ended}").status
        assert ended != any((disk.folder / f"p/r-{ended}").glob("writers/*.jsonl"))


def signs(folder: Path):
    paths = Layout(folder).run("p", "r")
    touch(paths, ELSEWHERE)
    return paths, paths.alive(ELSEWHERE)


def test_clocks_that_disagree_do_not_decide_who_is_alive(tmp_path):
    """What counts is whether the sign moves while one looks; only the first look has nothing but the clock."""
    paths, sign = signs(tmp_path)
    found = {"boot_id": ELSEWHERE, "host": "elsewhere"}
    ticks = [0.0]
    for skew in (-10_000, 10_000):
        pulse = Heartbeats(clock=lambda: ticks[0], now=lambda skew=skew: time.time() + skew)
        assert (skew < 0) == pulse.elsewhere(paths, found)
        os.utime(sign, ns=(0, sign.stat().st_mtime_ns + 1))
        assert pulse.elsewhere(paths, found)
        ticks[0] += SILENCE - 1
        assert pulse.elsewhere(paths, found)
        ticks[0] += 2
        assert not pulse.elsewhere(paths, found)
        os.utime(sign, ns=(0, sign.stat().st_mtime_ns + 1))
        assert pulse.elsewhere(paths, found)


def test_a_run_of_a_host_whose_clock_is_behind_can_be_stopped(tmp_path):
    """Who was seen to live can be asked to stop, and is not deleted by the way, whatever the two clocks say."""
    paths, sign = signs(tmp_path)
    paths.rows.write_bytes(b"")
    paths.metadata.write_text(json.dumps({"version": "1", "boot_id": ELSEWHERE, "host": "elsewhere"}))
    for path in (sign, paths.rows, paths.metadata):
        os.utime(path, (time.time() - 10_000,) * 2)
    with contextlib.closing(Catalog(tmp_path, cache_dir=tmp_path / "cache")) as catalog:
        assert "crashed" == catalog.run(paths.project_dir.name, paths.run).info.status
        os.utime(sign, ns=(0, sign.stat().st_mtime_ns + 1))
        assert "running" == catalog.run(paths.project_dir.name, paths.run).info.status
        catalog.request_stop(paths.project_dir.name, paths.run)
        assert catalog.run(paths.project_dir.name, paths.run).info.stop_requested
        with pytest.raises(RunIsRunning):
            catalog.delete_run(paths.project_dir.name, paths.run)


def test_where_the_file_system_knows_no_locks_a_sign_of_life_tells_of_this_host_too(disk, monkeypatch):
    """Some network disks refuse flock: then nothing is believed of it, and two processes never share a file."""
    import errno
    import fcntl

    def refused(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    run = aspara.init("p", "r", id="abc")
    run.log({"a": 1.0})
    assert "running" == disk.info("p", "r").status
    beside = aspara.Run(project="p", id="abc")
    beside.log({"b": 1.0})
    assert 1 == len(list((disk.folder / "p/r/writers").glob("*.jsonl")))
    beside.finish()
    assert "running" == disk.info("p", "r").status
    run.finish()
    assert "completed" == disk.info("p", "r").status
    assert ([1.0], [1.0]) == (disk.values("p", "r", "a"), disk.values("p", "r", "b"))
