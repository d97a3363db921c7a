"""Which runs a person has deleted, of those that came from other machines.

A client keeps all of a run until its tracker has it. Where the tracker does not know the run, it is sent again from the
beginning, as a lost disk demands; what was deleted on purpose must not come back that way. So a deletion leaves a line in
``<data_dir>/.deleted.jsonl``: ``{"project", "run", "run_id", "writers": [...], "timestamp": ms}``. Removing the file, or a line of
it, lets those runs be sent again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aspara.storage import metadata
from aspara.storage.layout import RunPaths
from aspara.util import files, os_compat

NAME = ".deleted.jsonl"


def described(paths: RunPaths) -> dict[str, Any] | None:
    """The line about a run that is going to be deleted; None for one that was not sent from elsewhere."""
    content = metadata.read_or_empty(paths.metadata)
    if not content.get("remote"):
        return None
    created = content.get("created_by")
    writers = [*(created if isinstance(created, list) else []), *(path.stem for path in paths.lock_files()[1:])]
    return {
        "project": paths.project_dir.name,
        "run": paths.run,
        "run_id": str(content.get("run_id") or paths.run),
        "writers": list(dict.fromkeys(str(writer) for writer in writers)),
        "timestamp": time.time_ns() // 1_000_000,
    }


def note(data_dir: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Keeps the lines, durably. Raises OSError."""
    content = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
    if not content:
        return
    descriptor = files.open_append(data_dir / NAME)
    try:
        size = os.fstat(descriptor).st_size
        if size and os_compat.pread(descriptor, 1, size - 1) != b"\n":
            content = b"\n" + content  # a full disk took only a part of the last one
        while content:
            content = content[os.write(descriptor, content) :]
        os_compat.sync(descriptor)
    finally:
        os.close(descriptor)
    files.sync_folder(data_dir)


def was_deleted(data_dir: Path, project: str, run_id: str, writer: str | None = None) -> bool:
    """Whether a person deleted the run of that id; with a `writer`, one that this writer had a share in."""
    with contextlib.suppress(OSError), (data_dir / NAME).open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if (
                isinstance(entry, dict)
                and entry.get("project") == project
                and entry.get("run_id") == run_id
                and (writer is None or writer in (entry.get("writers") or []))
            ):
                return True
    return False
