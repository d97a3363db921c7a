"""Where a run stopped: its last step, found without reading the whole history."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aspara.storage import row_codec
from aspara.storage.layout import SYSTEM_PREFIX, RunPaths
from aspara.storage.parquet_errors import decoding

_TAIL = 1 << 18


def last_step(paths: RunPaths, metadata: Mapping[str, Any]) -> int:
    """The largest step known of the run, -1 for none: from its metadata, the ends of its row files, and its archive."""
    steps = [-1]
    known = metadata.get("last_step")
    if isinstance(known, int):
        steps.append(known)
    # What was captured of the machine stands at steps that the program had logged, or at none.
    steps.extend(_tail_step(path) for path in paths.row_files() if not path.name.startswith(SYSTEM_PREFIX))
    parts = paths.parts()
    if parts:
        steps.append(_archived_step(parts))
    return max(steps)


def _tail_step(path: Path) -> int:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL))
            lines = file.read(_TAIL).split(b"\n")
    except OSError:
        return -1
    found, unnumbered = -1, 0
    for line in lines[1:] if size > _TAIL else lines:
        if not line:
            continue
        try:
            _, step, _, _ = row_codec.decode(line)
        except row_codec.Malformed:
            continue
        if step is None:
            unnumbered += 1
        else:
            found = max(found, step)
    if unnumbered and found < 0:
        # Rows without steps are numbered by their order in the file.
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) - 1
    return found


def _archived_step(parts: list[Path]) -> int:
    import polars as pl

    found = -1
    for part in parts:
        try:
            with decoding():
                step = pl.scan_parquet(part).select(pl.col("step").max()).collect().item()
        except OSError:
            continue  # a damaged part is the reader's to report
        found = max(found, -1 if step is None else int(step))
    return found
