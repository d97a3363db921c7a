"""Rows move into Parquet, in the background, whenever there are enough of them."""

from __future__ import annotations

# Polars imports it, which Python refuses once the program is over; a short run meets polars only then.
import concurrent.futures.thread  # noqa: F401
import time
from pathlib import Path

from aspara import settings
from aspara.storage.archiver import Archiver
from aspara.storage.backends import RowWriter
from aspara.storage.layout import RunPaths

FINISH_ARCHIVES_FROM = 10_000
"""Rows from which the end of a run moves its last rows into Parquet; fewer are not worth a column file."""
ARCHIVE_BYTES = 64 << 20
"""Bytes of rows that move into Parquet however few the rows are: wide rows take as much memory on the way as many."""


class Backend:
    """The row file holds what is not archived yet."""

    def __init__(self, writer: RowWriter) -> None:
        self._file = writer.file
        self._rows: int = settings.get("ASPARA_ARCHIVE_ROWS")
        self.archiver = Archiver(
            writer.paths, writer.file, host=writer.host, name=writer.run_name, leads=writer.leads, warn=writer.warn
        )

    @staticmethod
    def row_file(paths: RunPaths, writer: str | None) -> Path:
        """Beside the empty file that marks the run or the further writer."""
        return paths.wal if writer is None else paths.writer_wal(writer)

    def sync(self) -> None:
        """Moves a full row file on its way into the archive, or tries again what could not be archived."""
        # Rows that wait on another disk know their place in this very file.
        if self._rows and not self._file.pending and self._is_full():
            self.archiver.turn()
        else:
            self.archiver.again()

    def begin_end(self) -> None:
        """Has the last rows archived, if they are many."""
        if self._rows and not self._file.pending and self._file.count() >= min(FINISH_ARCHIVES_FROM, self._rows):
            self.archiver.turn()

    def finish_end(self, deadline: float) -> None:
        """Waits for the archive; what is not archived by then stays readable, and goes with the next rows."""
        self.archiver.settle(max(0.0, deadline - time.monotonic()))
        self.archiver.again(now=True)
        self.archiver.settle(max(0.0, deadline - time.monotonic()))

    def _is_full(self) -> bool:
        return self._file.count() >= self._rows or self._file.size >= ARCHIVE_BYTES
