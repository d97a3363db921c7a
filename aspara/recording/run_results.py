"""What a run came to: its config and summary as others are told of them, and what its metrics are defined to show."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from aspara import names
from aspara.errors import UsageError
from aspara.recorder import Recorder
from aspara.recording.config import Config
from aspara.recording.log.conversion import simple
from aspara.recording.log.pending_rows import PendingRows
from aspara.recording.log.row_encoder import RowEncoder
from aspara.recording.metadata_diff import MetadataDiff
from aspara.recording.summary import Summary
from aspara.storage.statistics import AGGREGATES, Statistics, defined_summary


class RunResults:
    """The part of a run that keeps its results."""

    config: Config
    summary: Summary
    _recorder: Recorder
    _lock: threading.RLock
    _backlog: PendingRows
    _encoder: RowEncoder
    _statistics: Statistics
    _definitions: dict[str, dict[str, Any]]
    _config_told: MetadataDiff
    _summary_told: MetadataDiff
    _summary_dirty: bool
    _last: dict[str, Any] | None
    _last_taken: int

    @property
    def _forked(self) -> bool:
        """Whether this process inherited the run."""
        return False

    def _check_open(self) -> None:
        """Raises UsageError once the run has finished."""

    def define_metric(
        self,
        name: str,
        step_metric: str | None = None,
        *,
        summary: str | Sequence[str] | None = None,
        goal: str | None = None,
        hidden: bool | None = None,
        **ignored: Any,
    ) -> None:
        """Says how a metric (or all that match a glob such as ``val/*``) is to be shown.

        Args:
            name: A metric's name or a glob. A metric's own definition beats a glob's, the longer glob the shorter one.
            step_metric: The metric to draw it over, instead of the step. Rows that hold `name` without it get its last value.
            summary: Which aggregates the summary shows, out of min, max, mean, last, first, best, none; separated by commas:
                ``summary="min,max"``, or ``["min", "max"]``, makes ``run.summary["loss"]`` the dict ``{"min": ..., "max": ...}``.
            goal: ``"minimize"`` or ``"maximize"``: which value is the best one. Its step is kept too.
            hidden: Not shown unless asked for.

        What is not given stays as an earlier call for the same name said it.

        """
        del ignored
        self._check_open()
        names.check_metric_name(name)
        summary = ",".join(map(str, summary)) if isinstance(summary, list | tuple | set) else summary
        if summary is not None and not isinstance(summary, str):
            raise UsageError(f"summary={summary!r}: give text such as 'min,max', or a list of such words.")
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
            self._encoder.define(self._definitions)
        self._recorder.update({"metric_definitions": {name: definition}})

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

    def _save_config(self) -> None:
        """Saves what has changed inside the config's lists, of which nobody tells."""
        self._config_told.tell(lambda: dict(simple(self.config.as_dict())))

    def _summary_changed(self) -> None:
        # Written by the background thread: summaries are set in loops, and a metadata write costs milliseconds.
        self._summary_dirty = True
        if self._forked:
            from aspara.recording import tracked_runs

            tracked_runs.end_with_worker()

    def _write_summary(self) -> None:
        self._summary_dirty = False
        own = self.summary.own()
        if self._forked:
            # What was logged is for the one to sum up who leads the run.
            self._summary_told.tell(lambda: own, {"summary_own": sorted(own)})
            return
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
        self._summary_told.tell(lambda: {**last, **own}, changes)

    def _tell(self, changes: dict[str, Any]) -> None:
        self._recorder.update(changes)  # asked each time: a forked child has another recorder

    @staticmethod
    def _last_step(statistics: Mapping[str, Mapping[str, Any]]) -> int | None:
        return max((s["last_step"] for s in statistics.values()), default=None)
