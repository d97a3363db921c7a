"""Columns in one file: written a piece at a time, whatever their length; sealed by a checksum of every megabyte; mapped.

Arrays of 8 bytes a number (counts: 4) stand one behind the other, each at a multiple of 64 bytes. Metrics that were logged
together share their steps and times, in memory and here.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from aspara.catalog.columns.chunk import Chunk, ChunkStats, release
from aspara.catalog.columns.pyramid import WORTH, Level, Pyramid, PyramidBuilder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ALIGN = 64
PORTION = 1 << 20
"""Bytes that have a checksum of their own."""
_OFTEN = 32 << 20
"""Bytes behind which what was looked at is let go of."""
SLICE = 1 << 17
"""Points that are handled at a time: they stay in the processor's cache."""

Laid = tuple[Any, ...]
"""Where a column lies and what is known of it, as JSON can hold it."""


class ColumnFileWriter:
    """Writes arrays behind one another into a file; ``sums`` are the checksums of the portions, ``end`` is where the next goes."""

    def __init__(self, file: IO[bytes]) -> None:
        import numpy as np

        self.end = 0
        self.sums: list[int] = []
        self._file = file
        self._portion = np.empty(PORTION, np.uint8)
        self._filled = 0

    def array(self, pieces: Iterable[Any]) -> int:
        """Writes the pieces of one array, and returns where it begins."""
        import numpy as np

        at = self.end
        for piece in pieces:
            self._put(np.ascontiguousarray(piece).view(np.uint8))
        self._put(np.zeros(-self.end % ALIGN, np.uint8))
        return at

    def flush(self) -> None:
        """Writes what waits; nothing may be put behind it."""
        if self._filled:
            self.sums.append(checksum(self._portion[: self._filled]))
            write(self._file, self._portion[: self._filled].data)
            self._filled = 0

    def _put(self, content: Any) -> None:
        self.end += len(content)
        while len(content):
            part = content[: PORTION - self._filled]
            self._portion[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            if self._filled == PORTION:
                self.flush()
            content = content[len(part) :]


def write(file: IO[bytes], content: memoryview) -> None:
    """Writes all of `content` into an unbuffered file."""
    while content:
        content = content[file.write(content) :]


def checksum(portion: Any) -> int:
    """The sum of the bytes of a portion, eight at a time: no single flipped bit and no page of zeros leaves it as it was."""
    import numpy as np

    return int(np.add.reduce(portion.view(np.uint64)))


def intact(content: mmap.mmap, begin: int, size: int, sums: Sequence[int]) -> bool:
    """Whether the `size` bytes from `begin` on of a mapped file still have these checksums."""
    import numpy as np

    if content.size() < begin + size:
        return False
    whole = np.frombuffer(content, np.uint8, size, begin)
    for place, expected in zip(range(0, size, PORTION), sums, strict=True):
        if checksum(whole[place : place + PORTION]) != expected:
            return False
        if place % _OFTEN == 0:
            release(content)
    release(content)
    return True


def lay(writer: ColumnFileWriter, columns: Mapping[str, Sequence[Chunk]]) -> list[Laid]:
    """Writes columns, each given as stretches that follow one another, and says where they lie. What of them was mapped is let go
    of behind the writing, so that memory is bounded.
    """
    shared: dict[Any, tuple[int, int, bool]] = {}
    found: list[Laid] = []
    for name, stretches in columns.items():
        key = tuple((id(s.steps), id(s.times)) for s in stretches)
        if key not in shared:
            steps = writer.array(_released([s.steps for s in stretches], stretches))
            rising = NeverFalls()
            shared[key] = (steps, writer.array(rising.seen(s.times for s in stretches)), rising.found)
        count = sum(map(len, stretches))
        pyramid = stretches[0].pyramid if len(stretches) == 1 else None
        growing = PyramidBuilder() if pyramid is None and count >= WORTH else None
        facts = _facts(stretches)
        values = [s.values for s in stretches]
        at = writer.array(_released(values if growing is None else growing.seen(_sliced(values)), stretches))
        if growing is not None:
            pyramid = growing.done()
        found.append(
            (
                name,
                count,
                *shared[key][:2],
                at,
                None if pyramid is None else [_level(writer, level) for level in pyramid.levels],
                shared[key][2],
                _named(facts.low),
                _named(facts.high),
                _finite(facts.total),
                facts.finite,
            )
        )
    return found


def mapped(content: mmap.mmap, begin: int, laid: Iterable[Laid]) -> dict[str, Chunk]:
    """The columns that were laid into a file of which `content` is the whole, from `begin` on."""
    import numpy as np

    shared: dict[int, npt.NDArray[np.int64]] = {}

    def integers(at: int, count: int) -> npt.NDArray[np.int64]:
        if at not in shared:
            shared[at] = np.frombuffer(content, np.int64, count, begin + at)
        return shared[at]

    def floats(at: int, count: int) -> npt.NDArray[np.float64]:
        return np.frombuffer(content, np.float64, count, begin + at)

    found = {}
    for name, count, steps, times, values, levels, rising, low, high, total, finite in laid:
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
        found[name] = Chunk(
            integers(steps, count),
            integers(times, count),
            floats(values, count),
            rising,
            pyramid,
            ChunkStats(low and (float(low[0]), low[1]), high and (float(high[0]), high[1]), float(total), finite),
            home=(content,),
        )
    return found


class NeverFalls:
    """Whether numbers that come piece by piece never fall."""

    def __init__(self) -> None:
        self.found = True
        self._last: Any = None

    def seen(self, pieces: Iterable[Any]) -> Iterator[Any]:
        """The pieces, each looked at on its way."""
        for piece in pieces:
            for begin in range(0, len(piece) if self.found else 0, SLICE):
                part = piece[begin : begin + SLICE]
                fell = self._last is not None and bool(part[0] < self._last)
                self.found = self.found and not fell and not bool((part[1:] < part[:-1]).any())
                self._last = part[-1]
            yield piece


def _sliced(arrays: Iterable[Any]) -> Iterator[Any]:
    for array in arrays:
        for begin in range(0, len(array), SLICE):
            yield array[begin : begin + SLICE]


def _released(pieces: Iterable[Any], stretches: Sequence[Chunk]) -> Iterator[Any]:
    done = 0
    for piece in pieces:
        yield piece
        done += piece.nbytes
        if done >= _OFTEN:
            done = 0
            for stretch in stretches:
                stretch.release()
    for stretch in stretches:
        stretch.release()


def _facts(stretches: Sequence[Chunk]) -> ChunkStats:
    first, *rest = (stretch.known() for stretch in stretches)
    for facts in rest:
        first = first.with_later(facts)
    return first


def _level(writer: ColumnFileWriter, level: Level) -> tuple[int, int, int, int, int]:
    lows, highs, sums, odd = (writer.array([part]) for part in (level.lows, level.highs, level.sums, level.odd))
    return lows, highs, sums, odd, len(level.lows)


def _named(extreme: tuple[float, int] | None) -> Any:
    return None if extreme is None else (_finite(extreme[0]), extreme[1])


def _finite(value: float) -> Any:
    # JSON has no words for the others; repr and float understand each other.
    return value if value - value == 0 else repr(value)
