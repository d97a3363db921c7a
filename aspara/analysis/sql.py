"""SQL over runs, read-only: the tables `runs`, `config`, `summary` and `points`, queried by polars."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aspara.analysis import sql_tables, sql_worker
from aspara.api.provider import DataProvider
from aspara.errors import TooLarge, UsageError
from aspara.util.suggestions import did_you_mean

if TYPE_CHECKING:
    import polars

MOST_ROWS = 10_000
"""How many rows an answer has at most, unless another number is asked for."""
TIME_LIMIT = 60.0
"""Seconds after which a query is given up, unless other ones are asked for."""
MOST_MEMORY = 4 << 30
"""Bytes that a query may take beyond its tables, where the system can hold it to that."""
MOST_LENGTH = 20_000
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_FIRST_WORD = re.compile(r"\s*\(*\s*([A-Za-z]+)")
_READS = ("select", "with", "values", "show", "explain")
_FILE_FUNCTION = re.compile(r"\b((?:read|scan)_\w+)[\"`]?\s*\(", re.IGNORECASE)
_UNKNOWN = re.compile(r"relation '([^']+)' was not found|unable to find column \"([^\"]+)\"|column not found: (\S+)")


@dataclass(frozen=True)
class SqlAnswer:
    """The rows of an answer; `truncated` says that there are more than were asked for."""

    frame: polars.DataFrame
    truncated: bool


@dataclass(frozen=True)
class Scope:
    """What the tables hold: the runs of some projects (None: all) that `wanted` accepts, and points of some metrics (names or
    globs; None: all).
    """

    projects: Sequence[str] | None = None
    wanted: Callable[[Any], bool] = lambda _info: True
    metrics: Sequence[str] | None = None


def query(
    provider: DataProvider, text: str, scope: Scope | None = None, *, rows: int = MOST_ROWS, seconds: float = TIME_LIMIT
) -> SqlAnswer:
    """The first `rows` rows of the answer to one statement that reads. Tables that it does not name are not filled.

    Raises:
        UsageError: The statement makes no sense, or does anything but read these tables.
        TooLarge: It takes longer than `seconds`, or needs more points or memory than there may be.

    """
    words = _checked(text)
    scope = scope or Scope()
    named = [name for name in sql_tables.TABLES if re.search(rf"\b{name}\b", words, re.IGNORECASE)]
    tables = sql_tables.tables(provider, named, scope.projects, scope.wanted, scope.metrics)
    frame = _executed(text.strip().rstrip(";"), tables, rows + 1, seconds)
    return SqlAnswer(frame.head(rows), frame.height > rows)


def _checked(text: str) -> str:
    """The statement without its texts and comments; raises UsageError for one that does anything but read the tables."""
    if len(text) > MOST_LENGTH:
        raise UsageError(f"A query has at most {MOST_LENGTH} characters.")
    plain = _QUOTED.sub(lambda part: part[0] if part[0][0] in '"`' else " ", text)
    bare = _QUOTED.sub(" ", text)
    first = _FIRST_WORD.match(bare)
    if first is None or first[1].lower() not in _READS:
        what = f"{first[1].upper()} is not possible" if first else "There is no statement"
        raise UsageError(f"{what}: a query only reads. Begin it with SELECT or WITH.")
    if ";" in bare.rstrip().rstrip(";"):
        raise UsageError("One statement at a time: leave out what follows the ;.")
    file_function = _FILE_FUNCTION.search(plain)
    if file_function:
        raise UsageError(
            f"{file_function[1]}() is not possible: a query reads {', '.join(sql_tables.TABLES)} and no files."
        )
    return plain


def _executed(text: str, tables: Mapping[str, polars.DataFrame], rows: int, seconds: float) -> polars.DataFrame:
    """The answer of a process that is ended when the time is over."""
    import polars as pl

    header = {"query": text, "rows": rows, "tables": list(tables), "memory": MOST_MEMORY}
    request = io.BytesIO()
    sql_worker.send(request, json.dumps(header).encode())
    for table in tables.values():
        sql_worker.send(request, sql_worker.packed(table))
    worker = subprocess.Popen(
        [sys.executable, "-m", sql_worker.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        out, _ = worker.communicate(request.getvalue(), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise TooLarge(
            f"The query takes longer than {seconds:g} s. Narrow it with --project, --filter or --metric, or give it more "
            "time with --timeout."
        ) from None
    finally:
        worker.kill()
        worker.communicate()
    answer = io.BytesIO(out)
    try:
        found = json.loads(sql_worker.receive(answer))
    except EOFError:
        raise TooLarge(
            "The query needs more memory than it may have. Narrow it with --project, --filter or --metric."
        ) from None
    if "error" in found:
        raise UsageError(_message(found["error"], found["columns"]))
    return pl.read_ipc(sql_worker.receive(answer))


def _message(error: str, columns: Sequence[str]) -> str:
    first = error.strip().splitlines()[0] if error.strip() else "no reason given"
    unknown = _UNKNOWN.search(error)
    name = next((part for part in unknown.groups() if part), "") if unknown else ""
    if unknown and unknown[1]:
        hint = did_you_mean(name, sql_tables.TABLES)
        return f"There is no table {name!r}.{hint} Tables: {', '.join(sql_tables.TABLES)}."
    if name:
        return (
            f'There is no column {name!r}.{did_you_mean(name, columns)} A name with dots stands in quotes: "config.lr".'
        )
    return f"The query makes no sense: {first}."
