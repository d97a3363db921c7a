"""The files of an artifact while it is filled."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

from aspara.artifacts.file import ArtifactFile, FileOwner
from aspara.artifacts.media import object_of
from aspara.errors import ArtifactNotFound, InvalidName, UsageError
from aspara.storage.artifact_store import check_path, file_digest
from aspara.util.walk import files_below

_POLICIES = ("mutable", "immutable")


class ArtifactDraft:
    """The part of an artifact that takes files, until it is logged."""

    _files: dict[str, ArtifactFile]
    _sources: dict[str, Path]
    """Where the content of those that were added lies."""
    _staging: Path | None
    """The folder of copies, made with the first one."""

    @property
    def name(self) -> str:
        """The artifact's name."""
        raise NotImplementedError

    def is_draft(self) -> bool:
        """True until it is logged."""
        raise NotImplementedError

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
        """Adds all files of a folder and its folders, below `name` or at the top. Links to folders are followed, once each."""
        del skip_cache
        folder = Path(local_path)
        if not folder.is_dir():
            raise UsageError(f"There is no folder {os.fspath(local_path)!r} to add to the artifact.")
        for path in files_below(folder):
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
            return [self._put(self._file(path, 0, None, text))]
        source = Path(unquote(parts.path)) if parts.scheme == "file" else Path(text)
        if not source.exists():
            raise UsageError(f"There is nothing at {text!r} to refer to.")
        found = []
        for file in files_below(source) if source.is_dir() else [source]:
            inner = file.relative_to(source).as_posix() if source.is_dir() else ""
            place = "/".join(part for part in (name or ("" if source.is_dir() else source.name), inner) if part)
            sha256 = file_digest(file)[0] if checksum else None
            address = file.absolute().as_uri()
            found.append(self._put(self._file(check_path(place), file.stat().st_size, sha256, address)))
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
        self._put(self._file(place, size, sha256))

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

    # -- inside -------------------------------------------------------------------------------------------------------

    def _check_draft(self) -> None:
        if not self.is_draft():
            raise UsageError(f"{self.name!r} is logged and stays as it is. Use new_draft() for the next version.")

    def _file(self, path: str, size: int, sha256: str | None, ref: str | None = None) -> ArtifactFile:
        return ArtifactFile(cast("FileOwner", self), path, size, sha256, ref)

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
        return self._put(self._file(place, size, sha256))

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
