"""A run: what `aspara.init` returns and everything is logged to."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from time import time_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from orjson import OPT_APPEND_NEWLINE as _NEWLINE
from orjson import dumps

from aspara import names, settings
from aspara.errors import UsageError
from aspara.interrupts import held
from aspara.model import Losses, Row, Status
from aspara.notices import say
from aspara.recorder import Recorder
from aspara.recording.artifacts import KeepsArtifacts
from aspara.recording.backlog import Backlog, Getter, getter
from aspara.recording.config import Config
from aspara.recording.ending import code_of
from aspara.recording.keeper import Keeper
from aspara.recording.summary import Summary
from aspara.recording.surfaces import Shown
from aspara.recording.told import Told
from aspara.recording.values import flatten, json_safe, kind_of
from aspara.storage import rows
from aspara.storage.statistics import AGGREGATES, Statistics, defined_summary, definition_of

if TYPE_CHECKING:
    from aspara.recording.desk import Desk

_LIVE_INTERVAL = 0.1
_FOLD_INTERVAL = 1.0
_EXIT_GRACE = 1.0
_MOST_SHAPES = 256
_MAX_STEP = 1 << 53
"""The greatest step that every reader, a browser too, tells from its neighbours."""


class Listener(Protocol):
    """Somebody who watches a run live in this process, such as the notebook's chart."""

    def rows(self, rows: list[Row]) -> None:
        """The rows logged since the last call, in order; at most ten times a second, on a background thread."""

    def ended(self, status: Status, exit_code: int | None) -> None:
        """The run has ended; no rows follow."""


