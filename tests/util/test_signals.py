"""Signals that come while a run begins, ends or writes: it ends as it should, and the process as whoever sent them expects."""

from __future__ import annotations

import random
import signal
import subprocess
import time

import pytest

from aspara.catalog.catalog import Catalog

TERM, INT = signal.SIGTERM, signal.SIGINT

# A live view that goes on looking at its first row until the program's input is closed holds up the end of the run.
SLOW = """
import aspara, os, threading, time

class View:
    looks = threading.Event()
    def rows(self, rows):
        self.looks.set()
        os.read(0, 1)
    def ended(self, status, exit_code): pass

def tell(run):
    while run.status == "running":
        time.sleep(0.001)
    print("ending", flush=True)

def begin():
    run = aspara.init("p", "r")
    run.subscribe(View())
    run.log({"a": 1.0})
    View.looks.wait()
    run.log({"a": 2.0})
    threading.Thread(target=tell, args=(run,), daemon=True).start()
    return run
"""


@pytest.fixture
def slow(script, monkeypatch):
    """Begins a program, waits until a run of it is about to end, and sends signals; its exit status and what it said."""
    monkeypatch.setenv("ASPARA_EXIT_TIMEOUT", "60")

    def run(ending: str, signals: list[signal.Signals], *, until_it_dies: bool = False) -> tuple[int, str]:
        process = script(SLOW + ending, wait=False, stdin=subprocess.PIPE)
        assert process.stdout.readline() == "ending\n"
        for number in signals:
            process.send_signal(number)
            time.sleep(0.05)  # two of a kind at once are one
        deadline = time.monotonic() + 60
        while until_it_dies and process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signals[-1])
            time.sleep(0.05)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    return run


@pytest.mark.parametrize(
    ("signals", "status"), [([TERM], -TERM), ([TERM, TERM], -TERM), ([INT], -INT), ([INT, TERM], -INT)], ids=str
)
def test_a_signal_while_a_run_ends_waits_for_its_end(disk, slow, signals, status):
    """finish() had been called: the run is completed, and then the process ends by the signal."""
    code, said = slow("begin().finish()\nprint('not here')", signals)
    assert (status, "completed", [1.0, 2.0]) == (code, disk.info("p", "r").status, disk.values("p", "r", "a"))
    assert (1 if INT in signals else 0) == said.count("Traceback")


@pytest.mark.parametrize("ending", ["with begin():", "begin()\nif True:"], ids=["with", "exit"])
@pytest.mark.parametrize("second", [INT, TERM], ids=str)
def test_a_second_signal_spoils_nothing_that_the_first_began(disk, slow, ending, second):
    """Ctrl-C, and again while the run ends: failed with 130, and one traceback, that of the first."""
    program = f"{ending}\n    import os, signal\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)"
    code, said = slow(program, [second, second])
    info = disk.info("p", "r")
    assert ("failed", 130, [1.0, 2.0]) == (info.status, info.exit_code, disk.values("p", "r", "a"))
    assert -second == code
    # Python has no time to print the first one's where the process dies within its `with` block.
    told = 0 if second == TERM and ending.startswith("with") else 1
    assert (told, 0) == (said.count("Traceback"), said.count("During handling"))


def test_whoever_insists_need_not_wait(disk, slow):
    """The third Ctrl-C breaks an end off that does not come: the run is crashed, since nobody could say more."""
    code, said = slow("begin().finish()", [INT], until_it_dies=True)
    assert (-INT, "crashed", [1.0, 2.0]) == (code, disk.info("p", "r").status, disk.values("p", "r", "a"))
    assert (1, 1) == (said.count("twice more"), said.count("Traceback"))


def test_sigterm_again_while_its_first_one_ends_the_runs(disk, slow):
    """A supervisor that loses patience, or a whole process group that is told twice."""
    program = "begin()\nimport os, signal\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)"
    code, said = slow(program, [TERM, INT, TERM])
    info = disk.info("p", "r")
    assert (-TERM, "failed", 143) == (code, info.status, info.exit_code)
    assert "aspara: The end of run 'r' is being recorded; Ctrl-C twice more breaks that off.\n" == said
    assert [1.0, 2.0] == disk.values("p", "r", "a")


def test_the_end_that_another_thread_records_is_waited_for(disk, script):
    """finish() in a thread that the exit of the process would cut off, and again at the exit."""
    done = script(
        SLOW.replace("os.read(0, 1)", "time.sleep(1)")
        + "run = begin()\nthreading.Thread(target=run.finish, daemon=True).start()\n"
        "while run.status == 'running': pass"
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert ("completed", [1.0, 2.0]) == (disk.info("p", "r").status, disk.values("p", "r", "a"))


def test_a_handler_may_begin_a_run_while_another_one_ends(disk, script, monkeypatch):
    """In the very moment in which the last run lets go of what is printed."""
    monkeypatch.setenv("ASPARA_CAPTURE", "console")
    done = script("""
        import os, signal, sys, types
        import aspara

        class Events:
            def register(self, *_): pass
            def unregister(self, *_): os.kill(os.getpid(), signal.SIGUSR1)

        shell = types.SimpleNamespace(events=Events())
        sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)
        later = ["second"]

        def handle(*_):
            if later:
                with aspara.Run(later.pop(), "p"):
                    print("in between")

        signal.signal(signal.SIGUSR1, handle)
        with aspara.Run("first", "p"):
            print("hello")
    """)
    assert (0, "") == (done.returncode, done.stderr)
    assert ["completed"] * 2 == [disk.info("p", run).status for run in ("first", "second")]
    assert "hello\n" == (disk.folder / "p/first/console.log").read_text()


BUSY = """
import aspara
run = aspara.init("p", "r")
print("ending", flush=True)
i = 0
while True:
    run.log({"a": float(i)})
    run.config.i = i
    run.summary["s"] = i
    if i % 3 == 0: run.flush()
    if i % 5 == 0: run.log_artifact(__file__)
    if i % 7 == 0: aspara.Run(f"side-{i}", "p").finish()
    i += 1
"""


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(s, marks=pytest.mark.soak) for s in range(3, 60))])
@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
def test_a_program_that_is_terminated_at_any_moment_ends_its_runs(disk, script, seed, again):
    """In the middle of a beginning, an end, a change of the config, a copy: every run has an end, nothing hangs or is said."""
    process = script(BUSY, wait=False)
    assert process.stdout is not None and process.stdout.readline()
    time.sleep(random.Random(seed).uniform(0.0, 0.5))
    began = time.monotonic()
    for _ in range(1 + again):
        process.send_signal(TERM)
        time.sleep(0.01)
    _, said = process.communicate(timeout=60)
    took = time.monotonic() - began
    assert (-TERM, "") == (process.returncode, said)
    assert ("failed", 143) == (disk.info("p", "r").status, disk.info("p", "r").exit_code)
    states = {run.status for run in Catalog(disk.folder).runs("p")}
    assert states <= {"completed", "failed"}
    values = disk.values("p", "r", "a")
    assert [float(i) for i in range(len(values))] == values
    assert took < 30
