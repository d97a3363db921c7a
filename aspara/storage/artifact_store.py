"""Versioned artifacts of a project: content once each, manifests v0, v1, …, and aliases that mean one of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from aspara.errors import ArtifactNotFound, InvalidName, UsageError
from aspara.names import is_file_name
from aspara.storage import metadata
from aspara.storage.atomic_copy import drafted, read_chunks
from aspara.storage.layout import ArtifactPaths
from aspara.util import files, os_compat

CHUNK = 1 << 20
LATEST = "latest"
_ALIAS = re.compile(r"[^\s/:,]{1,128}")
_VERSION = re.compile(r"v\d{1,9}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_YOUNG = 3600.0

Entry = dict[str, Any]
"""A file of an artifact: ``{"path", "sha256", "size"}``, or ``{"path", "ref", …}`` for one that stays where it is."""


class ArtifactStore:
    """Reads and writes the versioned artifacts of one project. Several processes may do so at once."""

    def __init__(self, paths: ArtifactPaths) -> None:
        self.paths = paths

    # -- content ------------------------------------------------------------------------------------------------------

    def has(self, sha256: str) -> bool:
        """Whether that content is there; a content that is used again counts as young, so that no cleaning takes it."""
        path = self.paths.blob(sha256)
        try:
            os.utime(path)
        except OSError:
            return False
        return path.is_file()

    def put(self, chunks: Iterable[bytes], *, expected: str | None = None, limit: int | None = None) -> tuple[str, int]:
        """Keeps content and returns its (sha256, size). Raises TooLarge, or UsageError where it is not the `expected` one."""
        files.make_folder(self.paths.blobs)
        draft = self.paths.blobs / f".{os.getpid()}-{time.monotonic_ns()}-{os.urandom(4).hex()}.tmp"
        digest = hashlib.sha256()
        with drafted(draft, _noted(chunks, digest.update), limit=limit, what="content") as size:
            found = digest.hexdigest()
            if expected is not None and found != expected:
                raise UsageError("The content is not what its name says; it was damaged on its way.")
            target = self.paths.blob(found)
            if self.has(found):
                os_compat.remove(draft)
            else:
                files.make_folder(target.parent)
                os_compat.replace(draft, target)
                files.sync_folder(target.parent)
        return found, size

    def content(self, name: str, version: str, entry: Mapping[str, Any]) -> Path:
        """Where the content of a file lies; the entry's fingerprint alone decides."""
        del name, version
        return self.paths.blob(str(entry.get("sha256")))

    # -- versions -----------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of all artifacts, sorted."""
        return self.paths.names()

    def commit(
        self,
        name: str,
        kind: str,
        entries: Sequence[Entry],
        *,
        aliases: Sequence[str] = (),
        description: str | None = None,
        facts: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        run: str | None = None,
    ) -> dict[str, Any]:
        """Makes a version, unless the latest one holds the same: then that one gets the aliases. Returns its manifest.

        All content must be there already. ``latest`` moves to it.
        """
        checked_aliases(aliases)
        ordered = sorted((dict(e) for e in entries), key=lambda e: str(e["path"]))
        _check_entries(ordered)
        for entry in ordered:
            if "ref" not in entry and not self.has(entry["sha256"]):
                raise UsageError(f"The content of {entry['path']!r} is missing; send it before the version.")
        folder = files.make_folder(self.paths.collection(name))
        digest = manifest_digest(ordered)
        with files.folder_lock(folder):
            numbers = self.paths.numbers(name)
            last = self._read(name, numbers[-1]) if numbers else None
            if last is not None and last.get("type") != kind:
                raise UsageError(
                    f"The artifact {name!r} is of type {last.get('type')!r}, not {kind!r}; give another name."
                )
            if last is not None and last.get("digest") == digest:
                found = last
            else:
                # A number is never used twice, even if the last version was deleted.
                number = max([-1, *numbers, self._aliases(name).get("", -1)]) + 1
                found = {
                    "name": name,
                    "version": f"v{number}",
                    "type": kind,
                    "description": description,
                    "metadata": dict(facts or {}),
                    "tags": list(tags),
                    "created_at": time.time_ns() // 1_000_000,
                    "run": run,
                    "digest": digest,
                    "size": sum(int(e.get("size") or 0) for e in ordered),
                    "entries": ordered,
                }
                files.replace_json(self.paths.manifest(name, number), found)
            number = int(found["version"][1:])
            known = self._aliases(name)
            known.update(dict.fromkeys((LATEST, *aliases), number))
            known[""] = max(number, known.get("", -1))
            files.replace_json(self.paths.aliases(name), known)
        return self._with_aliases(name, found)

    def keep(self, contents: Mapping[str, Path], manifest: Mapping[str, Any], run: str | None = None) -> dict[str, Any]:
        """Puts in content by its SHA-256, as far as it is not there, and makes a version of it; its manifest."""
        for sha256, path in contents.items():
            if not self.has(sha256):
                self.put(read_chunks(path), expected=sha256)
        return self.commit(
            manifest["name"],
            manifest["type"],
            manifest["entries"],
            aliases=manifest["aliases"],
            description=manifest["description"],
            facts=manifest["metadata"],
            tags=manifest["tags"],
            run=run,
        )

    def manifest(self, name: str, reference: str = LATEST) -> dict[str, Any]:
        """A version by its number (``v3``), alias or digest; raises ArtifactNotFound naming those there are."""
        try:
            numbers = self.paths.numbers(name)
        except InvalidName:
            numbers = []
        if not numbers:
            raise self._unknown(name)
        known = self._aliases(name)
        number = int(reference[1:]) if _VERSION.fullmatch(reference) else known.get(reference) if reference else None
        if reference == LATEST and number not in numbers:
            number = numbers[-1]
        if number in numbers:
            assert number is not None
            return self._with_aliases(name, self._read(name, number))
        for each in reversed(numbers):
            found = self._read(name, each)
            if found.get("digest") == reference:
                return self._with_aliases(name, found)
        there = [*(f"v{n}" for n in numbers), *sorted(a for a in known if a)]
        raise ArtifactNotFound(f"The artifact {name!r} has no version {reference[:128]!r}. It has {_some(there)}.")

    def versions(self, name: str) -> list[dict[str, Any]]:
        """All versions of an artifact that can be read, the newest first; raises ArtifactNotFound where there is none."""
        found, error = [], None
        for number in reversed(self.paths.numbers(name) if is_file_name(name) else []):
            try:
                found.append(self._with_aliases(name, self._read(name, number)))
            except ArtifactNotFound as broken:
                error = broken
        if not found:
            raise error or self._unknown(name)
        return found

    def change(
        self, name: str, version: str, changes: Mapping[str, Any], aliases: Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Changes description, metadata or tags of a version, and which aliases mean it (None: leaves them)."""
        if aliases is not None:
            checked_aliases([a for a in aliases if a != LATEST])
        number = int(version[1:])
        with files.folder_lock(self.paths.collection(name)):
            found = self._read(name, number)
            found.update({k: v for k, v in changes.items() if k in ("description", "metadata", "tags")})
            files.replace_json(self.paths.manifest(name, number), found)
            if aliases is not None:
                known = {a: n for a, n in self._aliases(name).items() if n != number or a in ("", *aliases)}
                known.update(dict.fromkeys(aliases, number))
                files.replace_json(self.paths.aliases(name), known)
        return self._with_aliases(name, found)

    def delete(self, name: str, version: str) -> None:
        """Removes a version, and content that no other version of the project holds."""
        number = int(version[1:])
        with files.folder_lock(self.paths.collection(name)):
            os_compat.remove(self.paths.manifest(name, number), missing_ok=True)
            known = {a: n for a, n in self._aliases(name).items() if n != number or not a}
            if self.paths.numbers(name):
                files.replace_json(self.paths.aliases(name), known)
        if not self.paths.numbers(name):
            shutil.rmtree(self.paths.collection(name), ignore_errors=True)
        self.clean()

    def clean(self, young: float = _YOUNG) -> int:
        """Removes content that no version holds; what is younger than `young` seconds may belong to one being made. Nothing is
        removed while a manifest cannot be read: nobody knows what it holds.
        """
        held: set[Any] = set()
        for name in self.paths.names():
            for number in self.paths.numbers(name):
                try:
                    entries = metadata.read(self.paths.manifest(name, number)).get("entries")
                except FileNotFoundError:
                    continue
                except (OSError, ValueError):
                    return 0
                if not isinstance(entries, list) or not all(map(is_entry, entries)):
                    return 0
                held.update(entry.get("sha256") for entry in entries)
        removed = 0
        for place, _, names in os.walk(self.paths.blobs):
            for sha256 in names:
                path = Path(place, sha256)
                with contextlib.suppress(OSError):
                    if sha256 not in held and time.time() - path.stat().st_mtime > young:
                        os_compat.remove(path)
                        removed += 1
        return removed

    def _unknown(self, name: str) -> ArtifactNotFound:
        return ArtifactNotFound(
            f"There is no artifact {name[:128]!r} in this project. Artifacts: {_some(self.paths.names())}."
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _read(self, name: str, number: int) -> dict[str, Any]:
        try:
            found = metadata.read(self.paths.manifest(name, number))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error  # without the path: pages tell none
            raise ArtifactNotFound(f"The manifest of {name}:v{number} cannot be read: {why}.") from None
        return _sound(found, name, number)

    def _aliases(self, name: str) -> dict[str, int]:
        """Alias → number; under the empty name the highest number ever given."""
        found = metadata.read_or_empty(self.paths.aliases(name))
        return {a: n for a, n in found.items() if isinstance(n, int)}

    def _with_aliases(self, name: str, found: dict[str, Any]) -> dict[str, Any]:
        number = int(found["version"][1:])
        known = self._aliases(name)
        return {**found, "aliases": sorted(a for a, n in known.items() if a and n == number)}


def _sound(found: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """A manifest, whatever a file said: what is of another kind than it should be is left out."""
    kinds: dict[str, type] = {"metadata": dict, "tags": list, "size": int, "created_at": int, "entries": list}
    kinds.update(dict.fromkeys(("type", "description", "run", "digest"), str))
    for key in found.keys() & kinds.keys():
        if not isinstance(found[key], kinds[key]):
            found[key] = None
    found["name"], found["version"] = name, f"v{number}"
    found["metadata"] = found.get("metadata") or {}
    found["tags"] = [str(tag) for tag in found.get("tags") or ()]
    found["entries"] = [e for e in found.get("entries") or () if is_entry(e)]
    for key in list(found):
        try:
            orjson.dumps(found[key])
        except TypeError:  # depth, numbers or characters that no answer can hold
            found[key] = {} if key == "metadata" else [] if key in ("tags", "entries") else None
    return found


def is_entry(entry: Any) -> bool:
    """True for what describes one file of a version."""
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return False
    if not isinstance(entry.get("size"), int | None) or not isinstance(entry.get("ref"), str | None):
        return False
    return "ref" in entry or (isinstance(entry.get("sha256"), str) and bool(_SHA256.fullmatch(entry["sha256"])))


def checked_aliases(aliases: Sequence[str]) -> list[str]:
    """`aliases` themselves; raises InvalidName for what could be mistaken for a version or a path."""
    for alias in aliases:
        if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or _VERSION.fullmatch(alias):
            raise InvalidName(
                f"alias={str(alias)[:80]!r}: an alias is text without blanks, '/', ':' and ',', and not of the form v3."
            )
    return list(aliases)


def check_path(path: Any) -> str:
    """`path` itself if it is a relative path below an artifact: no '..', no empty part, no control characters."""
    text = str(path)
    parts = text.split("/")
    if (
        not text
        or len(text.encode("utf-8", "replace")) > 1024
        or any(part in ("", ".", "..") for part in parts)
        or any(ord(c) < 32 or c == "\\" or 0xD800 <= ord(c) <= 0xDFFF for c in text)
    ):
        raise InvalidName(f"{text[:80]!r} is no path within an artifact: give one like 'weights/model.pt'.")
    return text


def manifest_digest(entries: Iterable[Entry]) -> str:
    """What tells the content of a version: equal for equal paths and contents."""
    lines = [json.dumps([e["path"], e.get("sha256"), e.get("ref")], ensure_ascii=False) for e in entries]
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "replace")).hexdigest()


def file_digest(path: Path, copy: Callable[[bytes], Any] | None = None) -> tuple[str, int]:
    """(sha256, size) of a file; `copy` is given each piece on the way."""
    digest, size = hashlib.sha256(), 0
    for chunk in read_chunks(path):
        digest.update(chunk)
        size += len(chunk)
        if copy is not None:
            copy(chunk)
    return digest.hexdigest(), size


def _noted(chunks: Iterable[bytes], note: Callable[[bytes], Any]) -> Iterator[bytes]:
    for chunk in chunks:
        note(chunk)
        yield chunk


def _check_entries(entries: Sequence[Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        path = check_path(entry.get("path"))
        if path in seen:
            raise UsageError(f"The artifact has two files {path!r}.")
        seen.add(path)
        if "ref" not in entry and not re.fullmatch(r"[0-9a-f]{64}", str(entry.get("sha256"))):
            raise UsageError(f"The fingerprint of {path!r} is no sha256.")


def _some(found: Sequence[str]) -> str:
    return (", ".join(found[:10]) + (f" and {len(found) - 10} more" if len(found) > 10 else "")) or "none"
