"""An artifact: files that belong together, with versions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aspara.artifacts.draft import ArtifactDraft
from aspara.artifacts.file import ArtifactFile
from aspara.artifacts.media import rebuilt
from aspara.errors import ArtifactDamaged, ArtifactNotFound, NotRemote, UsageError
from aspara.names import check_file_name
from aspara.storage.artifact_store import (
    check_path,
    checked_aliases,
    file_digest,
)
from aspara.util import os_compat
from aspara.version_store import VersionStore


class Artifact(ArtifactDraft):
    """Files that belong together: a data set, a model. Logging it makes a version; equal content makes none.

    Fill it, then ``run.log_artifact(artifact)``. What is added is copied at once, so the originals may change or go.

    Args:
        name: Its name: letters, digits, ``_ - .``.
        type: What it is, such as ``"dataset"`` or ``"model"``; all versions have the same.
        description: A sentence about it.
        metadata: Facts about it, as JSON can hold them.
        incremental: Accepted for compatibility.

    """

    def __init__(
        self,
        name: str,
        type: str = "artifact",  # noqa: A002  the word users know
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
    ) -> None:
        del incremental
        self._name = check_file_name(name, "artifact")
        self.type = str(type)
        """What it is."""
        self.description = description
        """A sentence about it."""
        self.metadata: dict[str, Any] = dict(metadata or {})
        """Facts about it."""
        self.tags: list[str] = []
        """Tags of this version."""
        self.use_as = use_as
        """What a run used it as."""
        self.ttl: Any = None
        """Accepted for compatibility: versions are kept until they are deleted."""
        self._files: dict[str, ArtifactFile] = {}
        self._sources: dict[str, Path] = {}
        self._staging: Path | None = None
        self._aliases: list[str] = []
        self._store: VersionStore | None = None
        self._manifest: dict[str, Any] | None = None
        self._project: str | None = None

    @classmethod
    def _of(cls, store: VersionStore, project: str, manifest: Mapping[str, Any]) -> Artifact:
        """A version that exists."""
        found = cls.__new__(cls)
        Artifact.__init__(found, str(manifest["name"]), str(manifest.get("type")))
        found._logged(store, project, manifest)
        return found

    def _logged(self, store: VersionStore | None, project: str, manifest: Mapping[str, Any]) -> None:
        """From now on this object is that version."""
        self._store, self._project, self._manifest = store, project, dict(manifest)
        self.type = str(manifest.get("type"))
        self.description = manifest.get("description")
        self.metadata = dict(manifest.get("metadata") or {})
        self.tags = list(manifest.get("tags") or [])
        self._aliases = list(manifest.get("aliases") or [])
        self._files = {
            e["path"]: ArtifactFile(self, e["path"], int(e.get("size") or 0), e.get("sha256"), e.get("ref"))
            for e in manifest.get("entries") or []
        }
        self._sources = {}
        self._drop_staging()

    # -- what it is ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name; of a logged one with its version: ``weights:v3``."""
        return self._name if self.version is None else f"{self._name}:{self.version}"

    @property
    def collection_name(self) -> str:
        """The name without a version."""
        return self._name

    @property
    def project(self) -> str | None:
        """The project it was logged to."""
        return self._project

    @property
    def qualified_name(self) -> str:
        """``project/name:version``."""
        return f"{self._project}/{self.name}" if self._project else self.name

    @property
    def version(self) -> str | None:
        """``v0``, ``v1``, …; None until it is logged (and, for a run at a tracker, always: the tracker numbers it)."""
        return None if self._manifest is None else self._manifest.get("version")

    @property
    def aliases(self) -> list[str]:
        """The aliases that mean this version; assign or change them, then :meth:`save`."""
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: Sequence[str]) -> None:
        self._aliases = checked_aliases(list(aliases))

    @property
    def id(self) -> str | None:
        """The fingerprint of its content, once it is logged."""
        return self.digest

    @property
    def digest(self) -> str | None:
        """The fingerprint of its content, once it is logged."""
        return None if self._manifest is None else self._manifest.get("digest")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self._files.values())

    @property
    def file_count(self) -> int:
        """How many files it has."""
        return len(self._files)

    @property
    def created_at(self) -> int | None:
        """When the version was made, in ms."""
        return None if self._manifest is None else self._manifest.get("created_at")

    @property
    def state(self) -> str:
        """``PENDING`` until it is logged, then ``COMMITTED``."""
        return "PENDING" if self._manifest is None else "COMMITTED"

    @property
    def source_run(self) -> str | None:
        """The run that logged this version, by its file name."""
        return None if self._manifest is None else self._manifest.get("run")

    def is_draft(self) -> bool:
        """True until it is logged."""
        return self._manifest is None

    def __repr__(self) -> str:
        return f"<Artifact {self.qualified_name} ({self.type}, {self.file_count} files)>"

    def new_draft(self) -> Artifact:
        """A draft of the next version, with the files of this one."""
        draft = Artifact(self._name, self.type, self.description, self.metadata)
        for file in self._files.values():
            if file.ref is None:
                draft._sources[file.path] = self._content(file)
            draft._put(ArtifactFile(draft, file.path, file.size, file.sha256, file.ref))
        return draft

    # -- reading ------------------------------------------------------------------------------------------------------

    def files(self, names: Sequence[str] | None = None, per_page: int = 50) -> list[ArtifactFile]:
        """Its files in order of their paths, all or those named."""
        del per_page
        return [self._files[path] for path in sorted(self._files) if names is None or path in names]

    def get_entry(self, name: str) -> ArtifactFile:
        """One of its files; raises ArtifactNotFound naming some.

        Raises:
            ArtifactNotFound: The artifact has no file of that name.

        """
        found = self._files.get(str(name))
        if found is None:
            there = ", ".join(sorted(self._files)[:10]) or "none"
            raise ArtifactNotFound(f"The artifact {self.name!r} has no file {str(name)[:128]!r}. Its files: {there}.")
        return found

    def get_path(self, name: str) -> ArtifactFile:
        """Another word for :meth:`get_entry`."""
        return self.get_entry(name)

    def get(self, name: str) -> Any:
        """The media object added under `name`, or None."""
        for path in self._files:
            if path == name or (path.startswith(f"{name}.") and path.endswith(".json")):
                return rebuilt(self._content(self._files[path]), self._file_content)
        return None

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __setitem__(self, name: str, obj: Any) -> None:
        self.add(obj, name)

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | None = None,
        multipart: bool | None = None,
    ) -> str:
        """Copies its files below `root` (by default ``./artifacts/<name>-<version>``) and returns that folder.

        Every file is checked against its fingerprint; a damaged one raises ArtifactDamaged. Files that are there already and
        whole are left. References to files on this machine are copied too; others raise unless `allow_missing_references`.
        """
        del skip_cache, multipart
        folder = self._root(root)
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.files():
            if path_prefix and not file.path.startswith(path_prefix):
                continue
            if allow_missing_references and file.ref is not None and not self._here(file):
                continue
            self._fetch(file, folder)
        return str(folder)

    def file(self, root: str | os.PathLike[str] | None = None) -> str:
        """The only file of an artifact that has one, downloaded.

        Raises:
            UsageError: The artifact does not hold exactly one file.

        """
        if len(self._files) != 1:
            raise UsageError(
                f"The artifact {self.name!r} has {len(self._files)} files; use download(), or get_entry()."
            )
        return self.files()[0].download(root)

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Raises ArtifactDamaged where a file below `root` is missing or not what was logged.

        Raises:
            ArtifactDamaged: The content of a file is not what was logged.

        """
        folder = self._root(root)
        for file in self.files():
            path = folder / file.path
            if file.sha256 is not None and (not path.is_file() or file_digest(path)[0] != file.sha256):
                raise ArtifactDamaged(f"{path} is missing or not what {self.name!r} holds.")

    # -- changing a version -------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> Artifact:
        """Itself: logging an artifact is done when ``log_artifact()`` returns."""
        del timeout
        return self

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Keeps changed aliases, description, metadata and tags of a logged version."""
        del project, settings
        store, version = self._stored()
        changes = {"description": self.description, "metadata": self.metadata, "tags": self.tags}
        self._manifest = store.change(self._name, version, changes, self._aliases)

    def delete(self, delete_aliases: bool = False) -> None:
        """Removes this version, and content that no other one holds; one that aliases besides ``latest`` mean, only with `delete_aliases`.

        Raises:
            UsageError: The version has aliases, and `delete_aliases` is not set.

        """
        store, version = self._stored()
        named = [a for a in store.manifest(self._name, version)["aliases"] if a != "latest"]
        if named and not delete_aliases:
            raise UsageError(
                f"{self.name!r} is what {', '.join(named)} mean; delete(delete_aliases=True) deletes it all the same."
            )
        store.delete(self._name, version)

    def link(self, target_path: str, aliases: Sequence[str] | None = None) -> None:
        """Not supported: there is no registry. Use aliases.

        Raises:
            UsageError: Always: there is no registry to link to.

        """
        del target_path, aliases
        raise UsageError(
            "link() needs a registry, which Aspara has not. Give the version an alias: log_artifact(..., aliases=['production'])."
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _stored(self) -> tuple[VersionStore, str]:
        if self._store is None and not self.is_draft():
            raise NotRemote(
                f"The artifact {self._name!r} was sent to a tracker, which numbers its version when it arrives. Read it there with "
                "aspara.Api(tracker_uri).artifact('project/name')."
            )
        if self._store is None or self.version is None:
            raise UsageError(f"The artifact {self._name!r} is not logged here yet: run.log_artifact(artifact).")
        return self._store, self.version

    def _content(self, file: ArtifactFile) -> Path:
        """Where the content of a file lies here."""
        if file.path in self._sources:
            return self._sources[file.path]
        if file.ref is not None:
            parts = urlsplit(file.ref)
            if parts.scheme != "file":
                raise UsageError(
                    f"{file.path!r} is a reference to {file.ref!r}, which is not fetched; "
                    "download(allow_missing_references=True) leaves it out."
                )
            return Path(unquote(parts.path))
        store, version = self._stored()
        return store.content(self._name, version, {"path": file.path, "sha256": file.sha256})

    def _file_content(self, path: str) -> Path:
        return self._content(self.get_entry(path))

    def _here(self, file: ArtifactFile) -> bool:
        try:
            return self._content(file).is_file()
        except UsageError:
            return False

    def _root(self, root: str | os.PathLike[str] | None) -> Path:
        return Path(root) if root is not None else Path("artifacts") / self.name.replace(":", "-")

    def _fetch(self, file: ArtifactFile, root: Path) -> Path:
        target = root / check_path(file.path)
        if target.is_file() and file.sha256 is not None and file_digest(target)[0] == file.sha256:
            return target
        source = self._content(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
        try:
            with draft.open("wb") as out:
                found = file_digest(source, out.write)[0]
            if file.sha256 is not None and found != file.sha256:
                raise ArtifactDamaged(
                    f"The content of {file.path!r} in {self.name!r} is not what was logged; it is not copied."
                )
            os_compat.replace(draft, target)
        except FileNotFoundError:
            raise ArtifactDamaged(f"The content of {file.path!r} in {self.name!r} is gone.") from None
        finally:
            os_compat.remove(draft, missing_ok=True)
        return target

    def _entries(self) -> list[dict[str, Any]]:
        found = []
        for file in self.files():
            entry = {"path": file.path, "sha256": file.sha256, "size": file.size, "ref": file.ref}
            found.append({key: value for key, value in entry.items() if value is not None})
        return found

    def _contents(self) -> Iterator[tuple[ArtifactFile, Path]]:
        """The files that have content of their own, and where it lies."""
        for file in self.files():
            if file.ref is None:
                yield file, self._content(file)
