"""TensorBoard event files: each folder that holds some is a run, named by its path below the log directory.

Scalars, texts, pictures, sounds and histograms are taken (both the old plain values and the tensors that TensorFlow 2 writes),
hyperparameters become the config. Graphs, curves of precision and recall, meshes and other plugins' data are counted and left.

What a program took back (``SummaryWriter(purge_step=...)`` after a restart) is left out, as TensorBoard leaves it out. The folder
that ``add_hparams()`` makes below a run's folder belongs to that run; where one run has several of them, with different
hyperparameters, each is a trial: a run of its own in the group of the one above.
"""

from __future__ import annotations

import functools
import math
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aspara.importers.common import tensorboard_hparams, tensorboard_media, tensorboard_purges
from aspara.importers.common.source import ImportReport, Row, RunMetadata, SourceRun, nothing_found, place, stamp_of
from aspara.importers.common.tensorboard_purges import Limit, Purge
from aspara.limits import MAX_INTEGER
from aspara.media.base import Media
from aspara.util import protobuf, tfrecord

Value = float | str | Media
_MARK = "tfevents"
_HPARAMS = "_hparams_/"
# DataType numbers of TensorFlow, and the TensorProto field that holds values of that type unless they are raw bytes.
_FLOAT, _DOUBLE, _INT32, _STRING, _INT64, _BOOL, _HALF, _BFLOAT = 1, 2, 3, 7, 9, 10, 19, 14
_RAW = {_FLOAT: "f", _DOUBLE: "d", _INT32: "i", _INT64: "q", _BOOL: "?", _HALF: "e"}


def recognizes(path: Path) -> bool:
    """True for an event file, and for a folder with one anywhere below."""
    return next(_event_folders(path), None) is not None


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """The runs below the log directory `path` (or of the one event file)."""
    del report
    found: list[SourceRun] = []
    root = path if path.is_dir() else path.parent
    folders = dict(_event_folders(path))
    groups: dict[Path, str] = {}
    for folder, trials in tensorboard_hparams.trials(folders).items():
        if len({trial.config for trial in trials}) == 1:
            for trial in trials:
                folders[folder] += folders.pop(trial.folder)
        else:
            groups |= {trial.folder: _name(folder, root) for trial in trials}
    for folder, events in folders.items():
        facts = RunMetadata(name=_name(folder, root), group=groups.get(folder))
        purges = tensorboard_purges.purges(events)
        found.append(
            SourceRun(
                "tensorboard",
                place(folder if path.is_dir() else path),
                functools.partial(_rows, events, facts, purges),
                facts,
                project=None,
                stamp=stamp_of(events),
                rewinds=tuple(purge.step for purge in purges),
            )
        )
    if not found:
        raise nothing_found("tensorboard", path, "give a log directory with files named *tfevents*.")
    return found


def _name(folder: Path, root: Path) -> str:
    name = folder.relative_to(root).as_posix()
    return folder.name if name == "." else name


def _event_folders(path: Path) -> Iterator[tuple[Path, list[Path]]]:
    if path.is_file():
        if _MARK in path.name:
            yield path.parent, [path]
        return
    for place_, folders, names in os.walk(path):
        folders.sort()
        # By name: it begins with the time at which the file was made, which is TensorBoard's order too.
        events = sorted(Path(place_, name) for name in names if _MARK in name)
        if events:
            yield Path(place_), events


def _rows(paths: list[Path], facts: RunMetadata, purges: list[Purge], report: ImportReport) -> Iterator[Row]:
    """Values of one moment and step in one row."""
    plugins: dict[str, str] = {}
    begun: Row | None = None
    for number, path in enumerate(paths):
        limit = tensorboard_purges.Limit(purges, number)
        for time, step, name, value in _values(path, plugins, facts, limit, report):
            moment = round(time * 1000)
            if begun is not None and begun[:2] == (moment, step) and name not in begun[2]:
                begun[2][name] = value
                continue
            if begun is not None:
                yield begun
            begun = (moment, step, {name: value})
    if begun is not None:
        yield begun
    host = paths[0].name.partition(f"{_MARK}.")[2].split(".")
    if len(host) > 1 and host[0].isdigit():
        facts.details["host"] = host[1]


def _values(
    path: Path, plugins: dict[str, str], facts: RunMetadata, limit: Limit, report: ImportReport
) -> Iterator[tuple[float, int, str, Value]]:
    try:
        file = path.open("rb")
    except OSError as error:
        report.problem(f"{path.name}: {error.strerror}")
        return
    with file:
        for _, content in tfrecord.read_tfrecords(file):
            if isinstance(content, str):
                report.problem(f"{path.name}: {content}")
                continue
            try:
                step_limit = limit.at(file.tell())
                for point in _event(content, plugins, facts, report):
                    if step_limit is None or point[1] < step_limit:
                        yield point
                    else:
                        report.skip("points that the program took back")
            except (protobuf.MalformedMessage, struct.error) as error:
                report.problem(f"{path.name}: an event cannot be understood ({error})")


