"""An artifact: files that belong together, with versions."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from aspara.artifacts.media import object_of, rebuilt
from aspara.artifacts.store import Store
from aspara.errors import ArtifactDamaged, ArtifactNotFound, InvalidName, NotRemote, UsageError
from aspara.names import check_file_name
from aspara.storage.collections import (
    Collections,
    check_path,
    checked_aliases,
    file_digest,
    manifest_digest,
)
from aspara.storage.content import read_chunks

_POLICIES = ("mutable", "immutable")


@dataclass
class ArtifactFile:
    """One file of an artifact: its path there, fingerprint and size; ``ref`` is the address of one that stays elsewhere."""

    artifact: Artifact
    path: str
    size: int
    sha256: str | None = None
    ref: str | None = None

    @property
    def name(self) -> str:
        """The path within the artifact."""
        return self.path

    @property
    def digest(self) -> str | None:
        """The fingerprint."""
        return self.sha256

    def ref_target(self) -> str:
        """The address of a reference."""
        if self.ref is None:
            raise UsageError(f"{self.path!r} is no reference; its content is kept in the artifact.")
        return self.ref

    def download(self, root: str | os.PathLike[str] | None = None) -> str:
        """Copies the file below `root` (by default the artifact's own folder), checks it, and returns the copy's path."""
        return str(self.artifact._fetch(self, self.artifact._root(root)))


class Artifact:
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
        self._store: Store | None = None
        self._manifest: dict[str, Any] | None = None
        self._project: str | None = None

    @classmethod
    def _of(cls, store: Store, project: str, manifest: Mapping[str, Any]) -> Artifact:
        """A version that exists."""
        found = cls.__new__(cls)
        Artifact.__init__(found, str(manifest["name"]), str(manifest.get("type")))
        found._logged(store, project, manifest)
        return found

    def _logged(self, store: Store | None, project: str, manifest: Mapping[str, Any]) -> None:
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

    # -- filling ------------------------------------------------------------------------------------------------------

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool = False,
        skip_cache: bool = False,
        policy: str = "mutable",
        overwrite: bool = False,
    ) -> ArtifactFile:
        """Adds a file, under its own name or `name`. With ``policy="immutable"`` it is read when the artifact is logged, not now."""
        del is_tmp, skip_cache
        source = Path(local_path)
        if not source.is_file():
            raise UsageError(f"There is no file {os.fspath(local_path)!r} to add to the artifact.")
        return self._add(source, name or source.name, policy, overwrite=overwrite)

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool = False,
        policy: str = "mutable",
        merge: bool = False,
    ) -> None:
        """Adds all files of a folder and its folders, below `name` or at the top. Links to folders are not followed."""
        del skip_cache
        folder = Path(local_path)
        if not folder.is_dir():
            raise UsageError(f"There is no folder {os.fspath(local_path)!r} to add to the artifact.")
        for path in _files_below(folder):
            inner = path.relative_to(folder).as_posix()
            self._add(path, f"{name.strip('/')}/{inner}" if name else inner, policy, overwrite=merge)

    def add_reference(
        self,
        uri: str | os.PathLike[str],
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> list[ArtifactFile]:
        """Adds something that stays where it is. Of ``file://`` addresses and paths the fingerprint is kept (`checksum`), and
        folders are taken apart; other addresses are noted as they are, nothing is fetched.
        """
        self._check_draft()
        text = os.fspath(uri)
        parts = urlsplit(text)
        if parts.scheme and parts.scheme != "file" and len(parts.scheme) > 1:
            path = check_path(name or parts.path.rstrip("/").rpartition("/")[2] or parts.netloc)
            return [self._put(ArtifactFile(self, path, 0, None, text))]
        source = Path(unquote(parts.path)) if parts.scheme == "file" else Path(text)
        if not source.exists():
            raise UsageError(f"There is nothing at {text!r} to refer to.")
        found = []
        for file in _files_below(source) if source.is_dir() else [source]:
            inner = file.relative_to(source).as_posix() if source.is_dir() else ""
            place = "/".join(part for part in (name or ("" if source.is_dir() else source.name), inner) if part)
            sha256 = file_digest(file)[0] if checksum else None
            address = file.absolute().as_uri()
            found.append(self._put(ArtifactFile(self, check_path(place), file.stat().st_size, sha256, address)))
            if max_objects is not None and len(found) > max_objects:
                raise UsageError(f"{text!r} has more than max_objects={max_objects} files.")
        return found

    @contextlib.contextmanager
    def new_file(self, name: str, mode: str = "x", encoding: str | None = None) -> Iterator[IO[Any]]:
        """A file to be written within a ``with`` block; it is added when the block is left without an error."""
        self._check_draft()
        if mode not in ("w", "wb", "x", "xb"):
            raise UsageError(f"mode={mode!r}: choose 'w' or 'wb'.")
        place = check_path(name)
        if place in self._files and mode[0] == "x":
            raise UsageError(f"The artifact has a file {place!r} already.")
        path = self._stage(f"new-{len(self._files)}-{os.urandom(4).hex()}")
        binary = mode.endswith("b")
        with path.open("wb" if binary else "w", encoding=None if binary else encoding or "utf-8") as file:
            yield file
        sha256, size = file_digest(path)
        self._sources[place] = path
        self._put(ArtifactFile(self, place, size, sha256))

    def add(self, obj: Any, name: str, overwrite: bool = False) -> ArtifactFile:
        """Adds a media object, such as a Table; :meth:`get` gives it back."""
        for path, content in object_of(obj, check_path(name)):
            if path in self._files and not overwrite and not path.startswith("media/"):
                raise UsageError(f"The artifact has a file {path!r} already.")
            with self.new_file(path, "wb") as file:
                file.write(content)
        return self._files[path]

    def remove(self, item: str | ArtifactFile) -> None:
        """Takes a file, or all files below a path, out of a draft."""
        self._check_draft()
        path = item.path if isinstance(item, ArtifactFile) else str(item)
        gone = [p for p in self._files if p == path or p.startswith(f"{path.rstrip('/')}/")]
        if not gone:
            raise ArtifactNotFound(f"The artifact {self.name!r} has no file {path[:128]!r}.")
        for each in gone:
            del self._files[each]
            self._sources.pop(each, None)

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
        """One of its files; raises ArtifactNotFound naming some."""
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
        """The only file of an artifact that has one, downloaded."""
        if len(self._files) != 1:
            raise UsageError(
                f"The artifact {self.name!r} has {len(self._files)} files; use download(), or get_entry()."
            )
        return self.files()[0].download(root)

    def verify(self, root: str | os.PathLike[str] | None = None) -> None:
        """Raises ArtifactDamaged where a file below `root` is missing or not what was logged."""
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
        """Removes this version, and content that no other one holds; one that aliases besides ``latest`` mean, only with `delete_aliases`."""
        store, version = self._stored()
        named = [a for a in store.manifest(self._name, version)["aliases"] if a != "latest"]
        if named and not delete_aliases:
            raise UsageError(
                f"{self.name!r} is what {', '.join(named)} mean; delete(delete_aliases=True) deletes it all the same."
            )
        store.delete(self._name, version)

    def link(self, target_path: str, aliases: Sequence[str] | None = None) -> None:
        """Not supported: there is no registry. Use aliases."""
        del target_path, aliases
        raise UsageError(
            "link() needs a registry, which Aspara has not. Give the version an alias: log_artifact(..., aliases=['production'])."
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check_draft(self) -> None:
        if self._manifest is not None:
            raise UsageError(f"{self.name!r} is logged and stays as it is. Use new_draft() for the next version.")

    def _stored(self) -> tuple[Store, str]:
        if self._store is None and not self.is_draft():
            raise NotRemote(
                f"The artifact {self._name!r} was sent to a tracker, which numbers its version when it arrives. Read it there with "
                "aspara.Api(tracker_uri).artifact('project/name')."
            )
        if self._store is None or self.version is None:
            raise UsageError(f"The artifact {self._name!r} is not logged here yet: run.log_artifact(artifact).")
        return self._store, self.version

    def _add(self, source: Path, name: str, policy: str, *, overwrite: bool) -> ArtifactFile:
        self._check_draft()
        if policy not in _POLICIES:
            raise UsageError(f"policy={policy!r}: choose mutable or immutable.")
        place = check_path(name.replace(os.sep, "/"))
        taken = source
        if policy == "mutable":
            taken = self._stage(f"{len(self._files)}-{os.urandom(4).hex()}")
            with taken.open("wb") as out:
                sha256, size = file_digest(source, out.write)
        else:
            sha256, size = file_digest(source)
        known = self._files.get(place)
        if known is not None and known.sha256 != sha256 and not overwrite:
            raise UsageError(f"The artifact has another file {place!r} already; give overwrite=True to replace it.")
        self._sources[place] = taken
        return self._put(ArtifactFile(self, place, size, sha256))

    def _put(self, file: ArtifactFile) -> ArtifactFile:
        if any(path.startswith(f"{file.path}/") or file.path.startswith(f"{path}/") for path in self._files):
            raise InvalidName(f"{file.path!r} would be a file and a folder at once.")
        self._files[file.path] = file
        return file

    def _stage(self, name: str) -> Path:
        if self._staging is None:
            self._staging = Path(tempfile.mkdtemp(prefix="aspara-artifact-"))
            self._finalizer = weakref.finalize(self, shutil.rmtree, self._staging, ignore_errors=True)
        return self._staging / name

    def _drop_staging(self) -> None:
        if self._staging is not None:
            self._staging = None
            self._finalizer()

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
            os.replace(draft, target)
        except FileNotFoundError:
            raise ArtifactDamaged(f"The content of {file.path!r} in {self.name!r} is gone.") from None
        finally:
            draft.unlink(missing_ok=True)
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


def store_version(artifact: Artifact, store: Collections, project: str, run: str, aliases: Sequence[str]) -> None:
    """Brings a draft's content into a project's store and makes it a version; raises OSError where the disk refuses."""
    if not artifact.is_draft():
        if artifact.project != project:
            raise UsageError(f"{artifact.qualified_name!r} belongs to another project; use new_draft() to log it here.")
        merged = list(dict.fromkeys([*artifact.aliases, *aliases]))
        artifact.aliases = merged
        artifact.save()
        return
    for file, content in artifact._contents():
        if not store.has(str(file.sha256)):
            store.put(read_chunks(content), expected=file.sha256)
    manifest = store.commit(
        artifact.collection_name,
        artifact.type,
        artifact._entries(),
        aliases=list(dict.fromkeys([*artifact.aliases, *aliases])),
        description=artifact.description,
        facts=json.loads(json.dumps(artifact.metadata, default=str)),
        tags=artifact.tags,
        run=run,
    )
    artifact._logged(store, project, manifest)


def send_version(
    artifact: Artifact,
    send: Callable[[Mapping[str, Path], Mapping[str, Any]], None],
    project: str,
    aliases: Sequence[str],
) -> None:
    """Hands a draft to what brings it to a tracker, which will number the version."""
    if not artifact.is_draft():
        raise NotRemote(
            f"{artifact.name!r} is logged already; a run at a tracker cannot give it aliases. Log a new_draft()."
        )
    entries = artifact._entries()
    manifest = {
        "name": artifact.collection_name,
        "type": artifact.type,
        "description": artifact.description,
        "metadata": json.loads(json.dumps(artifact.metadata, default=str)),
        "tags": artifact.tags,
        "entries": entries,
        "aliases": list(dict.fromkeys([*artifact.aliases, *aliases])),
    }
    send({str(file.sha256): content for file, content in artifact._contents()}, manifest)
    artifact._logged(None, project, {**manifest, "digest": manifest_digest(entries)})


def split_name(name: str, project: str | None) -> tuple[str | None, str, str]:
    """(project, name, version or alias) of ``[entity/][project/]name[:version]``."""
    path, _, reference = name.partition(":")
    parts = [part for part in path.split("/") if part]
    if not parts or len(parts) > 3:
        raise UsageError(f"{name!r}: give an artifact like 'weights:latest' or 'project/weights:v3'.")
    return (parts[-2] if len(parts) > 1 else project), parts[-1], reference or "latest"


def _files_below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found.extend(Path(place, name) for name in sorted(names) if Path(place, name).is_file())
    return found
