"""Media of a run: every value logged, and where its content lies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.catalog.files.content import Content, copied
from aspara.catalog.index.backfill import Backfill
from aspara.catalog.index.points import RunPoints, TextPoint
from aspara.catalog.index.run_index import RunIndex
from aspara.errors import MediaNotFound, UsageError
from aspara.storage.layout import RunPaths
from aspara.storage.parquet_errors import decoding
from aspara.util import files

if TYPE_CHECKING:
    import polars

_MOST_STEPS = 10_000


@dataclass(frozen=True)
class MediaQuery:
    """Which media values are wanted; all of them where nothing is said.

    ``metrics`` are names or globs, ``key`` is one name exactly. ``start`` and ``end`` are steps, inclusive. Of each metric at
    most ``steps`` steps are taken, evenly spread, the first and the last among them.
    """

    metrics: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    key: str | None = None
    start: int | None = None
    end: int | None = None
    steps: int | None = None

    def takes(self, text: TextPoint) -> bool:
        """Whether a logged value may be among them, as far as its name, step and form tell."""
        return (
            isinstance(text.value, dict)
            and isinstance(text.value.get("_type"), str)
            and (self.key is None or text.name == self.key)
            and (self.metrics is None or any(fnmatchcase(text.name, pattern) for pattern in self.metrics))
            and (self.start is None or text.step >= self.start)
            and (self.end is None or text.step <= self.end)
        )


def media_values(index: RunIndex, query: MediaQuery = MediaQuery()) -> list[dict[str, Any]]:
    """Media values of a run in order of step, lists taken apart: a flat dict for each.

    Keys: ``metric``, ``step``, ``timestamp``, ``index`` (place in a list, else 0), ``type``, ``path``, ``name`` (of the file;
    None for what stands in the row), ``size``, ``caption``, and ``value``: everything that was kept about it.
    """
    index.refresh()
    return _values(_texts(index), query)


def _values(logged: Iterable[TextPoint], query: MediaQuery) -> list[dict[str, Any]]:
    texts = [text for text in logged if query.takes(text)]
    if query.steps is not None:
        chosen = {name: frozenset(_spread(steps, query.steps)) for name, steps in _steps(texts).items()}
        texts = [text for text in texts if text.step in chosen[text.name]]
    found = [item for text in texts for item in _items(text) if query.kinds is None or item["type"] in query.kinds]
    found.sort(key=lambda m: (m["step"], m["timestamp"], m["metric"], m["index"]))
    return found


def media_keys(index: RunIndex) -> list[dict[str, Any]]:
    """What media a run has, by metric: ``{"metric", "types", "count", "steps", "step_count"}``.

    ``count`` counts lists as one; of very many steps ten thousand are told, evenly spread.
    """
    index.refresh()
    return _keys(_texts(index))


def previewed(points: RunPoints, preview: RunPoints, query: MediaQuery | None) -> list[dict[str, Any]]:
    """The same of a run that is still being read, out of the points read so far and those of its preview. Without a query the
    keys. The caller holds the lock.
    """
    texts = [*points.texts, *(preview.texts if preview is not points else ())]
    logged = list({(text.time, text.step, text.name, json.dumps(text.value)): text for text in texts}.values())
    return _keys(logged) if query is None else _values(logged, query)


def _keys(logged: Iterable[TextPoint]) -> list[dict[str, Any]]:
    texts = [text for text in logged if MediaQuery().takes(text)]
    kinds: dict[str, dict[str, None]] = {}
    counts: dict[str, int] = {}
    for text in texts:
        counts[text.name] = counts.get(text.name, 0) + 1
        of = kinds.setdefault(text.name, {})
        of.update({str(item.get("_type")): None for item in _inner(text.value) if item is not None})
    return [
        {
            "metric": name,
            "types": sorted(kinds[name]),
            "count": counts[name],
            "steps": _spread(steps, _MOST_STEPS),
            "step_count": len(steps),
        }
        for name, steps in sorted(_steps(texts).items())
    ]


def _steps(texts: Sequence[TextPoint]) -> dict[str, list[int]]:
    found: dict[str, set[int]] = {}
    for text in texts:
        found.setdefault(text.name, set()).add(text.step)
    return {name: sorted(steps) for name, steps in found.items()}


def _spread(steps: list[int], most: int) -> list[int]:
    """At most so many of `steps`, the first and the last among them."""
    if len(steps) <= most:
        return steps
    if most == 1:
        return steps[-1:]
    return [steps[place * (len(steps) - 1) // (most - 1)] for place in range(most)]


def _texts(index: RunIndex) -> Iterator[TextPoint]:
    with index.lock:
        if not index.points.texts_let_go:
            yield from list(index.points.texts)
            return
        replay, done = Backfill(index), False
    # More than are kept in memory: the files have them all.
    while not done:
        rows, done = replay.take(10_000)
        for time, step, metrics in rows:
            for name, value in metrics.items():
                if isinstance(value, dict):
                    yield TextPoint(time, step, name, value)


def _inner(value: Mapping[str, Any]) -> list[Any]:
    """The values of a list, or the one itself."""
    inner = value.get("items") if value["_type"] == "list" else [value]
    return [item if isinstance(item, dict) else None for item in inner] if isinstance(inner, list) else []


def _items(text: TextPoint) -> Iterator[dict[str, Any]]:
    for position, item in enumerate(_inner(text.value)):
        if item is None:
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


def _column(name: str, values: Sequence[Any]) -> polars.Series:
    """A table's column; one of lists or dicts among other values holds those as JSON text."""
    import polars as pl

    kinds = {type(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds & {list, dict}:
        values = [json.dumps(value) if isinstance(value, list | dict) else value for value in values]
    try:
        return pl.Series(name, values, strict=False)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if value is None else json.dumps(value) for value in values], dtype=pl.String)


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
        or not files.is_plain(path)
    ):
        raise MediaNotFound(f"Run {paths.run!r} keeps no media file {name[:128]!r}.")
    return path


