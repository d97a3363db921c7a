"""The local recorder: a run's files, made or continued."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from aspara import files, names, settings
from aspara.errors import DataDirError, RunExists, RunIsRunning, RunNotFound
from aspara.interrupts import held
from aspara.model import STATUS_ON_DISK, STOP_REQUESTED, ArtifactEntry, Losses, RunIdentity, RunRequest
from aspara.notices import say
from aspara.recorder import PATIENCE
from aspara.rowfile import RowFile
from aspara.storage import artifacts, metadata
from aspara.storage import shelter as sheltering
from aspara.storage.artifacts import check_name
from aspara.storage.collections import Collections
from aspara.storage.layout import Layout, RunPaths
from aspara.storage.pulse import BEAT, Pulse, beat, boot_id, here, rest
from aspara.storage.rewind import rewind
from aspara.storage.survey import survey
from aspara.storage.tail import last_step
from aspara.version import __version__

FINISH_ARCHIVES_FROM = 10_000
"""Rows from which finish() moves a polars run's last rows into Parquet; fewer are not worth a column file."""
_LONGEST_WAIT = 2.0
"""Seconds that one write of the metadata waits for another."""
_REST = 0.002
"""Seconds that the archive's thread leaves the interpreter to the training after each millisecond of work."""
_CREATION_TRIES = 12
_YOUNG = 5.0
_LEFT_BEHIND = 600.0
_MOST_RECOUNTED = 32 << 20


def open_recorder(
    data_dir: Path,
    request: RunRequest,
    *,
    backend: str = "jsonl",
    durability: str | None = None,
    warn: Callable[[str], None] = say,
    begin: bool = True,
) -> LocalRecorder:
    """Makes the run that `request` asks for, or continues an existing one, and opens it for writing; without `begin` its end
    and all else that is known of it stay as they are.

    Raises :class:`DataDirError` when the directory cannot be written (the message names it and the ways out),
    :class:`RunExists` for ``resume="never"`` with a known id, :class:`RunNotFound` for ``resume="must"`` without one.
    """
    layout = Layout(data_dir)
    names.check_file_name(request.project, "project")
    if request.id is not None:
        names.check_run_id(request.id)
    project_dir = layout.project_dir(request.project)
    try:
        files.make_folder(project_dir)
        with files.folder_lock(project_dir):
            _touch_project(layout, request)
            identity, paths = _identify(layout, request, backend)
        return LocalRecorder(
            paths, identity, request if begin else None, backend=backend, durability=durability, warn=warn
        )
    except OSError as error:
        if isinstance(error, DataDirError):
            raise
        raise _unusable(data_dir, error) from None


def _identify(layout: Layout, request: RunRequest, backend: str) -> tuple[RunIdentity, RunPaths]:
    """The run to write: an existing one, rewound if that is asked for, or one that is made now."""
    for attempt in range(_CREATION_TRIES):
        paths, found = _choose(layout, request)
        if found is None:
            try:
                return _create(paths, layout, request, backend), paths
            except FileExistsError:
                # Another host has just made it, or is about to; its lock does not reach here, but its files do.
                time.sleep(0.05 * (attempt + 1))
                continue
        if request.rewind_to is not None:
            found = _rewind(paths, found, request.rewind_to)
        after = request.rewind_to if request.rewind_to is not None else last_step(paths, found)
        identity = RunIdentity(
            request.project,
            paths.run,
            str(found.get("run_id") or paths.run),
            str(found.get("display_name") or paths.run),
            resumed=True,
            next_step=after + 1,
            color=int(found.get("color") or 0),
            path=paths.folder,
            metadata=found,
        )
        return identity, paths
    raise RunExists(f"Run {request.name or request.id!r} is being made by another process; try again.")


