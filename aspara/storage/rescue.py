"""Where rows and metadata go that found no place on a full disk by the end of their run: the user's state folder.

    <state>/spill/<data directory's digest>/data_dir.txt                  which data directory they belong to
    <state>/spill/<data directory's digest>/<project>/<run>-<pid>.jsonl   the rows
    <state>/spill/<data directory's digest>/<project>/<run>-<pid>.json    changes of the metadata

`aspara doctor --fix` puts them back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aspara import settings
from aspara.types import Losses
from aspara.util import files

_OWNER = "data_dir.txt"


@dataclass(frozen=True)
class RescuedRows:
    """What waits: its file (``.jsonl`` rows, ``.json`` metadata), and the data directory, project and run it belongs to."""

    path: Path
    data_dir: Path
    project: str
    run: str

    @property
    def is_rows(self) -> bool:
        """Whether it is rows."""
        return self.path.suffix == ".jsonl"

    @property
    def pid(self) -> str:
        """The process that left it."""
        return self.path.stem.rpartition("-")[2]


def shelter(data_dir: Path, project: str, run: str, ending: str = "jsonl") -> Path:
    """The file for what this process has of a run; its folder is made. Raises OSError."""
    home = _home(data_dir)
    folder = files.make_folder(home / project)
    owner = home / _OWNER
    if not owner.exists():
        files.replace(owner, os.fsencode(os.path.realpath(data_dir)) + b"\n")
    return folder / f"{run}-{os.getpid()}.{ending}"


def rescue(lines: list[bytes], lost: int, data_dir: Path, project: str, run: str) -> Losses:
    """Brings the rows that found no place to their shelter; what became of them and of the `lost` ones. It never raises."""
    if not lines:
        return Losses(lost, 0, "the disk was full" if lost else "")
    try:
        path = shelter(data_dir, project, run)
        descriptor = files.open_append(path)
        try:
            for line in lines:
                os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        return Losses(lost + len(lines), 0, str(error.strerror or error))
    return Losses(lost, len(lines), f"they are in {path}; `aspara doctor --fix` puts them back")


def rescue_changes(changes: Mapping[str, Any], data_dir: Path, project: str, run: str) -> str:
    """Brings changes of the metadata that found no place to their shelter; says what became of them. It never raises."""
    try:
        path = shelter(data_dir, project, run, "json")
        files.replace_json(path, dict(changes))
    except OSError as error:
        return f"they are lost ({error.strerror or error})"
    return f"they are in {path}; `aspara doctor --fix` puts them back"


def sheltered() -> Iterator[RescuedRows]:
    """All that waits, of any data directory."""
    for home in _folders(settings.state_dir() / "spill"):
        try:
            data_dir = Path(os.fsdecode((home / _OWNER).read_bytes().rstrip(b"\n")))
        except OSError:
            continue
        for project in _folders(home):
            for path in sorted([*project.glob("*.jsonl"), *project.glob("*.json")]):
                yield RescuedRows(path, data_dir, project.name, path.stem.rpartition("-")[0])


def _home(data_dir: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(os.path.realpath(data_dir))).hexdigest()[:16]
    return settings.state_dir() / "spill" / digest


def _folders(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    return []
