"""The tracker's endpoints: runs of other machines, recorded by the very recorder that local runs use."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
import time
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, cast

import orjson

from aspara import files, names, settings
from aspara.catalog.runs import run_status
from aspara.errors import AsparaError, RunExists, RunNotFound, SequenceGap, TooLarge, UsageError
from aspara.model import ARTIFACT_CATEGORIES, Resume, RunRequest
from aspara.storage import metadata, rows
from aspara.storage.collections import Collections
from aspara.storage.layout import BESIDE, Layout, RunPaths
from aspara.storage.recorder import LocalRecorder, open_recorder
from aspara.web.endpoint import Endpoint
from aspara.web.routes import Route

BASE = "/tracker/api/v1"
MAX_ROWS = 10_000
MAX_METRICS = 10_000
_MAX_RAW = 64 << 20
_SILENCE = 60.0
_LATE_SILENCE = 2.0
MAX_ENTRIES = 100_000
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_MEDIA = re.compile(r"media/([0-9a-f]{64})\.[a-z0-9]{1,8}")
_EDITABLE = {
    metadata.REMOVED,
    *"config summary summary_own metric_summary metric_definitions last_step tags notes display_name total_steps".split(),
    *"captured_metrics environment git notebook logged_artifacts used_artifacts".split(),
}


@dataclass
class _Writer:
    """One client process's share of a run: its recorder and the sequence number of its next row."""

    recorder: LocalRecorder
    next: int


@dataclass
class _Open:
    """A run that somebody is sending."""

    recorder: LocalRecorder
    writers: dict[str, _Writer] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    contact: float = 0.0
    ended: bool = False
    """The run has ended; what comes now, of a forked child for example, is late and changes nothing of that."""


