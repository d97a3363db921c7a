"""The Recorder seam: where a run's data goes.

Local files, a remote tracker, or nowhere. A run holds one and never asks which. A recorder takes rows already encoded
(one JSON object and a newline), so that all kinds keep the same bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from aspara.errors import NotRemote
from aspara.types import ArtifactEntry, Losses, RunIdentity
from aspara.version_store import VersionStore

PATIENCE = 0.025
"""Seconds that a change of the metadata waits for the disk before training goes on without it."""


class Recorder(Protocol):
    """One run's destination. ``append`` may be called from any thread; nothing here raises over a full disk or network."""

    identity: RunIdentity
    lock: threading.RLock
    """Held by whoever calls `append`: one lock for the caller's step and the recorder's order, since each costs."""
    stop_asked: bool
    """Whether somebody who looks at the run has asked it to stop; looked up by `sync`."""

    wake: Callable[[], bool] | None
    """Set by an owner that calls `sync` from a background thread: has it do so now, and answers whether it will. Without it,
    or where it answers False, changes of the metadata are written by whoever makes them."""
    records: bool
    """False for a recorder that keeps nothing."""
    writer: str | None
    """The name of a further writer of the run, whose end is not the run's; None for the one that leads it."""
    partial: bool
    """True if the statistics in the identity's metadata lack earlier rows of a resumed run."""

    def append(self, line: bytes) -> None:
        """Keeps one encoded row, newline included; the caller holds `lock`. When it returns, the row survives the death
        of this process.
        """

    def update(self, changes: Mapping[str, Any], *, patience: float = PATIENCE) -> None:
        """Merges `changes` into the run's metadata. A value replaces; dicts under config and summary replace key by key.

        Waits `patience` seconds at most for a disk that is slow; the changes are written all the same.
        """

    def artifact(self, source: Path, *, name: str, description: str | None, category: str | None) -> ArtifactEntry:
        """Keeps a copy of the file `source` with the run under `name`."""

    def media(self, source: Path | bytes, *, name: str) -> str:
        """Keeps media content under `name` (its content's hash is part of it); returns its path relative to the run."""

    def keep_version(self, contents: Mapping[str, Path], manifest: Mapping[str, Any]) -> dict[str, Any] | None:
        """Makes a version of an artifact of `contents`, by their SHA-256. `manifest` has name, type, description, metadata, tags,
        entries, aliases.

        Returns its manifest; None where its number is known later. Raises OSError where the disk refuses.
        """

    def collections(self, project: str) -> VersionStore:
        """The versioned artifacts of a project, this run's among them. Raises TrackerError where the tracker is away."""

    def aside(self, prefix: str) -> Recorder:
        """Takes rows of the same run that are not to stand among the others; a name that is made for them begins with `prefix`."""

    def for_child(self) -> Recorder:
        """A recorder of the same run for a forked child that logs to it."""

    def beside(self, name: str) -> Path | None:
        """Where a captured file (console.log, …) is to be written; delivered at the end at the latest. None: nowhere."""

    def sync(self) -> None:
        """Called about once a second off the training thread: makes rows durable, retries what failed, shows life."""

    def finish(self, status: str, exit_code: int | None, timeout: float) -> Losses:
        """Ends the run with `status`, waiting at most `timeout` seconds for undelivered rows; closes everything."""

    def abandon(self) -> None:
        """Lets go of every descriptor and thread without a word to disk: for the child after a fork."""


class NullRecorder:
    """Records nowhere: the recorder of ``mode="disabled"``."""

    def __init__(self, identity: RunIdentity) -> None:
        self.identity = identity
        self.lock = threading.RLock()
        self.wake: Callable[[], bool] | None = None
        self.partial = False
        self.stop_asked = False
        self.records = False
        self.writer: str | None = None

    def append(self, line: bytes) -> None:
        """Forgets the row."""

    def update(self, changes: Mapping[str, Any], *, patience: float = PATIENCE) -> None:
        """Forgets the changes."""

    def artifact(self, source: Path, *, name: str, description: str | None, category: str | None) -> ArtifactEntry:
        """An entry that names the file where it lies."""
        size = source.stat().st_size if source.is_file() else 0
        return ArtifactEntry(name, str(source), "", size, 0, description, category)

    def media(self, source: Path | bytes, *, name: str) -> str:
        """Forgets the content."""
        del source
        return name

    def keep_version(self, contents: Mapping[str, Path], manifest: Mapping[str, Any]) -> None:
        """Forgets the version."""
        del contents, manifest

    def collections(self, project: str) -> VersionStore:
        """Raises NotRemote: there are none."""
        raise NotRemote(
            f"A disabled run keeps no artifacts of {project!r}. Read them with aspara.Api().artifact('project/name')."
        )

    def aside(self, prefix: str) -> NullRecorder:
        """Itself."""
        del prefix
        return self

    def for_child(self) -> NullRecorder:
        """Itself."""
        return self

    def beside(self, name: str) -> Path | None:
        """Nowhere."""
        del name
        return None

    def sync(self) -> None:
        """Nothing to do."""

    def finish(self, status: str, exit_code: int | None, timeout: float) -> Losses:
        """Nothing was lost that was not meant to be."""
        del status, exit_code, timeout
        return Losses()

    def abandon(self) -> None:
        """Nothing is held."""