def _event(
    content: bytes, plugins: dict[str, str], facts: RunMetadata, report: ImportReport
) -> Iterator[tuple[float, int, str, Value]]:
    time, step, summaries = 0.0, 0, []
    for number, _, value in protobuf.fields(content):
        if number == 1:
            time = protobuf.double(value)
        elif number == 2 and isinstance(value, int):
            step = protobuf.signed(value)
        elif number == 5 and isinstance(value, bytes):
            summaries.append(value)
        elif number in (4, 8):
            report.skip("graphs")
    if not math.isfinite(time):
        time = 0.0
    for summary in summaries:
        for item in protobuf.messages(summary, 1):
            found = _item(item, plugins, facts, report)
            if found is not None:
                yield time, step, *found


def _item(item: bytes, plugins: dict[str, str], facts: RunMetadata, report: ImportReport) -> tuple[str, Value] | None:
    tag, simple, tensor = "", None, None
    value_: Media | None = None
    for number, _, value in protobuf.fields(item):
        if number == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif number == 2:
            simple = protobuf.single(value)
        elif number == 8 and isinstance(value, bytes):
            tensor = value
        elif number == 9 and isinstance(value, bytes):
            for plugin in protobuf.messages(value, 1):
                name = protobuf.text(plugin, 1)
                plugins.setdefault(tag, name)
                if name == "hparams":
                    for data in protobuf.messages(plugin, 2):
                        _hparams(data, facts)
        elif number in (4, 5, 6) and isinstance(value, bytes):
            value_ = {4: tensorboard_media.image, 5: tensorboard_media.histogram, 6: tensorboard_media.sound}[number](
                value
            )
    if tag.startswith(_HPARAMS):
        return None
    if simple is not None:
        return tag, simple
    if tensor is not None:
        by = plugins.get(tag, "")
        found = _tensor(tensor)
        if found is not None and by not in tensorboard_media.PLUGINS:
            return tag.removesuffix("/text_summary") if by == "text" else tag, found
        value_ = tensorboard_media.of_tensor(by, tensor)
        if value_ is None:
            report.skip(f"{by.replace('_', ' ')} values" if by else "tensors")
    return None if value_ is None else (tag, value_)


def _tensor(tensor: bytes) -> float | str | None:
    """A tensor of one number, or of texts; None for any other."""
    kind = protobuf.integer(tensor, 1)
    raw = b"".join(protobuf.messages(tensor, 4))
    if kind == _STRING:
        return "\n".join(text.decode("utf-8", "replace") for text in protobuf.messages(tensor, 8))
    values: list[float] = []
    if raw:
        if kind == _BFLOAT:
            raw = b"\0\0" + raw
            return float(struct.unpack("<f", raw)[0]) if len(raw) == 4 else None
        code = _RAW.get(kind)
        return None if code is None or len(raw) != struct.calcsize(code) else float(struct.unpack(f"<{code}", raw)[0])
    if kind == _FLOAT:
        values = protobuf.floats(tensor, 5)
    elif kind == _DOUBLE:
        values = protobuf.doubles(tensor, 6)
    elif kind in (_INT32, _INT64, _BOOL):
        values = [float(v) for v in protobuf.varints(tensor, {_INT32: 7, _INT64: 10, _BOOL: 11}[kind])]
    elif kind in (_HALF, _BFLOAT):
        bits = [v & 0xFFFF for v in protobuf.varints(tensor, 13)]
        values = [
            struct.unpack("<e", struct.pack("<H", b))[0]
            if kind == _HALF
            else struct.unpack("<f", struct.pack("<I", b << 16))[0]
            for b in bits
        ]
    shape = [protobuf.integer(dim, 1) for s in protobuf.messages(tensor, 2) for dim in protobuf.messages(s, 2)]
    # A value of zero may be left out, as protobuf leaves out all defaults.
    if math.prod(shape) == 1 and not values and kind in _RAW:
        return 0.0
    return values[0] if len(values) == 1 and math.prod(shape) == 1 else None


def _hparams(data: bytes, facts: RunMetadata) -> None:
    """The hyperparameter plugin: inputs at a session's start, how it ended."""
    for start in protobuf.messages(data, 3):
        for entry in protobuf.messages(start, 1):
            for value in protobuf.messages(entry, 2):
                facts.config[protobuf.text(entry, 1)] = _plain(value)
        facts.group = protobuf.text(start, 4) or facts.group
    for end in protobuf.messages(data, 4):
        # STATUS_SUCCESS 1, STATUS_FAILURE 2, STATUS_RUNNING 3
        if protobuf.integer(end, 1) == 2:
            facts.status = "failed"


def _plain(value: bytes) -> Any:
    """A google.protobuf.Value."""
    for number, _, content in protobuf.fields(value):
        if number == 2:
            found = protobuf.double(content)
            return int(found) if found.is_integer() and abs(found) < MAX_INTEGER else found
        if number == 3 and isinstance(content, bytes):
            return content.decode("utf-8", "replace")
        if number == 4:
            return bool(content)
        if number == 6 and isinstance(content, bytes):
            return [_plain(item) for item in protobuf.messages(content, 1)]
    return None
