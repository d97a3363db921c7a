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
    """Where one of them lies; raises ArtifactNotFound naming some. Only what is listed is found, so nothing leads outside."""
    found = kept_files(paths)
    for relative, _, path in found:
        if relative == name:
            return path
    there = ", ".join(relative for relative, _, _ in found[:10]) or "none"
    raise ArtifactNotFound(f"Run {paths.run!r} keeps no file {name[:128]!r}. Its files: {there}.")
