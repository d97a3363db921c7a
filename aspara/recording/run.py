"""A run: what `aspara.init` returns and everything is logged to."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aspara import settings
from aspara.errors import UsageError
from aspara.recorder import Recorder
from aspara.recording.capture.redaction import REDACTED
from aspara.recording.config import Config
from aspara.recording.config_secrets import with_secrets, without_secrets
from aspara.recording.lifecycle.exception import describe, propagating
from aspara.recording.lifecycle.exit_code import code_of
from aspara.recording.listeners import RunListeners
from aspara.recording.log.fast_log import NOTHING, FastLog, load_codec, make_log
from aspara.recording.log.pending_rows import PendingRows
from aspara.recording.log.periodic_thread import PeriodicThread
from aspara.recording.log.row_encoder import RowEncoder
from aspara.recording.log.validation import checked_exit_code
from aspara.recording.metadata_diff import MetadataDiff
from aspara.recording.run_artifacts import RunArtifacts
from aspara.recording.run_display import RunDisplay
from aspara.recording.run_files import SavedFiles
from aspara.recording.run_media import RunMedia
from aspara.recording.run_properties import RunProperties
from aspara.recording.run_results import RunResults
from aspara.recording.run_wandb import WandbMembers
from aspara.recording.summary import Summary
from aspara.storage.metadata import dict_in, own_summary, tags_of
from aspara.storage.statistics import Statistics
from aspara.types import Losses, Status
from aspara.util.json_safe import numbered
from aspara.util.messages import say
from aspara.util.signals import defer_signals

if TYPE_CHECKING:
    from datetime import datetime

    from aspara.recording.media_writer import MediaWriter

_FOLD_INTERVAL = 1.0
_EXIT_GRACE = 1.0


class Run(RunProperties, RunResults, RunMedia, RunArtifacts, SavedFiles, RunListeners, RunDisplay, WandbMembers):
    """One training run being recorded.

    Made by :func:`aspara.init`, or directly: ``aspara.Run(...)`` takes the same arguments and does not become the active
    run. It is a context manager: leaving the block finishes the run, as failed if an exception leaves it.

    Every ``log()`` that returned survives the death of the process. Nothing here raises over a full disk, a lost network
    or a strange value once the run has begun: there is one warning, and ``finish()`` says what was lost, if anything.
    """

    def __init__(self, name: str | None = None, project: str | None = None, **options: Any) -> None:
        from aspara.recording import tracked_runs
        from aspara.recording.capture.capture import CaptureOptions
        from aspara.recording.open_run import open_run

        settings.check()
        wanted = CaptureOptions.of(options.get("capture"), options.get("settings"))
        with defer_signals():
            self._begin(open_run(project, name, **options), wanted)
            self._take_secrets(options)
            self._take_options(options)
            tracked_runs.track(self)

    @classmethod
    def _of(cls, recorder: Recorder, wanted: Iterable[str] = ()) -> Run:
        run = cls.__new__(cls)
        run._begin(recorder, wanted)
        return run

    def _take_secrets(self, options: Mapping[str, Any]) -> None:
        """Gives the program's config the values that are not written."""
        from aspara.recording.open_run import given_config

        kept = self.config.as_dict()
        if REDACTED in str(kept):
            self.config.restore(with_secrets(kept, given_config(options.get("config"))))
            self._config_told = self._config_diff()

    def _config_diff(self) -> MetadataDiff:
        return MetadataDiff("config", self.config.as_dict(), self._tell, without_secrets)

    def _begin(self, recorder: Recorder, wanted: Iterable[str]) -> None:
        identity = recorder.identity
        self._recorder = recorder
        self._identity = identity
        self._pid = os.getpid()
        # Re-entrant, because a signal handler may log in the middle of a log() on its own thread.
        self._lock = recorder.lock
        self._pen = pen = FastLog()
        pen.acquire, pen.release, pen.append = self._lock.acquire, self._lock.release, recorder.append
        pen.step = self.starting_step
        pen.shut, pen.reopen, pen.take = False, self._reopen, self._take_media
        load_codec()
        self._log, _ = make_log(pen)
        if type(self).log is Run.log:
            self.log = self._log  # type: ignore[method-assign]  # one call, not two
            self._log.__doc__, self._log.__qualname__ = Run.log.__doc__, Run.log.__qualname__
        self._started = time.time()
        self._warned: set[str] = set()
        self._status: Status = "running"
        self._exit_code: int | None = None
        self._finished = False
        self._announces = False
        self._ended = threading.Event()
        self._ender: threading.Thread | None = None
        self._begin_telling()
        self._desk: MediaWriter | None = None
        self._followed = {}
        found = identity.metadata
        self._statistics = Statistics(dict_in(found, "metric_summary"))
        self._definitions: dict[str, dict[str, Any]] = {
            name: dict(given) for name, given in dict_in(found, "metric_definitions").items() if isinstance(given, dict)
        }
        self._encoder = RowEncoder(pen, self._statistics, self._definitions)
        pen.encode = self._encoder.encode
        self._new_backlog()
        self._tags: tuple[str, ...] = tuple(tags_of(found))
        self._notes = str(found.get("notes") or "")
        self._name = identity.name
        self._summary_dirty = False
        self._last: dict[str, Any] | None = None
        """What the summary shows of the metrics, until the next row is folded in."""
        self._last_taken = 0
        self.config = Config(numbered(dict_in(found, "config")), self._config_changed, self._check_open)
        """The run's inputs, a :class:`Config`."""
        self.summary = Summary(numbered(own_summary(found)), self._last_values, self._summary_changed, self._check_open)
        """The run's results, a :class:`Summary`."""
        self._config_told = self._config_diff()
        self._summary_told = MetadataDiff("summary", self.summary.own(), self._tell)
        self._sync_interval = max(0.01, settings.get("ASPARA_FSYNC_INTERVAL"))
        self._start_keepers()
        from aspara.recording.capture.capture import Capture

        self._capture = Capture(self._logged_step, recorder, wanted)

    # -- logging ------------------------------------------------------------------------------------------------------

    def log(
        self,
        data: Mapping[str, Any] = NOTHING,
        step: int | None = None,
        commit: bool | None = None,
        timestamp: float | str | datetime | None = None,
        sync: bool | None = None,
    ) -> None:
        """Records `data`, a dict from metric names to values, at a step.

        Args:
            data: Numbers (Python's, numpy's, torch's, jax's, Decimal), texts, and dicts of them, which flatten to ``a.b``.
                Media (:class:`Image`, :class:`Table`, …), figures, Pillow images, data frames and lists of them are kept as
                files by a background thread; arrays become histograms, short ones lists. None is skipped. Values of other
                kinds, names that are no text of 1 to 512 bytes without control characters, and dicts nested beyond 32
                levels warn once per name and are skipped, their neighbours are kept.
            step: The step; by default the current one. A late or repeated step is kept and ordered on reading.
            commit: Whether the step ends with this call, so that the next ``log()`` without a step belongs to the next
                one. By default True without `step` and False with it.
            timestamp: When it happened: seconds since the epoch (numbers below 1e11), milliseconds, ISO 8601 text (without
                a zone UTC) or a datetime (without a zone local time); by default now.
            sync: Accepted for wandb's sake.

        When it returns, the row survives a SIGKILL of this process. It raises :class:`UsageError` only for misuse: `data` is
        no dict, the step is no whole number from 0 to 2**53, the timestamp is none, or the run has finished.

        """
        self._log(data, step, commit, timestamp, sync)

    # -- ending -------------------------------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends the run: ``completed``, or ``failed`` for an `exit_code` other than 0. A second call does nothing.

        Without `exit_code` the run fails if an exception is leaving the ``finally`` or ``with`` block that calls this. Of a
        failed run the traceback is kept. Says on stderr how the run ended (not if `quiet`), and what was lost, if anything was.

        Raises:
            UsageError: `exit_code` is no whole number.

        """
        if exit_code is None:
            error = propagating()
            code = code_of(error)
        else:
            error, code = sys.exc_info()[1], checked_exit_code(exit_code)
        self.end(code, describe(error) if code else None, quiet=quiet)

    def end(self, code: int, exception: Mapping[str, Any] | None = None, *, quiet: bool | None = None) -> None:
        """Ends the run with an exit code and, if it failed, the exception as :func:`exception.describe` has it."""
        if quiet:
            self._announces = False
        # What interrupts a run's end is put off until it is recorded. A Ctrl-C after a Ctrl-C has nothing left to interrupt.
        interrupted = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        with defer_signals(*([signal.SIGINT] if interrupted else []), told=self._say_what_is_waited_for):
            if self._begin_end("completed" if code == 0 else "failed", code):
                try:
                    self._end(exception)
                finally:
                    self._ended.set()

    def _say_what_is_waited_for(self) -> None:
        say(f"The end of run {self.name!r} is being recorded; Ctrl-C twice more breaks that off.")

    def _begin_end(self, status: Status, exit_code: int) -> bool:
        """True for the first call. Another thread's waits until the end is recorded, or the thread that does it is gone."""
        with self._lock:
            if not self._finished:
                self._finished = self._pen.shut = True
                self._status, self._exit_code = status, exit_code
                self._ender = threading.current_thread()
                return True
        ender = self._ender
        if ender is not None and ender is not threading.current_thread():
            with _let_go(self._lock):
                while ender.is_alive() and not self._ended.wait(0.2):
                    pass
        return False

    def _end(self, exception: Mapping[str, Any] | None) -> None:
        from aspara.recording import tracked_runs

        status, exit_code = self._status, self._exit_code
        timeout = settings.get("ASPARA_EXIT_TIMEOUT")
        losses: list[Losses] = []
        # A signal may have come in the middle of a log(): the threads that end here need its lock.
        with _let_go(self._lock):
            if exception is not None and not self._forked:
                self._recorder.update({"exception": dict(exception)})
                if sys.exc_info()[1] is not None:
                    self._capture.print(str(exception["traceback"]))  # Python prints it when this run is over
            self._capture.stop()
            self._keeper.stop(timeout)
            if not self._forked:
                with _reported("saving files"):
                    self._save_again()
            media_lost = 0 if self._desk is None else self._desk.finish(timeout)
            self._backlog.fold()
            self._tell_listeners()
            if not self._forked:
                with _reported("saving the config"):
                    self._save_config()
                self._write_summary()
                if not self._disk.stop(
                    timeout + _EXIT_GRACE,
                    last=lambda: losses.append(self._recorder.finish(status, exit_code, timeout)),
                ):
                    say(f"The disk of run {self.name!r} does not answer; its end is not recorded there.")
            else:
                # A forked child's end is not the run's end: it only closes its own files.
                if self._summary_dirty:
                    self._write_summary()
                self._disk.stop(timeout, last=self._close_childs_files)
        tracked_runs.forget(self)
        self._tell_end(status, exit_code)
        if self._announces and not self._forked:
            with _reported("the summary of the run"):
                self._announce_end(status)
        if media_lost:
            say(f"Run {self.name!r}: {media_lost} media values could not be kept.")
        for loss in losses:
            if loss.rows_lost:
                say(f"Run {self.name!r} lost {loss.rows_lost} rows: {loss.reason}.")
            if loss.rows_kept:
                say(f"Run {self.name!r}: {loss.rows_kept} rows were not delivered; {loss.reason}.")

    def announce(self, *, itself: bool = False) -> None:
        """Says on stderr which run this is and where, and at its end how it ended; `itself`: it was continued unnamed."""
        from aspara.recording import announce
        from aspara.recording.log.trends import Trends

        if not self.disabled:
            self._announces = True
            self._backlog.trends = Trends()
            announce.begin(self._identity, itself=itself)

    def _announce_end(self, status: Status) -> None:
        from aspara.recording import announce

        trends = self._backlog.trends
        if trends is not None:
            announce.end(
                self._identity,
                self._name,
                status,
                started=self._started,
                statistics=numbered(self._statistics.json()),
                trends=trends,
            )

    def _close_childs_files(self) -> None:
        self._recorder.sync()
        self._recorder.abandon()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, trace
        code = code_of(error)
        self.end(code, describe(error) if code else None)

    def flush(self) -> None:
        """Makes everything logged so far durable. Rows are on disk without it; this asks the disk to confirm, and waits for
        media that are still being written.
        """
        if self._desk is not None:
            self._desk.settle(settings.get("ASPARA_EXIT_TIMEOUT"))
        self._save_again()
        self._backlog.fold()
        self._tell_listeners()
        with defer_signals():
            self._save_config()
            if self._summary_dirty:
                self._write_summary()
            self._recorder.sync()

    def __repr__(self) -> str:
        return f"<aspara.Run {self.path} {self._status} step {self._pen.step}>"

    # -- background ---------------------------------------------------------------------------------------------------

    def _start_keepers(self) -> None:
        """Two threads: a slow disk must not hold up the live chart."""
        self._keeper = PeriodicThread(self._tend, self._keeper_interval, name="aspara-keeper")
        self._disk = PeriodicThread(self._sync, lambda: self._sync_interval, name="aspara-disk")
        self._recorder.wake = self._disk.nudge
        self._pen.nudge = self._keeper.nudge
        self._keeper.start()
        self._disk.start()

    def _keeper_interval(self) -> float:
        return max(0.001, self._tell_at - time.monotonic()) if self._listeners else _FOLD_INTERVAL

    def _tend(self) -> None:
        self._backlog.fold()
        if time.monotonic() >= self._tell_at:
            self._tell_listeners()

    def _sync(self) -> None:
        if self._summary_dirty:
            self._write_summary()
        self._recorder.sync()

    def _new_backlog(self) -> None:
        self._backlog = PendingRows(self._statistics)
        self._pen.backlog, self._pen.waiting = self._backlog, self._backlog.waiting
        self._pen.limit = self._backlog.limit
        self._encoder.look_again()

    def _logged_step(self) -> int:
        """Where what is captured by itself stands: at the last step, so that it can be drawn over steps too."""
        return max(0, self._pen.step - 1)

    # -- fork ---------------------------------------------------------------------------------------------------------

    @property
    def _forked(self) -> bool:
        owner: int = self.__dict__.get("_owner_pid", self._pid)
        return owner != self._pid

    def _before_fork(self) -> None:
        self._capture.before_fork()
        self._lock.acquire()

    def _after_fork_in_parent(self) -> None:
        self._lock.release()
        self._capture.after_fork_in_parent()

    def _after_fork_in_child(self) -> None:
        """Lets go of everything inherited: the parent's files, lock and thread are the parent's."""
        self.__dict__.setdefault("_owner_pid", self._pid)
        self._pid = os.getpid()
        self._lock = threading.RLock()  # until the first log() here brings a recorder with its own
        self._pen.acquire, self._pen.release = self._lock.acquire, self._lock.release
        self._pen.shut = True
        self._new_backlog()
        self._begin_telling()
        self._config_told.forked()
        self._summary_told = MetadataDiff("summary", self.summary.own(), self._tell)
        self._summary_dirty = False
        self._desk = None
        self._followed = {}
        self._recorder.abandon()
        self._capture.after_fork_in_child()

    def _check_open(self) -> None:
        """A finished run takes nothing more: raises UsageError with the ways out."""
        if self._finished:
            raise UsageError(
                f"Run {self._name!r} has finished, so nothing can be logged to it or set. Call aspara.init() to start another, "
                f"or aspara.init(project={self.project!r}, id={self.id!r}) to continue it."
            )

    def _reopen(self) -> None:
        """After a fork the first log() gives this process files of its own; a finished run takes nothing more."""
        self._check_open()
        from aspara.recording import tracked_runs

        tracked_runs.end_with_worker()

        self._recorder = self._recorder.for_child()
        held_lock = self._lock
        self._lock, self._pen.append = self._recorder.lock, self._recorder.append
        # log() holds the old lock and will release it by the pen's `release`: the new one takes its place while both are held.
        self._lock.acquire()
        held_lock.release()
        self._pen.acquire, self._pen.release = self._lock.acquire, self._lock.release
        self._pen.shut = False
        self._start_keepers()


@contextlib.contextmanager
def _let_go(lock: threading.RLock) -> Any:
    """Gives away a lock that this thread may hold, as often as it holds it; takes it back at the end."""
    gate: Any = threading.Condition(lock)
    lock_state = gate._release_save() if gate._is_owned() else None
    try:
        yield
    finally:
        if lock_state is not None:
            gate._acquire_restore(lock_state)


@contextlib.contextmanager
def _reported(what: str) -> Any:
    try:
        yield
    except Exception as error:
        say(f"{what} failed: {type(error).__name__}: {error}")
