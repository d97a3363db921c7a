"""A run and artifacts: files kept with it, and versioned artifacts that it makes and uses."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any, overload

from aspara.errors import ArtifactNotFound, UsageError
from aspara.recorder import Recorder
from aspara.types import ArtifactEntry
from aspara.util.messages import say

if TYPE_CHECKING:
    from aspara.artifacts.artifact import Artifact
    from aspara.types import RunIdentity

_PATIENCE = 2.0


class RunArtifacts:
    """The part of a run that keeps artifacts."""

    _recorder: Recorder
    _identity: RunIdentity
    _artifact_lists: dict[str, list[dict[str, Any]]] | None = None

    def _check_open(self) -> None:
        """Raises UsageError once the run has finished."""

    @overload
    def log_artifact(
        self,
        file_path: Artifact,
        name: str | None = None,
        description: str | None = None,
        category: str | None = None,
        *,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact: ...
    @overload
    def log_artifact(
        self,
        file_path: str | os.PathLike[str],
        name: str | None = None,
        description: str | None = None,
        category: str | None = None,
        *,
        type: str | None = None,
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact | ArtifactEntry: ...
    def log_artifact(
        self,
        file_path: Artifact | str | os.PathLike[str],
        name: str | None = None,
        description: str | None = None,
        category: str | None = None,
        *,
        type: str | None = None,  # noqa: A002  the word users know
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Artifact | ArtifactEntry:
        """Keeps a file with the run, or makes a version of an artifact.

        A plain file is copied into the run's folder. An :class:`Artifact`, a folder, or a file with a `type` or `aliases`
        becomes a version of an artifact of the project: content is kept once, however many versions hold it.

        Args:
            file_path: An existing file or folder, or an artifact.
            name: Its name; by default its own. A later plain file of the same name replaces an earlier one.
            description: A sentence about it.
            category: Of a plain file: ``"code"``, ``"model"``, ``"config"``, ``"data"`` or ``"other"``.
            type: What the artifact is, such as ``"model"``.
            aliases: Names that mean this version from now on, besides ``latest``.
            tags: Tags of the version.

        Returns:
            The artifact with its version; for a plain file its entry: name, size, where it is kept. Both have ``wait()``, for
            wandb's sake: all is done when this returns.

        """
        from aspara.artifacts.artifact import Artifact

        self._check_open()
        if isinstance(file_path, Artifact):
            if tags:
                file_path.tags = [*file_path.tags, *tags]
            return self._log_version(file_path, aliases or ())
        source = _path(file_path)
        if not self._recorder.records:
            # Even a file that is not there: the step that makes it may be off as well.
            if type is not None or aliases is not None or source.is_dir():
                return Artifact(_fitting(name or source.name), type or category or "artifact", description)
            return self._recorder.artifact(source, name=name or source.name, description=description, category=category)
        if source.is_dir() or type is not None or aliases is not None:
            artifact = Artifact(name or _fitting(source.name), type or category or "artifact", description)
            artifact.tags = list(tags or ())
            if source.is_dir():
                artifact.add_dir(source, policy="immutable")
            else:
                artifact.add_file(source, policy="immutable")
            return self._log_version(artifact, aliases or ())
        from aspara.storage.run_artifacts import check_category, check_name

        if not source.is_file():
            raise UsageError(f"There is no file {os.fspath(file_path)!r} to keep as an artifact.")
        name = check_name(name or source.name)
        check_category(category)
        try:
            return self._recorder.artifact(source, name=name, description=description, category=category)
        except OSError as error:
            say(f"The artifact {name!r} could not be kept ({error.strerror or error}); training goes on.")
            return ArtifactEntry(name, str(source), "", 0, time_ns() // 1_000_000, description, category)

    def use_artifact(
        self,
        artifact_or_name: Artifact | str,
        type: str | None = None,  # noqa: A002  the word users know
        aliases: Sequence[str] | None = None,
        use_as: str | None = None,
    ) -> Artifact:
        """The artifact ``"name:version"`` (or alias; ``latest`` by default), noted as used by this run.

        ``"project/name:v3"`` takes one of another project. A draft is logged first.

        Args:
            artifact_or_name: The name, or an artifact.
            type: What it must be.
            aliases: Aliases that it shall have from now on.
            use_as: What it is used as.

        Raises:
            ArtifactNotFound: There is none; the message names those there are.
            TrackerError: The run goes to a tracker that does not answer, or has not taken what the run logged.

        """
        from aspara.artifacts.artifact import Artifact
        from aspara.artifacts.version import split_name

        if isinstance(artifact_or_name, Artifact):
            found = artifact_or_name
            if found.is_draft():
                self._log_version(found, aliases or ())
        elif not self._recorder.records:
            found = Artifact(split_name(artifact_or_name, None)[1], type or "artifact")
        else:
            project, name, reference = split_name(artifact_or_name, self._identity.project)
            store = self._recorder.collections(str(project))
            found = Artifact._of(store, str(project), store.manifest(name, reference))
        if type is not None and found.type != type:
            raise UsageError(f"The artifact {found.name!r} is of type {found.type!r}, not {type!r}.")
        if aliases and found.version is not None:
            found.aliases = [*found.aliases, *aliases]
            found.save()
        found.use_as = use_as
        self._note("used_artifacts", found, use_as=use_as)
        return found

    def logged_artifacts(self) -> list[Artifact]:
        """The versions that this run has made."""
        return self._noted("logged_artifacts")

    def used_artifacts(self) -> list[Artifact]:
        """The versions that this run has used."""
        return self._noted("used_artifacts")

    def log_model(
        self, path: str | os.PathLike[str], name: str | None = None, aliases: Sequence[str] | None = None
    ) -> Artifact:
        """Makes a version of a model, an artifact of the type ``model``, from a file or a folder."""
        found: Any = self.log_artifact(
            path, name or f"run-{self._identity.id}-{_fitting(Path(path).name)}", type="model", aliases=aliases
        )
        logged: Artifact = found
        return logged

    def use_model(self, name: str) -> str:
        """The path of a model: of its only file, or of the folder of its files."""
        found = self.use_artifact(name, type="model")
        return found.file() if found.file_count == 1 else found.download()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _log_version(self, artifact: Artifact, aliases: Sequence[str]) -> Artifact:
        from aspara.artifacts.version import log_version
        from aspara.storage.artifact_store import checked_aliases

        aliases = checked_aliases([aliases] if isinstance(aliases, str) else list(aliases))
        if not self._recorder.records:
            return artifact
        try:
            log_version(artifact, self._recorder, aliases)
        except OSError as error:
            say(f"The artifact {artifact.name!r} could not be kept ({error.strerror or error}); training goes on.")
            return artifact
        self._note("logged_artifacts", artifact)
        return artifact

    def _note(self, key: str, artifact: Artifact, **facts: Any) -> None:
        entry = {
            "name": artifact.collection_name,
            "version": artifact.version,
            "type": artifact.type,
            "digest": artifact.digest,
            "project": artifact.project or self._identity.project,
            **facts,
        }
        entry = {k: v for k, v in entry.items() if v is not None}
        lists = self._lists()
        if entry not in lists[key]:
            lists[key].append(entry)
            # An artifact took its time already, and others may ask for it as soon as it is said to be there.
            self._recorder.update({key: list(lists[key])}, patience=_PATIENCE)

    def _noted(self, key: str) -> list[Artifact]:
        from aspara.artifacts.artifact import Artifact

        found = []
        for entry in self._lists()[key]:
            if entry.get("version") is None:
                continue
            store = self._recorder.collections(entry["project"])
            try:
                found.append(Artifact._of(store, entry["project"], store.manifest(entry["name"], entry["version"])))
            except ArtifactNotFound:  # it was deleted since
                continue
        return found

    def _lists(self) -> dict[str, list[dict[str, Any]]]:
        if self._artifact_lists is None:
            metadata = self._identity.metadata
            self._artifact_lists = {
                key: [e for e in metadata.get(key) or [] if isinstance(e, dict)]
                for key in ("logged_artifacts", "used_artifacts")
            }
        return self._artifact_lists


def _fitting(name: str) -> str:
    from aspara.names import slug

    return slug(name)


def _path(given: Any) -> Path:
    if not isinstance(given, str | os.PathLike):
        raise UsageError(f"file_path={str(given)[:60]!r}: give the path of a file or folder, or an aspara.Artifact.")
    return Path(given)
