"""A run that an exception ends has failed and keeps the traceback, whatever stands between."""

from __future__ import annotations

import pytest

BEGIN = "import aspara, contextlib, sys\nrun = aspara.init('p', 'r')\nrun.log({'a': 1.0})\n"
FAILING = {
    "a with block": "with run:\n    raise ValueError('boom')",
    "finally": "try:\n    raise ValueError('boom')\nfinally:\n    aspara.finish()",
    "finally in a function called there": "def end(): run.finish()\ntry:\n    raise ValueError('boom')\nfinally:\n    end()",
    "except that raises again": "try:\n    raise ValueError('boom')\nexcept ValueError:\n    run.finish()\n    raise",
    "an exit stack": "with contextlib.ExitStack() as stack:\n    stack.callback(run.finish)\n    raise ValueError('boom')",
    "an exit code in except": "try:\n    raise ValueError('boom')\nexcept ValueError:\n    run.finish(1)",
    "nobody finishes": "raise ValueError('boom')",
    "a hook that does not call ours": "sys.excepthook = lambda *error: None\nraise ValueError('boom')",
    "rich's hook": "import rich.traceback\nrich.traceback.install()\nraise ValueError('boom')",
}


@pytest.mark.parametrize("ending", FAILING.values(), ids=FAILING)
def test_an_exception_fails_the_run_and_its_traceback_is_kept(disk, script, ending):
    """Status, exit code, and in the metadata what was raised and where."""
    if "rich" in ending:
        pytest.importorskip("rich")
    script(BEGIN + ending)
    meta = disk.meta("p", "r")
    assert ("failed", 1) == (meta["status"], meta["exit_code"])
    assert ("ValueError", "boom") == (meta["exception"]["type"], meta["exception"]["message"])
    assert "raise ValueError('boom')" in meta["exception"]["traceback"]


HANDLED = {
    "finish in the handler": "try:\n    raise StopIteration\nexcept StopIteration:\n    run.finish()",
    "a second try in the handler": "def train():\n    try:\n        pass\n    finally:\n        run.finish()\n"
    "try:\n    raise MemoryError\nexcept MemoryError:\n    train()",
    "finally after a handler": "try:\n    raise ValueError\nexcept ValueError:\n    pass\nfinally:\n    run.finish()",
    "a hook called to print": "sys.excepthook(ValueError, ValueError('told'), None)",
}


@pytest.mark.parametrize("ending", HANDLED.values(), ids=HANDLED)
def test_an_exception_that_the_program_handled_fails_nothing(disk, script, ending):
    """It completed."""
    script(BEGIN + ending)
    meta = disk.meta("p", "r")
    assert ("completed", 0, None) == (meta["status"], meta["exit_code"], meta.get("exception"))


def test_the_console_log_of_a_with_block_ends_with_the_traceback(disk, script):
    """Python prints it only when the run is over."""
    script("import aspara\nwith aspara.init('p', 'r', capture='console'):\n    raise ValueError('boom')")
    assert "ValueError: boom" in (disk.folder / "p/r/console.log").read_text()


def test_a_resumed_run_forgets_the_exception(disk, script):
    """It was the earlier attempt's."""
    script(BEGIN + "raise ValueError('boom')")
    script("import aspara\nwith aspara.init('p', 'r', resume='must') as run:\n    run.log({'a': 2.0})")
    assert ("completed", None) == (disk.meta("p", "r")["status"], disk.meta("p", "r")["exception"])


def test_secrets_in_a_message_are_blanked(disk, script):
    """As in argv."""
    script(BEGIN + "raise ValueError('GET https://user:s3cret@host/ failed')")
    assert "s3cret" not in str(disk.meta("p", "r")["exception"])


CELLS = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in sys.argv[1:]:
    shell.run_cell(cell)
"""


def test_a_failed_cell_fails_the_run_that_the_next_init_ends(disk, script):
    """Unless a later cell has logged to it."""
    pytest.importorskip("IPython")
    first, log = "import aspara\nrun = aspara.init('p', 'r')\nrun.log({'a': 1.0})\n", "run.log({'a': 2.0})"
    script(CELLS, first + "raise ValueError('boom')", "aspara.init('p', 'other').finish()")
    assert ("failed", "ValueError") == (disk.meta("p", "r")["status"], disk.meta("p", "r")["exception"]["type"])
    script(CELLS, first.replace("'r'", "'s'") + "raise ValueError", log, "aspara.init('p', 'other').finish()")
    assert "completed" == disk.meta("p", "s")["status"]
