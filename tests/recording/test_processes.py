"""Several processes and one run: forked, spawned, pooled, killed. Nothing is lost, doubled or mixed, and nobody waits for ever."""

from __future__ import annotations

import subprocess

import pytest

import aspara

TOGETHER = """
import multiprocessing, os, sys, threading, time
import aspara
from wide_rows import row

def work(number):
    run = aspara.run or aspara.init("p")
    for i in range(120):
        run.log(row(i, f"worker{number}/"), step=i)
    return os.getpid()

def main(kind):
    run = aspara.init("p", "r")
    os.environ["ASPARA_RUN_ID"] = run.id
    context = multiprocessing.get_context(kind)
    run.log({"a": 0.0})
    processes = [context.Process(target=work, args=(n,)) for n in range(8)]
    for process in processes:
        process.start()
    run.log({"a": 1.0})
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert run.status == "running"
    run.log({"a": 2.0})

if __name__ == "__main__":
    main(sys.argv[1])
"""


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
@pytest.mark.parametrize("kind", ["fork", "spawn", "forkserver"])
def test_workers_of_every_start_method_write_their_parents_run(disk, wide, script, kind, backend, monkeypatch):
    """Forked ones inherit it, spawned ones join it by ASPARA_RUN_ID; the parent's end is the run's."""
    monkeypatch.setenv("ASPARA_STORAGE_BACKEND", backend)
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "50")
    done = script(TOGETHER, kind)
    assert (0, "") == (done.returncode, done.stderr)
    assert ("completed", [0.0, 1.0, 2.0]) == (disk.info("p", "r").status, disk.values("p", "r", "a"))
    wide.check(disk.folder, {f"worker{number}/": 120 for number in range(8)})
    assert 1 == len(list(disk.folder.glob("p/*.meta.json")))


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_a_fork_while_other_threads_log_neither_hangs_nor_loses(disk, wide, script, backend, monkeypatch):
    """Threads log as fast as they can, children are forked among them and log too, again and again."""
    monkeypatch.setenv("ASPARA_STORAGE_BACKEND", backend)
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "500")
    done = script("""
        import os, threading, time
        import aspara
        from wide_rows import row
        run = aspara.init("p", "r")
        stop = threading.Event()
        counts = [0] * 3

        def work(number):
            while not stop.is_set():
                run.log(row(counts[number], f"thread{number}/"), step=counts[number])
                run.config[f"thread{number}"] = counts[number]
                counts[number] += 1
                time.sleep(0.0005)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for child in range(25):
            pid = os.fork()
            if pid == 0:
                for i in range(20):
                    run.log(row(i, f"child{child}/"), step=i)
                    run.summary[f"child{child}"] = i
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        stop.set()
        for thread in threads:
            thread.join()
        run.finish()
        print(*counts)
    """)
    assert (0, "") == (done.returncode, done.stderr)
    for number, count in enumerate(map(int, done.stdout.split())):
        assert count - 1 == disk.meta("p", "r")["config"][f"thread{number}"]
    logged = {f"thread{number}/": int(count) for number, count in enumerate(done.stdout.split())}
    wide.check(disk.folder, logged | {f"child{child}/": 20 for child in range(25)})


def test_runs_that_begin_and_end_while_the_process_forks_are_no_trouble(disk, script):
    """Another thread may do that at any moment; here it is one that is asked to just then."""
    done = script("""
        import os
        later = []
        os.register_at_fork(before=lambda: later and later.pop()())
        import aspara
        first = aspara.Run("first", "p")
        first.log({"a": 0.0})
        began = []
        later.append(lambda: began.append(aspara.Run("second", "p")))
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        first.log({"a": 1.0})
        began[0].log({"a": 2.0})
    """)
    assert (0, "") == (done.returncode, done.stderr)
    assert ([0.0, 1.0], [2.0]) == (disk.values("p", "first", "a"), disk.values("p", "second", "a"))


def test_a_pool_of_workers_as_data_loaders_have_it(disk, script):
    """Workers log what they did to the inherited run, are used for many tasks, and are ended by SIGTERM in the middle."""
    done = script("""
        import multiprocessing, os, time
        import aspara

        def load(batch):
            aspara.run.log({"loaded": float(batch)}, step=batch)
            return batch

        if __name__ == "__main__":
            run = aspara.init("p", "r")
            for epoch in range(2):
                with multiprocessing.get_context("fork").Pool(4) as pool:
                    for batch in pool.imap(load, range(epoch * 100, epoch * 100 + 100)):
                        run.log({"loss": float(batch)}, step=batch)
                # Leaving the block terminates the workers.
    """)
    assert (0, "") == (done.returncode, done.stderr)
    assert [float(i) for i in range(200)] == disk.values("p", "r", "loaded") == disk.values("p", "r", "loss")
    assert "completed" == disk.info("p", "r").status


