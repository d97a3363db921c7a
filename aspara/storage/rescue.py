"""Where rows and metadata go that their disk refuses: the user's state folder.

    <state>/spill/<data directory's digest>/data_dir.txt      which data directory they belong to
    <state>/spill/<digest>/<project>/<run>-<key>/run.json     whose they are: run id, start, writer, process, place in the row file
    <state>/spill/<digest>/<project>/<run>-<key>/rows.jsonl   the rows; locked while their writer lives
    <state>/spill/<digest>/<project>/<run>-<key>/metadata.json   changes of the metadata

The writer moves the rows into its file as soon as that takes them. What is left when it has ended, `aspara doctor --fix` puts
back into the very run: a name may belong to another run by then, so the run is known by its id and start.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aspara import settings
from aspara.storage import metadata
from aspara.storage.heartbeat import boot_id
from aspara.storage.layout import RunPaths
from aspara.types import Losses, RunIdentity
from aspara.util import files, os_compat

_OWNER = "data_dir.txt"
_ABOUT, _ROWS, _CHANGES = "run.json", "rows.jsonl", "metadata.json"


@dataclass(frozen=True)
class RescuedRows:
    """What one writer left: its files, the data directory it belongs to, and whose it is."""

    rows: Path | None
    changes: Path | None
    data_dir: Path
    project: str
    run: str
    key: str
    about: Mapping[str, Any]
    """The content of ``run.json``; empty where that is missing, so that nobody knows which run it was."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        found = self.rows or self.changes
        assert found is not None
        return found

    @property
    def identity(self) -> tuple[str, Any] | None:
        """The run's id and start; None where nobody knows."""
        run_id = self.about.get("run_id")
        return (run_id, self.about.get("start_time")) if isinstance(run_id, str) else None

    def of_process(self, found: Mapping[str, Any]) -> bool:
        """Whether the process that left it is the last one that led the run with the metadata `found`."""
        return bool(self.about) and all(found.get(name) == self.about.get(name) for name in ("pid", "boot_id"))

    def being_written(self) -> bool:
        """Whether its writer lives."""
        return self.rows is not None and files.is_locked(self.rows)

    def remove(self) -> None:
        """Removes all of it: it has found its place."""
        for path in (self.rows, self.changes):
            if path is not None:
                os_compat.remove(path, missing_ok=True)
        if self.about:
            shutil.rmtree(self.path.parent, ignore_errors=True)


