"""The files in a run's own folder: artifacts, media, console, code; by their paths below it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import Any

from aspara.catalog.parsing.line_reader import open_rows
from aspara.errors import ArtifactNotFound
from aspara.storage import metadata
from aspara.storage.layout import DIFF, PACKAGES, RunPaths

_MOST_CAPTURED = 8 << 20


def artifacts(paths: RunPaths, said: Any) -> list[dict[str, Any]]:
    """A run's artifacts: those its metadata lists (``said``) and those that merely lie there; links are not listed."""
    listed = {
        a["name"]: a
        for a in (said if isinstance(said, list) else ())
        if isinstance(a, dict) and isinstance(a.get("name"), str)
    }
    found: list[dict[str, Any]] = []
    if _behind_link(paths.artifacts):
        return found
    for name, size, path in _below(paths.artifacts, _saved_hidden(paths)):
        known = listed.get(name, {})
        with contextlib.suppress(OSError):  # it went away meanwhile
            found.append(
                {
                    "name": name,
                    "file_size": size,
                    "timestamp": known.get("timestamp") or int(path.stat().st_mtime * 1000),
                    "description": known.get("description"),
                    "category": known.get("category"),
                }
            )
    return found


def artifact_path(paths: RunPaths, name: str) -> Path:
    """Where an artifact of a run lies; raises ArtifactNotFound, for links too."""
    path = None if _behind_link(paths.artifacts) else _listed(paths, paths.artifacts, name)
    if path is None:
        there = [a["name"] for a in artifacts(paths, None)]
        some = ", ".join(there[:10]) + (f" and {len(there) - 10} more" if len(there) > 10 else "") if there else "none"
        raise ArtifactNotFound(f"Run {paths.run!r} keeps no artifact {name[:128]!r}. Its artifacts: {some}.")
    return path


def captured(paths: RunPaths, name: str) -> bytes:
    """A text captured beside a run: ``diff.patch`` or ``requirements.txt``; raises ArtifactNotFound, for links too."""
    path = paths.folder / name
    if name not in (DIFF, PACKAGES):
        raise ArtifactNotFound(f"{name[:80]!r} is nothing that is captured; {DIFF} and {PACKAGES} are.")
    try:
        if path.parent.is_symlink():
            raise FileNotFoundError
        with os.fdopen(open_rows(path), "rb") as file:
            return file.read(_MOST_CAPTURED)
    except OSError:
        raise ArtifactNotFound(
            f"Run {paths.run!r} has no {name}: nothing was changed, or it was not captured (ASPARA_CAPTURE)."
        ) from None


def _behind_link(folder: Path) -> bool:
    """True for a folder of a run that is a link, or stands in one: it could lead anywhere."""
    try:
        return folder.is_symlink() or folder.parent.is_symlink()
    except PermissionError:  # and so it is for a folder that cannot be looked into
        return True


def kept_files(paths: RunPaths) -> list[tuple[str, int, Path]]:
    """(relative path, bytes, place) of every file kept with a run; links are not listed, and hidden files only among what the
    program saved.
    """
    return _below(paths.folder, {f"{paths.artifacts.name}/{name}" for name in _saved_hidden(paths)})


def _is_hidden(name: str) -> bool:
    """Whether a path below a folder is hidden, or lies in a hidden folder."""
    return name.startswith(".") or "/." in name


def _saved_hidden(paths: RunPaths) -> set[str]:
    """The hidden files that the program has saved with its run, by their paths below its artifacts: the only ones that are
    listed and served. What merely lies there is not.
    """
    entries = metadata.read_or_empty(paths.metadata).get("artifacts")
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {name for name in names if isinstance(name, str) and _is_hidden(name)}


def _below(folder: Path, hidden: set[str]) -> list[tuple[str, int, Path]]:
    """Files below a folder; of the hidden ones those whose paths are in `hidden`."""
    found: list[tuple[str, int, Path]] = []
    if folder.is_symlink():
        return found
    inside = {parent.as_posix() for name in hidden for parent in PurePosixPath(name).parents}
    for place, folders, names in os.walk(folder):
        above = Path(place).relative_to(folder)
        folders[:] = sorted(
            d
            for d in folders
            if (not _is_hidden(below := (above / d).as_posix()) or below in inside) and not Path(place, d).is_symlink()
        )
        for name in sorted(names):
            path = Path(place, name)
            relative = (above / name).as_posix()
            if (_is_hidden(relative) and relative not in hidden) or path.is_symlink():
                continue
            try:
                size = path.stat().st_size
            except OSError:  # it went away meanwhile
                continue
            if path.is_file():
                found.append((relative, size, path))
    return found


def kept_file(paths: RunPaths, name: str) -> Path:
    """Where one of them lies; raises ArtifactNotFound naming some. Only what its folder lists is found, so nothing leads outside."""
    found = _listed(paths, paths.folder, name)
    if found is not None:
        return found
    there = ", ".join(relative for relative, _, _ in kept_files(paths)[:10]) or "none"
    raise ArtifactNotFound(f"Run {paths.run!r} keeps no file {name[:128]!r}. Its files: {there}.")


def _listed(paths: RunPaths, place: Path, name: str) -> Path | None:
    """The file `name` below a folder, looked for folder by folder; a run may keep very many that are none of its neighbours."""
    saved = name if place == paths.artifacts else name.removeprefix(f"{paths.artifacts.name}/")
    if _is_hidden(name) and (saved not in _saved_hidden(paths) or ".." in name.split("/")):
        return None
    for part in name.split("/"):
        try:
            there = not place.is_symlink() and part in os.listdir(place)
        except OSError:  # it is a file, or went away meanwhile
            return None
        if not there:
            return None
        place = place / part
    return None if place.is_symlink() or not place.is_file() else place
