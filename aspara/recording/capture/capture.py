"""What is captured of a run by itself, and the thread that does it.

    system       metrics ``system/…`` at an interval, the first about a second after the start
    console      what the program prints, in console.log
    git          commit, branch, remote, and the diff of the work tree in diff.patch
    packages     the installed packages in requirements.txt
    command      the command line
    environment  Python, machine, and the variables that place a job
    notebook     the notebook's name

Everything but the command line, Python's version and the commit is looked at by a background thread. Secrets are blanked.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aspara import settings
from aspara.errors import UsageError
from aspara.recorder import Recorder
from aspara.recording.capture import environment
from aspara.recording.capture.git import Git, git_diff, git_head, git_state
from aspara.recording.capture.notebook import notebook_name
from aspara.storage import row_codec
from aspara.storage.layout import CONSOLE, DIFF, PACKAGES, SYSTEM_PREFIX
from aspara.util import files

PARTS = ("system", "console", "git", "packages", "command", "environment", "notebook")
_TICK = 1.0
_FIRST = 1.0
_PATIENCE = 5.0


class CaptureOptions(frozenset[str]):
    """The parts to be captured."""

    @classmethod
    def of(cls, capture: Any = None, options: Any = None) -> CaptureOptions:
        """From ``init(capture=...)``, else ASPARA_CAPTURE, less what wandb's `options` (``settings=``) switch off."""
        if capture is None:
            capture = settings.get("ASPARA_CAPTURE")
        if capture is None or capture is True:
            found = set(PARTS)
        elif capture is False:
            found = set()
        else:
            found = _named([capture] if isinstance(capture, str) else capture)
        if _option(options, "console") == "off":
            found.discard("console")
        if _option(options, "x_disable_stats", "_disable_stats"):
            found.discard("system")
        if _option(options, "disable_git"):
            found.discard("git")
        if _option(options, "x_save_requirements", "_save_requirements") is False:
            found.discard("packages")
        return cls(found)


def _named(names: Iterable[Any]) -> set[str]:
    found: set[str] | None = None
    for name in names:
        word = str(name).strip().lower()
        if word == "all":
            found = set(PARTS)
        elif word in ("off", "none", "0"):
            found = set()
        elif word.removeprefix("-") not in PARTS:
            raise UsageError(f"capture={str(name)!r}: choose all, off, or some of {', '.join(PARTS)}.")
        elif word.startswith("-"):
            found = (set(PARTS) if found is None else found) - {word[1:]}
        else:
            found = (found or set()) | {word}
    return found or set()


def _option(options: Any, *names: str) -> Any:
    for name in names:
        found = options.get(name) if isinstance(options, Mapping) else getattr(options, name, None)
        if found is not None:
            return found
    return None


def process_details(wanted: Iterable[str] = PARTS) -> dict[str, Any]:
    """Metadata about this process that is cheap to get: command, Python, platform, working directory, git commit."""
    wanted = set(wanted)
    details: dict[str, Any] = {}
    if "command" in wanted:
        details["command"] = environment.command()
    if "environment" in wanted:
        details["environment"] = environment.python_facts()
    if "git" in wanted:
        with contextlib.suppress(Exception):  # whatever lies in a repository, training begins
            git = git_head(Path.cwd())
            if git:
                details["git"] = git
    if "notebook" in wanted:
        notebook = notebook_name()
        if notebook:
            details["notebook"] = notebook
    return details


