"""Media of a run: every value logged, and where its content lies."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.catalog.index import RunIndex, Text
from aspara.catalog.replay import Replay
from aspara.errors import MediaNotFound, UsageError
from aspara.storage.layout import RunPaths

if TYPE_CHECKING:
    import polars

_MOST_ROWS = 1000


def media_values(
    index: RunIndex, metrics: Sequence[str] | None = None, kinds: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Every media value of a run in order of step, lists taken apart: a flat dict for each.

    Keys: ``metric``, ``step``, ``timestamp``, ``index`` (place in a list, else 0), ``type``, ``path``, ``name`` (of the file;
    None for what stands in the row), ``size``, ``caption``, and ``value``: everything that was kept about it.
    """
    index.refresh()
    found: list[dict[str, Any]] = []
    for text in _texts(index):
        if not isinstance(text.value, dict) or not isinstance(text.value.get("_type"), str):
            continue
        if metrics is not None and not any(fnmatchcase(text.name, pattern) for pattern in metrics):
            continue
        found.extend(item for item in _items(text) if kinds is None or item["type"] in kinds)
    found.sort(key=lambda m: (m["step"], m["timestamp"], m["metric"], m["index"]))
    return found


def _texts(index: RunIndex) -> Iterator[Text]:
    with index.lock:
        if not index.texts_let_go:
            yield from list(index.texts)
            return
        replay, done = Replay(index), False
    # More than are kept in memory: the files have them all.
    while not done:
        rows, done = replay.take(10_000)
        for time, step, metrics in rows:
            for name, value in metrics.items():
                if isinstance(value, dict):
                    yield Text(time, step, name, value)


def _items(text: Text) -> Iterator[dict[str, Any]]:
    value = text.value
    inner = value.get("items") if value["_type"] == "list" else [value]
    for position, item in enumerate(inner if isinstance(inner, list) else []):
        if not isinstance(item, dict):
            continue
        path = item.get("path") if isinstance(item.get("path"), str) else None
        yield {
            "metric": text.name,
            "step": text.step,
            "timestamp": text.time,
            "index": position,
            "type": str(item.get("_type")),
            "path": path,
            "name": None if path is None else path.rpartition("/")[2],
            "size": item.get("size"),
            "caption": item.get("caption"),
            "value": item,
        }


def media_path(paths: RunPaths, name: str) -> Path:
    """Where the media file `name` of a run lies; raises MediaNotFound, for links and paths too."""
    path = paths.media / name
    if (
        not name
        or name.startswith(".")
        or "/" in name
        or "\\" in name
        or "\0" in name
        or paths.folder.is_symlink()
        or paths.media.is_symlink()
        or path.is_symlink()
        or not path.is_file()
    ):
        raise MediaNotFound(f"Run {paths.run!r} keeps no media file {name[:128]!r}.")
    return path


def table_rows(path: Path, offset: int = 0, limit: int = 100) -> dict[str, Any]:
    """A part of a table's rows: ``{"columns", "rows", "offset", "total"}``, from JSON or Parquet; a thousand rows at most."""
    limit = min(limit, _MOST_ROWS)
    if path.suffix == ".parquet":
        import polars as pl

        frame = pl.scan_parquet(path)
        total = int(frame.select(pl.len()).collect().item())
        part = frame.slice(offset, limit).collect()
        rows = [[_plain(cell) for cell in row] for row in part.iter_rows()]
        return {"columns": part.columns, "rows": rows, "offset": offset, "total": total}
    try:
        found = json.loads(path.read_bytes())
        columns, data = list(found["columns"]), list(found["data"])
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path.name!r} is no table.") from None
    return {"columns": columns, "rows": data[offset : offset + limit], "offset": offset, "total": len(data)}


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, bool | int | str):
        return cell
    if isinstance(cell, float):
        return cell if cell - cell == 0 else str(cell)
    return str(cell)


@dataclass(frozen=True)
class MediaFile:
    """A media value of a run. ``value`` is everything kept about it; ``file`` is None for histograms, which need none."""

    metric: str
    step: int
    timestamp: int
    index: int
    type: str
    caption: str | None
    value: Mapping[str, Any]
    file: Path | None

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return 0 if self.file is None else self.file.stat().st_size

    def read(self) -> bytes:
        """The file's content."""
        if self.file is None:
            raise UsageError(f"A {self.type} has no file; its content is in .value.")
        return self.file.read_bytes()

    def table(self) -> polars.DataFrame:
        """A table as a polars frame; media in cells are their references."""
        if self.type != "table" or self.file is None:
            raise UsageError(f"This is a {self.type}, no table.")
        import polars as pl

        if self.file.suffix == ".parquet":
            return pl.read_parquet(self.file)
        found = json.loads(self.file.read_bytes())
        return pl.DataFrame(
            found["data"], schema=found["columns"], orient="row", infer_schema_length=None, strict=False
        )

    def download(self, root: str | os.PathLike[str] = ".", replace: bool = False) -> Path:
        """Copies the file below `root`, named after metric and step, and returns the copy."""
        if self.file is None:
            raise UsageError(f"A {self.type} has no file; its content is in .value.")
        place = f"{self.metric}_{self.step}" + (f"_{self.index}" if self.index else "")
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in place).lstrip(".")
        target = Path(root) / f"{name}{self.file.suffix}"
        if target.exists() and not replace:
            raise UsageError(f"{target} exists already. Choose another root, or replace=True.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.file, target)
        return target
