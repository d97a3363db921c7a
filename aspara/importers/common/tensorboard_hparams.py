"""The folders that ``SummaryWriter.add_hparams()`` makes: each holds the hyperparameters and results of the run above it."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from pathlib import Path

from aspara.util import protobuf, tfrecord

_FIRST_RECORDS = 4
_LONGEST = 1 << 20
_EXPERIMENT = b"_hparams_/experiment"
_SESSION_START = b"_hparams_/session_start_info"


@dataclass(frozen=True)
class Trial:
    """Such a folder, and what it says of its hyperparameters: equal for equal ones."""

    folder: Path
    config: bytes


def trials(folders: dict[Path, list[Path]]) -> dict[Path, list[Trial]]:
    """Of folders with their event files, those that are trials, by the folder of their run."""
    found: dict[Path, list[Trial]] = {}
    for folder, events in folders.items():
        if folder.parent in folders:
            config = _config(events[0])
            if config is not None:
                found.setdefault(folder.parent, []).append(Trial(folder, config))
    return found


def _config(path: Path) -> bytes | None:
    """The hyperparameters at the head of an event file as ``add_hparams()`` begins it; None for any other file."""
    is_trial = False
    with contextlib.suppress(OSError, protobuf.MalformedMessage), path.open("rb") as file:
        for _, content in itertools.islice(tfrecord.short_records(file, _LONGEST), _FIRST_RECORDS):
            is_trial = is_trial or _EXPERIMENT in content
            if is_trial and _SESSION_START in content:
                return _hyperparameters(content)
    return None


def _hyperparameters(event: bytes) -> bytes:
    """The entries of a session's start, in order: Event, Summary, Value, SummaryMetadata, PluginData, HParamsPluginData."""
    return b"".join(
        entry
        for summary in protobuf.messages(event, 5)
        for value in protobuf.messages(summary, 1)
        for metadata in protobuf.messages(value, 9)
        for plugin in protobuf.messages(metadata, 1)
        for data in protobuf.messages(plugin, 2)
        for start in protobuf.messages(data, 3)
        for entry in sorted(protobuf.messages(start, 1))
    )
