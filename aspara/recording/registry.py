"""The active run of this process, and how one begins.

`import aspara` loads this module, so it imports what a run needs only when one begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aspara.errors import UsageError
from aspara.recording import tracked_runs
from aspara.recording.log.fast_log import FastLog, make_log
from aspara.util.signals import defer_signals

if TYPE_CHECKING:
    from aspara.recording.run import Run

running: Run | None = None
"""The active run: the one that the last ``init()`` started and nobody finished."""


def _nobody() -> None:
    raise none_for("aspara.log()")


_nobodys = FastLog()
_nobodys.acquire = _nobody
log, _write_with = make_log(_nobodys)
"""Logs to the active run: one call, as ``run.log`` is."""


def _activate(run: Run | None) -> None:
    global running  # noqa: PLW0603
    running = run
    _write_with(_nobodys if run is None else run._pen)


def _ended(run: Run) -> None:
    if running is run:
        _activate(None)


tracked_runs.when_ended(_ended)


def current() -> Run | None:
    """The active run, or None."""
    return running


def begin(
    project: str | None = None, *, reinit: str | bool | None = None, quiet: bool | None = None, **options: Any
) -> Run:
    """Starts a run and makes it the active one."""
    from aspara import settings

    if reinit not in (None, True, False, "default", "finish_previous", "return_previous", "create_new"):
        raise UsageError(f"reinit={reinit!r}: choose 'finish_previous', 'return_previous' or 'create_new'.")
    settings.check()
    if running is not None:
        if reinit == "return_previous":
            return running
        if reinit != "create_new":
            from aspara.recording.lifecycle.notebook_cells import failure

            running.end(*failure(running))
    from aspara.recording.announce import is_quiet
    from aspara.recording.capture.capture import CaptureOptions
    from aspara.recording.live_view import show_live
    from aspara.recording.open_run import open_run
    from aspara.recording.run import Run

    wanted = CaptureOptions.of(options.get("capture"), options.get("settings"))
    # A signal that ends the program finds a run that is known here, or none.
    with defer_signals():
        run = Run._of(open_run(project, **options), wanted)
        run._take_secrets(options)
        run._take_options(options)
        tracked_runs.track(run)
        if reinit != "create_new" or running is None:
            _activate(run)
    if not show_live(run) and not is_quiet(quiet):
        run.announce(itself=options.get("id") is None and options.get("name") is None)
    return run


def required(what: str) -> Run:
    """The active run; raises UsageError saying that `what` needs one."""
    if running is None:
        raise none_for(what)
    return running


def none_for(what: str) -> UsageError:
    """The error of a call that needs an active run where there is none."""
    return UsageError(f"There is no active run. Call aspara.init() before {what}.")