@dataclass(frozen=True)
class MediaFile:
    """A media value of a run. ``value`` is everything kept about it; ``content`` is None for histograms, which need none."""

    metric: str
    step: int
    timestamp: int
    index: int
    type: str
    caption: str | None
    value: Mapping[str, Any]
    content: Content | None = field(default=None, repr=False)

    @property
    def file(self) -> Path | None:
        """Where its file lies; one from far away is fetched first and goes with its Api. None where it needs none."""
        return None if self.content is None else self.content.path()

    @property
    def size(self) -> int:
        """Bytes of its file."""
        if self.content is None:
            return 0
        known = self.value.get("size")
        return known if isinstance(known, int) else self.content.path().stat().st_size

    def read(self) -> bytes:
        """The file's content."""
        return self._file().path().read_bytes()

    def table(self) -> polars.DataFrame:
        """A table as a polars frame; media in cells are their references."""
        if self.type != "table" or self.content is None:
            raise UsageError(f"This is a {self.type}, no table.")
        import polars as pl

        path = self.content.path()
        if path.suffix == ".parquet":
            with decoding():
                return pl.read_parquet(path)
        found = json.loads(path.read_bytes())
        columns = list(zip(*found["data"], strict=True)) or [()] * len(found["columns"])
        return pl.DataFrame([_column(name, values) for name, values in zip(found["columns"], columns, strict=True)])

    def download(self, root: str | os.PathLike[str] = ".", replace: bool = False) -> Path:
        """Copies the file below `root`, named after metric and step, and returns the copy."""
        content = self._file()
        place = f"{self.metric}_{self.step}" + (f"_{self.index}" if self.index else "")
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in place).lstrip(".")
        return copied(content, Path(root), f"{name}{Path(content.name).suffix}", replace=replace)

    def _file(self) -> Content:
        if self.content is None:
            raise UsageError(f"A {self.type} has no file; its content is in .value.")
        return self.content
