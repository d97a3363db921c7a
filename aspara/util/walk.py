"""The files of a folder and of its folders, also of those that links lead to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Every file below `folder`, in the order of names. Links to folders are followed, but never into a folder that is being
    walked already; a link that leads nowhere is left out.
    """
    yield from _below(Path(folder), frozenset())


def _below(folder: Path, above: frozenset[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = folder / entry.name
        if entry.is_dir():
            yield from _below(path, above | {real})
        elif entry.is_file():
            yield path