class RescueFolder:
    """Where one writer of a run leaves what its disk refuses; made when it is needed."""

    def __init__(self, paths: RunPaths, identity: RunIdentity, writer: str | None) -> None:
        self._paths = paths
        self._identity = identity
        self._writer = writer
        self._data_dir = paths.project_dir.parent
        self._folder: Path | None = None
        self._about: dict[str, Any] = {}

    @property
    def rows(self) -> Path | None:
        """Where the rows lie; None while there are none."""
        return None if self._folder is None else self._folder / _ROWS

    def open(self, path: Path, offset: int) -> int:
        """A locked descriptor for rows that belong into the row file `path`, from byte `offset` on. Raises OSError."""
        about: dict[str, Any] = {"rows": path.relative_to(self._paths.project_dir).as_posix(), "offset": offset}
        with contextlib.suppress(OSError):
            state = path.stat()
            about["file"] = [state.st_dev, state.st_ino]
        folder = self._made(about)
        descriptor = files.open_append(folder / _ROWS)
        files.try_lock(descriptor)
        return descriptor

    def reopen(self) -> int:
        """A descriptor for rows that are there already, after somebody closed the first one. Raises OSError."""
        if self.rows is None or not self.rows.exists():
            raise FileNotFoundError(self.rows)
        descriptor = files.open_append(self.rows)
        files.try_lock(descriptor)
        return descriptor

    def clear(self) -> None:
        """Takes the rows out: all of them are in their file. The next trouble may be near, so the place stays."""
        if self.rows is not None:
            with contextlib.suppress(OSError):
                os.truncate(self.rows, 0)

    def remove(self) -> None:
        """Removes what nothing lies in any more."""
        folder, rows = self._folder, self.rows
        if folder is None or rows is None or (folder / _CHANGES).exists():
            return
        if not rows.exists() or not rows.stat().st_size:
            self._folder = None
            shutil.rmtree(folder, ignore_errors=True)

    def rescue(self, path: Path, lines: list[bytes], kept: int, lost: int) -> Losses:
        """Brings rows that found no place by the end to the `kept` ones that lie here; what became of them and of the `lost`
        ones. It never raises.
        """
        if not lines and not kept:
            return Losses(lost, 0, "the disk was full" if lost else "")
        reason = ""
        if lines:
            try:
                try:
                    descriptor = self.reopen()
                except FileNotFoundError:
                    descriptor = self.open(path, path.stat().st_size if path.exists() else 0)
                try:
                    whole = b"".join(lines)
                    size = os.fstat(descriptor).st_size
                    taken = os.write(descriptor, whole)
                    if taken != len(whole):
                        fitting = whole.rfind(b"\n", 0, taken) + 1
                        os.ftruncate(descriptor, size + fitting)
                        fit = whole.count(b"\n", 0, fitting)
                        kept, lost, reason = kept + fit, lost + len(lines) - fit, "; the rest found no place anywhere"
                    else:
                        kept += len(lines)
                    os_compat.sync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                lost += len(lines)
                reason = f"; the rest found no place there ({error.strerror or error})"
                if not kept:
                    return Losses(lost, 0, str(error.strerror or error))
        return Losses(lost, kept, f"they are in {self.rows}{reason}; `aspara doctor --fix` puts them back")

    def rescue_changes(self, changes: Mapping[str, Any]) -> str:
        """Brings changes of the metadata that found no place here; says what became of them. It never raises."""
        try:
            path = self._made({}) / _CHANGES
            files.replace_json(path, dict(changes))
        except OSError as error:
            return f"they are lost ({error.strerror or error})"
        return f"they are in {path}; `aspara doctor --fix` puts them back"

    def _made(self, place: Mapping[str, Any]) -> Path:
        """The folder, and in it the word whose it is."""
        if self._folder is not None:
            if place:
                self._write(self._folder, place)
            return self._folder
        home = _home(self._data_dir)
        folder = files.make_folder(home / self._identity.project / f"{self._identity.run}-{os.urandom(8).hex()}")
        owner = home / _OWNER
        if not owner.exists():
            files.replace(owner, os.fsencode(os.path.realpath(self._data_dir)) + b"\n")
        found = metadata.read_or_empty(self._paths.metadata)
        if not metadata.is_of(found, self._identity.id):
            found = {}  # another run has taken the place of this one
        self._about = {
            "run_id": self._identity.id,
            "start_time": found.get("start_time", self._identity.metadata.get("start_time")),
            "name": self._identity.name,
            "writer": self._writer,
            "pid": os.getpid(),
            "boot_id": boot_id(),
        }
        self._write(folder, place)
        self._folder = folder
        return folder

    def _write(self, folder: Path, place: Mapping[str, Any]) -> None:
        about = {**self._about, "since": time.time_ns() // 1_000_000, **place}
        draft = folder / f".{_ABOUT}.tmp"
        # Nobody waits for the disk here: log() is being called.
        draft.write_bytes(orjson.dumps(about))
        os_compat.replace(draft, folder / _ABOUT)


def sheltered() -> Iterator[RescuedRows]:
    """All that waits, of any data directory."""
    for home in _folders(settings.state_dir() / "spill"):
        try:
            data_dir = Path(os.fsdecode((home / _OWNER).read_bytes().rstrip(b"\n")))
        except OSError:
            continue
        for project in _folders(home):
            for folder in _folders(project):
                run, _, key = folder.name.rpartition("-")
                rows, changes = (
                    path if path.is_file() and path.stat().st_size else None
                    for path in (folder / _ROWS, folder / _CHANGES)
                )
                if rows or changes:
                    yield RescuedRows(rows, changes, data_dir, project.name, run, key, _about(folder))
            # Files beside each other, as they once lay: nothing in them says which run of that name they belong to.
            for path in sorted([*project.glob("*.jsonl"), *project.glob("*.json")]):
                run, _, key = path.stem.rpartition("-")
                is_rows = path.suffix == ".jsonl"
                yield RescuedRows(
                    path if is_rows else None, None if is_rows else path, data_dir, project.name, run, key, {}
                )


def _about(folder: Path) -> dict[str, Any]:
    try:
        found = orjson.loads((folder / _ABOUT).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _home(data_dir: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(os.path.realpath(data_dir))).hexdigest()[:16]
    return settings.state_dir() / "spill" / digest


def _folders(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    return []