class Intake:
    """The runs being received. Their recorders hold the runs' locks, so they show as running; one that is silent for a
    minute is let go, and shows as crashed until its client is heard again. All methods block and are thread-safe.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._layout = Layout(data_dir)
        self._open: dict[tuple[str, str], _Open] = {}
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
            self._release(run)

    def create(self, project: str, body: dict[str, Any]) -> dict[str, Any]:
        """Makes or continues a run; the same create by the same writer has the same answer."""
        names.check_file_name(project, "project")
        request = _request(project, body)
        writer = _text(body, "writer", 64)
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
            opened = self._open.setdefault(key, _Open(recorder, contact=time.monotonic()))
        if opened.recorder is not recorder:
            recorder.abandon()  # the run is open already; its files are that recorder's
        started = rows.parse_timestamp(body.get("started"))
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
                line = _line(body, time.time_ns() // 1_000_000)
                writer = self._writer(opened, "direct")
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
            lines = [_line(row, now) for row in found]
            writer = self._writer(opened, name)
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
        ended = rows.parse_timestamp(body.get("finish_time"))
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
            store = Collections(self._layout.artifacts(project))
            _, size = store.put(iter(lambda: content.read(1 << 20), b""), expected=blob[1])
            return {"name": name, "file_size": size}
        found = content.read()
        media = _MEDIA.fullmatch(name)
        if media is not None:
            if hashlib.sha256(found).hexdigest() != media[1]:
                raise UsageError("The content is not what its name says; it was damaged on its way.")
            opened.recorder.media(found, name=name.removeprefix("media/"))
        elif name in BESIDE:
            return {"name": name, "file_size": _put_beside(opened, name, found, form.get("offset"))}
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
        found = Collections(self._layout.artifacts(project)).commit(
            _text(body, "name", 128) or "",
            _text(body, "type", 128) or "artifact",
            [{k: e[k] for k in allowed if k in e} for e in entries],
            aliases=aliases,
            description=_text(body, "description", 10_240),
            facts=facts,
            tags=_tags(body, "tags"),
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

    def _find(self, project: str, run: str) -> _Open:
        """The open run of that name or id; opened again after a restart of the tracker."""
        paths, content = self._locate(project, run)
        key = (project, paths.run)
        with self._lock:
            opened = self._open.get(key)
            if opened is not None:
                return opened
            if not content.get("remote") and run_status(paths, content, None) == "running":
                raise RunExists(f"Run {paths.run!r} is being written by a process on the tracker's own machine.")
            _cut_tail(paths.rows)
            request = RunRequest(project=project, id=str(content.get("run_id") or paths.run), resume="must")
            ended = content.get("is_finished") is True
            recorder = open_recorder(self.data_dir, request, backend="jsonl", begin=not ended)
            opened = self._open[key] = _Open(recorder, contact=time.monotonic(), ended=ended)
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

    def _writer(self, opened: _Open, name: str) -> _Writer:
        writer = opened.writers.get(name)
        if writer is None:
            identity = opened.recorder.identity
            paths = self._layout.run(identity.project, identity.run)
            main = metadata.read_or_empty(paths.metadata).get("main_writer")
            if main == name:
                recorder, path = opened.recorder, paths.rows
            else:
                path = paths.writer_rows(name)
                if path.exists():
                    _cut_tail(path)
                recorder = opened.recorder.writer_recorder(name)
            # The rows in a writer's file are the rows that were acknowledged to it: their number is the next one's.
            writer = opened.writers[name] = _Writer(recorder, _count_lines(path))
        return writer

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
                self._release(opened)

    def _let_late_ones_go(self, project: str) -> None:
        """A run that is continued now must not find its file in the hands of those who only came late."""
        with self._lock:
            late = [key for key, opened in self._open.items() if key[0] == project and opened.ended]
            released = [self._open.pop(key) for key in late]
        for opened in released:
            self._release(opened)

    @staticmethod
    def _release(opened: _Open) -> None:
        with opened.lock:
            for recorder in {
                id(r): r for r in (opened.recorder, *(w.recorder for w in opened.writers.values()))
            }.values():
                with contextlib.suppress(OSError):
                    recorder.sync()
                recorder.abandon()


def _put_beside(opened: _Open, name: str, content: bytes, offset: str | None) -> int:
    path = opened.recorder.beside(name)
    if path is None:
        return len(content)
    with opened.lock:
        if offset is None:
            files.replace(path, content)
            return len(content)
        if not offset.isdecimal() or len(offset) > 18:
            raise UsageError(f"offset={offset[:40]!r}: give the number of bytes that stand before this part.")
        descriptor = files.open_append(path)
        try:
            if os.fstat(descriptor).st_size == int(offset):
                view = memoryview(content)
                while view:
                    view = view[os.write(descriptor, view) :]
            return os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)


def _line(row: Any, now: int) -> bytes:
    """A row as it stands in a file; raises UsageError naming what is wrong. A hole (null) keeps its place."""
    if row is None:
        return rows.encode(now, 0, {})
    if not isinstance(row, dict):
        raise UsageError("A row is an object with step and metrics.")
    step, metrics = row.get("step"), row.get("metrics")
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= 1 << 53:
        raise UsageError(f"step={str(step)[:40]!r}: a step is a whole number of at least 0.")
    if not isinstance(metrics, dict) or len(metrics) > MAX_METRICS:
        raise UsageError(f"metrics is an object of at most {MAX_METRICS} names and numbers.")
    timestamp = now
    if row.get("timestamp") is not None:
        found = rows.parse_timestamp(row["timestamp"])
        if found is None:
            raise UsageError(
                f"timestamp={str(row['timestamp'])[:40]!r}: give milliseconds since the epoch or ISO 8601 text."
            )
        timestamp = found
    for name, value in metrics.items():
        if name not in _known_names:
            names.check_metric_name(name)
            if len(_known_names) < 100_000:
                _known_names.add(name)
        if not isinstance(value, int | float | str) and not (
            isinstance(value, dict | list) and len(orjson.dumps(value)) < 1 << 20
        ):
            raise UsageError(f"{name[:60]!r} is {type(value).__name__}: metrics are numbers or texts.")
    return rows.encode(timestamp, step, metrics)


_known_names: set[str] = set()


def _request(project: str, body: dict[str, Any]) -> RunRequest:
    resumes: dict[Any, Resume | None] = {
        None: None,
        False: None,
        True: "allow",
        "allow": "allow",
        "must": "must",
        "never": "never",
        "auto": "auto",
    }
    resume = body.get("resume")
    if not isinstance(resume, str | bool | None) or resume not in resumes:
        raise UsageError(f"resume={str(resume)[:40]!r}: choose allow, must, never or auto.")
    config, details, total = body.get("config") or {}, body.get("details") or {}, body.get("total_steps")
    if not isinstance(config, dict) or not isinstance(details, dict):
        raise UsageError("config and details are objects.")
    name, run_id = _text(body, "name", 512), _text(body, "id", 128)
    return RunRequest(
        project=project,
        name=names.check_display_name(name) if name else None,
        id=names.check_run_id(run_id) if run_id else None,
        resume=resumes[resume],
        config=config,
        tags=_tags(body, "tags"),
        notes=_text(body, "notes", settings.get("ASPARA_MAX_NOTES_LENGTH")),
        project_tags=_tags(body, "project_tags"),
        group=_text(body, "group", 512),
        job_type=_text(body, "job_type", 512),
        total_steps=total if isinstance(total, int) and not isinstance(total, bool) else None,
        rewind_to=_step(body),
        details={k: v for k, v in details.items() if k in ("command", "environment", "git", "host", "pid", "notebook")},
    )


def _step(body: dict[str, Any]) -> int | None:
    step = body.get("rewind_to")
    if step is None or (isinstance(step, int) and not isinstance(step, bool) and step >= 0):
        return step
    raise UsageError(f"rewind_to={str(step)[:40]!r}: give a step, a whole number of at least 0.")


def _text(body: dict[str, Any], key: str, most: int) -> str | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise UsageError(f"{key} is text of at most {most} characters.")
    return value


def _tags(body: dict[str, Any], key: str) -> tuple[str, ...]:
    value, most = body.get(key) or [], settings.get("ASPARA_MAX_TAGS_COUNT")
    if (
        not isinstance(value, list)
        or len(value) > most
        or not all(isinstance(t, str) and 0 < len(t) <= 128 for t in value)
    ):
        raise UsageError(f"{key} is a list of at most {most} texts of 1 to 128 characters.")
    return tuple(value)


def _cut_tail(path: Path) -> None:
    """Cuts off a torn last line: it was never acknowledged, so its client sends it again."""
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - (1 << 16))
            file.seek(start)
            cut = file.read(end - start).rfind(b"\n") + 1
            if cut or start == 0:
                if start + cut < file.seek(0, os.SEEK_END):
                    file.truncate(start + cut)
                return
            end = start


def _count_lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0


# -- endpoints ----------------------------------------------------------------------------------------------------------


class _Taking(Endpoint):
    max_body = 16 << 20
    intake: Intake

    def json_body(self) -> dict[str, Any]:
        """The body, unpacked if it is gzip, but never beyond 64 MiB."""
        if self.request.headers.get("Content-Encoding", "").lower() == "gzip":
            if len(self.request.body) > self.max_body:
                raise TooLarge(f"The body has {len(self.request.body)} bytes; at most {self.max_body} are taken here.")
            unpacker = zlib.decompressobj(31)
            try:
                content = unpacker.decompress(self.request.body, _MAX_RAW)
            except zlib.error:
                raise UsageError("The body is said to be gzip and is not.") from None
            if unpacker.unconsumed_tail or not unpacker.eof:
                raise TooLarge(f"The body has more than {_MAX_RAW} bytes unpacked, or is cut short.")
            self.request.body = content
            self.max_body = _MAX_RAW
        return super().json_body()


class Health(_Taking):
    """Whether the tracker answers."""

    async def get(self) -> None:
        """Says so."""
        self.answer({"status": "ok"})


class Create(_Taking):
    """Runs."""

    async def post(self, project: str) -> None:
        """Makes or continues one."""
        self.answer(await self.service.off_loop(self.intake.create, project, self.json_body()))


class Metrics(_Taking):
    """Rows."""

    async def post(self, project: str, run: str) -> None:
        """Takes one, or a batch."""

        def work() -> dict[str, Any]:
            return self.intake.rows(project, run, self.json_body())

        try:
            self.answer(await self.service.off_loop(work))
        except SequenceGap as gap:
            self.answer({"detail": str(gap), "next": gap.expected}, gap.status)


class Change(_Taking):
    """Metadata."""

    async def post(self, project: str, run: str) -> None:
        """Merges what a client may change."""
        await self.service.off_loop(self.intake.update, project, run, self.changes(self.json_body()))
        self.answer({"status": "ok"})

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as changes of the metadata."""
        return body


