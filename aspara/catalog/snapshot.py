"""Indexes on disk: what was read of a run, kept under the user's cache directory so that a restart begins from it.

    8 bytes   ASPIDX and a version of two digits
    4 bytes   length of the header, little endian
    4 bytes   its checksum
    header    JSON: how far each row file was read, and where the columns lie
    columns   arrays of 8 bytes a number (counts: 4), each at a multiple of 64 bytes; mapped, never loaded

A snapshot is written whole under another name and then put in place, so two servers may write the same one; whoever has the
old one mapped keeps it. It is a cache: anything odd about it (version, length, a row file that is not the one it knows)
makes it worthless, and the run is read again.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from aspara import files
from aspara.catalog.columns import Column, Facts, Stretch
from aspara.catalog.index import RunIndex
from aspara.catalog.points import Text
from aspara.catalog.pyramid import Level, Pyramid
from aspara.catalog.reader import Tail, head_of, open_rows

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ENDING = ".idx"
_MAGIC = b"ASPIDX03"
_ALIGN = 64
_LAST = 64


def save(index: RunIndex, path: Path) -> bool:
    """Writes a snapshot of `index` to `path` and has the index use it in place of its memory. False where it cannot be."""
    with index.lock:
        columns = {name: column.settle() for name, column in index.columns.items()}
        header = _state(index)
        read = index.bytes_read
    if header is None:
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        files.make_folder(path.parent)
        _write(draft, header, columns)
        mapped = _mapped(draft, header)
        os.replace(draft, path)
    except (OSError, ValueError, TypeError):
        with contextlib.suppress(OSError):
            draft.unlink()
        return False
    with index.lock:
        index.bytes_saved = read
        for name, stretch in mapped.items():
            column = index.columns.get(name)
            if column is not None:
                column.replace_base(columns[name], stretch)
        index.version += 1
    return True


def load(index: RunIndex, path: Path) -> bool:
    """Fills the empty `index` from the snapshot at `path`, if there is one that fits the run's files as they are."""
    try:
        header = _header(path)
        if header is None or not _fits(index, header):
            return False
        mapped = _mapped(path, header)
        texts = [Text(*text) for text in header["texts"]]
        problems = {(entry["file"], entry["reason"]): entry for entry in header["problems"]}
        present = index.present()
        tails = {}
        for inode, known in header["tails"]:
            place = present.get(inode, index.paths.project_dir / known["path"])
            tails[inode] = Tail(place, inode, **{k: v for k, v in known.items() if k not in ("path", "last")})
        parts = {index.paths.archive / name: (size, changed) for name, size, changed in header["parts"]}
        facts = [
            header[name]
            for name in (
                "texts_let_go",
                "last_text",
                "rows",
                "last_step",
                "first_time",
                "last_time",
                "segments",
                "bytes_read",
            )
        ]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return False
    # Nothing below can fail: the index is filled whole or not at all.
    index.columns = {name: Column(base=stretch, joiner=index.joiner) for name, stretch in mapped.items()}
    index.texts, index.problems.entries, index._tails, index._parts = texts, problems, tails, parts
    index.texts_let_go, index.last_text, index.rows, index.last_step, *moments, index._segments, read = facts
    index.first_time, index.last_time = moments
    index._rewound = header.get("rewound")
    index.bytes_read = index.bytes_saved = read
    index.version += 1
    return True


# -- writing -----------------------------------------------------------------------------------------------------------


def _state(index: RunIndex) -> dict[str, Any] | None:
    tails = []
    for inode, tail in index._tails.items():
        tails.append(
            (
                inode,
                {
                    "path": tail.path.name,
                    "offset": tail.offset,
                    "lines": tail.lines,
                    "rows": tail.rows,
                    "points": tail.points,
                    "head": tail.head,
                    "time": tail.time,
                    "skipping": tail.skipping,
                    "last": _last_bytes(tail.path, tail.offset),
                },
            )
        )
    try:
        orjson.dumps([(t.time, t.step, t.name, t.value) for t in index.texts])
    except TypeError:  # a media reference that only the lenient parser takes: such a run is read again each time
        return None
    return {
        "tails": tails,
        "parts": [(p.relative_to(index.paths.archive).as_posix(), *state) for p, state in index._parts.items()],
        "segments": dict(index._segments),
        "rewound": index._rewound,
        "texts": [(t.time, t.step, t.name, t.value) for t in index.texts],
        "texts_let_go": index.texts_let_go,
        "last_text": dict(index.last_text),
        "problems": index.problems.json(),
        "rows": index.rows,
        "last_step": index.last_step,
        "first_time": index.first_time,
        "last_time": index.last_time,
        "bytes_read": index.bytes_read,
    }


