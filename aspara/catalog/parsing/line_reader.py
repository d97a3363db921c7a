"""Reading one row file as it grows: complete lines only, each byte once, whatever the bytes are."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from aspara.limits import MAX_INTEGER
from aspara.storage import row_codec
from aspara.storage.layout import shown
from aspara.util import files, json_safe, os_compat
from aspara.util.json_safe import presentable

CHUNK = 8 << 20
_HEAD = 64
_PROBE = 64 << 10
_MOST_PROBLEMS = 100

Found = tuple[int, int, dict[str, Any]]
"""(timestamp in ms, step, metrics) of one row; non-finite numbers are numbers, texts are texts."""


@dataclass
class Problems:
    """What could not be read: at most a hundred (file, reason) pairs with the first line and a count."""

    entries: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, file: str, line: int | None, reason: str, count: int = 1) -> None:
        """Counts one more."""
        entry = self.entries.get((file, reason))
        if entry is not None:
            entry["count"] += count
        elif len(self.entries) < _MOST_PROBLEMS:
            self.entries[file, reason] = {"file": file, "line": line, "reason": reason, "count": count}

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(entry["count"] for entry in self.entries.values())

    def json(self) -> list[dict[str, Any]]:
        """The shape of the API."""
        return [dict(entry) for entry in self.entries.values()]


@dataclass
class Tail:
    """How far one file has been read. ``key`` tells the file from another that took its name or its inode."""

    path: Path
    inode: int
    offset: int = 0
    lines: int = 0
    rows: int = 0
    points: int = 0
    """How many values its rows held: the place in the archive that its rows have come to, should it move there."""
    head: int = 0
    time: int = 0
    """The last good timestamp, which a row with a bad one takes over."""
    skipping: bool = False

    @property
    def key(self) -> str:
        """Inode and a checksum of the file's first bytes."""
        return f"{self.inode:x}.{self.head:x}"


class Replaced(Exception):
    """The file is shorter than what was read of it, or begins otherwise: it must be read anew."""


def head_of(descriptor: int) -> int:
    """The checksum of a file's first line, or of its first 64 bytes if that is longer."""
    return zlib.crc32(os_compat.pread(descriptor, _HEAD, 0).partition(b"\n")[0])


def open_rows(path: Path) -> int:
    """A descriptor to read `path` by; raises OSError for what is no plain file."""
    return files.open_plain(path)


def read_blocks(
    descriptor: int, tail: Tail, problems: Problems, *, end: int | None = None, size: int = CHUNK
) -> Iterator[bytes]:
    """Blocks of whole lines that `tail` has not seen, up to byte `end` or the last complete line, `size` bytes at a time.

    The tail's offset stands behind a block when that is handed out; its lines and rows are the parser's to count. An empty block
    means that those of the blocks before it must be counted now. Raises :class:`Replaced`.
    """
    state = os.fstat(descriptor)
    if tail.offset and (state.st_size < tail.offset or (tail.head and head_of(descriptor) != tail.head)):
        raise Replaced
    limit = state.st_size if end is None else min(end, state.st_size)
    while tail.offset < limit:
        wanted = size
        chunk = os_compat.pread(
            descriptor, _whole(descriptor, tail.offset, min(wanted, limit - tail.offset)), tail.offset
        )
        # A line longer than a small block must not look like an endless one.
        while b"\n" not in chunk and len(chunk) == wanted and wanted < CHUNK:
            wanted = min(2 * wanted, CHUNK)
            chunk = os_compat.pread(descriptor, min(wanted, limit - tail.offset), tail.offset)
        if not chunk:
            return
        if tail.skipping:
            cut = chunk.find(b"\n") + 1
            tail.offset += cut or len(chunk)
            if cut:
                yield b""
                tail.skipping = False
                tail.lines += 1
            continue
        cut = chunk.rfind(b"\n") + 1
        if not cut:
            if len(chunk) <= row_codec.MAX_LINE:
                return
            yield b""
            problems.add(shown(tail.path), tail.lines + 1, f"longer than {row_codec.MAX_LINE >> 20} MiB")
            tail.skipping = True
            tail.offset += len(chunk)
            continue
        tail.head = tail.head or head_of(descriptor)
        tail.offset += cut
        yield chunk if cut == len(chunk) else chunk[:cut]


