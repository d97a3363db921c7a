"""How a run ends that nobody finishes: whatever ends the process, the run says the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = "{before}\nimport aspara, sys\naspara.init('p', 'r')\naspara.log({{'a': 1.0}})\n{ending}\n"
CAUGHT = "try:\n    {}\nexcept SystemExit as error:\n    kept = error\n"
ENDINGS = {
    "raise SystemExit(3)": 3,
    "raise SystemExit": 0,
    "raise SystemExit('in words')": 1,
    "raise SystemExit(-1)": 255,
    "def deep(n):\n    if n: deep(n - 1)\n    raise SystemExit(5)\ndeep(4)": 5,
    "try:\n    raise SystemExit(7)\nfinally:\n    print('by the way')": 7,
    "import contextlib\nwith contextlib.ExitStack():\n    raise SystemExit(11)": 11,
    "import asyncio\nasync def main(): raise SystemExit(12)\nasyncio.run(main())": 12,
    "class Own(SystemExit): pass\nraise Own(21)": 21,
    "exit(8)": 8,
    "import argparse\nparser = argparse.ArgumentParser()\nparser.parse_args(['--unknown'])": 2,
    "import os\nos.exit = sys.exit\nos.exit(4)": 4,
    "class Tee:\n    def __init__(self, to): self.to = to\n    def write(self, text): return self.to.write(text)\n"
    "    def flush(self): self.to.flush()\nsys.stdout, sys.stderr = Tee(sys.stdout), Tee(sys.stderr)\nraise SystemExit(14)": 14,
    # What was caught, or never raised, ends nothing.
    CAUGHT.format("raise SystemExit(9)"): 0,
    CAUGHT.format("sys.exit(9)"): 0,
    CAUGHT.format("raise SystemExit(9)") + "raise SystemExit(6)": 6,
    "unused = SystemExit(1)\nraise SystemExit(13)": 13,
    "error = ValueError('told and gone on')\nsys.excepthook(ValueError, error, None)": 0,
    "import threading\ndef work(): raise SystemExit(5)\nthread = threading.Thread(target=work)\nthread.start(); thread.join()": 0,
}


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda text: text.split("\n")[0][:40])
def test_the_exit_code_of_a_script_is_the_runs(disk, script, ending):
    """By sys.exit, by a bare SystemExit from any depth, by argparse; caught ones are none."""
    done = script(PROGRAM.format(before="", ending=ending))
    code = ENDINGS[ending]
    info = disk.info("p", "r")
    assert (code, code, "failed" if code else "completed") == (done.returncode, info.exit_code, info.status)


def test_sys_exit_under_another_name_is_seen(disk, script):
    """`from sys import exit` before aspara is there, also in another module."""
    done = script(PROGRAM.format(before="from sys import exit", ending="exit(4)"))
    assert (4, 4, "failed") == (done.returncode, disk.info("p", "r").exit_code, disk.info("p", "r").status)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="before Python 3.12 nothing tells of it")
@pytest.mark.parametrize("how", ["-m", "-c"])
@pytest.mark.parametrize(
    "ending", [e for e in ENDINGS if "class Tee" not in e], ids=lambda text: text.split("\n")[0][:40]
)
def test_the_exit_code_of_a_module_or_a_command_is_the_runs(disk, tmp_path, how, ending):
    """Started with -m or -c, from Python 3.12 on: a bare SystemExit too."""
    program = PROGRAM.format(before="", ending=ending)
    (tmp_path / "train.py").write_text(program)
    command = [sys.executable, how, "train" if how == "-m" else program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    code, info = ENDINGS[ending], disk.info("p", "r")
    assert (code, code, "failed" if code else "completed") == (done.returncode, info.exit_code, info.status)


@pytest.mark.parametrize(("ending", "code"), [("raise SystemExit(3)", 3), ("raise SystemExit", 0), ("sys.exit(4)", 4)])
def test_the_exit_code_of_a_module_that_a_script_runs_is_the_runs(disk, script, tmp_path, ending, code):
    """By runpy, as launchers and notebooks' test tools do it."""
    (tmp_path / "train.py").write_text(PROGRAM.format(before="", ending=ending))
    launch = "import runpy, sys\nsys.path.insert(0, sys.argv[1])\nrunpy.run_module('train', run_name='__main__')"
    assert code == script(launch, str(tmp_path)).returncode
    info = disk.info("p", "r")
    assert (code, "failed" if code else "completed") == (info.exit_code, info.status)


def test_a_module_that_loads_when_it_is_used_is_left_alone(disk, script):
    """Looking for other names of sys.exit wakes no lazy module."""
    done = script("""
        import importlib.util, sys
        spec = importlib.util.find_spec("this")
        spec.loader = importlib.util.LazyLoader(spec.loader)
        lazy = sys.modules["this"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(lazy)
        import aspara
        aspara.init("p", "r").finish()
        assert type(lazy).__name__ == "_LazyModule"
    """)
    assert (0, "") == (done.returncode, done.stderr)