def test_workers_that_log_nothing_leave_no_files(disk, script):
    """A file of its own comes with a process's first row."""
    script("""
        import multiprocessing
        import aspara

        if __name__ == "__main__":
            aspara.init("p", "r")
            with multiprocessing.get_context("fork").Pool(4) as pool:
                pool.map(abs, range(100))
    """)
    assert [] == list(disk.folder.glob("p/r/writers/*"))


@pytest.mark.parametrize("way", ["multiprocessing", "os.fork"])
def test_what_a_forked_worker_makes_of_its_run_is_kept(disk, script, way):
    """Media that still wait for their turn, and results, when it ends by itself; what its parent logs meanwhile stays."""
    done = script(
        """
        import multiprocessing, os, sys
        import numpy as np
        import aspara

        def work():
            run.summary["found"] = 2
            for i in range(20):
                run.log({"image": aspara.Image(np.full((64, 64, 3), i, "uint8")), "n": i})

        def only_set():
            run.summary["set"] = 3

        run = aspara.init("p", "r", capture=False)
        run.log({"a": 1.0})
        run.summary["own"] = 1
        for job in (work, only_set):
            if sys.argv[1] == "os.fork":
                if (child := os.fork()) == 0:
                    job()
                    sys.exit(0)
                run.log({"a": 5.0})
                os.waitpid(child, 0)
            else:
                process = multiprocessing.get_context("fork").Process(target=job)
                process.start()
                run.log({"a": 5.0})
                process.join()
        run.finish()
        """,
        way,
    )
    assert (0, "") == (done.returncode, done.stderr)
    run = aspara.Api(disk.folder).run("p/r")
    assert 20 == len(list(run.media()))
    assert (1, 2, 3, 5.0) == tuple(run.summary[name] for name in ("own", "found", "set", "a"))


ENDS = {
    "pass": ("completed", 0),
    "1 / 0": ("failed", 1),
    "sys.exit(3)": ("failed", 3),
    "raise SystemExit(4)": ("failed", 4),
    "os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)": ("failed", 143),
    "os._exit(0)": ("crashed", None),
}


@pytest.mark.parametrize("kind", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("end", ENDS)
def test_a_run_that_a_worker_began_ends_as_the_worker_does(disk, script, kind, end):
    """Without a finish(), in a worker that leaves without atexit."""
    script(
        f"""
        import multiprocessing, os, signal, sys, time
        import aspara

        def train():
            aspara.init("p", "own")
            aspara.log({{"a": 1.0}})
            {end}

        if __name__ == "__main__":
            aspara.init("p", "parent")
            process = multiprocessing.get_context(sys.argv[1]).Process(target=train)
            process.start()
            process.join()
        """,
        kind,
    )
    own, parent = disk.info("p", "own"), disk.info("p", "parent")
    assert ENDS[end] == (own.status, own.exit_code)
    assert ("completed", 0) == (parent.status, parent.exit_code)
    assert [1.0] == disk.values("p", "own", "a")


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_workers_that_outlive_a_killed_program_do_not_keep_its_run_alive(disk, script, backend, monkeypatch):
    """A lock is inherited over a fork; the run is crashed as soon as its own process is gone, whatever was captured."""
    monkeypatch.setenv("ASPARA_CAPTURE", "system,console")
    monkeypatch.setenv("ASPARA_SYSTEM_INTERVAL", "0.05")
    process = script(
        """
        import os, sys, time
        import aspara
        run = aspara.init("p", "r", storage_backend=sys.argv[1])
        run.log({"a": 1.0})
        folder = os.path.join(os.environ["ASPARA_DATA_DIR"], "p", "r", "writers")
        while not (os.path.isdir(folder) and any(entry.stat().st_size for entry in os.scandir(folder))):
            time.sleep(0.01)
        if os.fork() == 0:
            print("ready", flush=True)  # only now it has let go of what it inherited
            sys.stdin.read()  # until the test closes it
            os._exit(0)
        time.sleep(600)
        """,
        backend,
        wait=False,
        stdin=subprocess.PIPE,
    )
    try:
        assert "ready" == process.stdout.readline().strip()
        assert "running" == disk.info("p", "r").status
        process.kill()
        process.wait()
        assert "crashed" == disk.info("p", "r").status
        assert [1.0] == disk.values("p", "r", "a")
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
