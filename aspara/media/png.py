"""A PNG writer for where Pillow is not installed; also animated (APNG)."""

from __future__ import annotations

import struct
import zlib
from typing import Any

_COLOR = {1: 0, 2: 4, 3: 2, 4: 6}
_LEVEL = 4


def encode(pixels: Any) -> bytes:
    """A PNG of `pixels`: uint8, height × width, or × 1 to 4 channels."""
    return _file(pixels, [_chunk(b"IDAT", _compressed(pixels))])


def encode_animation(frames: Any, fps: float) -> bytes:
    """An animated PNG of `frames`: uint8, time × height × width × channels. Viewers without animation show the first."""
    count, height, width = frames.shape[:3]
    chunks = [_chunk(b"acTL", struct.pack(">II", count, 0))]
    number = 0
    for position in range(count):
        delay = struct.pack(">HH", max(1, round(1000 / fps)), 1000)
        chunks.append(_chunk(b"fcTL", struct.pack(">IIIII", number, width, height, 0, 0) + delay + b"\0\0"))
        number += 1
        content = _compressed(frames[position])
        if position == 0:
            chunks.append(_chunk(b"IDAT", content))
        else:
            chunks.append(_chunk(b"fdAT", struct.pack(">I", number) + content))
            number += 1
    return _file(frames[0], chunks)


def _file(pixels: Any, chunks: list[bytes]) -> bytes:
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOR[channels], 0, 0, 0)
    return b"".join((b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), *chunks, _chunk(b"IEND", b"")))


def _compressed(pixels: Any) -> bytes:
    import numpy as np

    lines = pixels.reshape(pixels.shape[0], -1)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    # Each byte as its difference to the one a pixel to the left (filter 1): pictures pack to half of their size so.
    filtered = np.empty((lines.shape[0], lines.shape[1] + 1), np.uint8)
    filtered[:, 0] = 1
    filtered[:, 1 : channels + 1] = lines[:, :channels]
    filtered[:, channels + 1 :] = lines[:, channels:] - lines[:, :-channels]
    return zlib.compress(filtered.tobytes(), _LEVEL)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