def _rewind(paths: RunPaths, found: dict[str, Any], step: int) -> dict[str, Any]:
    """Sets aside what the run has after `step`, and has its summary tell of the rest. The caller holds the folder's lock."""
    if any(files.is_locked(path) for path in paths.lock_files()) or Pulse().elsewhere(paths, found):
        raise RunIsRunning(f"Run {paths.run!r} is still being written. Wait for its end before you rewind it.")
    aside = rewind(paths, step)
    statistics = survey(paths)
    own = found.get("summary_own")
    summary = found.get("summary") if isinstance(found.get("summary"), dict) else {}
    assert isinstance(summary, dict)
    kept = {key: value for key, value in summary.items() if isinstance(own, list) and key in own}
    note = {"step": step, "timestamp": time.time_ns() // 1_000_000, "rows": aside and f"rewound/{aside.name}"}
    content = {
        **found,
        "summary": {**statistics.last(), **kept},
        "metric_summary": statistics.json(),
        "last_step": statistics.last_step(),
        "rewinds": [*(found.get("rewinds") or []), note],
    }
    files.replace_json(paths.metadata, content)
    return content


class LocalRecorder:
    """Writes one run's rows and metadata below a data directory: the Recorder seam on local files.

    ``backend`` is ``"jsonl"`` (rows stay in one JSON-lines file) or ``"polars"`` (full files move into Parquet in the
    background). A second writer of a run, in another process or after a fork, gets files of its own.
    """

    def __init__(
        self,
        paths: RunPaths,
        identity: RunIdentity,
        request: RunRequest | None = None,
        *,
        backend: str = "jsonl",
        durability: str | None = None,
        warn: Callable[[str], None] = say,
        writer: str | None = None,
    ) -> None:
        self.identity = identity
        self.wake: Callable[[], bool] | None = None
        self.partial = False
        """True for a resumed run whose earlier rows are too many to be counted at the start: its statistics lack them."""
        self._paths = paths
        self._backend = backend
        self._durability = durability or settings.get("ASPARA_DURABILITY")
        self._warn = warn
        self._archive_rows = settings.get("ASPARA_ARCHIVE_ROWS") if backend == "polars" else 0
        self._archiver: threading.Thread | None = None
        self._hurry = threading.Event()
        self._pending: dict[str, Any] = {}
        self._asked = self._written = 0
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._metadata_troubled = False
        self._metadata_slow = False
        self.stop_asked = False
        self._metadata_seen: tuple[int, int] | None = None
        self._archive_troubled = False
        self._gone = self._closed = False
        self._host = here()
        self._beat_at = time.monotonic() + BEAT / 2
        self.writer = writer
        self.leads = False
        """True for the writer whose end is the run's end; others only add rows."""
        self._lock_descriptor, self._file = self._open_files(request)
        # The bound method itself: the log path pays for one call, not two.
        self.lock = self._file.lock
        self.append = self._file.append  # type: ignore[method-assign]
        if request is not None:
            try:
                self._begin(request)
            except OSError:
                self.abandon()  # nobody would ever let go of the locks
                raise

    # -- opening ------------------------------------------------------------------------------------------------------

    def _open_files(self, request: RunRequest | None) -> tuple[int, RowFile]:
        """The main file if it is ours to write, else a further writer's own. The lock lives as long as the descriptor."""
        polars = self._backend == "polars"
        main = files.open_append(self._paths.rows) if self.writer is None else -1
        held = files.try_lock(main) if main >= 0 else False
        if main >= 0 and held is not False and self._main_is_ours(locked=held is True):
            lock, wal = main, self._paths.wal
            self.leads = True
        else:
            if main >= 0:
                os.close(main)
                self.writer = os.urandom(8).hex()
                found = dict(self.identity.metadata)
                self.leads = (
                    held is not False
                    and request is not None
                    and not Pulse().elsewhere(self._paths, found, locks=held is True)
                )
            assert self.writer is not None
            files.make_folder(self._paths.writers)
            lock, wal = files.open_append(self._paths.writer_rows(self.writer)), self._paths.writer_wal(self.writer)
            files.try_lock(lock)
            files.sync_folder(self._paths.writers)
            self._beat_at = 0.0
        # A run begun with the other backend keeps its rows where they are; readers take both.
        descriptor, path = (
            (files.open_append(wal), wal)
            if polars
            else (lock, self._paths.rows if self.writer is None else self._paths.writer_rows(self.writer))
        )
        if polars:
            files.try_lock(descriptor)  # as long as it is held, nobody archives what is still being written
        file = RowFile(path, descriptor, durability=self._durability, warn=self._warn)
        return (lock if polars else -1), file

    def _main_is_ours(self, *, locked: bool) -> bool:
        """Whether nobody else can be writing the main file.

        A lock may be known on one host only, or on none: then two hosts could write one file, and lose and tear each other's
        rows. So a run that was begun elsewhere and did not end there gets a further writer's file here.
        """
        if not self.identity.resumed:
            return True
        found = self.identity.metadata
        ended = found.get("is_finished") is True
        begun_here = found.get("boot_id") in (None, boot_id()) or found.get("host") == socket.gethostname()
        return ended or (locked and begun_here)

    def _begin(self, request: RunRequest) -> None:
        changes: dict[str, Any] = dict(request.details) if self.leads else {}
        if self.leads:
            changes.update(
                {
                    "is_finished": False,
                    "exit_code": None,
                    "status": STATUS_ON_DISK["running"],
                    "finish_time": None,
                    STOP_REQUESTED: None,  # what was asked of an earlier process of the run is done
                    "version": __version__,
                    "backend": self._backend,
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "boot_id": boot_id(),
                }
            )
        for name in ("group", "job_type", "total_steps", "notes"):
            if getattr(request, name) is not None:
                changes[name] = getattr(request, name)
        if request.config:
            changes["config"] = dict(request.config)

        def begin(content: dict[str, Any]) -> None:
            # The writer before this one may have died before it kept its statistics; the first release kept none.
            lacking = not content.get("is_finished") or not isinstance(content.get("metric_summary"), dict)
            if self.leads and self.identity.resumed and lacking and not content.get("remote"):
                self._recount(content)
            content["tags"] = list(dict.fromkeys([*(content.get("tags") or []), *request.tags]))
            metadata.merge(content, changes)

        content = metadata.edit(self._paths.metadata, begin)
        object.__setattr__(self.identity, "metadata", content)

    def _recount(self, content: dict[str, Any]) -> None:
        """Makes the statistics of a resumed run out of its rows."""
        size = sum(path.stat().st_size for path in (*self._paths.row_files(), *self._paths.parts()))
        if size > _MOST_RECOUNTED:
            self.partial = True
            content.pop("metric_summary", None)  # readers have it from their index then
            return
        statistics = survey(self._paths)
        summary, own = content.get("summary"), content.get("summary_own")
        # The first release's summary holds nothing but what the program set.
        kept = {k: v for k, v in summary.items() if own is None or k in own} if isinstance(summary, dict) else {}
        content["summary_own"] = sorted(kept)
        content["metric_summary"] = statistics.json()
        content["summary"] = {**statistics.last(), **kept}

    # -- the Recorder seam --------------------------------------------------------------------------------------------

    def append(self, line: bytes) -> None:
        """Keeps one encoded row: one ``write(2)``; see :class:`RowFile` for a disk that refuses. The caller holds `lock`."""
        self._file.append(line)

    def update(self, changes: Mapping[str, Any], *, patience: float = PATIENCE) -> None:
        """Merges `changes` into the metadata file; if the disk refuses they are kept and tried again at each sync.

        They are on disk when this returns, unless the disk takes longer than training should wait.
        """
        # A signal that ends the run in between would have the thread that writes wait for what is held here.
        with held(), self._changed:
            metadata.gather(self._pending, changes)
            self._asked += 1
            mine = self._asked
            if self.wake is not None and self.wake():
                if patience > PATIENCE:
                    self._changed.wait_for(lambda: self._written >= mine, patience)
                elif not self._metadata_slow:
                    self._metadata_slow = not self._changed.wait_for(lambda: self._written >= mine, patience)
                return
        self._write_metadata()

    def artifact(self, source: Path, *, name: str, description: str | None, category: str | None) -> ArtifactEntry:
        """Copies the file `source` into the run's artifacts; raises OSError if that cannot be done."""
        return self.store_artifact(
            artifacts.read_chunks(source),
            name=name,
            original_path=str(source),
            description=description,
            category=category,
        )

    def store_artifact(
        self,
        chunks: Iterable[bytes],
        *,
        name: str,
        original_path: str,
        description: str | None = None,
        category: str | None = None,
        limit: int | None = None,
    ) -> ArtifactEntry:
        """Keeps streamed content as an artifact and lists it in the metadata; an older one of that name is replaced."""
        entry = artifacts.store(
            self._paths.artifacts,
            chunks,
            name=name,
            original_path=original_path,
            description=description,
            category=category,
            limit=limit,
        )

        def enlist(content: dict[str, Any]) -> None:
            others = [a for a in content.get("artifacts") or [] if not (isinstance(a, dict) and a.get("name") == name)]
            content["artifacts"] = [*others, entry.json()]

        metadata.edit(self._paths.metadata, enlist)
        return entry

    def media(self, source: Path | bytes, *, name: str) -> str:
        """Keeps media content under its name, which carries the content's hash: what is there already is not written again."""
        target = self._paths.media / check_name(name)
        if not target.exists():
            files.make_folder(target.parent)
            files.replace(target, source if isinstance(source, bytes) else source.read_bytes())
        return f"media/{name}"

    def beside(self, name: str) -> Path | None:
        """In the run's folder; None once the run was deleted."""
        if self._gone:
            return None
        return files.make_folder(self._paths.folder) / check_name(name)

    def collections(self, project: str) -> Collections:
        """The versioned artifacts of a project in the same data directory; raises InvalidName."""
        return Collections(Layout(self._paths.project_dir.parent).artifacts(project))

    def aside(self, prefix: str) -> LocalRecorder:
        """A further writer of the same run, for rows that are not to stand among the others; its name begins with `prefix`."""
        return LocalRecorder(
            self._paths,
            self.identity,
            durability="os",
            warn=self._warn,
            writer=f"{prefix}{os.urandom(8).hex()}",
        )

    def sync(self) -> None:
        """Makes rows durable, retries what failed, gives a sign of life, moves a full polars file on its way into the archive."""
        if self._closed or self._gone or self._was_deleted():
            return
        self._write_metadata()
        now = time.monotonic()
        if now >= self._beat_at:
            self._beat_at = now + BEAT
            beat(self._paths, self._host)
        self._file.sync()
        if self._archive_rows and self._file.count() >= self._archive_rows:
            self._rotate()

    def finish(self, status: str, exit_code: int | None, timeout: float) -> Losses:
        """Ends the run: rows that still find no place go to a file in the user's state folder, and the rest is counted."""
        deadline = time.monotonic() + timeout
        if self._archive_rows and self._file.count() >= min(FINISH_ARCHIVES_FROM, self._archive_rows):
            self._rotate()
        left = self._file.close(timeout)
        if self._archiver is not None:
            self._hurry.set()
            # What is not archived by then stays readable as it is, and goes with the next rows.
            self._archiver.join(max(0.0, deadline - time.monotonic()))
        losses = self._rescue(left)
        if self.leads:
            with self._changed:
                metadata.gather(
                    self._pending,
                    {
                        "status": STATUS_ON_DISK[status],
                        "is_finished": True,
                        "exit_code": exit_code,
                        "finish_time": time.time_ns() // 1_000_000,
                        "rows_lost": self._file.rows_lost + losses.rows_lost,
                    },
                )
        self._write_metadata()
        while self._pending and not self._gone and time.monotonic() < deadline:
            time.sleep(0.1)
            self._write_metadata()
        if self._pending and not self._gone:
            self._warn(f"The end of run {self.identity.name!r} could not be recorded; it will be shown as crashed.")
        rest(self._paths, self._host)
        self.abandon()
        return losses

    def abandon(self) -> None:
        """Closes every descriptor, and with them the locks, without a word to disk."""
        self._closed = True
        # A thread that a fork left behind may hold the old ones for ever.
        self._changed, self._writing = threading.Condition(), threading.Lock()
        self._file.abandon()
        if self._lock_descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self._lock_descriptor)
            self._lock_descriptor = -1

    def writer_recorder(self, writer: str) -> LocalRecorder:
        """The same run's recorder for a writer of a given name: it goes on in that writer's file, whoever opened it before."""
        return LocalRecorder(
            self._paths,
            self.identity,
            backend=self._backend,
            durability=self._durability,
            warn=self._warn,
            writer=writer,
        )

    def for_child(self) -> LocalRecorder:
        """The same run's recorder for a forked child: its own files, the run's metadata untouched."""
        return LocalRecorder(
            self._paths, self.identity, backend=self._backend, durability=self._durability, warn=self._warn
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _write_metadata(self) -> None:
        # One at a time, in order: a program's flush() and the background thread may meet here. A disk that hangs holds up neither.
        writing = self._writing
        if not writing.acquire(timeout=_LONGEST_WAIT):
            return
        try:
            self._write_pending()
        finally:
            writing.release()

    def _write_pending(self) -> None:
        if self._gone:
            return
        with self._changed:
            changes, mine = self._pending, self._asked
            if not changes:
                return
            self._pending = {}
        # Without that lock: a program that sets its config must not wait for a disk that hangs.
        try:
            metadata.edit(self._paths.metadata, lambda content: metadata.merge(content, changes), create=False)
        except FileNotFoundError:
            self._note_deletion()
            return
        except OSError as error:
            with self._changed:
                metadata.gather(changes, self._pending)
                self._pending = changes
            if not self._metadata_troubled:
                self._metadata_troubled = True
                self._warn(f"{self._paths.metadata} cannot be written ({error.strerror or error}); it is tried again.")
            return
        self._metadata_troubled = False
        with self._changed:
            self._written = max(self._written, mine)
            self._metadata_slow = False
            self._changed.notify_all()

    def _was_deleted(self) -> bool:
        try:
            self._look(os.stat(self._paths.metadata))
        except FileNotFoundError:
            self._note_deletion()
        except OSError:
            return False
        return self._gone

    def _note_deletion(self) -> None:
        # Somebody deleted the run while it was going on: making it anew would bring half a run back.
        if not self._gone:
            self._gone = True
            self._warn(f"Run {self.identity.name!r} was deleted; what it logs from now on is not kept.")

    def _look(self, now: os.stat_result) -> None:
        """What others have written into the metadata since the last look and this process acts on."""
        if self._metadata_seen != (now.st_mtime_ns, now.st_ino):
            self._metadata_seen = now.st_mtime_ns, now.st_ino
            self.stop_asked = bool(metadata.read_or_empty(self._paths.metadata).get(STOP_REQUESTED))

    def _rotate(self) -> None:
        """Renames the full row file to a segment, goes on in a fresh one, and archives the segment in a thread.

        Never under the lock that log() takes: a row that comes meanwhile goes to the old file, under its new name.
        """
        if self._archiver is not None and self._archiver.is_alive():
            return
        segment = f"{time.time_ns() // 1_000_000:x}-{os.urandom(4).hex()}-{self._host[:8]}"
        wal = self._file.path
        fresh = wal.with_name(f".{wal.name}.next")
        descriptor = -1
        try:
            files.make_folder(self._paths.segments)
            descriptor = files.open_append(fresh)
            files.try_lock(descriptor)
            os.rename(wal, self._paths.segment(segment))
            try:
                os.rename(fresh, wal)
            except OSError:
                os.rename(self._paths.segment(segment), wal)
                raise
        except OSError as error:
            if descriptor >= 0:
                os.close(descriptor)
            if not self._archive_troubled:
                self._archive_troubled = True
                self._warn(
                    f"The rows of {self.identity.name!r} could not be archived ({error.strerror or error}); they stay where "
                    "they are."
                )
            return
        self._archive_troubled = False
        self._file.swap(wal, descriptor)
        files.sync_folder(self._paths.segments)
        files.sync_folder(wal.parent)
        self._archiver = threading.Thread(target=self._archive, args=(segment,), name="aspara-archive", daemon=True)
        with contextlib.suppress(
            RuntimeError
        ):  # at the end of the interpreter no thread starts: the next run archives it
            self._archiver.start()

    def _archive(self, segment: str) -> None:
        from aspara.storage.polars import archive_segment

        # Segments that an earlier process left behind go with this one; another host's only when it must have left them.
        for path in self._paths.segment_files() if self.leads else [self._paths.segment(segment)]:
            try:
                if not path.stem.endswith(f"-{self._host[:8]}") and time.time() - path.stat().st_mtime < _LEFT_BEHIND:
                    continue
                descriptor = files.open_append(path)
                try:
                    free = files.try_lock(descriptor)
                    # Another writer may still write or archive it; without locks only our own is surely nobody else's.
                    if free or (free is None and path.stem == segment):
                        archive_segment(self._paths, path.stem, lambda: self._hurry.wait(_REST))
                finally:
                    os.close(descriptor)
            except FileNotFoundError:
                continue  # its own writer has archived it meanwhile
            except OSError as error:
                self._warn(f"{path} could not be archived ({error.strerror or error}); its rows stay readable there.")

    def _rescue(self, rest: list[bytes]) -> Losses:
        if not rest:
            return Losses(self._file.rows_lost, 0, "the disk was full" if self._file.rows_lost else "")
        try:
            shelter = sheltering.shelter(self._paths.project_dir.parent, self.identity.project, self.identity.run)
            descriptor = files.open_append(shelter)
            try:
                for line in rest:
                    os.write(descriptor, line)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            return Losses(self._file.rows_lost + len(rest), 0, str(error.strerror or error))
        return Losses(self._file.rows_lost, len(rest), f"they are in {shelter}; `aspara doctor --fix` puts them back")


# -- choosing the run --------------------------------------------------------------------------------------------------


def _touch_project(layout: Layout, request: RunRequest) -> None:
    path = layout.project_metadata(request.project)
    if path.exists() and not request.project_tags:
        return
    now = _iso_now()
    content = metadata.read_or_empty(path)
    content.setdefault("notes", "")
    content["tags"] = list(dict.fromkeys([*(content.get("tags") or []), *request.project_tags]))
    content.setdefault("created_at", now)
    content["updated_at"] = now
    files.replace_json(path, content)


def _choose(layout: Layout, request: RunRequest) -> tuple[RunPaths, dict[str, Any] | None]:
    """The paths of the run to write, and its metadata if it exists already."""
    project = request.project
    looked_at = layout.runs(project) if request.id is not None else []
    if request.id is not None:
        for run in looked_at:
            paths = layout.run(project, run)
            found = _begun(paths)
            if found.get("run_id") == request.id or (
                run == request.id and (not found or request.rewind_to is not None)
            ):
                if request.resume == "never":
                    raise RunExists(
                        f"Run id {request.id!r} exists in project {project!r} (as {run!r}) and resume='never' was asked for. "
                        "Choose another id, or resume='allow' to continue it."
                    )
                return paths, found
        if request.resume == "must":
            raise RunNotFound(
                f"There is no run with id {request.id!r} in project {project!r} to resume. Its runs: {_some(layout.runs(project))}."
            )
    elif request.resume in ("must", "allow", "auto"):
        newest = _newest(layout, request)
        if newest is not None:
            return newest
        if request.resume == "must":
            what = f"named {request.name!r}" if request.name else "at all"
            raise RunNotFound(
                f"There is no run {what} in project {project!r} to resume. Its runs: {_some(layout.runs(project))}."
            )
    stem = _free_stem(layout, request)
    # Another host may have begun the run of this id since: it must be met, not passed by.
    if request.id is not None and not set(layout.runs(project)) <= set(looked_at):
        return _choose(layout, request)
    return layout.run(project, stem), None


def _begun(paths: RunPaths) -> dict[str, Any]:
    """The run's metadata; of a run that another host is making at this moment, whose lock is not ours, as soon as it is there."""
    for _ in range(40):
        found = metadata.read_or_empty(paths.metadata)
        if found:
            return found
        try:
            if time.time() - paths.rows.stat().st_mtime > _YOUNG:
                return found
        except OSError:
            return found
        time.sleep(0.05)
    return {}


def _newest(layout: Layout, request: RunRequest) -> tuple[RunPaths, dict[str, Any]] | None:
    """The run of the asked name that began last; without a name, for "auto", the last one that did not complete."""
    best: tuple[float, RunPaths, dict[str, Any]] | None = None
    for run in layout.runs(request.project):
        paths = layout.run(request.project, run)
        found = metadata.read_or_empty(paths.metadata)
        if request.name is not None:
            if request.name not in (found.get("display_name"), run):
                continue
        elif request.resume == "auto" and found.get("status") == "completed":
            continue
        started = found.get("start_time")
        when = float(started) if isinstance(started, int | float) else 0.0
        if best is None or when >= best[0]:
            best = (when, paths, found)
    return None if best is None else best[1:]


def _free_stem(layout: Layout, request: RunRequest) -> str:
    # Two hosts that begin the run of one id at the same moment must meet at one file.
    base = names.slug(request.name or request.id or names.new_run_name())
    taken = set(layout.runs(request.project))
    project_dir = layout.project_dir(request.project)
    stem, number = base, 1
    # A folder of that name may be another thing's (a user's, or a deleted run's leftover): it is left alone too.
    while stem in taken or (project_dir / stem).exists() or (project_dir / f"{stem}.jsonl").exists():
        number += 1
        stem = f"{base[:120]}-{number}"
    return stem


def _create(paths: RunPaths, layout: Layout, request: RunRequest, backend: str) -> RunIdentity:
    run_id = request.id or names.new_run_id()
    name = request.name or (names.new_run_name() if request.id else paths.run)
    color = len(layout.runs(request.project))
    content = {
        "run_id": run_id,
        "project": request.project,
        "display_name": name,
        "tags": [],
        "notes": "",
        "params": {},
        "config": {},
        "artifacts": [],
        "summary": {},
        "is_finished": False,
        "exit_code": None,
        "status": STATUS_ON_DISK["running"],
        "start_time": time.time_ns() // 1_000_000,
        "finish_time": None,
        "color": color,
        "version": __version__,
        "backend": backend,
    }
    os.close(files.open_append(paths.rows, exclusive=True))
    try:
        files.replace_json(paths.metadata, content)
    except OSError:
        paths.rows.unlink(missing_ok=True)
        raise
    return RunIdentity(request.project, paths.run, run_id, name, color=color, path=paths.folder, metadata=content)


def _iso_now() -> str:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _some(runs: list[str]) -> str:
    if not runs:
        return "none"
    return ", ".join(runs[:10]) + (f" and {len(runs) - 10} more" if len(runs) > 10 else "")


def _unusable(data_dir: Path, error: OSError) -> DataDirError:
    return DataDirError(
        f"Runs cannot be kept in {data_dir} ({error.strerror or error}). Make that folder writable, or choose another one "
        "with dir=..., --data-dir or ASPARA_DATA_DIR."
    )
