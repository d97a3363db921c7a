"""What the cells of a notebook tell of the runs that they leave open.

A failing cell is not the end of a run: the next one may go on with it. But when the kernel is shut down or restarted after
that, the run has failed, unless a later cell that succeeded has logged to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aspara.recording.capture.notebook import shell
from aspara.recording.lifecycle.exit_code import code_of

if TYPE_CHECKING:
    from aspara.recording.run import Run

_codes: WeakKeyDictionary[Run, int] = WeakKeyDictionary()
_steps: WeakKeyDictionary[Run, int] = WeakKeyDictionary()
_watched: Any = None


def watch(runs: Iterable[Run]) -> None:
    """Follows the cells of this kernel, if there is one; `runs` are those open at any time."""
    global _watched  # noqa: PLW0603
    found = shell()
    if found is None or found is _watched:
        return
    _watched = found

    def ran(result: Any) -> None:
        code = code_of(getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None))
        for run in list(runs):
            if code:
                _codes[run] = code
            elif run.step != _steps.get(run, run.starting_step):
                _codes.pop(run, None)
            _steps[run] = run.step

    found.events.register("post_run_cell", ran)


def exit_code(run: Run) -> int:
    """The exit code that the cells so far mean for `run`, if nobody finishes it."""
    return _codes.get(run, 0)