class Config(Change):
    """Config."""

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"config": {...}}``, or the values themselves."""
        return {"config": body["config"] if set(body) == {"config"} else body}


class Summary(Change):
    """Summary."""

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"summary": {...}}``, or the values themselves."""
        return {"summary": body["summary"] if set(body) == {"summary"} else body}


class Tags(Change):
    """Tags."""

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"tags": [...]}``."""
        return {"tags": list(_tags(body, "tags"))}


class Ping(_Taking):
    """Life."""

    async def post(self, project: str, run: str) -> None:
        """The client is there."""
        self.answer(await self.service.off_loop(self.intake.ping, project, run))


class Finish(_Taking):
    """The end."""

    async def post(self, project: str, run: str) -> None:
        """Of a run."""
        await self.service.off_loop(self.intake.finish, project, run, self.json_body() if self.request.body else {})
        self.answer({"status": "ok"})


class Upload(_Taking):
    """Artifacts."""

    _stream_request_body = True

    async def prepare(self) -> None:
        """Gets ready to take the file as it comes."""
        ready = super().prepare()
        if ready is not None:
            await ready
        if self._finished:
            return
        from python_multipart.multipart import FormParser, parse_options_header

        self._limit: int = settings.get("ASPARA_MAX_FILE_SIZE")
        self._size = 0
        self._form: dict[str, str] = {}
        self._trouble: AsparaError | None = None
        cast("Any", self.request.connection).set_max_body_size(self._limit + (1 << 20))
        kind, options = parse_options_header(self.request.headers.get("Content-Type", ""))
        boundary = options.get(b"boundary")
        self._parts: list[Any] = []
        self._parser: FormParser | None = None
        if kind != b"multipart/form-data" or not boundary:
            self._trouble = UsageError("An upload is multipart/form-data with a part named file.")
            return
        folder = str(self.intake.data_dir)
        self._parser = FormParser(
            "multipart/form-data",
            self._on_field,
            self._parts.append,
            boundary=boundary,
            config={"UPLOAD_DIR": folder, "MAX_MEMORY_FILE_SIZE": 1 << 20, "UPLOAD_KEEP_FILENAME": False},
        )

    def _on_field(self, part: Any) -> None:
        name = (part.field_name or b"").decode("utf-8", "replace")
        self._form[name] = (part.value or b"").decode("utf-8", "replace")[:65536]

    async def data_received(self, chunk: bytes) -> None:
        """A piece of the body."""
        self._size += len(chunk)
        if self._size > self._limit + 65536:
            self._trouble = TooLarge(f"The artifact is larger than {self._limit} bytes (ASPARA_MAX_FILE_SIZE).")
        if self._trouble is None and self._parser is not None:
            try:
                await self.service.off_loop(self._parser.write, chunk)
            except Exception:
                self._trouble = UsageError("The multipart body cannot be understood.")

    async def post(self, project: str, run: str) -> None:
        """Keeps the file that came."""
        try:
            if self._trouble is None and self._parser is not None:
                self._parser.finalize()
            if self._trouble is not None:
                raise self._trouble
            found = [p for p in self._parts if p.field_name == b"file"]
            if len(found) != 1:
                raise UsageError("An upload has exactly one part named file.")
            if found[0].size > self._limit:
                raise TooLarge(f"The artifact is larger than {self._limit} bytes (ASPARA_MAX_FILE_SIZE).")
            self._form.setdefault("name", (found[0].file_name or b"artifact").decode("utf-8", "replace"))
            self.answer(await self.service.off_loop(self.keep, project, run, found[0].file_object))
        finally:
            self._drop()

    def keep(self, project: str, run: str, content: IO[bytes]) -> dict[str, Any]:
        """Puts the whole file where it belongs."""
        return self.intake.artifact(project, run, content, self._form)

    def on_connection_close(self) -> None:
        """The client went away in the middle: nothing of it stays."""
        super().on_connection_close()
        self._drop()

    def _drop(self) -> None:
        for part in getattr(self, "_parts", []):
            with contextlib.suppress(OSError, ValueError):
                part.close()


class Files(Upload):
    """Files beside a run."""

    def keep(self, project: str, run: str, content: IO[bytes]) -> dict[str, Any]:
        """Puts the whole file where it belongs."""
        return self.intake.file(project, run, content, self._form)


class Versions(_Taking):
    """Versions of artifacts."""

    async def post(self, project: str, run: str) -> None:
        """Makes one."""
        self.answer(await self.service.off_loop(self.intake.version, project, run, self.json_body()))


ROUTES: tuple[Route, ...] = (
    Route(f"{BASE}/health", Health, {"GET": "Whether the tracker answers."}),
    Route(f"{BASE}/projects/{{project}}/runs", Create, {"POST": "Makes or continues a run."}),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/metrics",
        Metrics,
        {"POST": "Takes a row, or a batch of rows, each once."},
    ),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/config", Config, {"POST": "Adds to a run's config."}),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/summary", Summary, {"POST": "Adds to a run's summary."}),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/tags", Tags, {"POST": "Replaces a run's tags."}),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/metadata",
        Change,
        {"POST": "Merges into a run's metadata; `removed_keys` ({config: [...]}) takes keys out."},
    ),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/ping", Ping, {"POST": "Says that the client lives."}),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/artifacts",
        Upload,
        {"POST": "Keeps an uploaded file (multipart: file, name, description, category)."},
    ),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/files",
        Files,
        {
            "POST": "Keeps a file beside a run: media, console.log, …, or an artifact's content (multipart: file, name; offset for a part of a growing file)."
        },
    ),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/versions",
        Versions,
        {"POST": "Makes a version of an artifact: name, type, entries, aliases, metadata."},
    ),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/finish", Finish, {"POST": "Ends a run."}),
)


def routes(intake: Intake) -> tuple[Route, ...]:
    """The tracker's routes for one intake."""
    return tuple(replace(r, endpoint=type(r.endpoint.__name__, (r.endpoint,), {"intake": intake})) for r in ROUTES)
