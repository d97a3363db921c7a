"""The remote recorder: the Recorder seam on a journal that a background thread brings to a tracker."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aspara import names
from aspara.client.http_client import HttpClient
from aspara.client.journal import Journal, ended_writers
from aspara.client.remote_artifacts import RemoteArtifactStore
from aspara.client.sender import Sender, describe
from aspara.client.sync import send_children
from aspara.client.temp_folder import TempFolder
from aspara.client.transport import Rejected, Transport, Unreachable
from aspara.errors import InvalidName, RunExists, RunNotFound, TrackerError
from aspara.recorder import PATIENCE
from aspara.types import ArtifactEntry, Losses, RunIdentity, RunRequest
from aspara.util.messages import say
from aspara.util.signals import defer_signals

_PATIENCE = 2.0
_ARRIVAL = 60.0


def open_recorder(tracker_uri: str, request: RunRequest, *, token: str | None = None) -> RemoteRecorder:
    """A recorder for a run at the tracker `tracker_uri`.

    If the tracker answers within two seconds, the run exists there when this returns, and a refusal raises as a local one
    would (RunExists, RunNotFound, TrackerError). If it does not answer, training begins all the same: everything is kept on
    this machine and sent when it does.
    """
    transport = Transport(tracker_uri, token)
    new_id, new_name = request.id or names.new_run_id(), request.name or names.new_run_name()
    if request.id is None and request.resume in ("must", "allow", "auto"):
        # The tracker is to look for the run by its name, or by the program.
        request = replace(request, new_id=new_id, new_name=new_name, ended_writers=ended_writers(tracker_uri))
    else:
        request = replace(request, id=new_id, name=new_name)
    writer = os.urandom(8).hex()
    about: dict[str, Any] = {
        "tracker": tracker_uri,
        "project": request.project,
        # Creating is repeated until an answer comes, so the tracker knows this very process's create by its writer.
        "writer": writer,
        "request": {**describe(request), "started": time.time_ns() // 1_000_000, "writer": writer},
    }
    journal = Journal.create(f"{time.time_ns():x}-{writer}", about)
    found: dict[str, Any] = {}
    away: Unreachable | None = None
    try:
        found = transport.post(("projects", request.project, "runs"), about["request"], _PATIENCE)
        about["project"] = found.get("project") or request.project
        about.update(run=found.get("run") or found.get("name"), run_id=found.get("run_id"), color=found.get("color", 0))
        journal.remember(about)
    except Rejected as error:
        journal.discard()
        kind = {400: InvalidName, 404: RunNotFound, 409: RunExists}.get(error.status, TrackerError)
        raise kind(f"The tracker {tracker_uri} refuses the run: {error}") from None
    except Unreachable as error:
        away = error
    name = str(found.get("name") or new_name)
    project = str(about["project"])
    identity = RunIdentity(
        project,
        str(found.get("run") or names.slug(name)),
        str(found.get("run_id") or new_id),
        name,
        resumed=bool(found.get("resumed")),
        next_step=int(found.get("next_step") or 0),
        color=int(found.get("color") or 0),
        url=f"{transport.base.split('/tracker/')[0]}/projects/{project}/runs/{found['run']}"
        if found.get("run")
        else None,
        metadata=found.get("metadata")
        or {"config": dict(request.config), "tags": list(request.tags), "notes": request.notes},
    )
    sender = Sender(journal, transport, say, fresh=bool(found))
    if away is not None:
        sender.trouble(away)
    return RemoteRecorder(identity, journal, sender)


class RemoteRecorder:
    """Keeps everything in a journal first, as durably as a local run, and has it sent behind the training's back."""

    def __init__(self, identity: RunIdentity, journal: Journal, sender: Sender) -> None:
        self.identity = identity
        self._journal = journal
        self._sender = sender
        self._file = journal.open_rows(say)
        self._rows = 0
        self._media: set[str] = set()
        self._unkept: deque[dict[str, Any]] = deque()
        """What the journal's disk refuses for now, in order."""
        self._troubled = False
        self._reader: HttpClient | None = None
        self._scratch = TempFolder()
        self.lock = self._file.lock
        self.wake: Callable[[], bool] | None = None
        self.partial = False
        self.stop_asked = False
        self.records = True
        self.writer: str | None = None
        sender.start()

    def append(self, line: bytes) -> None:
        """Writes the row to the journal; the caller holds `lock`."""
        self._file.append(line)
        self._rows += 1

    def update(self, changes: Mapping[str, Any], *, patience: float = PATIENCE) -> None:
        """Changes of the metadata take their place in the order of things."""
        del patience
        self._add({"kind": "update", "changes": dict(changes)})

    def artifact(self, source: Path, *, name: str, description: str | None, category: str | None) -> ArtifactEntry:
        """Copies the file into the journal; it is sent later. Raises OSError if it cannot be copied."""
        kept = self._journal.keep_file(source)
        entry = ArtifactEntry(
            name,
            str(source),
            f"artifacts/{name}",
            source.stat().st_size,
            time.time_ns() // 1_000_000,
            description,
            category,
        )
        self._add(
            {
                "kind": "artifact",
                "file": kept,
                "name": name,
                "description": description,
                "category": category,
                "original_path": str(source),
            }
        )
        return entry

    def media(self, source: Path | bytes, *, name: str) -> str:
        """Keeps the content in the journal, once for each name; it is sent before the rows that come after it."""
        if name not in self._media:
            kept = self._journal.keep_file(source) if isinstance(source, Path) else self._journal.keep_content(source)
            self._media.add(name)
            self._add({"kind": "file", "file": kept, "name": f"media/{name}"})
        return f"media/{name}"

    def keep_version(self, contents: Mapping[str, Path], manifest: Mapping[str, Any]) -> None:
        """Keeps what a version of an artifact needs: its content by fingerprint, then the version. Raises OSError."""
        for sha256, path in contents.items():
            if sha256 not in self._media:
                kept = self._journal.keep_file(path)
                self._media.add(sha256)
                self._add({"kind": "file", "file": kept, "name": f"blobs/{sha256}"})
        self._add({"kind": "version", "manifest": dict(manifest)})

    def collections(self, project: str) -> RemoteArtifactStore:
        """The versioned artifacts that the tracker keeps. What this process has logged is among them: it is waited for.

        Raises TrackerError where the tracker does not answer or has not taken everything within a minute.
        """
        if self._reader is None:
            self._reader = HttpClient(str(self._journal.about()["tracker"]))
        self._reader.get("health")
        deadline = time.monotonic() + _ARRIVAL
        self._sender.nudge()
        while not self._sender.items_delivered():
            if time.monotonic() > deadline:
                raise TrackerError(
                    f"What this run logged has not reached the tracker within {_ARRIVAL:g} seconds, so an artifact that is read "
                    "now could be an older one. Try again later."
                )
            time.sleep(0.05)
        return RemoteArtifactStore(self._reader, project, self._scratch.folder)

    def beside(self, name: str) -> Path | None:
        """In the journal; sent as it grows."""
        return self._journal.file(name)

    def sync(self) -> None:
        """Makes rows durable here and lets the sender know of them."""
        self._file.sync()
        self._keep_items()
        self.stop_asked = self._sender.stop_asked
        self._sender.nudge()

    def finish(self, status: str, exit_code: int | None, timeout: float) -> Losses:
        """Waits at most `timeout` seconds for the tracker to have everything; what it has not stays for ``aspara sync``."""
        deadline = time.monotonic() + timeout
        rest = self._file.close(timeout)
        # Forked children leave without a word; what they logged comes before the end.
        send_children(self._journal.folder.name, deadline, say)
        self._add(
            {"kind": "finish", "status": status, "exit_code": exit_code, "finish_time": time.time_ns() // 1_000_000}
        )
        while self._unkept and time.monotonic() < deadline:
            time.sleep(0.1)
            self._keep_items()
        if self._unkept:
            say(f"{len(self._unkept)} changes of run {self.identity.name!r} found no place on the disk and are lost.")
        if self._sender.stop(max(0.0, deadline - time.monotonic())):
            self._journal.discard()
            return Losses(
                self._file.rows_lost + len(rest), 0, "the disk was full" if rest or self._file.rows_lost else ""
            )
        if self._sender.deleted:
            try:
                place = self._journal.set_aside()
            except OSError:
                place = self._journal.folder  # `aspara sync` sets it aside
            return Losses(
                self._file.rows_lost + len(rest),
                self._rows,
                f"somebody has deleted the run at the tracker; what it logged is set aside in {place}",
            )
        return Losses(
            self._file.rows_lost + len(rest),
            self._sender.waiting(),
            f"the tracker has not taken everything yet; it is kept in {self._journal.folder}: `aspara sync` sends it",
        )

    def abandon(self) -> None:
        """Closes the rows' file, and lets go of the sender's lock."""
        self._file.abandon()
        self._journal.abandon()

    def aside(self, prefix: str) -> RemoteRecorder:
        """Itself: the tracker keeps a run's rows in one file."""
        del prefix
        return self

    def for_child(self) -> RemoteRecorder:
        """A forked child's own journal for the same run."""
        about = self._journal.about()
        about["writer"] = os.urandom(8).hex()
        about["request"] = {**about["request"], "resume": "must", "id": self.identity.id, "writer": about["writer"]}
        about["parent"] = self._journal.folder.name
        if self._sender.run is not None:
            about["run"] = self._sender.run  # it exists: the child's rows are all that is new
        journal = Journal.create(f"{time.time_ns():x}-{about['writer']}", about)
        from aspara import settings

        return RemoteRecorder(
            self.identity, journal, Sender(journal, Transport(about["tracker"], settings.get("ASPARA_TOKEN")), say)
        )

    def _add(self, item: dict[str, Any]) -> None:
        with self.lock:
            self._unkept.append({**item, "after": self._rows})
        self._keep_items()
        self._sender.nudge()

    def _keep_items(self) -> None:
        """Puts what waits into the journal. Nothing here raises: the training goes on, and it is tried again at each sync."""
        with defer_signals(), self.lock:
            while self._unkept:
                try:
                    self._journal.add(self._unkept[0])
                except OSError as error:
                    if not self._troubled:
                        self._troubled = True
                        say(f"{self._journal.folder} cannot be written ({error.strerror or error}); it is tried again.")
                    return
                self._unkept.popleft()
            self._troubled = False
