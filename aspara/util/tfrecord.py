"""Record files of other trackers: TFRecord (TensorBoard's event files) and the log of leveldb (wandb's ``.wandb``).

Both wrap each record with its length and a checksum. Reading gives whole records and says what could not be read:
``("record", bytes)`` or ``("problem", sentence)``, in order; it never raises over what the file holds.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

Found = tuple[str, bytes | str]
"""("record", its bytes) or ("problem", what is wrong)."""

MAX_RECORD = 1 << 30
_CHECKED = 256 << 10
_RESYNC = 8 << 20


def _table() -> tuple[int, ...]:
    found = []
    for number in range(256):
        value = number
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC32C = _table()


def crc32c(content: bytes) -> int:
    """The Castagnoli checksum (RFC 3720)."""
    value, table = 0xFFFFFFFF, _CRC32C
    for byte in content:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def masked(content: bytes) -> int:
    """The checksum as TFRecord keeps it."""
    value = crc32c(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def write_tfrecord(file: IO[bytes], content: bytes) -> None:
    """Writes one record."""
    head = struct.pack("<Q", len(content))
    file.write(head + struct.pack("<I", masked(head)) + content + struct.pack("<I", masked(content)))


def short_records(file: IO[bytes], most: int) -> Iterator[tuple[int, bytes]]:
    """(byte at which it begins, content) of the records of at most `most` bytes; longer ones are passed over unread.

    Nothing is checked, which makes it fast; it ends where a length is impossible.
    """
    at = 0
    while len(head := file.read(12)) == 12:
        length = int.from_bytes(head[:8], "little")
        if length > MAX_RECORD:
            return
        if length <= most:
            content = file.read(length)
            if len(content) == length:
                yield at, content
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)
        at += length + 16


def read_tfrecords(file: IO[bytes]) -> Iterator[Found]:
    """The records of an event file. A damaged record is passed over; where even its length is damaged, the next head
    that checks is searched for. An unfinished last record (a file that is still written, or cut off) is a problem.

    Records above 256 KiB (pictures, graphs) are taken without their checksum, which Python computes slowly.
    """
    while True:
        start = file.tell()
        head = file.read(12)
        if not head:
            return
        if len(head) < 12:
            yield "problem", f"the last {len(head)} bytes are no whole record"
            return
        length, check = struct.unpack("<QI", head)
        if length > MAX_RECORD or masked(head[:8]) != check:
            found = _next_head(file, start + 1)
            if found is None:
                yield "problem", f"nothing readable from byte {start} on"
                return
            yield "problem", f"bytes {start} to {found} are damaged"
            file.seek(found)
            continue
        content = file.read(length)
        tail = file.read(4)
        if len(content) < length or len(tail) < 4:
            yield "problem", f"the last record, from byte {start} on, is cut off"
            return
        if length <= _CHECKED and struct.unpack("<I", tail)[0] != masked(content):
            yield "problem", f"the record at byte {start} is damaged"
            continue
        yield "record", content


def _next_head(file: IO[bytes], start: int) -> int | None:
    """The place of the next record head that checks, within some megabytes."""
    file.seek(start)
    window = file.read(_RESYNC)
    for at in range(len(window) - 11):
        # A length below 2**30 has four zero bytes at its upper end: almost every place is refused by that alone.
        if window[at + 4 : at + 8] == b"\0\0\0\0":
            length, check = struct.unpack_from("<QI", window, at)
            if 0 < length <= MAX_RECORD and masked(window[at : at + 8]) == check:
                return start + at
    return None


_BLOCK = 32768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


def read_leveldb(file: IO[bytes], *, header: int = 7) -> Iterator[Found]:
    """The records of a leveldb log after its `header` bytes. A damaged piece costs its record and the rest of its block.

    wandb's checksum is CRC-32 over type and content, without a mask.
    """
    file.seek(0)
    block = file.read(_BLOCK)
    at, number = header, 0
    begun: list[bytes] | None = None
    while block:
        if at + 7 > len(block):
            if len(block) < _BLOCK:
                if begun is not None or at < len(block):
                    yield "problem", "the last record is cut off"
                return
            block, at, number = file.read(_BLOCK), 0, number + 1
            continue
        check, length, kind = struct.unpack_from("<IHB", block, at)
        content = block[at + 7 : at + 7 + length]
        place = number * _BLOCK + at
        if check == length == kind == 0:  # the filling at the end of a block
            at = len(block) if len(block) == _BLOCK else at + 7
            if len(block) < _BLOCK:
                return
            continue
        if len(content) < length and len(block) < _BLOCK:
            yield "problem", f"the last record, from byte {place} on, is cut off"
            return
        if (
            len(content) < length
            or not _FULL <= kind <= _LAST
            or zlib.crc32(content, zlib.crc32(bytes((kind,)))) != check
        ):
            yield "problem", f"the record at byte {place} is damaged"
            begun = None
            block, at, number = file.read(_BLOCK), 0, number + 1
            continue
        at += 7 + length
        if kind == _FULL:
            begun = None
            yield "record", content
        elif kind == _FIRST:
            begun = [content]
        elif begun is not None:
            begun.append(content)
            if kind == _LAST:
                yield "record", b"".join(begun)
                begun = None
    if begun is not None:
        yield "problem", "the last record is cut off"
