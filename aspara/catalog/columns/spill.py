"""Files without a name, for points that are too many for memory: what is in them is mapped, and gone with whoever holds it."""

from __future__ import annotations

import contextlib
import mmap
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from aspara.catalog.columns.chunk import Chunk
from aspara.catalog.columns.column_file import ColumnFileWriter, lay, mapped
from aspara.util import files

MUCH = 64 << 20
"""Bytes of points that stay in memory, unless it is said otherwise."""

Made = TypeVar("Made")


class SpillFiles:
    """Makes them in the first of some folders that takes them. ``much`` is how many bytes of points stay in memory."""

    def __init__(self, folders: Sequence[Path], much: int | None = None) -> None:
        self.much = MUCH if much is None else much
        self._folders = folders

    def keep(self, columns: Mapping[str, Sequence[Chunk]]) -> dict[str, Chunk] | None:
        """The columns, each given as stretches that follow one another, as one mapped stretch each; None where no folder has
        room: they have to stay in memory then.
        """

        def made(file: IO[bytes]) -> dict[str, Chunk]:
            writer = ColumnFileWriter(file)
            laid = lay(writer, columns)
            writer.flush()
            return mapped(_whole(file), 0, laid)

        return self._made(made) if columns else {}

    def array(self, kind: str, count: int, pieces: Iterable[Any]) -> tuple[Any, mmap.mmap] | None:
        """The pieces as one array of so many of numpy's `kind`, and what it is mapped from; None where no folder has room."""

        def made(file: IO[bytes]) -> tuple[Any, mmap.mmap]:
            import numpy as np

            writer = ColumnFileWriter(file)
            writer.array(pieces)
            writer.flush()
            content = _whole(file)
            return np.frombuffer(content, kind, count), content

        return self._made(made)

    def _made(self, make: Callable[[IO[bytes]], Made]) -> Made | None:
        for folder in self._folders:
            with contextlib.suppress(OSError, ValueError):
                files.make_folder(folder)
                with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                    return make(file)
        return None


def _whole(file: IO[bytes]) -> mmap.mmap:
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
