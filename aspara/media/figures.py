"""Figures, pictures and frames of other libraries as media, alone and in lists."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from aspara.media.base import Media, Plain


def converted(value: Any, plain: Plain, table_of: Callable[[Any], Media]) -> Media | None:
    """`value` as media of its own memory, or None if it is none: media objects, figures (also the ``plt`` module), Pillow
    images, data frames, and lists of those. A data frame becomes what ``table_of`` makes of it.
    Raises UsageError for a figure or frame that cannot be taken.
    """
    if isinstance(value, Media):
        return value.frozen(plain)
    if isinstance(value, list | tuple):
        if not value or not all(_likely(item) for item in value):
            return None
        found = [converted(item, plain, table_of) for item in value]
        from aspara.media.media_list import MediaList

        return MediaList([item for item in found if item is not None])
    if isinstance(value, ModuleType) and value.__name__ == "matplotlib.pyplot":
        return _image(value)
    top = type(value).__module__.partition(".")[0]
    if top in ("matplotlib", "seaborn") and (hasattr(value, "savefig") or hasattr(value, "figure")):
        return _image(value)
    if top == "PIL" and hasattr(value, "getbands"):
        return _image(value)
    if top == "plotly" and hasattr(value, "to_json"):
        from aspara.media.plotly import Plotly

        return Plotly(value)
    if top in ("pandas", "polars") and hasattr(value, "columns"):
        return table_of(value).frozen(plain)
    return None


def _likely(value: Any) -> bool:
    return isinstance(value, Media) or type(value).__module__.partition(".")[0] in (
        "matplotlib",
        "seaborn",
        "PIL",
        "plotly",
        "pandas",
        "polars",
    )


def _image(value: Any) -> Media:
    from aspara.media.image import Image

    return Image(value)
