"""Indexes on disk: what was read of a run, kept under the user's cache directory so that a restart begins from it.

    8 bytes   ASPIDX and a version of two digits
    8 bytes   where the header begins, little endian
    4 bytes   its length
    4 bytes   its checksum
    columns   from byte 64 on; see :mod:`aspara.catalog.columns.column_file`; mapped, never loaded
    header    JSON: how far each row file was read, where the columns lie, and a checksum of every megabyte of them

A snapshot is written whole under another name and then put in place, so two servers may write the same one; whoever has the
old one mapped keeps it. It is a cache: anything odd about it (version, length, checksums, a row file that is not the one it
knows) makes it worthless, and the run is read again. The checksums of small ones are compared before they are used, those of
large ones soon after, in the background (:attr:`RunIndex.doubt`): an answer must not wait for a gigabyte to be read.

To look at a mapped file that was cut off ends the process. So whoever reads on looks first whether somebody changed the file in
its place (:attr:`RunIndex.spoiled`); and where another machine could do so, or remove it, a copy without a name is mapped.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
import os
import shutil
import struct
import tempfile
import threading
import zlib
from pathlib import Path
from typing import IO, Any

import orjson

from aspara.catalog.columns.chunk import Chunk
from aspara.catalog.columns.column import Column
from aspara.catalog.columns.column_file import ColumnFileWriter, intact, lay, mapped, write
from aspara.catalog.index.points import TextPoint
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.parsing.line_reader import Tail, head_of, open_rows
from aspara.util import files, os_compat

ENDING = ".idx"
_MAGIC = b"ASPIDX05"
_FRONT = struct.Struct("<8sQII")
_BEGIN = 64
_LAST = 64
_COPIED = 1 << 20
_POINT = 8
"""Bytes that a point takes at least."""
_MODE = 0o400
"""Nobody but root cuts off by mistake, or writes into, what others have mapped."""
_AT_ONCE = 64 << 20
"""Bytes that are checked before an answer."""


def save(index: RunIndex, path: Path, *, shared: bool = False) -> bool:
    """Writes a snapshot of `index` to `path` and has the index use it in place of its memory. False where nothing can be written.
    ``shared`` says that other machines may change the file.
    """
    with index.lock:
        if index.spoiled:
            return True  # read anew when somebody asks, and written then
        columns = {name: column.stretches() for name, column in index.points.columns.items()}
        header = _state(index)
        read = index.bytes_read
        if header is None:
            index.bytes_saved = read
            return True
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        files.make_folder(path.parent)
        room = sum(len(stretch) for stretches in columns.values() for stretch in stretches) * _POINT
        if shutil.disk_usage(path.parent).free < room:
            return False  # the rows that a program logs need it more
        made, mark = _written(draft, header, columns, shared=shared)
        os_compat.replace(draft, path)
    except (OSError, ValueError, TypeError):
        with contextlib.suppress(OSError):
            os_compat.remove(draft)
        return False
    with index.lock:
        index.bytes_saved = read
        index.home = None if shared else functools.partial(_untouched, path, mark)
        for name, stretch in made.items():
            column = index.points.columns.get(name)
            if column is not None:
                column.replace(columns[name], stretch)
        index.points.version += 1
    return True


def load(index: RunIndex, path: Path, *, shared: bool = False) -> bool:
    """Fills the empty `index` from the snapshot at `path`, if there is one that fits the run's files as they are; see :func:`save`."""
    try:
        with os.fdopen(open_rows(path), "rb", buffering=0) as file:
            header = _header(file)
            if header is None or not _fits(index, header):
                return False
            mark = _mark(os.fstat(file.fileno()))
            content = _mapping(file, copied=shared)
        check = functools.partial(intact, content, _BEGIN, header["size"], header["sums"])
        if header["size"] <= _AT_ONCE and not check():
            return False
        columns = mapped(content, _BEGIN, header["columns"])
        texts = [TextPoint(*text) for text in header["texts"]]
        problems = {(entry["file"], entry["reason"]): entry for entry in header["problems"]}
        present = index.row_files.present()
        tails = {}
        for inode, known in header["tails"]:
            place = present.get(inode, index.paths.project_dir / known["path"])
            tails[inode] = Tail(place, inode, **{k: v for k, v in known.items() if k not in ("path", "last")})
        parts = {index.paths.archive / name: (size, changed) for name, size, changed in header["parts"]}
        facts = [
            header[name]
            for name in (
                "texts_let_go",
                "last_texts",
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
    facts[1] = {name: tuple(last) for name, last in facts[1].items()}
    index.points.columns = {name: Column(base=stretch, joiner=index.points.joiner) for name, stretch in columns.items()}
    index.points.texts, index.row_files.problems.entries, index.row_files.tails, index.archive.parts = (
        texts,
        problems,
        tails,
        parts,
    )
    (
        index.points.texts_let_go,
        index.points.last_texts,
        index.points.rows,
        index.points.last_step,
        *moments,
        index.archive.segments,
        read,
    ) = facts
    index.points.first_time, index.points.last_time = moments
    index.rewound = header.get("rewound")
    index.row_files.bytes_read = index.bytes_saved = read
    index.home = None if shared else functools.partial(_untouched, path, mark)
    index.doubt = check if header["size"] > _AT_ONCE else None
    index.points.version += 1
    return True


# -- the file ----------------------------------------------------------------------------------------------------------

_Mark = tuple[int, int, int, int]


def _mark(state: os.stat_result) -> _Mark:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def _untouched(path: Path, mark: _Mark) -> bool:
    """False for a file that was changed in its place. One that is gone, or in whose place another was put, stays what it was for
    who has it mapped.
    """
    try:
        now = _mark(os.lstat(path))
    except OSError:
        return True
    return now[:2] != mark[:2] or now == mark


def _mapping(file: IO[bytes], *, copied: bool) -> mmap.mmap:
    """All of a file, or of a copy of it that nobody else can reach."""
    if not copied:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with tempfile.TemporaryFile() as own:
        file.seek(0)
        shutil.copyfileobj(file, own, _COPIED)
        own.flush()
        return mmap.mmap(own.fileno(), 0, access=mmap.ACCESS_READ)


# -- writing -----------------------------------------------------------------------------------------------------------


def _state(index: RunIndex) -> dict[str, Any] | None:
    tails = []
    for inode, tail in index.row_files.tails.items():
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
        orjson.dumps([[(t.time, t.step, t.name, t.value) for t in index.points.texts], index.points.last_texts])
    except TypeError:  # a media reference that only the lenient parser takes: such a run is read again each time
        return None
    return {
        "tails": tails,
        "parts": [(p.relative_to(index.paths.archive).as_posix(), *state) for p, state in index.archive.parts.items()],
        "segments": dict(index.archive.segments),
        "rewound": index.rewound,
        "texts": [(t.time, t.step, t.name, t.value) for t in index.points.texts],
        "texts_let_go": index.points.texts_let_go,
        "last_texts": dict(index.points.last_texts),
        "problems": index.row_files.problems.json(),
        "rows": index.points.rows,
        "last_step": index.points.last_step,
        "first_time": index.points.first_time,
        "last_time": index.points.last_time,
        "bytes_read": index.bytes_read,
    }


def _written(
    draft: Path, header: dict[str, Any], columns: dict[str, list[Chunk]], *, shared: bool
) -> tuple[dict[str, Chunk], _Mark]:
    """Writes a snapshot, and gives its columns as they are mapped from it, and what tells it from a changed one."""
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os_compat.open_file(draft, flags, files.FILE_MODE), "r+b", buffering=0) as file:
        write(file, memoryview(bytes(_BEGIN)))
        writer = ColumnFileWriter(file)
        header["columns"] = lay(writer, columns)
        writer.flush()
        header["size"], header["sums"] = writer.end, writer.sums
        content = orjson.dumps(header)
        write(file, memoryview(content))
        file.seek(0)
        write(file, memoryview(_FRONT.pack(_MAGIC, _BEGIN + writer.end, len(content), zlib.crc32(content))))
        if os_compat.RENAMES_OPEN_FILES:  # elsewhere a read-only file cannot be replaced
            os.fchmod(file.fileno(), _MODE)
        os_compat.sync(file.fileno())  # a file full of zeros after a power failure would look whole
        found = mapped(_mapping(file, copied=shared), _BEGIN, header["columns"])
        return found, _mark(os.fstat(file.fileno()))


# -- reading -----------------------------------------------------------------------------------------------------------


def _header(file: IO[bytes]) -> dict[str, Any] | None:
    front = file.read(_FRONT.size)
    if len(front) < _FRONT.size:
        return None
    magic, place, length, checksum = _FRONT.unpack(front)
    if magic != _MAGIC or place + length != os.fstat(file.fileno()).st_size:
        return None
    file.seek(place)
    content = file.read(length)
    if len(content) != length or zlib.crc32(content) != checksum:
        return None
    header: dict[str, Any] = orjson.loads(content)
    return header if _BEGIN + header["size"] == place else None


def _fits(index: RunIndex, header: dict[str, Any]) -> bool:
    """True if every row file that is still there begins as it did, and ends or goes on where it was read to."""
    present = index.row_files.present()
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
        return zlib.crc32(os_compat.pread(descriptor, min(_LAST, offset), max(0, offset - _LAST)))
    finally:
        os.close(descriptor)
