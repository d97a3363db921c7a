"""Media as wandb keeps them: values that name files below a run's ``files`` folder, and histograms in the row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aspara.errors import UsageError
from aspara.importers.common.media import EncodedMedia, read_whole
from aspara.media.base import BlobStore, Media
from aspara.media.histogram import Histogram
from aspara.media.media_list import MediaList
from aspara.storage.artifact_store import check_path

_KINDS = {
    "image-file": "image",
    "audio-file": "audio",
    "video-file": "video",
    "html-file": "html",
    "plotly-file": "plotly",
    "table-file": "table",
    "object3D-file": "object3d",
    "molecule-file": "molecule",
}
_FACTS = {"image": ("width", "height"), "audio": ("sample_rate", "duration"), "video": ("width", "height", "fps")}


class MediaFolder:
    """The folder below which a run's files lie. Links that lead out of it are not followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: Any) -> Path | None:
        """The file `name`; None where it leads out. It need not be there."""
        try:
            path = self._folder / check_path(str(name).replace("\\", "/"))
            path.resolve().relative_to(self._folder.resolve())
        except (ValueError, OSError):
            return None
        return path


def of_wandb(value: Mapping[str, Any], place: MediaFolder) -> Media | None:
    """The media that a value of a history row stands for; None for kinds that have no place here, and names that lead out."""
    kind = str(value.get("_type"))
    if kind == "histogram":
        return _histogram(value)
    if kind == "images/separated":
        return _several(value, "image", place, value.get("format") or "png")
    if kind in ("audio", "videos", "html", "object3D", "molecule"):  # several of one kind in older versions
        return _several(value, {"videos": "video", "object3D": "object3d"}.get(kind, kind), place, "")
    if kind not in _KINDS:
        return None
    path = place.path(value.get("path"))
    if path is None:
        return None
    ours = _KINDS[kind]
    if ours == "table":
        return _Table(path, place)
    return EncodedMedia(ours, path, _ending(path), _text(value.get("caption")), _facts(value, ours))


class _Table(Media):
    """A table of wandb's, whose cells may hold media."""

    kind = "table"

    def __init__(self, path: Path, place: MediaFolder) -> None:
        self._path, self._place = path, place

    def stored(self, shelf: BlobStore) -> dict[str, Any]:
        """Raises UsageError for what is no table, OSError where its file cannot be read."""
        try:
            found = json.loads(read_whole(self._path))
            columns, rows = [str(name) for name in found["columns"]], [list(row) for row in found["data"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise UsageError("a table that is none") from None
        data = [[self._cell(cell, shelf) for cell in row] for row in rows]
        content = json.dumps({"columns": columns, "data": data}, separators=(",", ":")).encode()
        return self._described(**shelf.keep(content, "json"), columns=columns, rows=len(data), format="json")

    def _cell(self, cell: Any, shelf: BlobStore) -> Any:
        if not isinstance(cell, dict) or not isinstance(cell.get("_type"), str):
            return cell
        inner = of_wandb(cell, self._place)
        try:
            return None if inner is None else inner.stored(shelf)
        except FileNotFoundError:
            return None


def _several(value: Mapping[str, Any], kind: str, place: MediaFolder, form: str) -> Media | None:
    names = value.get("filenames")
    captions = value.get("captions")
    if not isinstance(names, list) or not names:
        return None
    captions = captions if isinstance(captions, list) else []
    items: list[Media] = []
    for position, name in enumerate(names):
        path = place.path(name)
        if path is None:
            return None
        caption = captions[position] if position < len(captions) else None
        items.append(EncodedMedia(kind, path, _ending(path) or form, _text(caption), _facts(value, kind)))
    return items[0] if len(items) == 1 else MediaList(items)


def _histogram(value: Mapping[str, Any]) -> Media | None:
    packed = value.get("packedBins")
    counts, edges = value.get("values"), value.get("bins")
    if isinstance(packed, Mapping):
        try:
            low, size, count = float(packed["min"]), float(packed["size"]), int(packed["count"])
            edges = [low + size * position for position in range(min(count, 512) + 1)]
        except (KeyError, TypeError, ValueError):
            return None
    try:
        return Histogram(np_histogram=(counts, edges))
    except (UsageError, TypeError, ValueError):
        return None


def _facts(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = {name: value.get(name) for name in _FACTS.get(kind, ())}
    return {name: fact for name, fact in found.items() if isinstance(fact, int | float)}


def _ending(path: Path) -> str:
    # What wandb writes of tables, figures and points ends in two words: .table.json, .plotly.json, .pts.json.
    return path.suffix.lower().lstrip(".")


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str) and value else None
