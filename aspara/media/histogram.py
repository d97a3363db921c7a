"""Histograms."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.media.arrays import as_array
from aspara.media.base import BlobStore, Media

MOST_BINS = 512


class Histogram(Media):
    """How values are distributed. It stands in the row itself, without a file.

    Args:
        sequence: The values: a list, array or tensor of any shape. Non-finite ones are left out.
        np_histogram: Or the result of ``numpy.histogram``: counts and edges.
        num_bins: How many bins, 512 at most.

    Raises:
        UsageError: The values or bins are not numbers, or do not fit each other.

    """

    kind = "histogram"

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        import numpy as np

        if not 1 <= num_bins <= MOST_BINS:
            raise UsageError(f"num_bins={num_bins}: a histogram has 1 to {MOST_BINS} bins.")
        if np_histogram is not None:
            if len(np_histogram) != 2 or len(np_histogram[1]) != len(np_histogram[0]) + 1:
                raise UsageError("np_histogram is what numpy.histogram returns: counts, and one edge more than counts.")
            counts, edges = (as_array(part) for part in np_histogram)
            if len(counts) > MOST_BINS:
                raise UsageError(f"A histogram has at most {MOST_BINS} bins, not {len(counts)}.")
        elif sequence is None:
            raise UsageError("A histogram needs values, or np_histogram.")
        else:
            try:
                values = as_array(sequence).astype(np.float64, copy=False).ravel()
            except (TypeError, ValueError):
                raise UsageError("A histogram is made of numbers.") from None
            counts, edges = _counted(values[np.isfinite(values)], num_bins)
        self.histogram: list[float] = counts.tolist()
        """The count of each bin."""
        self.bins: list[float] = edges.tolist()
        """The edges of the bins: one more than bins."""

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        del shelf
        return self._described(values=self.histogram, bins=self.bins)


def _counted(values: Any, bins: int) -> tuple[Any, Any]:
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            return np.histogram(values, bins=bins)
    except ValueError:  # a range that is too wide, or too narrow, for so many different edges
        return np.array([values.size]), np.array([values.min(), values.max()])
