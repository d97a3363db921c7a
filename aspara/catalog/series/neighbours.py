"""Averages over the neighbours on both sides of a point; a bounded slice of a series at a time, however long it is."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

_SIGMAS = 3
_SLICE = 1 << 17
_MOST_DIRECT = 1 << 30
"""Products beyond which a convolution goes by Fourier transform, whose rounding is relative to the greatest value of a slice."""


class NeighbourAverage:
    """The values of a series smoothed by ``gaussian`` or ``mean``; see :mod:`aspara.catalog.series.smoothing`.

    ``parts`` are the values of the series in order of its axis. Non-finite ones are nobody's neighbours, and stay as they are.
    """

    def __init__(self, weight: float, smoother: Literal["gaussian", "mean"], parts: Sequence[Floats]) -> None:
        import numpy as np

        self._parts = parts
        self._slices: list[Floats] = []
        self._firsts: list[int] = []
        """Of each part, its first slice."""
        self._before = [0]
        """Finite values before each slice, and of all."""
        total = 0.0
        for values in parts:
            self._firsts.append(len(self._slices))
            for begin in range(0, len(values), _SLICE):
                piece = values[begin : begin + _SLICE]
                finite = np.isfinite(piece)
                total += float(piece.sum(where=finite))
                self._slices.append(piece)
                self._before.append(self._before[-1] + int(finite.sum()))
        self._firsts.append(len(self._slices))
        count = self._before[-1]
        self._mean = total / count if weight >= 1 and count else None
        self._weight = weight
        self._shares: Floats | None = None
        if self._mean is not None or not count:
            self._reach = 0
        elif smoother == "gaussian":
            sigma = (1 + weight) / (1 - weight) / (2 * math.sqrt(math.pi))
            self._reach = min(math.ceil(_SIGMAS * sigma), count - 1)
            self._side = np.exp(-0.5 * (np.arange(self._reach + 1) / sigma) ** 2)
            self._shares = np.cumsum(self._side)
        else:
            self._reach = min(math.floor(weight / (1 - weight) + 0.5), count - 1)

    def part(self, place: int) -> Iterator[Floats]:
        """The part number `place` smoothed, in pieces."""
        import numpy as np

        for number in range(self._firsts[place], self._firsts[place + 1]):
            out = np.array(self._slices[number], np.float64)
            finite = np.isfinite(out)
            if self._weight > 0 and finite.any():
                out[finite] = self._averages(self._before[number], self._before[number + 1])
            yield out

    def _averages(self, begin: int, end: int) -> Floats | float:
        """Those of the finite values number `begin` to `end`."""
        import numpy as np

        if self._mean is not None:
            return self._mean
        count, reach = self._before[-1], self._reach
        low, high = max(0, begin - reach), min(count, end + reach)
        values = self._finite(low, high)
        before = np.minimum(np.arange(begin, end), reach)
        after = np.minimum(np.arange(count - 1 - begin, count - 1 - end, -1), reach)
        if self._shares is None:
            sums = _window_sums(values, begin - low, end - begin, reach)
            return np.asarray(sums / (before + after + 1))
        kernel = np.concatenate([self._side[:0:-1], self._side])
        convolve = np.convolve if count * len(kernel) <= _MOST_DIRECT else _fourier
        sums = convolve(values, kernel)[reach + begin - low :][: end - begin]
        return np.asarray(sums / (self._shares[before] + self._shares[after] - self._side[0]))

    def _finite(self, low: int, high: int) -> Floats:
        """The finite values number `low` to `high`."""
        import numpy as np

        pieces = []
        number = bisect_right(self._before, low) - 1
        while number < len(self._slices) and self._before[number] < high:
            piece = self._slices[number]
            first = self._before[number]
            if self._before[number + 1] - first < len(piece):
                piece = piece[np.isfinite(piece)]
            pieces.append(piece[max(0, low - first) : high - first])
            number += 1
        return np.concatenate(pieces)


def _fourier(values: Floats, kernel: Floats) -> Floats:
    import numpy as np

    length = len(values) + len(kernel) - 1
    size = 1 << (length - 1).bit_length()
    product: Floats = np.fft.irfft(np.fft.rfft(values, size) * np.fft.rfft(kernel, size), size)[:length]
    return product


def _window_sums(values: Floats, first: int, count: int, reach: int) -> Floats:
    """The sums of `values` up to `reach` places away, around `count` places from `first` on; beyond the ends there is nothing."""
    import numpy as np

    width = 2 * reach + 1
    # Sums of windows without a difference, which would lose digits behind a spike: a window is the end of one block and the
    # beginning of the next (van Herk 1992).
    blocks = -(-(count + 2 * reach) // width)
    padded = np.zeros(blocks * width)
    padded[reach - first : reach - first + len(values)] = values
    square = padded.reshape(blocks, width)
    with np.errstate(over="ignore", invalid="ignore"):
        starts = np.cumsum(square, axis=1).reshape(-1)
        ends = np.cumsum(square[:, ::-1], axis=1)[:, ::-1].reshape(-1)
        sums: Floats = ends[:count] + np.where(
            np.arange(count) % width == 0, 0.0, starts[width - 1 : width - 1 + count]
        )
    return sums
