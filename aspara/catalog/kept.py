"""The files in a run's own folder: artifacts, media, console, code; by their paths below it."""

from __future__ import annotations

import os
from pathlib import Path

from aspara.errors import ArtifactNotFound
from aspara.storage.layout import RunPaths


def kept_files(paths: RunPaths) -> list[tuple[str, int, Path]]:
    """(relative path, bytes, place) of every file kept with a run; hidden files and links are not listed."""
    folder = paths.folder
    found: list[tuple[str, int, Path]] = []
    if folder.is_symlink():
        return found
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(d for d in folders if not d.startswith(".") and not Path(place, d).is_symlink())
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or path.is_symlink():
                continue
            try:
                size = path.stat().st_size
            except OSError:  # it went away meanwhile
                continue
            if path.is_file():
                found.append((path.relative_to(folder).as_posix(), size, path))
    return found


def kept_file(paths: RunPaths, name: str) -> Path:
    """Where one of them lies; raises ArtifactNotFound naming some. Only what its folder lists is found, so nothing leads outside."""
    found = _listed(paths.folder, name)
    if found is not None:
        return found
    there = ", ".join(relative for relative, _, _ in kept_files(paths)[:10]) or "none"
    raise ArtifactNotFound(f"Run {paths.run!r} keeps no file {name[:128]!r}. Its files: {there}.")


def _listed(place: Path, name: str) -> Path | None:
    """The file `name` below a folder, looked for folder by folder; a run may keep very many that are none of its neighbours."""
    for part in name.split("/"):
        try:
            there = not place.is_symlink() and not part.startswith(".") and part in os.listdir(place)
        except OSError:  # it is a file, or went away meanwhile
            return None
        if not there:
            return None
        place = place / part
    return None if place.is_symlink() or not place.is_file() else place
