"""The runs that a tracker receives: runs of other machines, recorded by the very recorder that local runs use."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from pathlib import Path
from typing import IO, Any

from aspara import names
from aspara.catalog.runs.run_info import run_status
from aspara.errors import RunExists, RunNotFound, SequenceGap, TooLarge, UsageError
from aspara.storage import metadata, row_codec
from aspara.storage.artifact_store import ArtifactStore
from aspara.storage.layout import BESIDE, Layout, RunPaths
from aspara.storage.local_recorder import LocalRecorder, open_recorder
from aspara.types import ARTIFACT_CATEGORIES, RunRequest
from aspara.web.tracker.payloads import line_of, request_of, tags_of, text_of
from aspara.web.tracker.received_run import ReceivedRun, cut_tail

MAX_ROWS = 10_000
MAX_ENTRIES = 100_000
_SILENCE = 60.0
_LATE_SILENCE = 2.0
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_MEDIA = re.compile(r"media/([0-9a-f]{64})\.[a-z0-9]{1,8}")
_EDITABLE = {
    metadata.REMOVED,
    *"config summary summary_own metric_summary metric_definitions last_step tags notes display_name total_steps".split(),
    *"captured_metrics environment git notebook logged_artifacts used_artifacts".split(),
}


class RunReceiver:
    """The runs being received. Their recorders hold the runs' locks, so they show as running; one that is silent for a
    minute is let go, and shows as crashed until its client is heard again. All methods block and are thread-safe.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._layout = Layout(data_dir)
        self._open: dict[tuple[str, str], ReceivedRun] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="aspara-intake", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Lets go of every run; their clients find them again at the next tracker."""
        self._stop.set()
        with self._lock:
            opened, self._open = list(self._open.values()), {}
        for run in opened:
            run.release()

    def create(self, project: str, body: dict[str, Any]) -> dict[str, Any]:
        """Makes or continues a run; the same create by the same writer has the same answer."""
        names.check_file_name(project, "project")
        request = request_of(project, body)
        writer = text_of(body, "writer", 64)
        if writer is not None:
            names.check_run_id(writer)
        if (
            request.id is None
            and request.name is not None
            and request.resume is None
            and self._taken(project, request.name)
        ):
            raise RunExists(
                f"Run {request.name!r} exists in project {project!r}. Give another name, or resume to continue it."
            )
        known = self._created_by(project, writer, request.id)
        if known is not None:
            opened = self._find(project, known)
            return self._answer(opened.recorder, resumed=False)
        self._let_late_ones_go(project)
        recorder = open_recorder(self.data_dir, request, backend="jsonl")
        resumed = recorder.identity.resumed
        key = (project, recorder.identity.run)
        with self._lock:
            opened = self._open.setdefault(key, ReceivedRun(recorder, contact=time.monotonic()))
        if opened.recorder is not recorder:
            recorder.abandon()  # the run is open already; its files are that recorder's
        started = row_codec.parse_timestamp(body.get("started"))
        changes: dict[str, Any] = {"remote": True}
        if not resumed:
            changes["main_writer"] = writer or "direct"
            if started is not None:
                changes["start_time"] = started
        if writer is not None:
            content = metadata.read_or_empty(self._layout.run(*key).metadata)
            changes["created_by"] = [*(content.get("created_by") or []), writer][-100:]
        opened.recorder.update(changes)
        return self._answer(recorder, resumed=resumed)

    def rows(self, project: str, run: str, body: dict[str, Any]) -> dict[str, Any]:
        """Takes a batch, each row once, or a single row; everything is durable when it returns."""
        opened = self._find(project, run)
        with opened.lock:
            opened.contact = time.monotonic()
            if "rows" not in body:
                line = line_of(body, time.time_ns() // 1_000_000)
                writer = opened.writer(self._layout, "direct")
                with writer.recorder.lock:
                    writer.recorder.append(line)
                writer.next += 1
                writer.recorder.sync()
                return {"status": "ok"}
            name, first, found = body.get("writer"), body.get("first"), body.get("rows")
            if (
                not isinstance(name, str)
                or not isinstance(first, int)
                or isinstance(first, bool)
                or first < 0
                or not isinstance(found, list)
            ):
                raise UsageError('A batch is {"writer": "<id>", "first": <sequence number>, "rows": [...]}.')
            names.check_run_id(name)
            if len(found) > MAX_ROWS:
                raise TooLarge(f"A batch holds at most {MAX_ROWS} rows, not {len(found)}.")
            now = time.time_ns() // 1_000_000
            lines = [line_of(row, now) for row in found]
            writer = opened.writer(self._layout, name)
            if first > writer.next:
                raise SequenceGap(
                    f"Row {first} was sent where {writer.next} is the next one of this writer.", writer.next
                )
            fresh = lines[writer.next - first :]
            if fresh:
                with writer.recorder.lock:
                    # One write for all of them: they are acknowledged together.
                    writer.recorder.append(b"".join(fresh))
                writer.next += len(fresh)
                writer.recorder.sync()
            return {
                "status": "ok",
                "next": writer.next,
                "stop": opened.recorder.stop_asked or writer.recorder.stop_asked,
            }

    def update(self, project: str, run: str, changes: dict[str, Any]) -> None:
        """Merges into the run's metadata what a client may change."""
        unknown = sorted(set(changes) - _EDITABLE)
        if unknown:
            raise UsageError(f"{unknown[0][:60]!r} cannot be changed; {', '.join(sorted(_EDITABLE))} can.")
        for key in ("config", "summary", "metric_summary", "metric_definitions", metadata.REMOVED):
            if key in changes and not isinstance(changes[key], dict):
                raise UsageError(f"{key} is an object.")
        opened = self._find(project, run)
        opened.contact = time.monotonic()
        opened.recorder.update(changes)

    def ping(self, project: str, run: str) -> dict[str, Any]:
        """The client lives; the answer says whether it is asked to stop."""
        opened = self._find(project, run)
        opened.contact = time.monotonic()
        opened.recorder.sync()
        return {"status": "ok", "stop": opened.recorder.stop_asked}

    def finish(self, project: str, run: str, body: dict[str, Any]) -> None:
        """Ends the run."""
        code = body.get("exit_code")
        if code is not None and (not isinstance(code, int) or isinstance(code, bool)):
            raise UsageError("exit_code is a whole number.")
        status = body.get("status") or ("failed" if code else "completed")
        if status not in ("completed", "failed"):
            raise UsageError("status is completed or failed.")
        opened = self._find(project, run)
        key = (project, opened.recorder.identity.run)
        with self._lock:
            self._open.pop(key, None)
        with opened.lock:
            for writer in opened.writers.values():
                if writer.recorder is not opened.recorder:
                    writer.recorder.sync()
                    writer.recorder.abandon()
            opened.recorder.finish(status, 0 if code is None and status == "completed" else code, 5.0)
        ended = row_codec.parse_timestamp(body.get("finish_time"))
        if ended is not None:
            metadata.edit(self._layout.run(*key).metadata, lambda content: content.update(finish_time=ended))

    def artifact(self, project: str, run: str, content: IO[bytes], form: dict[str, str]) -> dict[str, Any]:
        """Keeps an uploaded file."""
        opened = self._find(project, run)
        opened.contact = time.monotonic()
        name = form.get("name") or "artifact"
        category = form.get("category") or None
        if category is not None and category not in ARTIFACT_CATEGORIES:
            raise UsageError(f"category={category[:40]!r}: choose one of {', '.join(ARTIFACT_CATEGORIES)}.")
        content.seek(0)
        entry = opened.recorder.store_artifact(
            iter(lambda: content.read(1 << 20), b""),
            name=name,
            original_path=form.get("original_path") or name,
            description=form.get("description") or None,
            category=category,
        )
        return {"artifact_name": entry.name, "file_size": entry.file_size}

    def file(self, project: str, run: str, content: IO[bytes], form: dict[str, str]) -> dict[str, Any]:
        """Keeps a file beside the run: what was captured, or media, whose name is their content's fingerprint.

        With an `offset` captured content is a part that belongs there: it is appended if the file ends there, else left out. The
        answer says how long the file is then.
        """
        opened = self._find(project, run)
        opened.contact = time.monotonic()
        name = form.get("name") or ""
        content.seek(0)
        blob = _BLOB.fullmatch(name)
        if blob is not None:
            store = ArtifactStore(self._layout.artifacts(project))
            _, size = store.put(iter(lambda: content.read(1 << 20), b""), expected=blob[1])
            return {"name": name, "file_size": size}
        found = content.read()
        media = _MEDIA.fullmatch(name)
        if media is not None:
            if hashlib.sha256(found).hexdigest() != media[1]:
                raise UsageError("The content is not what its name says; it was damaged on its way.")
            opened.recorder.media(found, name=name.removeprefix("media/"))
        elif name in BESIDE:
            return {"name": name, "file_size": opened.put_beside(name, found, form.get("offset"))}
        else:
            raise UsageError(
                f"{name[:80]!r} is no file that a run keeps: {', '.join(BESIDE)}, media/<sha256>.<ending>."
            )
        return {"name": name, "file_size": len(found)}

    def version(self, project: str, run: str, body: dict[str, Any]) -> dict[str, Any]:
        """Makes a version of an artifact, whose content was sent before."""
        opened = self._find(project, run)
        opened.contact = time.monotonic()
        entries, facts = body.get("entries"), body.get("metadata") or {}
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries) or len(entries) > MAX_ENTRIES:
            raise UsageError(f"entries is a list of at most {MAX_ENTRIES} objects with path, sha256 and size.")
        aliases = body.get("aliases") or []
        if not isinstance(facts, dict) or not isinstance(aliases, list):
            raise UsageError("metadata is an object, aliases a list.")
        allowed = ("path", "sha256", "size", "ref")
        found = ArtifactStore(self._layout.artifacts(project)).commit(
            text_of(body, "name", 128) or "",
            text_of(body, "type", 128) or "artifact",
            [{k: e[k] for k in allowed if k in e} for e in entries],
            aliases=aliases,
            description=text_of(body, "description", 10_240),
            facts=facts,
            tags=tags_of(body, "tags"),
            run=opened.recorder.identity.run,
        )
        return {"status": "ok", "name": found["name"], "version": found["version"]}

    # -- inside -------------------------------------------------------------------------------------------------------

    def _taken(self, project: str, name: str) -> bool:
        for run in self._layout.runs(project):
            if (
                run == name
                or metadata.read_or_empty(self._layout.run(project, run).metadata).get("display_name") == name
            ):
                return True
        return False

    def _created_by(self, project: str, writer: str | None, run_id: str | None) -> str | None:
        if writer is None or run_id is None:
            return None
        for run in self._layout.runs(project):
            content = metadata.read_or_empty(self._layout.run(project, run).metadata)
            if content.get("run_id") == run_id:
                return run if writer in (content.get("created_by") or []) else None
        return None

    def _find(self, project: str, run: str) -> ReceivedRun:
        """The open run of that name or id; opened again after a restart of the tracker."""
        paths, content = self._locate(project, run)
        key = (project, paths.run)
        with self._lock:
            opened = self._open.get(key)
            if opened is not None:
                return opened
            if not content.get("remote") and run_status(paths, content, None) == "running":
                raise RunExists(f"Run {paths.run!r} is being written by a process on the tracker's own machine.")
            cut_tail(paths.rows)
            request = RunRequest(project=project, id=str(content.get("run_id") or paths.run), resume="must")
            ended = content.get("is_finished") is True
            recorder = open_recorder(self.data_dir, request, backend="jsonl", begin=not ended)
            opened = self._open[key] = ReceivedRun(recorder, contact=time.monotonic(), ended=ended)
            return opened

    def _locate(self, project: str, run: str) -> tuple[RunPaths, dict[str, Any]]:
        if names.is_file_name(project) and names.is_file_name(run):
            paths = self._layout.run(project, run)
            content = metadata.read_or_empty(paths.metadata)
            if content:
                return paths, content
            for stem in self._layout.runs(project):
                paths = self._layout.run(project, stem)
                content = metadata.read_or_empty(paths.metadata)
                if content.get("run_id") == run:
                    return paths, content
        raise RunNotFound(f"There is no run {run[:128]!r} in project {project[:128]!r} here. Create it first.")

    @staticmethod
    def _answer(recorder: LocalRecorder, *, resumed: bool) -> dict[str, Any]:
        identity = recorder.identity
        kept = {
            k: identity.metadata.get(k)
            for k in ("config", "summary", "summary_own", "metric_summary", "tags", "notes", "group", "job_type")
        }
        return {
            "status": "ok",
            "project": identity.project,
            "name": identity.name,
            "run": identity.run,
            "run_id": identity.id,
            "color": identity.color,
            "resumed": resumed,
            "next_step": identity.next_step,
            "metadata": kept,
        }

    def _watch(self) -> None:
        while not self._stop.wait(5):
            now = time.monotonic()
            with self._lock:
                gone = [
                    key
                    for key, opened in self._open.items()
                    if opened.contact < now - (_LATE_SILENCE if opened.ended else _SILENCE)
                ]
                released = [self._open.pop(key) for key in gone]
            for opened in released:
                opened.release()

    def _let_late_ones_go(self, project: str) -> None:
        """A run that is continued now must not find its file in the hands of those who only came late."""
        with self._lock:
            late = [key for key, opened in self._open.items() if key[0] == project and opened.ended]
            released = [self._open.pop(key) for key in late]
        for opened in released:
            opened.release()