class Run(KeepsArtifacts, Shown):
    """One training run being recorded.

    Made by :func:`aspara.init`, or directly: ``aspara.Run(...)`` takes the same arguments and does not become the active
    run. It is a context manager: leaving the block finishes the run, as failed if an exception leaves it.

    Every ``log()`` that returned survives the death of the process. Nothing here raises over a full disk, a lost network
    or a strange value once the run has begun: there is one warning, and ``finish()`` says what was lost, if anything.
    """

    def __init__(self, name: str | None = None, project: str | None = None, **options: Any) -> None:
        from aspara.recording import active
        from aspara.recording.capture import Wanted
        from aspara.recording.start import open_run

        wanted = Wanted.of(options.get("capture"), options.get("settings"))
        with held():
            self._begin(open_run(project, name, **options), wanted)
            active.track(self)

    @classmethod
    def _of(cls, recorder: Recorder, wanted: Iterable[str] = ()) -> Run:
        run = cls.__new__(cls)
        run._begin(recorder, wanted)
        return run

    def _begin(self, recorder: Recorder, wanted: Iterable[str]) -> None:
        identity = recorder.identity
        self._recorder = recorder
        self._identity = identity
        self._pid = os.getpid()
        # Re-entrant, because a signal handler may log in the middle of a log() on its own thread.
        self._lock = recorder.lock
        self._acquire, self._release = self._lock.acquire, self._lock.release
        self._append = recorder.append
        self._started = time.time()
        self._step = identity.next_step
        self._values_of: Getter = _unknown
        self._shapes: dict[tuple[Any, ...], tuple[Getter, list[str]]] = {}
        """The names of rows of plain numbers seen so far, and what takes their values."""
        self._warned: set[str] = set()
        self._status: Status = "running"
        self._exit_code: int | None = None
        self._finished = False
        self._ended = threading.Event()
        self._ender: threading.Thread | None = None
        # Finished or forked: one flag, so that log() looks at one thing.
        self._shut = False
        self._listeners: list[Listener] = []
        self._loose: list[tuple[str, Any]] = []
        self._desk: Desk | None = None
        found = identity.metadata
        self._statistics = Statistics(_dict(found, "metric_summary"))
        self._new_backlog()
        self._definitions: dict[str, dict[str, Any]] = {
            name: dict(given) for name, given in _dict(found, "metric_definitions").items() if isinstance(given, dict)
        }
        self._step_values: dict[str, Any] = {}
        """The last values of the metrics that others are drawn over."""
        for definition in self._definitions.values():
            self._watch_step_metric(definition.get("step_metric"))
        self._tags: tuple[str, ...] = tuple(str(t) for t in found.get("tags") or ())
        self._notes = str(found.get("notes") or "")
        self._name = identity.name
        self._summary_dirty = False
        self._last: dict[str, Any] | None = None
        """What the summary shows of the metrics, until the next row is folded in."""
        self._last_taken = 0
        self.config = Config(_dict(found, "config"), self._config_changed, self._check_open)
        """The run's inputs, a :class:`Config`."""
        self.summary = Summary(_own_summary(found), self._last_values, self._summary_changed, self._check_open)
        """The run's results, a :class:`Summary`."""
        self._config_told = Told("config", self.config.as_dict(), self._tell)
        self._summary_told = Told("summary", self.summary.own(), self._tell)
        self._sync_interval = max(0.01, settings.get("ASPARA_FSYNC_INTERVAL"))
        self._start_keepers()
        from aspara.recording.capture import Capture

        self._capture = Capture(self._logged_step, recorder, wanted)

    # -- logging ------------------------------------------------------------------------------------------------------

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
        timestamp: float | str | None = None,
    ) -> None:
        """Records `data`, a dict from metric names to values, at a step.

        Args:
            data: Numbers (Python's, numpy's, torch's, jax's, Decimal), texts, and dicts of them, which flatten to ``a.b``.
                Media (:class:`Image`, :class:`Table`, …), figures, Pillow images, data frames and lists of them are kept as
                files by a background thread; arrays become histograms, short ones lists. None is skipped. Values of other
                kinds warn once per name and are skipped, their neighbours are kept.
            step: The step; by default the current one. A late or repeated step is kept and ordered on reading.
            commit: Whether the step ends with this call, so that the next ``log()`` without a step belongs to the next
                one. By default True without `step` and False with it.
            timestamp: When it happened: milliseconds since the epoch or ISO 8601; by default now.

        When it returns, the row survives a SIGKILL of this process. It raises :class:`UsageError` only for misuse: `data` is
        no dict, the step is no whole number from 0 to 2**53, or the run has finished.

        """
        if type(data) is not dict:
            data = self._checked(data)
        loose = None
        values: Any
        # Not `with`: entering and leaving by hand costs half as much, on a path where that is a tenth of all.
        self._acquire()
        try:
            if self._shut:
                self._reopen()
            if step is None:
                at = self._step
                ends = commit is None or commit
            else:
                at = step if type(step) is int and 0 <= step <= _MAX_STEP else _checked_step(step)
                ends = bool(commit)
                self._step = max(self._step, at)
            now = time_ns() // 1_000_000 if timestamp is None else _checked_timestamp(timestamp)
            try:
                # The common case at the speed of C: the names of the last checked row, and numbers. Texts, dicts, None and
                # arrays have no sum or no finite one, and what else has a sum is refused by the codec.
                values = self._values_of(data)
                if len(data) == len(values) and isfinite(sum(values)):
                    line = dumps({"timestamp": now, "step": at, "metrics": data}, None, _NEWLINE)
                else:
                    values, line, loose = self._encode(now, at, data)
            except (LookupError, TypeError, ValueError, OverflowError, RuntimeError):
                values, line, loose = self._encode(now, at, data)
            if values:
                self._append(line)
                waiting = self._waiting
                waiting.append((now, at, values))
                if len(waiting) > self._backlog.limit:
                    self._backlog.relieve(self._keeper.nudge)
            if ends and at >= self._step:
                self._step = at + 1
        finally:
            self._release()
        if loose:
            # After the lock: drawing a figure takes its time, and other threads log meanwhile.
            self._take_media(now, at, loose)

    def _encode(
        self, now: int, step: int, data: dict[str, Any]
    ) -> tuple[dict[str, Any] | tuple[Any, ...], bytes, list[tuple[str, Any]]]:
        """Any row, with every check, and what of it is no number; a row of plain numbers lends its names to the quick way."""
        self._loose = []
        keys = tuple(data)
        shape = self._shapes.get(keys)
        if shape is not None:
            # A program that logs its rows in parts comes by here with every part.
            values_of, those = shape
            try:
                values = values_of(data)
                if isfinite(sum(values)):
                    line = dumps({"timestamp": now, "step": step, "metrics": data}, None, _NEWLINE)
                    if values_of is not self._values_of:
                        self._backlog.turn(those)
                        self._values_of = values_of
                    return values, line, self._loose
            except (LookupError, TypeError, ValueError, OverflowError, RuntimeError):
                pass
        metrics = dict(flatten(data, self._keep))
        if self._step_values and self._with_step_metrics(metrics):
            return metrics, rows.encode(now, step, metrics), self._loose
        if (
            shape is None
            and metrics
            and len(metrics) == len(data)
            and all(type(value) is float or type(value) is int for value in data.values())
        ):
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            those = list(metrics)
            self._shapes[keys] = getter(those), those
        return metrics, rows.encode(now, step, metrics), self._loose

    def _with_step_metrics(self, metrics: dict[str, Any]) -> bool:
        """Adds the value of the metric that another one is drawn over, where the row lacks it; True if the row has to do with
        such a metric, so that rows like it need the same look.
        """
        known = self._step_values
        concerned = False
        for name in metrics.keys() & known.keys():
            known[name] = metrics[name]
            concerned = True
        for name in list(metrics):
            over = definition_of(name, self._definitions).get("step_metric")
            if over in known:
                concerned = True
                if over not in metrics and known[over] is not None:
                    metrics[over] = known[over]
        return concerned

    def _watch_step_metric(self, name: Any) -> None:
        if isinstance(name, str) and name not in self._step_values:
            last = self._statistics.last().get(name)
            self._step_values[name] = last if isinstance(last, int | float) else None
            # Rows that had nothing to do with it may have now.
            self._values_of = _unknown
            self._shapes.clear()

    def _keep(self, name: str, value: Any) -> Any:
        """A value that is no number is looked at when the row's numbers are safe."""
        self._loose.append((name, value))

    def _take_media(self, timestamp: int, step: int, values: list[tuple[str, Any]]) -> None:
        """Hands media to the desk, keeps short lists as they are, and warns of everything else once per name."""
        from aspara.media.detect import media_of, numbers_of

        for name, value in values:
            try:
                found = media_of(value, json_safe)
                listed = numbers_of(value) if found is None else None
            except (
                Exception
            ) as error:  # a figure that cannot be drawn, a frame of odd cells: nothing that stops training
                self._refuse(name, value, f": {type(error).__name__}: {error}")
                continue
            if isinstance(listed, list):
                self._write_media(timestamp, step, {name: json_safe(listed)})
                continue
            found = found or listed
            if found is None:
                self._refuse(name, value, "")
            elif not self.disabled:
                if self._desk is None:
                    from aspara.recording.desk import Desk

                    self._desk = Desk(self._recorder, self._write_media)
                self._desk.take(timestamp, step, name, found)

    def _write_media(self, timestamp: int, step: int, references: Mapping[str, Any]) -> None:
        """A row for values that are no numbers, at the step of their ``log()``."""
        line = rows.encode(timestamp, step, references)
        with self._lock:
            self._append(line)
            self._waiting.append((timestamp, step, references))

    def _refuse(self, name: str, value: Any, why: str) -> None:
        if name not in self._warned:
            self._warned.add(name)
            say(
                f"{name!r} is a {kind_of(value)}, which cannot be logged as a metric; it is skipped{why}. Log a number, e.g. its mean."
            )

    def _checked(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            return dict(data)
        raise UsageError(
            f"log() takes a dict from metric names to values, such as {{'loss': 0.1}}, not {type(data).__name__}: {str(data)[:60]!r}."
        )

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        *,
        summary: str | None = None,
        goal: str | None = None,
        hidden: bool | None = None,
        **ignored: Any,
    ) -> None:
        """Says how a metric (or all that match a glob such as ``val/*``) is to be shown.

        Args:
            name: A metric's name or a glob. A metric's own definition beats a glob's, the longer glob the shorter one.
            step_metric: The metric to draw it over, instead of the step. Rows that hold `name` without it get its last value.
            summary: Which aggregates the summary shows, out of min, max, mean, last, first, best, none; separated by commas:
                ``summary="min,max"`` makes ``run.summary["loss"]`` the dict ``{"min": ..., "max": ...}``.
            goal: ``"minimize"`` or ``"maximize"``: which value is the best one. Its step is kept too.
            hidden: Not shown unless asked for.

        What is not given stays as an earlier call for the same name said it.

        """
        del ignored
        self._check_open()
        names.check_metric_name(name)
        for part in (summary or "").split(","):
            if part.strip() not in ("", *AGGREGATES):
                raise UsageError(f"summary={summary!r}: choose among min, max, mean, last, first, best, none.")
        if goal not in (None, "minimize", "maximize"):
            raise UsageError(f"goal={goal!r}: choose 'minimize' or 'maximize'.")
        given = {"step_metric": step_metric, "summary": summary, "goal": goal, "hidden": hidden}
        with self._lock:
            definition = {**self._definitions.get(name, {}), **{k: v for k, v in given.items() if v is not None}}
            self._backlog.fold()
            self._definitions = {**self._definitions, name: definition}
            self._last = None
            self._watch_step_metric(step_metric)
        self._recorder.update({"metric_definitions": {name: definition}})

    # -- ending -------------------------------------------------------------------------------------------------------

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """Ends the run: ``completed``, or ``failed`` for an `exit_code` other than 0. A second call does nothing.

        Says on stderr what was lost, if anything was; `quiet` is accepted for compatibility.
        """
        del quiet
        code = 0 if exit_code is None else _checked_exit_code(exit_code)
        # What interrupts a run's end is put off until it is recorded. A Ctrl-C after a Ctrl-C has nothing left to interrupt.
        interrupted = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        with held(*([signal.SIGINT] if interrupted else [])):
            if self._begin_end("completed" if code == 0 else "failed", code):
                try:
                    self._end()
                finally:
                    self._ended.set()

    def _begin_end(self, status: Status, exit_code: int) -> bool:
        """True for the first call. Another thread's waits until the end is recorded, or the thread that does it is gone."""
        with self._lock:
            if not self._finished:
                self._finished = self._shut = True
                self._status, self._exit_code = status, exit_code
                self._ender = threading.current_thread()
                return True
        ender = self._ender
        if ender is not None and ender is not threading.current_thread():
            with _let_go(self._lock):
                while ender.is_alive() and not self._ended.wait(0.2):
                    pass
        return False

    def _end(self) -> None:
        from aspara.recording import active

        status, exit_code = self._status, self._exit_code
        timeout = settings.get("ASPARA_EXIT_TIMEOUT")
        losses: list[Losses] = []
        # A signal may have come in the middle of a log(): the threads that end here need its lock.
        with _let_go(self._lock):
            self._capture.stop()
            self._keeper.stop(timeout)
            media_lost = 0 if self._desk is None else self._desk.finish(timeout)
            self._backlog.fold()
            self._tell_listeners()
            if self._pid == self._identity_pid:
                self._write_summary()
                if not self._disk.stop(
                    timeout + _EXIT_GRACE,
                    last=lambda: losses.append(self._recorder.finish(status, exit_code, timeout)),
                ):
                    say(f"The disk of run {self.name!r} does not answer; its end is not recorded there.")
            else:
                # A forked child's end is not the run's end: it only closes its own files.
                self._disk.stop(timeout, last=self._close_childs_files)
        active.forget(self)
        for listener in list(self._listeners):
            with _reported("a live view"):
                listener.ended(status, exit_code)
        if media_lost:
            say(f"Run {self.name!r}: {media_lost} media values could not be kept.")
        for loss in losses:
            if loss.rows_lost:
                say(f"Run {self.name!r} lost {loss.rows_lost} rows: {loss.reason}.")
            if loss.rows_kept:
                say(f"Run {self.name!r}: {loss.rows_kept} rows were not delivered; {loss.reason}.")

    def _close_childs_files(self) -> None:
        self._recorder.sync()
        self._recorder.abandon()

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, trace
        self.finish(code_of(error))

    # -- what it is ---------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The run's id: 16 hexadecimal digits, or the chosen one."""
        return self._identity.id

    @property
    def project(self) -> str:
        """The project's name."""
        return self._identity.project

    @property
    def run(self) -> str:
        """The run's name on disk and in URLs: unique in its project."""
        return self._identity.run

    @property
    def name(self) -> str:
        """The name people see; several runs may share it."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._check_open()
        self._name = names.check_display_name(name)
        self._recorder.update({"display_name": self._name})

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags; assign any iterable of texts to replace them: ``run.tags += ("baseline",)``."""
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._check_open()
        self._tags = _tags(tags)
        self._recorder.update({"tags": list(self._tags)})

    def set_tags(self, tags: Iterable[str]) -> None:
        """Replaces the tags."""
        self.tags = _tags(tags)

    @property
    def notes(self) -> str:
        """Notes about the run; assign text of at most ASPARA_MAX_NOTES_LENGTH characters to replace them."""
        return self._notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        from aspara.recording.start import checked_notes

        self._check_open()
        self._notes = checked_notes(notes) or ""
        self._recorder.update({"notes": self._notes})

    @property
    def step(self) -> int:
        """The step that the next ``log()`` without one belongs to; never goes back."""
        return self._step

    @property
    def status(self) -> Status:
        """``running``, ``completed`` or ``failed``."""
        return self._status

    @property
    def should_stop(self) -> bool:
        """True once somebody has asked, in the dashboard or under the notebook's chart, that this run stop.

        Nothing stops by itself: a training loop that may be stopped looks at it, ``if run.should_stop: break``. It costs
        nothing to look, and follows the request within about a second.
        """
        return self._recorder.stop_asked

    @property
    def resumed(self) -> bool:
        """True for a run that continues an earlier one."""
        return self._identity.resumed

    @property
    def starting_step(self) -> int:
        """The first step of this process: 0 for a new run."""
        return self._identity.next_step

    @property
    def disabled(self) -> bool:
        """True for a run that records nowhere."""
        from aspara.recorder import NullRecorder

        return isinstance(self._recorder, NullRecorder)

    @property
    def group(self) -> str | None:
        """The group the run belongs to."""
        return self._identity.metadata.get("group")

    @property
    def job_type(self) -> str | None:
        """What kind of job the run is."""
        return self._identity.metadata.get("job_type")

    @property
    def color(self) -> int:
        """The run's place in the palette, the same in every view."""
        return self._identity.color

    @property
    def start_time(self) -> float:
        """When this process began the run: seconds since the epoch."""
        return self._started

    @property
    def path(self) -> str:
        """``project/run``."""
        return f"{self.project}/{self.run}"

    @property
    def dir(self) -> str:
        """The run's own folder, for files that shall lie beside its data; made when it is asked for."""
        from aspara.files import make_folder

        folder = self._identity.path or settings.data_dir() / self.project / self.run
        return str(folder if self.disabled else make_folder(folder))

    @property
    def url(self) -> str | None:
        """Where a tracker shows the run; None for a local one."""
        return self._identity.url

    @property
    def backend(self) -> str | None:
        """How the rows are kept: ``jsonl`` or ``polars``."""
        return self._identity.metadata.get("backend")

    def flush(self) -> None:
        """Makes everything logged so far durable. Rows are on disk without it; this asks the disk to confirm, and waits for
        media that are still being written.
        """
        if self._desk is not None:
            self._desk.settle(settings.get("ASPARA_EXIT_TIMEOUT"))
        self._backlog.fold()
        self._tell_listeners()
        with held():
            self._recorder.sync()

    def __repr__(self) -> str:
        return f"<aspara.Run {self.path} {self._status} step {self._step}>"

    # -- live views ---------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Has `listener` told of rows and of the end, about ten times a second; returns what ends that.

        A listener that raises is reported once and told nothing more.
        """
        self._listeners.append(listener)
        self._backlog.shown = True
        self._keeper.nudge()

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    # -- background ---------------------------------------------------------------------------------------------------

    def _start_keepers(self) -> None:
        """Two threads: a slow disk must not hold up the live chart."""
        self._keeper = Keeper(self._tend, self._keeper_interval, name="aspara-keeper")
        self._disk = Keeper(self._sync, lambda: self._sync_interval, name="aspara-disk")
        self._recorder.wake = self._disk.nudge
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
        self._backlog = Backlog(self._statistics)
        self._waiting = self._backlog.waiting
        self._values_of = _unknown
        self._tell_lock = threading.RLock()
        self._tell_at = 0.0

    def _tell_listeners(self) -> None:
        with self._tell_lock:
            self._tell_at = time.monotonic() + _LIVE_INTERVAL
            taken = self._backlog.take_unshown()
            self._backlog.shown = bool(self._listeners)
            for listener in list(self._listeners) if taken else ():
                try:
                    # Columns, where they are wanted: rows one by one cost a busy training several times as much.
                    if (columns := getattr(listener, "blocks", None)) is not None:
                        columns(taken)
                    else:
                        listener.rows([row for block in taken for row in block.rows()])
                except Exception as error:
                    self._listeners.remove(listener)
                    say(f"A live view of {self.name!r} stopped: {type(error).__name__}: {error}")

    def _last_values(self) -> dict[str, Any]:
        self._backlog.fold()
        with self._backlog.lock:
            if self._last is None or self._last_taken != self._backlog.taken:
                self._last, self._last_taken = self._shown(), self._backlog.taken
            return self._last

    def _shown(self) -> dict[str, Any]:
        """The last values as the definitions want them; the caller holds the backlog's lock."""
        last = self._statistics.last()
        return defined_summary(last, self._statistics.facts, self._definitions) if self._definitions else last

    def _config_changed(self) -> None:
        self._config_told.tell(self.config.as_dict)

    def _summary_changed(self) -> None:
        # Written by the background thread: summaries are set in loops, and a metadata write costs milliseconds.
        self._summary_dirty = True

    def _write_summary(self) -> None:
        self._summary_dirty = False
        own = self.summary.own()
        with self._backlog.lock:
            statistics, last = self._statistics.json(self._definitions), self._shown()
        changes: dict[str, Any] = {
            "summary_own": sorted(own),
            "metric_summary": statistics,
            "last_step": self._last_step(statistics),
        }
        if self._recorder.partial:
            # Wrong statistics are worse than none: readers make them from the rows.
            del changes["metric_summary"]
        self._summary_told.tell(lambda: {**json_safe(last), **own}, changes)

    def _tell(self, changes: dict[str, Any]) -> None:
        self._recorder.update(changes)  # asked each time: a forked child has another recorder

    def _logged_step(self) -> int:
        """Where what is captured by itself stands: at the last step, so that it can be drawn over steps too."""
        return max(0, self._step - 1)

    @staticmethod
    def _last_step(statistics: Mapping[str, Mapping[str, Any]]) -> int | None:
        return max((s["last_step"] for s in statistics.values()), default=None)

    # -- fork ---------------------------------------------------------------------------------------------------------

    @property
    def _identity_pid(self) -> int:
        owner: int = self.__dict__.get("_owner_pid", self._pid)
        return owner

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
        self._acquire, self._release = self._lock.acquire, self._lock.release
        self._shut = True
        self._new_backlog()
        self._config_told.forked()
        self._summary_told.forked()
        self._listeners = []
        self._desk = None
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
        from aspara.recording.start import reopen

        self._recorder = reopen(self._recorder)
        held = self._lock
        self._lock, self._append = self._recorder.lock, self._recorder.append
        # log() holds the old lock and will release it by `_release`: the new one takes its place while both are held.
        self._lock.acquire()
        held.release()
        self._acquire, self._release = self._lock.acquire, self._lock.release
        self._shut = False
        self._start_keepers()


