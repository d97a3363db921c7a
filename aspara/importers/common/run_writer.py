"""Writing runs of other trackers: each once, however often it is imported, with its own times.

The metadata of an imported run remembers, under ``imported``, where it came from and how many points of each metric are
here. Importing again passes that many over and appends the rest. An import that was interrupted left ``complete`` false:
then the points that are here are counted in the files.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from aspara import names, settings
from aspara.catalog.catalog import Catalog
from aspara.catalog.index.backfill import Backfill
from aspara.errors import AsparaError, DataDirError, InvalidName
from aspara.importers.common.attachments import Attachments, files_beside
from aspara.importers.common.deduplicate import Deduplicator
from aspara.importers.common.row_batch import batches
from aspara.importers.common.source import ImportReport, Row, RunMetadata, SourceRun, stamp_of
from aspara.recording.log.conversion import to_json
from aspara.storage import metadata, row_codec
from aspara.storage.layout import RunPaths
from aspara.storage.local_recorder import LocalRecorder, open_recorder
from aspara.storage.statistics import Statistics
from aspara.types import STATUS_ON_DISK, RunRequest
from aspara.util import files

State = Literal["new", "grown", "unchanged", "empty", "failed"]
_MARK = "imported"
_NONE = stamp_of([])
"""The stamp of no files."""
_SYNC_ROWS = 20_000


@dataclass
class ImportResult:
    """What became of one source run."""

    source: str
    project: str
    run: str | None
    name: str
    state: State
    rows: int = 0
    points: int = 0
    detail: str = ""
    problems: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """For ``--json``."""
        return dict(vars(self))


class RunWriter:
    """Writes source runs into one data directory."""

    def __init__(self, data_dir: Path, *, progress: Callable[[str, int], None] = lambda _name, _rows: None) -> None:
        self._catalog = Catalog(data_dir)
        self._data_dir = data_dir
        self._progress = progress
        self._known: dict[str, dict[tuple[str, str], str]] = {}
        self._ids: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """Lets go of what was read."""
        self._catalog.close()

    def keep(self, source: SourceRun, project: str, *, dry: bool = False) -> ImportResult:
        """Writes what of `source` is not in `project` yet; with `dry` only counts it.

        Raises :class:`DataDirError` when the disk refuses: the run stays unfinished and the next import goes on there.
        """
        stem = self._imported(project).get((source.kind, source.key))
        paths = None if stem is None else self._catalog.layout.run(project, stem)
        content = {} if paths is None else metadata.read_or_empty(paths.metadata)
        mark = content.get(_MARK) if isinstance(content.get(_MARK), dict) else {}
        assert isinstance(mark, dict)
        outcome = ImportResult(source.key, project, stem, source.facts.name, "new" if stem is None else "grown")
        if mark.get("complete") and source.stamp is not None and mark.get("stamp") == source.stamp:
            outcome.state, outcome.name = "unchanged", str(content.get("display_name") or stem)
            return outcome
        if paths is not None and files.is_locked(paths.rows):
            outcome.state, outcome.detail = "failed", "the run is being written at this moment; import again later"
            return outcome
        taken_back = min(source.rewinds[int(mark.get("rewinds") or 0) :], default=None) if stem is not None else None
        here = Counter() if stem is None else self._here(project, stem, mark, taken_back)
        report = ImportReport()
        fresh = Deduplicator(here, report)
        incoming = fresh.only(source.rows(report))
        first = next(incoming, None)
        # The files that a source keeps with its runs are known when its rows are read to their end.
        files_stamp = stamp_of(files_beside(source)) if first is None else None
        whole = stem is not None and taken_back is None and mark.get("complete")
        if whole and first is None and mark.get("files", _NONE) == files_stamp:
            outcome.state = "unchanged"
        elif stem is None and files_stamp == _NONE and not source.facts.config and not source.facts.summary:
            outcome.state = "empty"
        if not dry and outcome.state != "empty":
            if outcome.state != "unchanged" or self._differs(source.facts, content):
                outcome.run = self._write(source, project, paths, content, mark, fresh, first, incoming, taken_back)
            else:
                self._mark(paths, source, fresh.seen)
        else:
            for number, _ in enumerate(incoming, 1):
                self._progress(source.facts.name, number)
        outcome.name = source.facts.name or outcome.name
        outcome.rows, outcome.points = fresh.rows, fresh.points
        outcome.problems, outcome.skipped = dict(report.problems), dict(report.skipped)
        return outcome

    # -- what is here already -----------------------------------------------------------------------------------------

    def _imported(self, project: str) -> dict[tuple[str, str], str]:
        """The imported runs of a project by kind and key."""
        known = self._known.get(project)
        if known is None:
            known = self._known[project] = {}
            layout = self._catalog.layout
            for stem in layout.runs(project):
                mark = metadata.read_or_empty(layout.run(project, stem).metadata).get(_MARK)
                if isinstance(mark, dict):
                    known[str(mark.get("source")), str(mark.get("key"))] = stem
        return known

    def _here(self, project: str, stem: str, mark: dict[str, Any], taken_back: int | None) -> Counter[str]:
        """How many points of each metric came from the source so far, but for those from step `taken_back` on."""
        if mark.get("complete") and taken_back is None:
            return _counts(mark.get("points"))
        # Interrupted: everything that is there, less what others had logged when that import began.
        return self._total(project, stem, taken_back) - _counts(mark.get("others"))

    def _total(self, project: str, stem: str, below: int | None = None) -> Counter[str]:
        index = self._catalog.index(project, stem)
        index.refresh()
        with index.lock:
            replay = Backfill(index)
        total: Counter[str] = Counter()
        done = False
        while not done:
            found, done = replay.take(10_000)
            for _, step, metrics in found:
                if below is None or step < below:
                    total.update(metrics.keys())
        return total

    # -- writing ------------------------------------------------------------------------------------------------------

    def _write(
        self,
        source: SourceRun,
        project: str,
        paths: RunPaths | None,
        content: dict[str, Any],
        mark: dict[str, Any],
        fresh: Deduplicator,
        first: Row | None,
        incoming: Iterator[Row],
        taken_back: int | None,
    ) -> str:
        begun = {"source": source.kind, "key": source.key, "complete": False, "points": mark.get("points") or {}}
        if source.rewinds:
            begun["rewinds"] = len(source.rewinds)
        begun["others"] = mark.get("others") or {}
        if paths is not None and mark.get("complete"):
            begun["others"] = dict(self._total(project, paths.run) - _counts(mark.get("points")))
        troubles: list[str] = []
        recorder = open_recorder(
            self._data_dir,
            self._request(source, project, paths, content, begun, taken_back),
            backend=settings.storage_backend(content.get("backend")),
            warn=troubles.append,
        )
        try:
            run = recorder.identity.run
            paths = self._catalog.layout.run(project, run)
            if taken_back is not None:
                content = metadata.read_or_empty(paths.metadata)  # its statistics are those of the rows that stayed
            self._imported(project)[source.kind, source.key] = run
            statistics = Statistics(content.get("metric_summary") or {})
            begins: int | None = None
            ends: int | None = None
            number, last_step = 0, content.get("last_step")
            belongings = Attachments(recorder, self._data_dir, source, fresh.report)
            for part in batches(chain(() if first is None else (first,), incoming), belongings.settled):
                with recorder.lock:
                    recorder.append(b"".join(part.lines))
                part.fold(statistics, source.facts.captured)
                begins = min(part.times) if begins is None else min(begins, *part.times)
                ends = max(part.times) if ends is None else max(ends, *part.times)
                last_step = part.last_step if last_step is None else max(last_step, part.last_step)
                before, number = number, number + len(part.lines)
                if number // _SYNC_ROWS > before // _SYNC_ROWS:
                    recorder.sync()
                if troubles:
                    raise DataDirError(f"{troubles[0]} The import stopped; run it again to go on.")
                self._progress(source.facts.name, number)
            belongings.bring(content)
            self._end(recorder, source, paths, content, statistics, fresh, (begins, ends), last_step, begun)
        except BaseException:
            recorder.abandon()
            raise
        return run

    def _request(
        self,
        source: SourceRun,
        project: str,
        paths: RunPaths | None,
        content: dict[str, Any],
        begun: dict[str, Any],
        taken_back: int | None,
    ) -> RunRequest:
        if paths is not None:
            identity = str(content.get("run_id") or paths.run)
            rewind_to = None if taken_back is None else taken_back - 1
            return RunRequest(project, id=identity, resume="must", rewind_to=rewind_to, details={_MARK: begun})
        return RunRequest(
            project,
            name=_display_name(source),
            id=self._free_id(project, source.id),
            resume="never",
            details={_MARK: begun},
        )

    def _free_id(self, project: str, wanted: str | None) -> str | None:
        """`wanted` if it is a valid id that no run of the project has."""
        if wanted is None:
            return None
        with contextlib.suppress(InvalidName):
            names.check_run_id(wanted)
            layout, known = self._catalog.layout, self._ids.setdefault(project, {})
            stems = layout.runs(project)
            for stem in stems:
                # An id stays: the metadata of each run is opened once, however many runs are brought.
                if stem not in known:
                    found = metadata.read_or_empty(layout.run(project, stem).metadata).get("run_id")
                    if isinstance(found, str):
                        known[stem] = found
            return None if wanted in stems or wanted in {known.get(stem) for stem in stems} else wanted
        return None

    def _end(
        self,
        recorder: LocalRecorder,
        source: SourceRun,
        paths: RunPaths,
        content: dict[str, Any],
        statistics: Statistics,
        fresh: Deduplicator,
        span: tuple[int | None, int | None],
        last_step: int | None,
        begun: dict[str, Any],
    ) -> None:
        """Ends the run as its source says it ended."""
        facts = source.facts
        losses = recorder.finish(facts.status, facts.exit_code, 5.0)
        if losses.rows_lost or losses.rows_kept:
            raise DataDirError(f"The disk refused rows of {facts.name!r}: {losses.reason}. Import again to go on.")
        known_start = None if not content else row_codec.parse_timestamp(content.get("start_time"))
        known_end = None if not content else row_codec.parse_timestamp(content.get("finish_time"))
        summary = to_json(facts.summary)
        earlier = content.get("tags") or []
        changes: dict[str, Any] = {
            "status": STATUS_ON_DISK[facts.status],
            "is_finished": True,
            "exit_code": facts.exit_code,
            "start_time": facts.start_time or known_start or span[0],
            "finish_time": facts.finish_time or max(filter(None, (known_end, span[1])), default=None),
            "config": to_json(facts.config),
            "summary": {**to_json(statistics.last()), **summary},
            "metric_summary": statistics.json(),
            "last_step": last_step,
            "tags": list(dict.fromkeys([*earlier, *facts.tags])),
            # Whose machine this is says nothing about the run; what the source knows of its own comes in its place.
            **dict.fromkeys(("host", "pid", "boot_id", "command", "environment")),
            **to_json(facts.details),
            _MARK: {
                **begun,
                "complete": True,
                "stamp": source.stamp,
                "points": dict(fresh.seen),
                "others": {},
                "files": stamp_of(files_beside(source)),
            },
        }
        if facts.captured:
            changes["captured_metrics"] = sorted(facts.captured)
        if facts.summary:
            changes["summary_own"] = sorted(facts.summary)
        if facts.notes and not content.get("notes"):  # a note written here since then is the user's own
            changes["notes"] = facts.notes
        changes |= {name: said for name, said in (("group", facts.group), ("job_type", facts.job_type)) if said}
        if facts.name and not content:
            changes["display_name"] = _display_name(source)
        metadata.edit(paths.metadata, lambda found: metadata.merge(found, json_safe_texts(changes)))

    def _mark(self, paths: RunPaths | None, source: SourceRun, seen: Counter[str]) -> None:
        """Nothing was new: the new stamp makes the next import quick."""
        assert paths is not None

        def note(content: dict[str, Any]) -> None:
            content[_MARK] = {**(content.get(_MARK) or {}), "stamp": source.stamp, "points": dict(seen)}

        metadata.edit(paths.metadata, note)

    @staticmethod
    def _differs(facts: RunMetadata, content: dict[str, Any]) -> bool:
        """True when the source says of the run's end or inputs what the metadata does not."""
        return content.get("status") != STATUS_ON_DISK[facts.status] or any(
            (content.get(part) or {}).get(key) != value
            for part, said in (("config", facts.config), ("summary", facts.summary))
            for key, value in to_json(said).items()
        )


def json_safe_texts(value: Any) -> Any:
    """Texts without halves of surrogate pairs, which no file can keep."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {json_safe_texts(k): json_safe_texts(v) for k, v in value.items()}
    if isinstance(value, list):
        return [json_safe_texts(v) for v in value]
    return value


def _counts(found: Any) -> Counter[str]:
    return (
        Counter({str(k): v for k, v in found.items() if isinstance(v, int)}) if isinstance(found, dict) else Counter()
    )


def _display_name(source: SourceRun) -> str | None:
    name = "".join(c if c.isprintable() else " " for c in source.facts.name).strip()[: names.MAX_DISPLAY]
    try:
        return names.check_display_name(name) if name else None
    except AsparaError:
        return None
