"""What comes with a run beside its numbers: media, the files kept with it, and what it printed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aspara import names, settings
from aspara.artifacts.artifact import Artifact
from aspara.artifacts.version import log_version
from aspara.errors import AsparaError, DataDirError
from aspara.importers.common.source import FileTree, ImportReport, SourceRun
from aspara.media.base import Media
from aspara.media.media_list import MediaList
from aspara.recording.media_writer import RunBlobStore
from aspara.storage.artifact_store import check_path
from aspara.storage.local_recorder import LocalRecorder
from aspara.util import os_compat

_CHUNK = 1 << 20


def files_beside(source: SourceRun) -> list[Path]:
    """The files that come with a run whose rows have been read."""
    found = [path for tree in source.trees(ImportReport()) for path in tree.files.values()]
    console = source.console()
    return found if console is None else [*found, console]


class Attachments:
    """Brings them to the run that `recorder` writes; what cannot come is told to `report`."""

    def __init__(self, recorder: LocalRecorder, data_dir: Path, source: SourceRun, report: ImportReport) -> None:
        self._recorder, self._source, self._report = recorder, source, report
        self._data_dir = data_dir
        self._shelf = RunBlobStore(recorder, settings.get("ASPARA_MAX_MEDIA_SIZE"))

    def settled(self, values: dict[str, Any]) -> dict[str, Any]:
        """A row's values with media put on the shelf and named by their references; without those that cannot be kept."""
        if not any(isinstance(value, Media) for value in values.values()):
            return values
        kept: dict[str, Any] = {}
        for name, value in values.items():
            if not isinstance(value, Media):
                kept[name] = value
                continue
            try:
                kept[name] = value.stored(_ImportedBlobs(self._shelf))
            except AsparaError as error:
                if isinstance(error, DataDirError):
                    raise
                self._report.problem(f"{name}: {error}")
            except FileNotFoundError:
                kind = value.items[0].kind if isinstance(value, MediaList) else value.kind
                self._report.skip(f"{kind} values whose files are not there")
            except (OSError, ValueError, TypeError) as error:
                self._report.problem(f"{name}: its {value.kind} cannot be read ({error})")
        return kept

    def bring(self, content: dict[str, Any]) -> None:
        """The files, as a version of an artifact that the run is said to have made, and what was printed."""
        noted = [entry for entry in content.get("logged_artifacts") or [] if isinstance(entry, dict)]
        for tree in self._source.trees(self._report):
            entry = self._version(tree)
            if entry is not None and entry not in noted:
                noted.append(entry)
        if noted:
            self._recorder.update({"logged_artifacts": noted})
        console = self._source.console()
        if console is not None:
            self._print(console)

    def _version(self, tree: FileTree) -> dict[str, Any] | None:
        identity = self._recorder.identity
        artifact = Artifact(names.slug(tree.name), tree.kind, metadata={"imported_from": self._source.kind})
        limit = settings.get("ASPARA_MAX_FILE_SIZE")
        for name, path in sorted(tree.files.items()):
            try:
                size = path.stat().st_size
                if size > limit:
                    self._report.problem(f"{name}: {size} bytes are more than ASPARA_MAX_FILE_SIZE allows")
                    continue
                artifact.add_file(path, check_path(name), policy="immutable")
            except (OSError, AsparaError) as error:
                self._report.problem(f"{name}: {error}")
        if not artifact.file_count:
            return None
        try:
            log_version(artifact, self._recorder, [])
        except OSError as error:
            raise DataDirError(
                f"The files of {self._source.facts.name!r} cannot be kept ({error.strerror or error}). Import again to go on."
            ) from None
        return {
            "name": artifact.collection_name,
            "version": artifact.version,
            "type": artifact.type,
            "digest": artifact.digest,
            "project": identity.project,
        }

    def _print(self, source: Path) -> None:
        target = self._recorder.beside("console.log")
        limit = settings.get("ASPARA_MAX_CONSOLE_SIZE")
        if target is None:
            return
        try:
            with source.open("rb") as text:
                # Of very much the end is worth most.
                text.seek(max(0, os.fstat(text.fileno()).st_size - limit))
                with os.fdopen(os_compat.open_file(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                    while chunk := text.read(_CHUNK):
                        out.write(chunk)
        except OSError as error:
            self._report.problem(f"{source.name}: {error.strerror or error}")


class _ImportedBlobs:
    """The run's shelf, which tells a disk that refuses from a source that cannot be read."""

    def __init__(self, shelf: RunBlobStore) -> None:
        self._shelf = shelf

    def keep(self, content: bytes, ending: str) -> dict[str, Any]:
        """Puts content on the shelf; raises DataDirError where the disk refuses."""
        try:
            return self._shelf.keep(content, ending)
        except OSError as error:
            if isinstance(error, AsparaError):
                raise
            raise DataDirError(f"Media cannot be kept ({error.strerror or error}). Import again to go on.") from None
