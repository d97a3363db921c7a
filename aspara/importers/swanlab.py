"""SwanLab's local runs: a folder ``run-<time>-<id>`` each, below ``swanlog``, with a file ``run-<id>.swanlab``.

Scalars, texts, pictures, sounds, videos, config, name, description, tags and how the run ended are taken. Charts and kinds of
media that have no place here are counted and left.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aspara.importers.common.media import EncodedMedia
from aspara.importers.common.record_files import record_files, records
from aspara.importers.common.source import ImportReport, Row, RunMetadata, SourceRun, nothing_found, stamp_of
from aspara.importers.common.wandb_media import MediaFolder
from aspara.media.base import Media
from aspara.media.media_list import MediaList
from aspara.media.text import Text
from aspara.util import protobuf

_ENDING = ".swanlab"
# Fields of a record that hold one: the run's start and end, scalars, media.
_TIME, _START, _END, _SCALAR, _MEDIA = 2, 10, 11, 13, 14
_KINDS = {2: "image", 3: "audio", 4: "text", 5: "video"}
"""SwanLab's numbers of the kinds of media."""
_FINISHED, _FAILED = 1, 2
_PEEK = 16


def recognizes(path: Path) -> bool:
    """True for a ``.swanlab`` file, and for a folder with one: a run's, or one that holds such folders."""
    return bool(record_files(path, _ENDING, "swanlog"))


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """The runs of a file, of a run's folder, or of a folder of those (usually called ``swanlog``)."""
    found: list[SourceRun] = []
    for file in record_files(path, _ENDING, "swanlog"):
        start = next((content for kind, content in _first(file) if kind == _START), None)
        if start is None:
            report.problem(f"{file.name}: no run can be found in it")
            continue
        run_id = protobuf.text(start, 10) or file.stem.removeprefix("run-")
        facts = RunMetadata(
            name=protobuf.text(start, 4) or run_id,
            notes=protobuf.text(start, 5),
            tags=protobuf.texts(start, 6),
            group=protobuf.text(start, 7) or None,
            job_type=protobuf.text(start, 8) or None,
            config=_config(file.parent),
            status="crashed",
        )
        for time in protobuf.messages(start, 12):
            facts.start_time = _ms(time)
        found.append(
            SourceRun(
                "swanlab",
                run_id,
                functools.partial(_rows, file, facts),
                facts,
                project=protobuf.text(start, 1) or None,
                id=run_id,
                stamp=stamp_of([file]),
            )
        )
    if not found and not report.problems:
        raise nothing_found("swanlab", path, "give a .swanlab file, a run's folder, or the folder 'swanlog'.")
    return found


def _first(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        for position, record in enumerate(records(path, ImportReport(), _TIME)):
            if position >= _PEEK:
                return
            yield record
    except OSError:
        return


def _config(folder: Path) -> dict[str, Any]:
    """The config, which SwanLab keeps with a description and a place beside each value."""
    import yaml

    try:
        found = yaml.safe_load((folder / "files" / "config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    if not isinstance(found, Mapping):
        return {}
    return {
        str(key): entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
        for key, entry in found.items()
    }


def _rows(path: Path, facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    begun: Row | None = None
    media = path.parent / "media"
    for kind, content in records(path, report, _TIME):
        if kind == _END:
            ended = protobuf.integer(content, 1)
            facts.status = "completed" if ended == _FINISHED else "failed" if ended == _FAILED else "crashed"
            for time in protobuf.messages(content, 3):
                facts.finish_time = _ms(time)
        if kind not in (_SCALAR, _MEDIA):
            continue
        try:
            name, step = protobuf.text(content, 1), protobuf.integer(content, 2)
            moment = max((_ms(time) for time in protobuf.messages(content, 4)), default=0)
            value = _scalar(content) if kind == _SCALAR else _items(content, media)
        except protobuf.MalformedMessage as error:
            report.problem(f"{path.name}: a record cannot be understood ({error})")
            continue
        if value is None:
            report.skip("media of other kinds")
        elif begun is not None and begun[1] == step and name not in begun[2]:
            begun[2][name] = value
        else:
            if begun is not None:
                yield begun
            begun = (moment, step, {name: value})
    if begun is not None:
        yield begun


def _scalar(content: bytes) -> float:
    value = 0.0  # protobuf leaves out a value of zero
    for inner in protobuf.messages(content, 5):
        for number, _, field in protobuf.fields(inner):
            if number == 1:
                value = protobuf.double(field)
    return value


def _items(content: bytes, folder: Path) -> Media | None:
    """One value, or several that were logged as a list."""
    kind = _KINDS.get(protobuf.integer(content, 3))
    if kind is None:
        return None
    place = MediaFolder(folder / kind)
    items: list[Media] = []
    for entries in protobuf.messages(content, 5):
        for entry in protobuf.messages(entries, 1):
            path = place.path(protobuf.text(entry, 1))
            if path is None:
                return None
            caption = protobuf.text(entry, 4) or None
            if kind == "text":
                try:
                    items.append(Text(path.read_text(encoding="utf-8"), caption=caption))
                except (OSError, UnicodeDecodeError):
                    return None
            else:
                items.append(EncodedMedia(kind, path, caption=caption))
    return None if not items else items[0] if len(items) == 1 else MediaList(items)


def _ms(time: bytes) -> int:
    return protobuf.integer(time, 1) * 1000 + protobuf.integer(time, 2) // 1_000_000
