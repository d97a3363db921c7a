"""The runs that a tracker receives: runs of other machines, recorded by the very recorder that local runs use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from typing import IO, Any

from aspara import names
from aspara.errors import RunExists, SequenceGap, TooLarge, UsageError
from aspara.storage import metadata, row_codec
from aspara.storage.artifact_store import ArtifactStore
from aspara.storage.layout import BESIDE
from aspara.storage.local_recorder import LocalRecorder, open_recorder
from aspara.storage.resolve_project import resolve_project
from aspara.types import ARTIFACT_CATEGORIES, STATUS_ON_DISK
from aspara.web.tracker import lookup
from aspara.web.tracker.open_runs import UNSAID, OpenRuns
from aspara.web.tracker.payloads import SENT, Origin, line_of, request_of, tags_of, text_of
from aspara.web.tracker.received_run import ReceivedRun

MAX_ROWS = 10_000
MAX_ENTRIES = 100_000
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_MEDIA = re.compile(r"media/([0-9a-f]{64})\.[a-z0-9]{1,8}")
_EDITABLE = {
    metadata.REMOVED,
    *"config summary summary_own metric_summary metric_definitions last_step tags notes display_name total_steps".split(),
    *"captured_metrics environment git notebook logged_artifacts used_artifacts exception".split(),
}


class RunReceiver(OpenRuns):
    """What clients may do. All methods block and are thread-safe; what they return for is durable, else they raise OSError."""

    def create(self, project: str, body: dict[str, Any]) -> dict[str, Any]:
        """Makes or continues a run; the same create by the same writer has the same answer."""
        names.check_file_name(project, "project")
        request = request_of(project, body)
        if request.project_name is not None:
            project = resolve_project(self._layout, request.project_name)
        writer = text_of(body, "writer", 64)
        if writer is not None:
            names.check_run_id(writer)
        if (
            request.id is None
            and request.name is not None
            and request.resume is None
            and lookup.taken(self._layout, project, request.name)
        ):
            raise RunExists(
                f"Run {request.name!r} exists in project {project!r}. Give another name, or resume to continue it."
            )
        if request.id is not None:
            found = lookup.of_id(self._layout, project, request.id)
            mine = found is not None and writer is not None and writer in lookup.created_by(found[1])
            if found is not None and mine:
                opened = self._find(project, found[0].run)
                return {**self._answer(opened.recorder, resumed=False), **self._held(project, found[0].run, writer)}
            # A client that knows its run from before says so: then it is not to be made anew where a person deleted it.
            if found is None and body.get("again") is True:
                lookup.check_deleted(self._layout, project, request.id)
            elif writer is not None:
                lookup.check_deleted(self._layout, project, request.id, writer)
        elif request.resume is not None and writer is not None:
            found = lookup.of_writer(self._layout, project, writer)
            if found is not None:
                opened = self._find(project, found[0].run)
                return {**self._answer(opened.recorder, resumed=False), **self._held(project, found[0].run, writer)}
        self._let_late_ones_go(project)
        recorder = open_recorder(self.data_dir, request, backend="jsonl")
        resumed = recorder.identity.resumed
        key = (project, recorder.identity.run)
        with self._lock:
            self._drop_misplaced(key)
            opened = self._open.setdefault(key, ReceivedRun(recorder, contact=time.monotonic()))
        if opened.recorder is not recorder:
            recorder.abandon()  # the run is open already; its files are that recorder's
        started = row_codec.parse_timestamp(body.get("started"))
        changes: dict[str, Any] = {}
        if not resumed:
            changes["main_writer"] = writer or "direct"
            if started is not None:
                changes["start_time"] = started

        def note(content: dict[str, Any]) -> None:
            content.update(changes)
            content["remote"] = content.get("remote") or True
            if writer is not None:
                content["created_by"] = [*lookup.created_by(content), writer][-100:]

        metadata.edit(self._layout.run(*key).metadata, note, create=False)
        return {**self._answer(recorder, resumed=resumed), **self._held(*key, writer)}

    def rows(self, project: str, run: str, body: dict[str, Any], origin: Origin = UNSAID) -> dict[str, Any]:
        """Takes a batch, each row once, or a single row; everything is durable when it returns."""
        opened = self._find(project, run, origin)
        with opened.lock:
            opened.contact = time.monotonic()
            if "rows" not in body:
                line = line_of(body, time.time_ns() // 1_000_000)
                opened.take("direct", opened.writer(self._layout, "direct"), [line])
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
            opened.check_same(self._layout, name, writer.next - first, found, lines)
            fresh = lines[writer.next - first :]
            if fresh:
                opened.take(name, writer, fresh)
            return {
                "status": "ok",
                "next": writer.next,
                "stop": opened.recorder.stop_asked or writer.recorder.stop_asked,
            }

    def update(self, project: str, run: str, changes: dict[str, Any], origin: Origin = UNSAID) -> None:
        """Merges into the run's metadata what a client may change."""
        unknown = sorted(set(changes) - _EDITABLE)
        if unknown:
            raise UsageError(f"{unknown[0][:60]!r} cannot be changed; {', '.join(sorted(_EDITABLE))} can.")
        for key in ("config", "summary", "metric_summary", "metric_definitions", metadata.REMOVED):
            if key in changes and not isinstance(changes[key], dict):
                raise UsageError(f"{key} is an object.")
        with self._item(project, run, origin) as opened:
            if opened is not None:
                self._edit(opened, lambda content: metadata.merge(content, changes))

    def confirm(self, project: str, run: str, origin: Origin) -> dict[str, Any]:
        """How much of its writer's share of a run is durable here. The run need not be open for that, and stays as it is."""
        if origin.writer is None:
            raise UsageError(f"{SENT}: name the writer that is meant.")
        paths, content = lookup.locate(self._layout, project, run, origin)
        with self._lock:
            opened = self._open.get((project, paths.run))
        with opened.lock if opened is not None else contextlib.nullcontext():
            return {"status": "ok", "run": paths.run, **lookup.held(paths, content, origin.writer)}

    def ping(self, project: str, run: str, origin: Origin = UNSAID) -> dict[str, Any]:
        """The client lives; the answer says whether it is asked to stop."""
        opened = self._find(project, run, origin)
        opened.contact = time.monotonic()
        opened.recorder.sync()
        return {"status": "ok", "stop": opened.recorder.stop_asked}

    def finish(self, project: str, run: str, body: dict[str, Any], origin: Origin = UNSAID) -> None:
        """Ends the run."""
        code = body.get("exit_code")
        if code is not None and (not isinstance(code, int) or isinstance(code, bool)):
            raise UsageError("exit_code is a whole number.")
        status = body.get("status") or ("failed" if code else "completed")
        if status not in ("completed", "failed"):
            raise UsageError("status is completed or failed.")
        code = 0 if code is None and status == "completed" else code
        ended = row_codec.parse_timestamp(body.get("finish_time")) or time.time_ns() // 1_000_000
        end = {"status": STATUS_ON_DISK[status], "is_finished": True, "exit_code": code, "finish_time": ended}
        with self._item(project, run, origin) as opened:
            if opened is None:
                return
            # Before anything is closed: where the disk refuses the end, it is sent again.
            self._edit(opened, lambda content: content.update(end))
        key = (project, opened.recorder.identity.run)
        with self._lock:
            self._open.pop(key, None)
        with opened.lock:
            for writer in opened.writers.values():
                if writer.recorder is not opened.recorder:
                    writer.recorder.sync()
                    writer.recorder.abandon()
            opened.recorder.finish(status, code, 5.0)
        metadata.edit(self._layout.run(*key).metadata, lambda content: content.update(finish_time=ended))

    def artifact(
        self, project: str, run: str, content: IO[bytes], form: dict[str, str], origin: Origin = UNSAID
    ) -> dict[str, Any]:
        """Keeps an uploaded file."""
        name = form.get("name") or "artifact"
        category = form.get("category") or None
        if category is not None and category not in ARTIFACT_CATEGORIES:
            raise UsageError(f"category={category[:40]!r}: choose one of {', '.join(ARTIFACT_CATEGORIES)}.")
        size = content.seek(0, os.SEEK_END)
        content.seek(0)
        with self._item(project, run, origin) as opened:
            if opened is not None:
                opened.recorder.store_artifact(
                    iter(lambda: content.read(1 << 20), b""),
                    name=name,
                    original_path=form.get("original_path") or name,
                    description=form.get("description") or None,
                    category=category,
                )
        return {"artifact_name": name, "file_size": size}

    def file(
        self, project: str, run: str, content: IO[bytes], form: dict[str, str], origin: Origin = UNSAID
    ) -> dict[str, Any]:
        """Keeps a file beside the run: what was captured, or media, whose name is their content's fingerprint.

        With an `offset` captured content is a part that belongs there: it is appended if the file ends there, else left out. The
        answer says how long the file is then.
        """
        name = form.get("name") or ""
        content.seek(0)
        with self._item(project, run, origin) as opened:
            if opened is None:
                return {"name": name, "file_size": content.seek(0, os.SEEK_END)}
            return self._keep(opened, project, name, content, form.get("offset"))

    def _keep(
        self, opened: ReceivedRun, project: str, name: str, content: IO[bytes], offset: str | None
    ) -> dict[str, Any]:
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
            return {"name": name, "file_size": opened.put_beside(name, found, offset)}
        else:
            raise UsageError(
                f"{name[:80]!r} is no file that a run keeps: {', '.join(BESIDE)}, media/<sha256>.<ending>."
            )
        return {"name": name, "file_size": len(found)}

    def version(self, project: str, run: str, body: dict[str, Any], origin: Origin = UNSAID) -> dict[str, Any]:
        """Makes a version of an artifact, whose content was sent before."""
        entries, facts = body.get("entries"), body.get("metadata") or {}
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries) or len(entries) > MAX_ENTRIES:
            raise UsageError(f"entries is a list of at most {MAX_ENTRIES} objects with path, sha256 and size.")
        for entry in entries:
            if not isinstance(entry.get("path"), str) or not isinstance(entry.get("ref"), str | None):
                raise UsageError(f"entries: {str(entry)[:80]} needs path, a text; ref is a text too.")
        aliases = body.get("aliases") or []
        if not isinstance(facts, dict) or not isinstance(aliases, list):
            raise UsageError("metadata is an object, aliases a list.")
        allowed = ("path", "sha256", "size", "ref")
        with self._item(project, run, origin) as opened:
            if opened is None:
                return {"status": "ok"}
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
