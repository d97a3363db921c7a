"""The words: a finding, the quarantine that takes what a repair sets aside, and what keeps writers out meanwhile."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from aspara.storage.layout import DOCTOR_PREFIX, RunPaths
from aspara.util import files, os_compat

Severity = Literal["problem", "note"]
"""A problem costs data, or keeps it from being seen; a note is worth knowing."""


class Quarantine:
    """``<data_dir>/.doctor-<date>``: made when something is first moved there. ``moved.jsonl`` in it says what came from where."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.folder = data_dir / f"{DOCTOR_PREFIX}{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"

    def take(self, path: Path, why: str) -> None:
        """Moves `path` to its like place in the quarantine."""
        target = self._place(path)
        os_compat.rename(path, target)
        files.sync_folder(path.parent)
        self.note({"moved": self._relative(path), "to": str(target.relative_to(self.folder)), "why": why})

    def keep(self, path: Path, content: bytes, why: str) -> None:
        """Keeps `content` of `path`, which is about to be taken out of it."""
        target = self._place(path)
        files.replace(target, content)
        self.note({"kept": str(target.relative_to(self.folder)), "of": self._relative(path), "why": why})

    @contextlib.contextmanager
    def keeping(self, path: Path, why: str, ending: str) -> Iterator[IO[bytes]]:
        """A file for parts of `path` that are about to be taken out of it, however long; safe on the disk when the block ends."""
        target = self._place(path.with_name(path.name + ending))
        descriptor = os_compat.open_file(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, files.FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os_compat.sync(file.fileno())
        except BaseException:
            os_compat.remove(target, missing_ok=True)
            raise
        files.sync_folder(target.parent)
        self.note({"kept": str(target.relative_to(self.folder)), "of": self._relative(path), "why": why})

    def note(self, what: dict[str, Any]) -> None:
        """Writes down what was changed, so that it can be undone."""
        import orjson

        files.make_folder(self.folder)
        descriptor = files.open_append(self.folder / "moved.jsonl")
        try:
            os.write(descriptor, orjson.dumps(what) + b"\n")
            os_compat.sync(descriptor)
        finally:
            os.close(descriptor)

    def _relative(self, path: Path) -> str:
        return os.fsencode(os.path.relpath(path, self._data_dir)).decode("utf-8", "replace")

    def _place(self, path: Path) -> Path:
        try:
            relative = path.relative_to(self._data_dir)
        except ValueError:
            relative = Path(path.name)
        target = self.folder / relative
        files.make_folder(target.parent)
        number = 1
        while os.path.lexists(target):
            number += 1
            target = target.with_name(f"{relative.name}.{number}")
        return target


Repair = Callable[[Quarantine], str]
"""Repairs something, reversibly, and says what it did."""


@dataclass
class Finding:
    """Something found. ``fix`` says what a repair would do (None: nobody but a person can); ``fixed`` what it did."""

    kind: str
    severity: Severity
    where: str
    what: str
    line: int | None = None
    count: int = 1
    fix: str | None = None
    repair: Repair | None = field(default=None, repr=False)
    fixed: str | None = None
    failed: str | None = None

    @property
    def remains(self) -> bool:
        """True for a problem that is still there."""
        return self.severity == "problem" and self.fixed is None

    def mend(self, quarantine: Quarantine) -> None:
        """Repairs it if that can be done; a repair that fails says why and changes nothing else."""
        if self.repair is None or self.fixed is not None:
            return
        try:
            self.fixed = self.repair(quarantine)
        except OSError as error:
            self.failed = str(error.strerror or error)
        except LiveRunSkipped as error:
            self.failed = str(error)

    def json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {name: value for name, value in vars(self).items() if name != "repair"}


class LiveRunSkipped(Exception):
    """A repair would touch what somebody is using."""


@contextlib.contextmanager
def held(paths: RunPaths) -> Iterator[None]:
    """Keeps writers out of the run while it is repaired; raises Untouchable when there is one."""
    descriptors: list[int] = []
    try:
        for path in paths.lock_files():
            if path.is_file():
                descriptors.append(files.open_append(path))
                if files.try_lock(descriptors[-1]) is False:
                    raise LiveRunSkipped("the run is being written; repair it when it has ended")
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