def test_an_object_that_only_says_that_it_is_a_module_is_left_alone(disk, script):
    """The libraries that cffi loads stand in sys.modules and have no names of their own."""
    done = script("""
        import sys, types
        class Library:
            __slots__ = ()
            __class__ = property(lambda self: types.ModuleType)
        sys.modules["library"] = Library()
        import aspara
        aspara.init("p", "r").finish()
    """)
    assert (0, "") == (done.returncode, done.stderr)


def test_a_program_started_as_a_module_tells_its_exit_code(disk, script, tmp_path):
    """python -m: through sys.exit, which is what launchers and argument parsers call."""
    (tmp_path / "train.py").write_text(PROGRAM.format(before="", ending="sys.exit(3)"))
    launch = "import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-m', 'train'], cwd=sys.argv[1]))"
    assert 3 == script(launch, str(tmp_path)).returncode
    assert ("failed", 3) == (disk.info("p", "r").status, disk.info("p", "r").exit_code)


def test_what_the_program_prints_comes_out_as_always(script, disk):
    """Standing before flush and exit changes nothing that one can see."""
    done = script(
        PROGRAM.format(before="", ending="print('a', end='', flush=True)\nsys.stderr.flush()\nraise SystemExit('b')")
    )
    assert ("a", "b\n", 1) == (done.stdout, done.stderr, done.returncode)


@pytest.fixture
def kernel(disk, monkeypatch):
    """A real kernel: a function that runs a cell in it, and its manager."""
    manager = pytest.importorskip("jupyter_client.manager")
    monkeypatch.setenv("ASPARA_NOTEBOOK", "off")
    started, client = manager.start_new_kernel(startup_timeout=120)

    def cell(code: str, *, interrupt: bool = False) -> None:
        def hook(message) -> None:
            if interrupt and message["content"].get("text", "").strip() == "now":
                started.interrupt_kernel()

        client.execute_interactive(code, output_hook=hook, timeout=120)

    yield cell, started
    client.stop_channels()
    started.shutdown_kernel(now=True)


BEGIN = "import aspara, time\nrun = aspara.init('p', 'r')\nrun.log({'a': 1.0})"
CELLS = {
    "nothing went wrong": ([BEGIN, "run.log({'a': 2.0})"], ("completed", 0)),
    "a cell failed": ([BEGIN, "run.log({'a': 2.0})\n1 / 0", "print('looking at it')"], ("failed", 1)),
    "the cell that began it failed": ([BEGIN + "\n1 / 0"], ("failed", 1)),
    "a cell was interrupted": ([BEGIN, "INTERRUPT"], ("failed", 130)),
    "it went on after a failure": ([BEGIN, "1 / 0", "run.log({'a': 2.0})"], ("completed", 0)),
    "sys.exit in a cell": ([BEGIN, "import sys\nsys.exit(3)"], ("failed", 3)),
}
LONG = "print('now', flush=True)\nwhile True:\n    run.log({'a': 2.0})\n    time.sleep(0.01)"


@pytest.mark.parametrize("what", CELLS)
def test_a_run_left_open_in_a_kernel_ends_with_it(disk, kernel, what):
    """Completed; failed if a cell failed or was interrupted and none that succeeded has logged to it since."""
    cell, manager = kernel
    cells, expected = CELLS[what]
    for code in cells:
        cell(LONG if code == "INTERRUPT" else code, interrupt=code == "INTERRUPT")
    assert "running" == disk.info("p", "r").status
    manager.shutdown_kernel()
    assert expected == (disk.info("p", "r").status, disk.info("p", "r").exit_code)


@pytest.mark.parametrize(("leave", "status"), [("restart", "completed"), ("kill", "crashed")])
def test_a_restart_ends_a_run_and_a_kill_is_a_crash(disk, kernel, leave, status):
    """A restart is an end like any other; after a kill nobody could say anything."""
    cell, manager = kernel
    cell(BEGIN)
    if leave == "restart":
        manager.restart_kernel()
    else:
        manager.shutdown_kernel(now=True)
    assert status == disk.info("p", "r").status


def test_a_cell_that_failed_is_not_the_end_of_its_run(disk, kernel):
    """The next cell goes on with it, and finish() says how it went."""
    cell, manager = kernel
    for code in (BEGIN, "1 / 0", "run.log({'a': 2.0})\nrun.finish()"):
        cell(code)
    assert ("completed", [1.0, 2.0]) == (disk.info("p", "r").status, disk.values("p", "r", "a"))
    manager.shutdown_kernel(now=True)
