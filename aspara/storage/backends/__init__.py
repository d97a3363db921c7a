"""How rows are kept: one module for each storage backend, by the names in :data:`aspara.settings.STORAGE_BACKENDS`.

A backend says which file a writer appends its rows to, and what becomes of that file as it grows and when the run ends. To add one,
write a module with a class `Backend` that meets :class:`StorageBackend`, and name it in that table.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from aspara import settings
from aspara.storage.layout import RunPaths
from aspara.util.append_file import AppendFile


class RowWriter(NamedTuple):
    """The writer whose rows a backend keeps."""

    paths: RunPaths
    file: AppendFile
    host: str
    """A fingerprint of this host."""
    run_name: str
    leads: bool
    """Whether its end is the run's end."""
    warn: Callable[[str], None]
    """Takes a sentence for the user."""


class StorageBackend(Protocol):
    """What becomes of one writer's rows after they are in its row file. No method raises for a disk that refuses."""

    def __init__(self, writer: RowWriter) -> None: ...

    @staticmethod
    def row_file(paths: RunPaths, writer: str | None) -> Path:
        """The file that the main writer (None) or a further one appends to. Where it is not `paths.rows`, or `paths.writer_rows`,
        that one is an empty file whose lock says that the writer lives.
        """

    def sync(self) -> None:
        """Called about once a second, off the training thread, when the rows have been forced to disk."""

    def begin_end(self) -> None:
        """Called when the run ends, before the row file is closed."""

    def finish_end(self, deadline: float) -> None:
        """Called with the row file closed; waits until `deadline` (monotonic seconds) at most."""


def backend_class(name: str) -> type[StorageBackend]:
    """The backend of that name. Raises KeyError for a name that :func:`aspara.settings.storage_backend` would refuse."""
    found: type[StorageBackend] = importlib.import_module(settings.STORAGE_BACKENDS[name]).Backend
    return found
