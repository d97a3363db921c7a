"""Pictures, sounds and histograms as TensorBoard keeps them: the old messages of their own, and TensorFlow 2's tensors."""

from __future__ import annotations

import math
import struct

from aspara.importers.common.media import EncodedMedia
from aspara.media.base import Media
from aspara.media.histogram import MOST_BINS, Histogram
from aspara.media.media_list import MediaList
from aspara.util import protobuf

PLUGINS = ("images", "audio", "histograms")
"""The plugins whose tensors become media."""
_STRING, _DOUBLE, _FLOAT = 7, 2, 1


def image(message: bytes) -> Media | None:
    """A ``Summary.Image``: height 1, width 2, the encoded picture 4."""
    content = b"".join(protobuf.messages(message, 4)[-1:])
    size = {"width": protobuf.integer(message, 2) or None, "height": protobuf.integer(message, 1) or None}
    # What add_video() writes is a picture that moves.
    return EncodedMedia("image", content, facts=size) if content else None


def sound(message: bytes) -> Media | None:
    """A ``Summary.Audio``: sample rate 1, length in frames 3, the encoded sound 4."""
    content = b"".join(protobuf.messages(message, 4)[-1:])
    rate, length = 0.0, 0
    for number, _, value in protobuf.fields(message):
        if number == 1:
            rate = protobuf.single(value)
        elif number == 3 and isinstance(value, int):
            length = value
    if not content:
        return None
    known = math.isfinite(rate) and rate > 0
    duration = length / rate if known and length else None
    return EncodedMedia("audio", content, facts={"sample_rate": round(rate) if known else None, "duration": duration})


def histogram(message: bytes) -> Media | None:
    """A ``HistogramProto``: least value 1, the upper limits of the buckets 6, their counts 7."""
    limits, counts = protobuf.doubles(message, 6), protobuf.doubles(message, 7)
    lowest = 0.0
    highest = math.inf
    for number, _, value in protobuf.fields(message):
        if number == 1:
            lowest = protobuf.double(value)
        elif number == 2:
            highest = protobuf.double(value)
    if len(limits) != len(counts):
        return None
    left, buckets = lowest, []
    for limit, count in zip(limits, counts, strict=True):
        # The outermost limits are as far out as a number can be; the values say where they end.
        right = min(limit, highest)
        buckets.append((left, max(left, right), count))
        left = max(left, right)
    return _made(buckets)


def of_tensor(plugin: str, tensor: bytes) -> Media | None:
    """What a plugin keeps in a tensor: None for other plugins, and for tensors that are not as theirs are."""
    kind = protobuf.integer(tensor, 1)
    if plugin == "histograms" and kind in (_DOUBLE, _FLOAT):
        numbers = _numbers(tensor, kind)
        if len(numbers) % 3:
            return None
        return _made([tuple(numbers[at : at + 3]) for at in range(0, len(numbers), 3)])  # type: ignore[misc]
    strings = protobuf.messages(tensor, 8) if kind == _STRING else []
    items: list[Media] = []
    if plugin == "images" and len(strings) > 2:
        width, height, *pictures = strings
        size = {"width": _whole(width), "height": _whole(height)}
        items = [EncodedMedia("image", picture, facts=size) for picture in pictures]
    elif plugin == "audio" and strings:
        # One a row, with a label beside it in newer versions.
        wide = len([s for s in protobuf.messages(tensor, 2) for _ in protobuf.messages(s, 2)]) > 1
        sounds = strings[::2] if wide else strings
        labels = strings[1::2] if wide else []
        for position, content in enumerate(sounds):
            label = labels[position].decode("utf-8", "replace") if position < len(labels) else ""
            items.append(EncodedMedia("audio", content, caption=label))
    return None if not items else items[0] if len(items) == 1 else MediaList(items)


def _numbers(tensor: bytes, kind: int) -> list[float]:
    raw = b"".join(protobuf.messages(tensor, 4))
    if not raw:
        return protobuf.doubles(tensor, 6) if kind == _DOUBLE else protobuf.floats(tensor, 5)
    size, code = (8, "d") if kind == _DOUBLE else (4, "f")
    return list(struct.unpack(f"<{len(raw) // size}{code}", raw[: len(raw) // size * size]))


def _made(buckets: list[tuple[float, float, float]]) -> Media | None:
    """Buckets (left, right, count) in order, as a histogram of at most 512 bins; empty ones at both ends are left out."""
    while buckets and buckets[-1][2] <= 0:
        buckets.pop()
    while buckets and buckets[0][2] <= 0:
        buckets.pop(0)
    if not buckets or not all(math.isfinite(part) for bucket in buckets for part in bucket):
        return None
    # TensorBoard's limits stand close around zero: hundreds of empty buckets that say no more than one.
    merged = [buckets[0]]
    for bucket in buckets[1:]:
        if bucket[2] <= 0 and merged[-1][2] <= 0:
            merged[-1] = (merged[-1][0], bucket[1], 0.0)
        else:
            merged.append(bucket)
    buckets = merged
    step = -(-len(buckets) // MOST_BINS)
    counts, edges = [], [buckets[0][0]]
    for at in range(0, len(buckets), step):
        part = buckets[at : at + step]
        counts.append(sum(count for _, _, count in part))
        edges.append(part[-1][1])
    return Histogram(np_histogram=(counts, edges))


def _whole(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) < 8 else None
