"""The local recorder: a run's files, made or continued."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aspara import names, settings
from aspara.errors import DataDirError
from aspara.recorder import PATIENCE
from aspara.storage import metadata, run_artifacts
from aspara.storage.artifact_store import ArtifactStore
from aspara.storage.atomic_copy import read_chunks
from aspara.storage.backends import RowWriter, backend_class
from aspara.storage.heartbeat import BEAT, Heartbeats, boot_id, here, remove, touch
from aspara.storage.layout import Layout, RunPaths
from aspara.storage.metadata_writer import MetadataWriter, described
from aspara.storage.recount import recount
from aspara.storage.rescue import RescueFolder
from aspara.storage.resolve_project import resolve_project
from aspara.storage.resolve_run import identify, touch_project
from aspara.storage.run_artifacts import check_name
from aspara.types import (
    STATUS_ON_DISK,
    STOP_REQUESTED,
    STOP_REQUESTED_BY,
    ArtifactEntry,
    Losses,
    RunIdentity,
    RunRequest,
)
from aspara.util import files
from aspara.util.append_file import AppendFile
from aspara.util.messages import say
from aspara.version import __version__

_NEIGHBOUR_WAIT = 0.3
"""Seconds that the end waits for writers on other hosts to end too."""


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
    try:
        if request.project_name is not None:
            files.make_folder(data_dir)
            with files.folder_lock(data_dir):
                request = replace(request, project=resolve_project(layout, request.project_name))
                touch_project(layout, request)
        project_dir = layout.project_dir(request.project)
        files.make_folder(project_dir)
        with files.folder_lock(project_dir):
            touch_project(layout, request)
            identity, paths = identify(layout, request, backend)
        return LocalRecorder(
            paths, identity, request if begin else None, backend=backend, durability=durability, warn=warn
        )
    except OSError as error:
        if isinstance(error, DataDirError):
            raise
        raise _unusable(data_dir, error) from None


class LocalRecorder:
    """Writes one run's rows and metadata below a data directory: the Recorder seam on local files.

    `backend` names how rows are kept, see :mod:`aspara.storage.backends`. A second writer of a run, in another process or after a fork, gets files of its own.
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
        self._backend_name = backend
        self._backend_class = backend_class(backend)
        self._durability = durability or settings.get("ASPARA_DURABILITY")
        self._warn = warn
        self._changes = MetadataWriter(paths.metadata, identity.id, warn=warn, gone=self._note_deletion)
        self.stop_asked = False
        self._metadata_seen: tuple[int, int] | None = None
        self._gone = self._closed = False
        before = identity.metadata.get("rows_lost")
        self._lost_before = before if isinstance(before, int) else 0
        self._host = here()
        self._beat_at = time.monotonic() + BEAT / 2
        self.records = True
        self.writer = writer
        self.leads = False
        """True for the writer whose end is the run's end; others only add rows."""
        self._lock_descriptor, self._file = self._open_files(request)
        self.backend = self._backend_class(RowWriter(paths, self._file, self._host, identity.name, self.leads, warn))
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

    def _open_files(self, request: RunRequest | None) -> tuple[int, AppendFile]:
        """The main file if it is ours to write, else a further writer's own. The lock lives as long as the descriptor."""
        main = files.open_append(self._paths.rows) if self.writer is None else -1
        held = files.try_lock(main) if main >= 0 else False
        if main >= 0 and held is not False and self._main_is_ours(locked=held is True):
            lock, marker = main, self._paths.rows
            self.leads = True
        else:
            if main >= 0:
                os.close(main)
                self.writer = os.urandom(8).hex()
                found = dict(self.identity.metadata)
                self.leads = (
                    held is not False
                    and request is not None
                    and not Heartbeats().elsewhere(self._paths, found, locks=held is True)
                )
            assert self.writer is not None
            files.make_folder(self._paths.writers)
            marker = self._paths.writer_rows(self.writer)
            lock = files.open_append(marker)
            files.try_lock(lock)
            files.sync_folder(self._paths.writers)
            touch(self._paths, self._host)  # whoever leads waits for this one, however soon it ends
        # A run begun with another backend keeps its rows where they are; readers take all of them.
        path, descriptor, lock_descriptor = self._backend_class.row_file(self._paths, self.writer), lock, -1
        if path != marker:
            descriptor, lock_descriptor = files.open_append(path), lock
            files.try_lock(descriptor)  # as long as it is held, nobody archives what is still being written
        self._rescue_folder = RescueFolder(self._paths, self.identity, self.writer)
        file = AppendFile(
            path,
            descriptor,
            durability=self._durability,
            warn=self._warn,
            reserve=self._rescue_folder,
            reopen=self._open_again,
        )
        return lock_descriptor, file

    def _open_again(self, path: Path) -> tuple[Path, int]:
        """The row file once more, after somebody has closed, removed or replaced it; FileNotFoundError for a deleted run."""
        # Who deletes a run holds this lock, so half of a deletion is not undone.
        with files.folder_lock(self._paths.project_dir):
            os.stat(self._paths.metadata)
            if not metadata.is_of(metadata.read_or_empty(self._paths.metadata), self.identity.id):
                raise FileNotFoundError(path)  # another run of that name
            files.make_folder(path.parent)
            descriptor = files.open_append(path)
            if files.try_lock(descriptor) is False:
                # Somebody else has begun to write there.
                os.close(descriptor)
                path = self._paths.writer_rows(os.urandom(8).hex())
                files.make_folder(path.parent)
                descriptor = files.open_append(path)
                files.try_lock(descriptor)
            return path, descriptor

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
                    "exception": None,
                    STOP_REQUESTED_BY: None,
                    STOP_REQUESTED: None,  # what was asked of an earlier process of the run is done
                    "version": __version__,
                    "backend": self._backend_name,
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "boot_id": boot_id(),
                    **({} if request.program is None else {"program": request.program}),
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
                self.partial = not recount(self._paths, content)
            content["tags"] = list(dict.fromkeys([*metadata.tags_of(content), *request.tags]))
            metadata.merge(content, changes)

        content = metadata.edit(self._paths.metadata, begin)
        object.__setattr__(self.identity, "metadata", content)

    # -- the Recorder seam --------------------------------------------------------------------------------------------

    def append(self, line: bytes) -> None:
        """Keeps one encoded row: one ``write(2)``; see :class:`AppendFile` for a disk that refuses. The caller holds `lock`."""
        self._file.append(line)

    def commit(self, content: bytes) -> None:
        """Keeps whole rows durably, or raises OSError and keeps none; see :meth:`RowFile.commit`."""
        self._file.commit(content)

    def is_current(self) -> bool:
        """Whether what it writes is still the run: nobody removed or replaced its files."""
        return not (self._closed or self._gone) and self._file.is_current()

    @property
    def rows_path(self) -> Path:
        """Its row file."""
        return self._file.path

    @property
    def size(self) -> int:
        """Bytes in its row file."""
        return self._file.size

    def update(self, changes: Mapping[str, Any], *, patience: float = PATIENCE) -> None:
        """Merges `changes` into the metadata file; if the disk refuses they are kept and tried again at each sync.

        They are on disk when this returns, unless the disk takes longer than training should wait.
        """
        self._changes.put(changes, self.wake, patience)

    def artifact(self, source: Path, *, name: str, description: str | None, category: str | None) -> ArtifactEntry:
        """Copies the file `source` into the run's artifacts; raises OSError if that cannot be done."""
        return self.store_artifact(
            read_chunks(source),
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
        entry = run_artifacts.store(
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

    def keep_version(self, contents: Mapping[str, Path], manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Makes a version of an artifact of the run's project."""
        return self.collections(self.identity.project).keep(contents, manifest, self.identity.run)

    def collections(self, project: str) -> ArtifactStore:
        """The versioned artifacts of a project in the same data directory; raises InvalidName."""
        return ArtifactStore(Layout(self._paths.project_dir.parent).artifacts(project))

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
        """Makes rows durable, retries what failed, gives a sign of life, and lets the backend move rows on."""
        if self._closed or self._gone or self._was_deleted():
            return
        self._changes.write()
        now = time.monotonic()
        if now >= self._beat_at:
            self._beat_at = now + BEAT
            touch(self._paths, self._host)
        self._file.sync()
        self.backend.sync()

    def finish(self, status: str, exit_code: int | None, timeout: float) -> Losses:
        """Ends the run: rows that still find no place go to a file in the user's state folder, and the rest is counted."""
        deadline = time.monotonic() + timeout
        self.backend.begin_end()
        left = self._file.close(timeout)
        self.backend.finish_end(deadline)
        losses = self._rescue_folder.rescue(self._file.path, left, self._file.kept, self._file.rows_lost)
        if self.leads:
            end = {
                "status": STATUS_ON_DISK[status],
                "is_finished": True,
                "exit_code": exit_code,
                "finish_time": time.time_ns() // 1_000_000,
                "rows_lost": losses.rows_lost + self._lost_before,
            }
            self._changes.put(end, None, 0.0)
        if self._changes.settle(deadline) and self.leads:
            self._insist(end, deadline)
        if untold := self._changes.left():
            became = self._rescue_folder.rescue_changes(untold)
            self._warn(
                f"Run {self.identity.name!r}: the disk did not take {described(untold)}; {became}."
                + (" Until then the run is shown as crashed." if self.leads else "")
            )
        self._rescue_folder.remove()
        remove(self._paths, self._host)
        self.abandon()
        return losses

    def _insist(self, end: Mapping[str, Any], deadline: float) -> None:
        """Says the end again where a writer on another host, whom no lock keeps out, wrote over it at that very moment."""
        until = time.monotonic() + _NEIGHBOUR_WAIT
        while time.monotonic() < until and any(path.name != self._host for path in self._paths.alive_files()):
            time.sleep(_NEIGHBOUR_WAIT / 10)
        if not metadata.read_or_empty(self._paths.metadata).get("is_finished", True):
            self._changes.put(end, None, 0.0)
            self._changes.settle(deadline)

    def abandon(self) -> None:
        """Closes every descriptor, and with them the locks, without a word to disk."""
        self._closed = True
        self._changes.abandon()
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
            backend=self._backend_name,
            durability=self._durability,
            warn=self._warn,
            writer=writer,
        )

    def for_child(self) -> LocalRecorder:
        """The same run's recorder for a forked child: its own files, the run's metadata untouched."""
        return LocalRecorder(
            self._paths, self.identity, backend=self._backend_name, durability=self._durability, warn=self._warn
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _was_deleted(self) -> bool:
        try:
            self._look(os.stat(self._paths.metadata))
        except FileNotFoundError:
            self._changes.forget()
        except OSError:
            return False
        return self._gone

    def _note_deletion(self) -> None:
        # Somebody deleted the run while it was going on: making it anew would bring half a run back.
        self._gone = True
        self._warn(f"Run {self.identity.name!r} was deleted; what it logs from now on is not kept.")

    def _look(self, now: os.stat_result) -> None:
        """What others have written into the metadata since the last look and this process acts on."""
        if self._metadata_seen != (now.st_mtime_ns, now.st_ino):
            self._metadata_seen = now.st_mtime_ns, now.st_ino
            found = metadata.read_or_empty(self._paths.metadata)
            if not metadata.is_of(found, self.identity.id):
                self._changes.forget()  # it was deleted, and another run has its name
                return
            self.stop_asked = bool(found.get(STOP_REQUESTED))


def _unusable(data_dir: Path, error: OSError) -> DataDirError:
    return DataDirError(
        f"Runs cannot be kept in {data_dir} ({error.strerror or error}). Make that folder writable, or choose another one "
        "with dir=..., --data-dir or ASPARA_DATA_DIR."
    )