def _unknown(_row: dict[str, Any]) -> tuple[Any, ...]:
    """Before a row of plain numbers has been seen, none is known to be like it."""
    raise LookupError


@contextlib.contextmanager
def _let_go(lock: threading.RLock) -> Any:
    """Gives away a lock that this thread may hold, as often as it holds it; takes it back at the end."""
    gate: Any = threading.Condition(lock)
    held = gate._release_save() if gate._is_owned() else None
    try:
        yield
    finally:
        if held is not None:
            gate._acquire_restore(held)


@contextlib.contextmanager
def _reported(what: str) -> Any:
    try:
        yield
    except Exception as error:
        say(f"{what} failed: {type(error).__name__}: {error}")


def _checked_step(step: Any) -> int:
    whole = step
    if not isinstance(whole, int) and callable(getattr(step, "item", None)):
        with contextlib.suppress(TypeError, ValueError):
            whole = step.item()
    if isinstance(whole, float) and whole.is_integer():
        whole = int(whole)
    if isinstance(whole, bool) or not isinstance(whole, int) or not 0 <= whole <= _MAX_STEP:
        raise UsageError(f"step={str(step)[:40]}: a step is a whole number from 0 to {_MAX_STEP}.")
    return int(whole)


def _checked_exit_code(exit_code: Any) -> int:
    try:
        return int(exit_code)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"exit_code={exit_code!r}: give a whole number; 0 means that all went well.") from None


def _checked_timestamp(timestamp: Any) -> int:
    found = rows.parse_timestamp(timestamp)
    if found is None:
        raise UsageError(f"timestamp={timestamp!r}: give milliseconds since the epoch or ISO 8601 text.")
    return found


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    if isinstance(tags, str):
        tags = (tags,)
    if not isinstance(tags, Iterable):
        raise UsageError(f"tags={tags!r}: give a list of texts, such as ['baseline'].")
    found = tuple(dict.fromkeys(str(tag).strip() for tag in tags))
    limit = settings.get("ASPARA_MAX_TAGS_COUNT")
    if len(found) > limit:
        raise UsageError(f"{len(found)} tags are more than the {limit} that ASPARA_MAX_TAGS_COUNT allows.")
    if any(not tag or len(tag) > 128 for tag in found):
        raise UsageError("A tag has 1 to 128 characters.")
    return found


def _dict(found: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _own_summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """The values a program set in an earlier life of the run; before `summary_own` was kept, those no metric explains."""
    summary = _dict(found, "summary")
    own = found.get("summary_own")
    if isinstance(own, list):
        return {k: v for k, v in summary.items() if k in own}
    metrics = _dict(found, "metric_summary")
    return {k: v for k, v in summary.items() if k not in metrics}
