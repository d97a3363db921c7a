"""Arrays of every library as numpy's."""

from __future__ import annotations

from typing import Any


def is_array(value: Any) -> bool:
    """True for numpy's, torch's, jax's and tensorflow's arrays: what has a shape, a dtype and elements."""
    return (
        hasattr(value, "shape")
        and hasattr(value, "dtype")
        and (hasattr(value, "__array__") or hasattr(value, "detach"))
        and type(value).__module__.partition(".")[0] not in ("pandas", "polars")
    )


def is_torch(value: Any) -> bool:
    """True for torch's tensors, whose images have their channels first."""
    return type(value).__module__.partition(".")[0] == "torch"


def as_array(value: Any) -> Any:
    """`value` as a numpy array of its own memory: tensors are detached and brought to the CPU, lists are converted."""
    import numpy as np

    detach = getattr(value, "detach", None)
    if callable(detach):
        value = detach()
        value = value.cpu() if hasattr(value, "cpu") else value
        if "bfloat16" in str(value.dtype):  # numpy has no such type
            value = value.float()
        value = value.numpy()
    masked: Any = np.ma.MaskedArray
    if isinstance(value, masked):
        if value.dtype.kind not in "biufc":
            return np.array(value.filled())
        return (
            np.array(value.astype(np.result_type(value.dtype, np.float32)).filled(np.nan))
            if value.mask.any()
            else value.data.copy()
        )
    array = np.array(value)
    if array.dtype.kind == "V" and "bfloat16" in str(array.dtype):  # jax's, which numpy takes for raw bytes
        array = array.astype(np.float32)
    return array
