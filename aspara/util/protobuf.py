"""The protobuf wire format, as far as record files of other trackers need it: no schema, no dependency.

A message is read as (field number, wire value) pairs: integers for varints, bytes for anything with a length, and raw
eight or four bytes for fixed fields. What a field means is the caller's knowledge.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class MalformedMessage(ValueError):
    """Bytes are no protobuf message."""


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """(field number, wire type, value) of each field in order; raises :class:`MalformedMessage` where the bytes make no sense."""
    at, end = 0, len(message)
    while at < end:
        # Numbers of one byte are almost all there are; the others take the long way.
        key = message[at]
        at += 1
        if key >= 0x80:
            key, at = _varint(message, at - 1)
        number, kind = key >> 3, key & 7
        if kind in (LENGTH, VARINT):
            if at >= end:
                raise MalformedMessage("a field without its value")
            size = message[at]
            at += 1
            if size >= 0x80:
                size, at = _varint(message, at - 1)
            if kind == VARINT:
                yield number, kind, size
                continue
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise MalformedMessage(f"a field of wire type {kind}")
        stop = at + size
        if stop > end or not number:
            raise MalformedMessage("a field longer than its message")
        yield number, kind, message[at:stop]
        at = stop


def texts(message: bytes, number: int) -> list[str]:
    """Every value of a text field."""
    return [v.decode("utf-8", "replace") for n, _, v in fields(message) if n == number and isinstance(v, bytes)]


def text(message: bytes, number: int) -> str:
    """The last value of a text field, or an empty text."""
    found = texts(message, number)
    return found[-1] if found else ""


def integer(message: bytes, number: int) -> int:
    """The last value of an integer field, or 0."""
    found = 0
    for n, kind, value in fields(message):
        if n == number and kind == VARINT:
            found = signed(int(value))
    return found


def messages(message: bytes, number: int) -> list[bytes]:
    """Every value of a field that holds messages (or bytes)."""
    return [v for n, _, v in fields(message) if n == number and isinstance(v, bytes)]


def doubles(message: bytes, number: int) -> list[float]:
    """Every value of a double field, packed or not."""
    return _fixed(message, number, "d")


def floats(message: bytes, number: int) -> list[float]:
    """Every value of a float field, packed or not, as the doubles that they are exactly."""
    return _fixed(message, number, "f")


def varints(message: bytes, number: int) -> list[int]:
    """Every value of an integer field, packed or not."""
    found: list[int] = []
    for n, _, value in fields(message):
        if n != number:
            continue
        if isinstance(value, int):
            found.append(signed(value))
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            found.append(signed(one))
    return found


def signed(value: int) -> int:
    """A varint's 64 bits as a signed number."""
    return value - (1 << 64) if value >= 1 << 63 else value


def double(value: int | bytes) -> float:
    """A fixed 64-bit field as the double it stands for."""
    return float(struct.unpack("<d", value)[0]) if isinstance(value, bytes) and len(value) == 8 else float("nan")


def single(value: int | bytes) -> float:
    """A fixed 32-bit field as the float it stands for."""
    return float(struct.unpack("<f", value)[0]) if isinstance(value, bytes) and len(value) == 4 else float("nan")


# -- writing -----------------------------------------------------------------------------------------------------------


def put_bytes(number: int, value: bytes | str) -> bytes:
    """A field with a length: text, bytes or a message."""
    content = value.encode("utf-8", "replace") if isinstance(value, str) else value
    return _put_varint(number << 3 | LENGTH) + _put_varint(len(content)) + content


def put_integer(number: int, value: int) -> bytes:
    """An integer field; a negative one takes ten bytes, as everywhere."""
    return _put_varint(number << 3 | VARINT) + _put_varint(value & (1 << 64) - 1)


def put_double(number: int, value: float) -> bytes:
    """A double field."""
    return _put_varint(number << 3 | FIXED64) + struct.pack("<d", value)


def put_float(number: int, value: float) -> bytes:
    """A float field; beyond the range of a float the value becomes infinite."""
    try:
        packed = struct.pack("<f", value)
    except OverflowError:
        packed = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return _put_varint(number << 3 | FIXED32) + packed


def _fixed(message: bytes, number: int, code: str) -> list[float]:
    size = struct.calcsize(code)
    found: list[float] = []
    for n, kind, value in fields(message):
        if n == number and isinstance(value, bytes) and kind in (FIXED64, FIXED32, LENGTH) and len(value) % size == 0:
            found.extend(struct.unpack(f"<{len(value) // size}{code}", value))
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for index in range(at, min(at + _LONGEST_VARINT, len(message))):
        byte = message[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, index + 1
        shift += 7
    raise MalformedMessage("a number without an end")


def _put_varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