def _write(draft: Path, header: dict[str, Any], columns: dict[str, Stretch]) -> None:
    import numpy as np

    placed: dict[Any, int] = {}
    arrays: list[Any] = []
    end = 0

    def place(array: Any) -> int:
        nonlocal end
        # Metrics that were logged together share their steps and times, in memory and here.
        key = id(array)
        if key not in placed:
            placed[key] = end
            arrays.append(array)
            end += -(-array.nbytes // _ALIGN) * _ALIGN
        return placed[key]

    listed = []
    for name, stretch in columns.items():
        levels = stretch.levels()
        facts = stretch.known()
        listed.append(
            (
                name,
                len(stretch),
                place(stretch.steps),
                place(stretch.times),
                place(stretch.values),
                None
                if levels is None
                else [
                    (place(level.lows), place(level.highs), place(level.sums), place(level.odd), len(level.lows))
                    for level in levels.levels
                ],
                stretch.times_rise(),
                _named(facts.low),
                _named(facts.high),
                _finite(facts.total),
                facts.finite,
            )
        )
    header["columns"] = listed
    header["size"] = end
    content = orjson.dumps(header)
    begin = -(-(16 + len(content)) // _ALIGN) * _ALIGN
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), files.FILE_MODE)
    with os.fdopen(descriptor, "wb", buffering=1 << 20) as out:
        begins = _MAGIC + struct.pack("<II", len(content), zlib.crc32(content)) + content
        out.write(begins.ljust(begin, b"\0"))
        for array in arrays:
            out.write(np.ascontiguousarray(array).data)
            out.write(b"\0" * (-array.nbytes % _ALIGN))
        out.flush()
        os.fsync(out.fileno())  # a file full of zeros after a power failure would look whole


def _named(extreme: tuple[float, int] | None) -> Any:
    return None if extreme is None else (_finite(extreme[0]), extreme[1])


def _finite(value: float) -> Any:
    # JSON has no words for the others; repr and float understand each other.
    return value if value - value == 0 else repr(value)


# -- reading -----------------------------------------------------------------------------------------------------------


def _header(path: Path) -> dict[str, Any] | None:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as file:
        begin = file.read(16)
        if begin[:8] != _MAGIC or len(begin) < 16:
            return None
        length, checksum = struct.unpack("<II", begin[8:])
        size = os.fstat(file.fileno()).st_size
        if length > size:
            return None
        content = file.read(length)
        if zlib.crc32(content) != checksum:
            return None
        header: dict[str, Any] = orjson.loads(content)
    return header if -(-(16 + length) // _ALIGN) * _ALIGN + header["size"] == size else None


def _mapped(path: Path, header: dict[str, Any]) -> dict[str, Stretch]:
    import numpy as np

    if not header["columns"]:
        return {}
    with path.open("rb") as file:
        length, _ = struct.unpack("<II", file.read(16)[8:])
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    begin = -(-(16 + length) // _ALIGN) * _ALIGN
    if begin + header["size"] != len(content):
        raise ValueError("another process put its own snapshot in place")
    shared: dict[int, npt.NDArray[np.int64]] = {}

    def integers(at: int, count: int) -> npt.NDArray[np.int64]:
        if at not in shared:
            shared[at] = np.frombuffer(content, np.int64, count, begin + at)
        return shared[at]

    def floats(at: int, count: int) -> npt.NDArray[np.float64]:
        return np.frombuffer(content, np.float64, count, begin + at)

    found = {}
    for name, count, steps, times, values, levels, rising, low, high, total, finite in header["columns"]:
        pyramid = None
        if levels is not None:
            pyramid = Pyramid(
                tuple(
                    Level(
                        floats(lows, blocks),
                        floats(highs, blocks),
                        floats(sums, blocks),
                        np.frombuffer(content, np.uint32, blocks, begin + odd),
                    )
                    for lows, highs, sums, odd, blocks in levels
                )
            )
        found[name] = Stretch(
            integers(steps, count),
            integers(times, count),
            floats(values, count),
            rising,
            pyramid,
            Facts(low and (float(low[0]), low[1]), high and (float(high[0]), high[1]), float(total), finite),
            mapped=True,
        )
    return found


def _fits(index: RunIndex, header: dict[str, Any]) -> bool:
    """True if every row file that is still there begins as it did, and ends or goes on where it was read to."""
    present = index.present()
    for inode, tail in header["tails"]:
        path = present.get(inode)
        if path is None:
            continue  # it went into the archive; the index sees whether that can be followed
        try:
            descriptor = open_rows(path)
        except OSError:
            return False
        try:
            if os.fstat(descriptor).st_size < tail["offset"] or (tail["head"] and head_of(descriptor) != tail["head"]):
                return False
        finally:
            os.close(descriptor)
        if _last_bytes(path, tail["offset"]) != tail["last"]:
            return False
    return True


def _last_bytes(path: Path, offset: int) -> int:
    """A checksum of the bytes before `offset`."""
    try:
        descriptor = open_rows(path)
    except OSError:
        return 0
    try:
        return zlib.crc32(os.pread(descriptor, min(_LAST, offset), max(0, offset - _LAST)))
    finally:
        os.close(descriptor)
