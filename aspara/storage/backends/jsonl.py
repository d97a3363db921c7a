"""Rows stay in one JSON-lines file."""

from __future__ import annotations

from pathlib import Path

from aspara.storage.backends import RowWriter
from aspara.storage.layout import RunPaths


class Backend:
    """The row file is all there is."""

    def __init__(self, writer: RowWriter) -> None:
        del writer

    @staticmethod
    def row_file(paths: RunPaths, writer: str | None) -> Path:
        """The run's row file, or the further writer's."""
        return paths.rows if writer is None else paths.writer_rows(writer)

    def sync(self) -> None:
        """Nothing to do."""

    def begin_end(self) -> None:
        """Nothing to do."""

    def finish_end(self, deadline: float) -> None:
        """Nothing to wait for."""
        del deadline
