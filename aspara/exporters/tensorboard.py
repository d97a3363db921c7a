"""TensorBoard event files: a folder for each run, as TensorBoard expects them below a log directory.

Numbers are scalars with their own steps and times; TensorBoard keeps 32-bit floats, so they lose digits. Texts are shown by
its text page, config and end by its hyperparameter page.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.exporters.selection import ExportSelection
from aspara.util import files, os_compat, protobuf, tfrecord
from aspara.util.nested import flattened

if TYPE_CHECKING:
    from typing import IO

    from aspara.api.run import ApiRun

_FLOAT, _STRING = 1, 7
_STATUS = {"finished": 1, "failed": 2, "crashed": 2, "running": 3}


def write_folder(selection: ExportSelection, folder: Path) -> int:
    """Writes a folder for each run below `folder`; an earlier export of a run is replaced. Returns the number of rows."""
    count = 0
    for run in selection.runs:
        place = folder / run.run
        place.mkdir(parents=True, exist_ok=True)
        started = int(run.created_at.timestamp()) if run.created_at else 0
        target = place / f"events.out.tfevents.{started:010}.aspara"
        draft = place / f".{run.run}.{os.getpid()}.tmp"
        try:
            with draft.open("wb") as file:
                count += _run(selection, run, file)
            os_compat.replace(draft, target)
        finally:
            os_compat.remove(draft, missing_ok=True)
        files.sync_folder(place)
    return count


def _run(selection: ExportSelection, run: ApiRun, file: IO[bytes]) -> int:
    start = run.metadata.get("start_time")
    began = start / 1000 if isinstance(start, int) else 0.0
    tfrecord.write_tfrecord(file, protobuf.put_double(1, began) + protobuf.put_bytes(3, "brain.Event:2"))
    if run.config:
        _event(file, began, 0, [_hparams("_hparams_/session_start_info", _begin(run, began))])
    count, last = 0, began
    told: set[str] = set()
    for time, step, values in selection.logged(run):
        items = []
        for name, value in values.items():
            if isinstance(value, bool | int | float):
                items.append(protobuf.put_bytes(1, name) + protobuf.put_float(2, float(value)))
            elif isinstance(value, str):
                items.append(_text(name, value, first=name not in told))
                told.add(name)
        if items:
            last = time / 1000
            _event(file, last, step, items)
            count += 1
    if run.config:
        end = protobuf.put_integer(1, _STATUS.get(run.state, 0)) + protobuf.put_double(2, last)
        _event(file, last, 0, [_hparams("_hparams_/session_end_info", protobuf.put_bytes(4, end))])
    return count


def _event(file: IO[bytes], time: float, step: int, items: list[bytes]) -> None:
    summary = b"".join(protobuf.put_bytes(1, item) for item in items)
    head = protobuf.put_double(1, time) + (protobuf.put_integer(2, step) if step else b"")
    tfrecord.write_tfrecord(file, head + protobuf.put_bytes(5, summary))


def _text(name: str, value: str, *, first: bool) -> bytes:
    shape = protobuf.put_bytes(2, protobuf.put_bytes(2, protobuf.put_integer(1, 1)))
    tensor = protobuf.put_integer(1, _STRING) + shape + protobuf.put_bytes(8, value)
    item = protobuf.put_bytes(1, f"{name}/text_summary") + protobuf.put_bytes(8, tensor)
    # The page that shows it is named once.
    return item + (protobuf.put_bytes(9, protobuf.put_bytes(1, protobuf.put_bytes(1, "text"))) if first else b"")


def _hparams(tag: str, content: bytes) -> bytes:
    plugin = protobuf.put_bytes(1, "hparams") + protobuf.put_bytes(2, content)
    nothing = protobuf.put_integer(1, _FLOAT) + protobuf.put_bytes(2, b"") + protobuf.put_float(5, 0.0)
    return (
        protobuf.put_bytes(1, tag)
        + protobuf.put_bytes(8, nothing)
        + protobuf.put_bytes(9, protobuf.put_bytes(1, plugin))
    )


def _begin(run: ApiRun, began: float) -> bytes:
    entries = b""
    for name, value in flattened(run.config):
        if value is None:
            continue
        entries += protobuf.put_bytes(1, protobuf.put_bytes(1, name) + protobuf.put_bytes(2, _value(value)))
    if run.group:
        entries += protobuf.put_bytes(4, run.group)
    return protobuf.put_bytes(3, entries + protobuf.put_double(5, began))


def _value(value: Any) -> bytes:
    """A google.protobuf.Value."""
    if isinstance(value, bool):
        return protobuf.put_integer(4, int(value))
    if isinstance(value, int | float):
        return protobuf.put_double(2, float(value))
    return protobuf.put_bytes(3, value if isinstance(value, str) else str(value))
