"""What a logged value is: media, something that becomes media, or neither."""

from __future__ import annotations

from typing import Any

from aspara.media.base import Media, Plain
from aspara.media.figures import converted

_SMALL = 32
_LONG = 1000


def media_of(value: Any, plain: Plain) -> Media | None:
    """`value` as media of its own memory, or None if it is none: media objects, figures (also the ``plt`` module), Pillow
    images, data frames, and lists of those. Raises UsageError for a figure or frame that cannot be taken.
    """
    return converted(value, plain, _table)


def numbers_of(value: Any) -> Media | list[Any] | None:
    """An array or a list of plain values as a row holds it: short ones as a list, arrays of more than 32 numbers and lists
    of more than a thousand as a histogram; None for everything else.
    """
    from aspara.media.arrays import as_array, is_array

    if is_array(value):
        array = as_array(value)
        if array.dtype.kind not in "biuf" or not array.size:
            return None
        if array.size <= _SMALL:
            listed: list[Any] = array.tolist()
            return listed
        return _histogram(array)
    if isinstance(value, list | tuple) and value:
        if all(isinstance(v, int | float) for v in value):
            return list(value) if len(value) <= _LONG else _histogram(value)
        if len(value) <= _LONG and all(v is None or isinstance(v, int | float | str) for v in value):
            return list(value)
    return None


def _histogram(values: Any) -> Media | None:
    import numpy as np

    from aspara.media.histogram import Histogram

    array = np.asarray(values, np.float64)
    return Histogram(array) if np.isfinite(array).any() else None


def _table(frame: Any) -> Media:
    from aspara.media.table import Table

    return Table(dataframe=frame, allow_mixed_types=True)
