"""Media objects within artifacts: ``artifact.add(table, "predictions")``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara.errors import UsageError
from aspara.media.base import Media


class _DraftBlobStore:
    """Gathers files in order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def keep(self, content: bytes, ending: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        path = f"media/{digest}.{ending}"
        self.files[path] = content
        return {"path": path, "sha256": digest, "size": len(content)}


def object_of(obj: Any, name: str) -> Iterator[tuple[str, bytes]]:
    """(path, content) of the files that hold a media object, its description last, under ``<name>.<kind>.json``."""
    if not isinstance(obj, Media):
        raise UsageError(f"add() takes media objects such as aspara.Table, not {type(obj).__name__}; use add_file().")
    shelf = _DraftBlobStore()
    described = obj.frozen(_plain).stored(shelf)
    yield from shelf.files.items()
    yield f"{name}.{obj.kind}.json", json.dumps(described).encode()


def rebuilt(description: Path, content: Callable[[str], Path]) -> Any:
    """The media object of a description; ``content(path)`` tells where a file of the artifact lies."""
    found = json.loads(description.read_bytes())
    if not isinstance(found, dict) or "_type" not in found:
        return None
    return _rebuilt(found, content)


def _rebuilt(found: dict[str, Any], content: Callable[[str], Path]) -> Any:
    kind, caption = found.get("_type"), found.get("caption")
    if kind == "histogram":
        from aspara.media.histogram import Histogram

        return Histogram(np_histogram=(found["values"], found["bins"]))
    if kind == "table":
        return _table(content(found["path"]), found.get("columns") or [], content)
    path = content(found["path"])
    ending = found["path"].rpartition(".")[2]
    if kind == "image":
        from aspara.media.image import Image

        return Image._of_file(path.read_bytes(), ending, caption)
    if kind == "text":
        from aspara.media.text import Text

        return Text(path.read_text(encoding="utf-8"), caption, found.get("format") or "plain")
    if kind == "html":
        from aspara.media.html import Html

        return Html(path.read_text(encoding="utf-8"), data_is_not_path=True, caption=caption)
    if kind == "plotly":
        from aspara.media.plotly import Plotly

        return Plotly(json.loads(path.read_bytes()), caption)
    raise UsageError(f"A {kind} is not made anew from an artifact; its file is {found['path']!r}: get_entry() has it.")


def _table(path: Path, columns: list[Any], content: Callable[[str], Path]) -> Any:
    from aspara.media.table import Table

    raw = path.read_bytes()
    if raw[:4] == b"PAR1":
        import io

        import polars as pl

        return Table(dataframe=pl.read_parquet(io.BytesIO(raw)), allow_mixed_types=True)
    data = [
        [_rebuilt(cell, content) if isinstance(cell, dict) and "_type" in cell else cell for cell in row]
        for row in json.loads(raw)["data"]
    ]
    return Table(columns=columns, data=data, allow_mixed_types=True)


def _plain(value: Any) -> Any:
    """What JSON can say of a cell."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value)
