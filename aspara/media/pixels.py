"""From arrays as programs have them to pixels: uint8, height × width (× channels)."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.media.arrays import as_array, is_torch


def to_bytes(array: Any, normalize: bool = True) -> Any:
    """`array` as uint8. Floats within 0…1 are stretched to 0…255, within −1…1 likewise; others are cut to 0…255.

    NaN becomes 0. Booleans are black and white.
    """
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype.kind == "f":
        array = np.nan_to_num(array.astype(np.float32), nan=0.0, posinf=255.0, neginf=0.0)
        if normalize and array.size:
            low, high = float(array.min()), float(array.max())
            if low >= 0 and 0 < high < 1 / 255:
                array = array * (255 / high)  # so faint that all of it would be black
            elif high <= 1 and low >= 0:
                array = array * 255
            elif high <= 1 and low >= -1:
                array = (array + 1) * 127.5
        array = np.rint(array)
    return np.clip(array, 0, 255).astype(np.uint8)


def picture(value: Any, normalize: bool = True) -> Any:
    """An array or tensor as pixels: H×W, H×W×C, C×H×W, or a batch of those, which becomes a grid."""
    array = as_array(value)
    if array.dtype.kind not in "biuf":
        raise UsageError(f"An image is made of numbers, not of {array.dtype}.")
    if not array.size:
        raise UsageError(f"An image of shape {array.shape} has no pixels.")
    array = to_bytes(array, normalize)
    if array.ndim == 4:
        return grid([_channels_last(a, is_torch(value)) for a in array])
    return _channels_last(array, is_torch(value))


def _channels_last(array: Any, torch: bool) -> Any:
    if array.ndim == 2:
        return array
    if array.ndim != 3:
        raise UsageError(f"An image has the shape height × width × channels (or a batch of them), not {array.shape}.")
    first, last = array.shape[0] <= 4, array.shape[2] <= 4
    if first and (torch or not last):
        array = array.transpose(1, 2, 0)
    elif not last:
        raise UsageError(f"An image has 1 to 4 channels; in the shape {array.shape} no axis is so short.")
    import numpy as np

    return np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array)


def grid(pictures: list[Any]) -> Any:
    """Pictures of one size as one, about as wide as high, a pixel apart."""
    import numpy as np

    columns = int(np.ceil(np.sqrt(len(pictures))))
    lines = -(-len(pictures) // columns)
    height, width = pictures[0].shape[:2]
    whole = np.zeros((lines * (height + 1) - 1, columns * (width + 1) - 1, *pictures[0].shape[2:]), np.uint8)
    for number, part in enumerate(pictures):
        top, left = number // columns * (height + 1), number % columns * (width + 1)
        whole[top : top + height, left : left + width] = part
    return whole
