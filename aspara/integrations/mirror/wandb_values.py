"""wandb's objects as Aspara's: media, charts and artifacts, by their public members and the files they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aspara
from aspara.errors import UsageError

_MODULES = ("wandb.", "wandb")


def converted(value: Any) -> Any:
    """`value` as it is logged here; what is no object of wandb's stays as it is."""
    if isinstance(value, Mapping):
        return {key: converted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple) and any(_is_theirs(item) for item in value):
        return [converted(item) for item in value]
    return _media(value) if _is_theirs(value) else value


def artifact(theirs: Any) -> Any:
    """An artifact of wandb's with its files and references."""
    made = aspara.Artifact(
        str(theirs.name).partition(":")[0], str(theirs.type), theirs.description, dict(theirs.metadata)
    )
    for name, entry in theirs.manifest.entries.items():
        if entry.local_path:
            made.add_file(entry.local_path, name=name)
        elif entry.ref:
            made.add_reference(str(entry.ref), name=name)
    return made


def _is_theirs(value: Any) -> bool:
    return type(value).__module__.startswith(_MODULES)


def _media(value: Any) -> Any:
    kind = type(value).__name__
    caption = getattr(value, "_caption", None)
    path = getattr(value, "_path", None)
    if kind == "Histogram":
        return aspara.Histogram(np_histogram=(value.histogram, value.bins))
    if kind in ("Table", "EvalTable"):
        rows = [[converted(cell) for cell in row] for row in value.data]
        return aspara.Table(columns=value.columns, data=rows, allow_mixed_types=True)
    if kind == "CustomChart":
        return converted(value.table)
    if path is None:
        raise UsageError(f"a {kind} without a file")
    path = str(path)
    if kind == "Image":
        return aspara.Image(path, caption=caption)
    if kind == "Audio":
        return aspara.Audio(path, sample_rate=getattr(value, "_sample_rate", None), caption=caption)
    if kind == "Video":
        return aspara.Video(path, caption=caption)
    if kind in ("Html", "Bokeh"):
        return aspara.Html(path)
    if kind == "Object3D":
        return aspara.Object3D(path)
    if kind == "Molecule":
        return aspara.Molecule(path)
    if kind == "Plotly":
        return aspara.Plotly(path)
    raise UsageError(f"a {kind} has no place here")