def _whole(descriptor: int, begin: int, length: int) -> int:
    """`length`, or less so that the bytes end with a line: a big block is then not copied to cut it."""
    if length <= _PROBE:
        return length
    cut = os_compat.pread(descriptor, _PROBE, begin + length - _PROBE).rfind(b"\n")
    return length if cut < 0 else length - _PROBE + cut + 1


def rest_of(descriptor: int, tail: Tail) -> bytes:
    """The last line if it has no newline, else nothing: then there is none, or whole lines have come meanwhile."""
    rest = b"" if tail.skipping else os_compat.pread(descriptor, row_codec.MAX_LINE + 1, tail.offset)
    return b"" if b"\n" in rest or len(rest) > row_codec.MAX_LINE else rest


def read_last(chunk: bytes, descriptor: int, tail: Tail, problems: Problems) -> Found | None:
    """The row in a last line without a newline, for a file whose writer is gone; the tail moves only if it is one."""
    try:
        row_codec.decode(chunk)
    except row_codec.Malformed:
        return None
    tail.head = tail.head or head_of(descriptor)
    tail.offset += len(chunk)
    tail.lines += 1
    return _odd_line(chunk, tail, problems)


def parse(block: bytes, tail: Tail, problems: Problems) -> list[Found]:
    """The rows of whole lines; what is none is counted."""
    found: list[Found] = []
    loads = orjson.loads
    nonfinite = json_safe.NONFINITE
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()  # what stands behind the last newline is no line
    for line in lines:
        tail.lines += 1
        if not line:
            continue
        try:
            row = loads(line)
            timestamp, step, metrics = row["timestamp"], row["step"], row["metrics"]
            if (
                type(timestamp) is int
                and type(step) is int
                and type(metrics) is dict
                and abs(timestamp) < MAX_INTEGER
                and abs(step) < MAX_INTEGER
                and None not in metrics.values()
            ):
                for name, value in metrics.items():
                    if type(value) is str and value in nonfinite:
                        metrics[name] = nonfinite[value]
                found.append((timestamp, step, metrics))
                tail.time = timestamp
                tail.rows += 1
                tail.points += len(metrics)
                continue
        except (ValueError, TypeError, KeyError):
            pass
        odd = _odd_line(line, tail, problems)
        if odd is not None:
            found.append(odd)
    return found


def _odd_line(line: bytes, tail: Tail, problems: Problems) -> Found | None:
    name, number = shown(tail.path), tail.lines
    if len(line) > row_codec.MAX_LINE:
        problems.add(name, number, f"longer than {row_codec.MAX_LINE >> 20} MiB")
        return None
    try:
        timestamp, step, metrics, complaint = row_codec.decode(line)
    except row_codec.Malformed as error:
        problems.add(name, number, str(error))
        return None
    if complaint:
        problems.add(name, number, complaint)
    # A row without a step stands at its own place in the file; one without a time beside the row before it.
    if timestamp is None:
        timestamp = tail.time
    tail.time = timestamp
    tail.rows += 1
    tail.points += len(metrics)
    # Names and texts that no JSON encoder takes come this way too.
    metrics = {presentable(k): presentable(v) if isinstance(v, str | dict | list) else v for k, v in metrics.items()}
    return timestamp, tail.rows - 1 if step is None else step, metrics


def size_of(path: Path) -> int:
    """Its bytes; 0 for what is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def whole_lines(path: Path) -> int:
    """The byte behind the last newline: a cursor must never stand within a line."""
    try:
        descriptor = open_rows(path)
    except OSError:
        return 0
    try:
        end = os.fstat(descriptor).st_size
        while end > 0:
            begin = max(0, end - (1 << 16))
            cut = os_compat.pread(descriptor, end - begin, begin).rfind(b"\n")
            if cut >= 0:
                return begin + cut + 1
            end = begin
    except OSError:
        pass
    finally:
        os.close(descriptor)
    return 0
