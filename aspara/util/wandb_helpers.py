"""wandb's small helpers that programs call, as ``wandb.util``."""

from __future__ import annotations

import importlib
import os
import random
import re
import secrets
import string
from typing import Any

from aspara.errors import AsparaError

_ALPHABET = string.ascii_lowercase + string.digits
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")


def generate_id(length: int = 8) -> str:
    """A run id: random lower-case letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def random_string(length: int = 12) -> str:
    """Random lower-case letters and digits."""
    return generate_id(length)


def rand_alphanumeric(length: int = 8, rand: Any = None) -> str:
    """Random letters and digits."""
    source = rand if rand is not None else random
    return "".join(source.choice(string.ascii_letters + string.digits) for _ in range(length))


def make_artifact_name_safe(name: str) -> str:
    """`name` with every character that an artifact's name cannot have replaced by ``_``, at most 128 of them."""
    cleaned = re.sub(r"[^a-zA-Z0-9_\-.]", "_", name)
    return cleaned if len(cleaned) <= 128 else f"{cleaned[:63]}..{cleaned[-63:]}"


def make_file_path_upload_safe(path: str) -> str:
    """`path` with backslashes as slashes."""
    return path.replace("\\", "/")


def to_forward_slash_path(path: str) -> str:
    """`path` with slashes."""
    return path.replace("\\", "/")


def to_human_size(size: float, units: Any = None) -> str:
    """A number of bytes as people write it: ``1.5MB``."""
    del units
    value = float(size)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.1f}{unit}"


def get_module(name: str, required: str | bool | None = None, lazy: bool = True) -> Any:
    """A module by its name; None, or an error with the text `required`, where it is not installed."""
    del lazy
    try:
        return importlib.import_module(name)
    except ImportError:
        if required:
            raise AsparaError(required if isinstance(required, str) else f"{name} is not installed.") from None
        return None


def get_full_typename(o: Any) -> str:
    """``module.Class`` of an object."""
    kind = type(o)
    return kind.__name__ if kind.__module__ in ("builtins", "__builtin__") else f"{kind.__module__}.{kind.__name__}"


def is_numpy_array(obj: Any) -> bool:
    """True for an array of numpy."""
    return get_full_typename(obj) == "numpy.ndarray"


def is_pandas_data_frame(obj: Any) -> bool:
    """True for a data frame of pandas."""
    return type(obj).__module__.partition(".")[0] == "pandas" and hasattr(obj, "columns")


def is_pytorch_tensor(obj: Any) -> bool:
    """True for a tensor of torch."""
    return type(obj).__module__.partition(".")[0] == "torch" and hasattr(obj, "detach")


def is_tf_tensor(obj: Any) -> bool:
    """True for a tensor of TensorFlow."""
    return type(obj).__module__.partition(".")[0] == "tensorflow" and hasattr(obj, "shape")


def is_matplotlib_typename(typename: str) -> bool:
    """True for a type of matplotlib."""
    return typename.startswith("matplotlib.")


def is_plotly_typename(typename: str) -> bool:
    """True for a type of plotly."""
    return typename.startswith("plotly.")


def ensure_matplotlib_figure(obj: Any) -> Any:
    """The figure of an axes or of the ``plt`` module; a figure itself."""
    if hasattr(obj, "gcf"):
        return obj.gcf()
    figure = getattr(obj, "figure", None)
    return figure if figure is not None else obj


def has_num(dictionary: Any, key: Any) -> bool:
    """True where `dictionary` holds a number under `key`."""
    return key in dictionary and isinstance(dictionary[key], int | float)


def auto_project_name(program: str | None = None) -> str:
    """The project of a program that names none."""
    del program
    return os.environ.get("WANDB_PROJECT") or "uncategorized"


def downsample(values: Any, target_length: int) -> list[Any]:
    """At most `target_length` of `values`, evenly chosen; the first and the last stay."""
    count = len(values)
    if target_length < 2 or count <= target_length:
        return list(values)
    step = (count - 1) / (target_length - 1)
    return [values[round(i * step)] for i in range(target_length)]


def class_colors(class_count: int) -> list[tuple[float, float, float]]:
    """Distinct colours, as red, green and blue from 0 to 1."""
    import colorsys

    return [colorsys.hsv_to_rgb(i / max(1, class_count), 1.0, 1.0) for i in range(class_count)]