class Capture:
    """Captures what is wanted of one run until it is stopped. Made in the process that began the run, and of use only there.

    Args:
        step: Tells the last step that something was logged at, 0 before the first.
        recorder: Where the run goes.
        wanted: The parts.
        interval: Seconds between two samples of the system.
        nvml: Stands in for the module ``pynvml``.

    """

    def __init__(
        self,
        step: Callable[[], int],
        recorder: Recorder,
        wanted: Iterable[str],
        *,
        interval: float | None = None,
        nvml: Any = None,
    ) -> None:
        self._step = step
        self._recorder = recorder
        # Of several processes that write one run, the first one tells of itself.
        further = not recorder.records or recorder.writer is not None
        self._wanted = frozenset() if further else frozenset(wanted)
        self._interval = max(0.05, settings.get("ASPARA_SYSTEM_INTERVAL") if interval is None else interval)
        self._nvml = nvml
        self._pid = os.getpid()
        self._stop = threading.Event()
        self._console: Any = None
        self._end_following: Callable[[], None] | None = None
        self._rows: Recorder | None = None
        self._known: set[str] = set(recorder.identity.metadata.get("captured_metrics") or ())
        self._opening = threading.Lock()
        self._forking: set[int] = set()
        self._facts_done = False
        self._git_program: Git | None = None
        self._git_patience = 10.0
        self._threads: list[threading.Thread] = []
        if not self._wanted:
            return
        if "console" in self._wanted:
            self._follow_console()
        self._start(self._tend, "aspara-capture")

    def stop(self) -> None:
        """Ends capturing; what is still to be written is written. Does nothing in a forked child."""
        if os.getpid() != self._pid or self._stop.is_set():
            return
        self._stop.set()
        if self._end_following is not None:
            self._end_following()
        deadline = time.monotonic() + min(_PATIENCE, settings.get("ASPARA_EXIT_TIMEOUT")) / 2
        if self._wanted and not self._facts_done:
            # A run so short that its surroundings were not looked at yet.
            # From Python 3.12 on no thread starts once the program is over; then git has no more time than a thread would have.
            self._git_patience = deadline - time.monotonic()
            if not self._start(lambda: self._look_around(pause=0), "aspara-facts"):
                self._look_around(pause=0)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))
        if self._git_program is not None:
            self._git_program.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.1, deadline - time.monotonic()))
        if self._console is not None:
            self._console.flush(last=True)
        if self._rows is not None and self._rows is not self._recorder:
            self._rows.sync()
            self._rows.abandon()

    def print(self, text: str) -> None:
        """Puts `text` into the console's log, as if the program had printed it on stderr."""
        if self._console is not None:
            self._console.feed("stderr", text)

    def before_fork(self) -> None:
        """No file of this run is to be half open when the process forks; a disk that hangs is not waited for long."""
        if self._opening.acquire(timeout=1.0):
            self._forking.add(threading.get_ident())

    def after_fork_in_parent(self) -> None:
        """The file may be opened."""
        if threading.get_ident() in self._forking:
            self._forking.discard(threading.get_ident())
            self._opening.release()

    def after_fork_in_child(self) -> None:
        """Lets go of the parent's file, whose lock says that the parent lives."""
        self._opening, self._forking = threading.Lock(), set()
        if self._rows is not None and self._rows is not self._recorder:
            self._rows.abandon()

    def _start(self, work: Callable[[], None], name: str) -> bool:
        """Whether a thread that does `work` has started."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the process may have no more threads, or is over
            return False
        self._threads.append(thread)
        return True

    def _follow_console(self) -> None:
        from aspara.recording.capture.console import ConsoleLog, follow

        with contextlib.suppress(OSError):
            path = self._recorder.beside(CONSOLE)
            if path is not None:
                self._console = ConsoleLog(path, settings.get("ASPARA_MAX_CONSOLE_SIZE"))
                self._end_following = follow(self._console.feed)

    def _tend(self) -> None:
        """The thread's life: the console every second, the system at its interval, the facts once."""
        system: Any = None
        due = time.monotonic() + min(_FIRST, self._interval)
        while not self._stop.wait(min(_TICK, max(0.01, due - time.monotonic()))):
            if self._console is not None:
                self._console.flush()
            if time.monotonic() < due:
                continue
            due = time.monotonic() + self._interval
            if not self._facts_done and self._facts_wanted():
                self._start(self._look_around, "aspara-facts")
                self._facts_done = True
            if "system" not in self._wanted:
                continue
            try:
                if system is None:
                    from aspara.recording.capture.system_metrics import SystemMetrics

                    system = SystemMetrics(self._disk(), self._nvml)
                    self._stop.wait(min(0.2, self._interval))
                self._put(system.sample())
            except Exception:
                # Whatever psutil or a driver makes of this machine: training goes on without its metrics.
                self._wanted -= {"system"}

    def _facts_wanted(self) -> bool:
        return bool(self._wanted & {"git", "packages", "environment"})

    def _disk(self) -> Path:
        # The run's own folder may not be there yet; its project's is.
        folder = self._recorder.identity.path
        return Path.cwd() if folder is None else folder.parent

    def _put(self, sample: Mapping[str, float]) -> None:
        if self._rows is None:
            with self._opening:
                self._rows = self._recorder.aside(SYSTEM_PREFIX)
        new = set(sample) - self._known
        if new:
            # Readers leave these out of summaries and histories unless they are asked for: they are to know before the rows come.
            self._known |= new
            self._recorder.update({"captured_metrics": sorted(self._known)}, patience=_PATIENCE)
        line = row_codec.encode(time.time_ns() // 1_000_000, self._step(), sample)
        with self._rows.lock:
            self._rows.append(line)

    def _look_around(self, pause: float | None = None) -> None:
        """The facts that take a moment; each by itself, so that one that fails costs no other."""
        self._facts_done = True
        for part, look in (("environment", self._machine), ("git", self._git), ("packages", self._packages)):
            if part in self._wanted:
                with contextlib.suppress(Exception):  # a strange machine, a broken repository: training goes on
                    look(pause)

    def _machine(self, pause: float | None) -> None:
        del pause
        found = {**environment.python_facts(), **environment.machine_facts(), "host": socket.gethostname()}
        if "system" in self._wanted and not self._stop.is_set():
            from aspara.recording.capture.system_metrics import GpuMetrics

            gpus = GpuMetrics(self._nvml).names
            if gpus:
                found["gpus"] = gpus
        self._recorder.update({"environment": found})

    def _git(self, pause: float | None) -> None:
        del pause
        here = Path.cwd()
        head = git_head(here)
        if head is None:
            return
        self._git_program = git = Git(here, self._git_patience)
        self._recorder.update({"git": {**head, **git_state(git)}})
        diff = git_diff(git, settings.get("ASPARA_MAX_DIFF_SIZE"))
        if diff:
            self._keep(DIFF, diff)

    def _packages(self, pause: float | None) -> None:
        self._keep(PACKAGES, environment.packages() if pause is None else environment.packages(pause))

    def _keep(self, name: str, content: bytes) -> None:
        path = self._recorder.beside(name)
        if path is not None:
            files.replace(path, content)
