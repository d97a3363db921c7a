"""Other trackers' databases, opened so that nothing in or beside them changes."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

_MAGIC = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """True for a file that begins as SQLite's do."""
    try:
        with path.open("rb") as file:
            return file.read(16) == _MAGIC
    except OSError:
        return False


@contextlib.contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads. Raises sqlite3.Error for what is no database, or a damaged one."""
    address = f"file:{quote(str(path.absolute()))}"
    connection = sqlite3.connect(f"{address}?mode=ro", uri=True)
    try:
        connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        # A database in WAL mode on a read-only disk can only be read as one that nobody writes.
        connection.close()
        connection = sqlite3.connect(f"{address}?immutable=1", uri=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        yield connection
    finally:
        connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    """The names of the tables."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of a table's columns; none for a table that is not there."""
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def files_of(path: Path) -> list[Path]:
    """The database and its write-ahead log: either changes when something is written."""
    return [path, path.with_name(path.name + "-wal")]
