"""Signals that come while a run begins, ends or writes: it ends as it should, and the process as whoever sent them expects."""

from __future__ import annotations

import random
import signal
import subprocess
import time

import pytest

from aspara.catalog.catalog import Catalog

TERM, INT = signal.SIGTERM, signal.SIGINT

# A live view that takes a second to look at the last rows holds up the end, on the thread that calls finish().
SLOW = """
import aspara, threading, time

class View:
    def rows(self, rows):
        if threading.current_thread() is threading.main_thread():
            print("ending", flush=True)
            time.sleep(1)
    def ended(self, status, exit_code): pass

def begin():
    run = aspara.init("p", "r")
    run.log({"a": 1.0})
    run.flush()
    run.subscribe(View())
    run.log({"a": 2.0})
    return run
"""


def sent(process: subprocess.Popen[str], signals: list[signal.Signals]) -> tuple[int, str]:
    """Sends signals a moment apart once the process says that it is at it; its exit status and what it said."""
    assert process.stdout is not None
    while process.stdout.readline().strip() != "ending":
        assert process.poll() is None
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)  # two of a kind at once are one
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize(
    ("signals", "status"), [([TERM], -TERM), ([TERM, TERM], -TERM), ([INT], -INT), ([INT, TERM], -INT)], ids=str
)
def test_a_signal_while_a_run_ends_waits_for_its_end(disk, script, signals, status):
    """finish() had been called: the run is completed, and then the process ends by the signal."""
    code, said = sent(script(SLOW + "begin().finish()\nprint('not here')", wait=False), signals)
    assert (status, "completed", [1.0, 2.0]) == (code, disk.info("p", "r").status, disk.values("p", "r", "a"))
    assert (1 if INT in signals else 0) == said.count("Traceback")


@pytest.mark.parametrize("ending", ["with begin():", "begin()\nif True:"], ids=["with", "exit"])
@pytest.mark.parametrize("second", [INT, TERM], ids=str)
def test_a_second_signal_spoils_nothing_that_the_first_began(disk, script, ending, second):
    """Ctrl-C, and again while the run ends: failed with 130, and one traceback, that of the first."""
    program = SLOW + f"{ending}\n    import os, signal\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)"
    code, said = sent(script(program, wait=False), [second, second])
    info = disk.info("p", "r")
    assert ("failed", 130, [1.0, 2.0]) == (info.status, info.exit_code, disk.values("p", "r", "a"))
    assert -second == code
    # Python has no time to print the first one's where the process dies within its `with` block.
    told = 0 if second == TERM and ending.startswith("with") else 1
    assert (told, 0) == (said.count("Traceback"), said.count("During handling"))


def test_sigterm_again_while_its_first_one_ends_the_runs(disk, script):
    """A supervisor that loses patience, or a whole process group that is told twice."""
    program = SLOW + "begin()\nimport os, signal\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)"
    code, said = sent(script(program, wait=False), [TERM, INT, TERM])
    info = disk.info("p", "r")
    assert (-TERM, "", "failed", 143) == (code, said, info.status, info.exit_code)
    assert [1.0, 2.0] == disk.values("p", "r", "a")


def test_the_end_that_another_thread_records_is_waited_for(disk, script):
    """finish() in a thread that the exit of the process would cut off, and again at the exit."""
    done = script(
        SLOW.replace("is threading.main_thread()", "is not None").replace('print("ending", flush=True)', "pass")
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
