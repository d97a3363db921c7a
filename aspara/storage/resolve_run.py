"""Which run a process is to write: an existing one that it joins or continues, or one that is made now.

Two hosts may ask for the same id at the same moment, and a lock may reach only one of them; what they make tells them apart:
a run's row file is created exclusively, and who comes second finds it.
"""

from __future__ import annotations

import os
import time
from typing import Any

from aspara import names
from aspara.errors import RunExists, RunIsRunning, RunNotFound
from aspara.storage import metadata
from aspara.storage.heartbeat import Heartbeats
from aspara.storage.last_step import last_step
from aspara.storage.layout import Layout, RunPaths
from aspara.storage.recount import survey
from aspara.storage.rewind import rewind
from aspara.types import STATUS_ON_DISK, RunIdentity, RunRequest
from aspara.util import files
from aspara.version import __version__

_CREATION_TRIES = 12
_YOUNG = 5.0
"""Seconds that a row file without metadata is taken for one that is being made."""


def identify(layout: Layout, request: RunRequest, backend: str) -> tuple[RunIdentity, RunPaths]:
    """The run to write: an existing one, rewound if that is asked for, or one that is made now."""
    for attempt in range(_CREATION_TRIES):
        paths, found = _choose(layout, request)
        if found is None:
            try:
                return _create(paths, layout, request, backend), paths
            except FileExistsError:
                # Another host has just made it, or is about to; its lock does not reach here, but its files do.
                time.sleep(0.05 * (attempt + 1))
                continue
        if request.rewind_to is not None:
            found = _rewind(paths, found, request.rewind_to)
        after = request.rewind_to if request.rewind_to is not None else last_step(paths, found)
        identity = RunIdentity(
            request.project,
            paths.run,
            str(found.get("run_id") or paths.run),
            str(found.get("display_name") or paths.run),
            resumed=True,
            next_step=after + 1,
            color=int(found.get("color") or 0),
            path=paths.folder,
            metadata=found,
        )
        return identity, paths
    raise RunExists(f"Run {request.name or request.id!r} is being made by another process; try again.")


def touch_project(layout: Layout, request: RunRequest) -> None:
    path = layout.project_metadata(request.project)
    if path.exists() and not request.project_tags:
        return
    now = _iso_now()
    content = metadata.read_or_empty(path)
    content.setdefault("notes", "")
    content["tags"] = list(dict.fromkeys([*(content.get("tags") or []), *request.project_tags]))
    content.setdefault("created_at", now)
    content["updated_at"] = now
    files.replace_json(path, content)


def _choose(layout: Layout, request: RunRequest) -> tuple[RunPaths, dict[str, Any] | None]:
    """The paths of the run to write, and its metadata if it exists already."""
    if request.id is not None:
        return _of_id(layout, request, request.id)
    if request.resume in ("must", "allow", "auto"):
        newest = _newest(layout, request)
        if newest is not None:
            return newest
        if request.resume == "must":
            raise _none(layout, request, f"named {request.name!r}" if request.name else "at all")
    return layout.run(request.project, _free_stem(layout, request)), None


def _of_id(layout: Layout, request: RunRequest, run_id: str) -> tuple[RunPaths, dict[str, Any] | None]:
    looked_at: set[str] = set()
    while True:
        for run in layout.runs(request.project):
            if run in looked_at:
                continue
            looked_at.add(run)
            paths = layout.run(request.project, run)
            found = _begun(paths)
            if found.get("run_id") == run_id or (run == run_id and (not found or request.rewind_to is not None)):
                if request.resume == "never":
                    raise RunExists(
                        f"Run id {run_id!r} exists in project {request.project!r} (as {run!r}) and resume='never' was asked "
                        "for. Choose another id, or resume='allow' to continue it."
                    )
                return paths, found
        if request.resume == "must":
            raise _none(layout, request, f"with id {run_id!r}")
        stem = _free_stem(layout, request)
        # Another host may have begun the run of this id since: it must be met, not passed by.
        if looked_at.issuperset(layout.runs(request.project)):
            return layout.run(request.project, stem), None


def _none(layout: Layout, request: RunRequest, what: str) -> RunNotFound:
    runs = layout.runs(request.project)
    some = ", ".join(runs[:10]) + (f" and {len(runs) - 10} more" if len(runs) > 10 else "")
    return RunNotFound(f"There is no run {what} in project {request.project!r} to resume. Its runs: {some or 'none'}.")


def _begun(paths: RunPaths) -> dict[str, Any]:
    """The run's metadata; of a run that another host is making at this moment, whose lock is not ours, as soon as it is there."""
    for _ in range(40):
        found = metadata.read_or_empty(paths.metadata)
        if found:
            return found
        try:
            if time.time() - paths.rows.stat().st_mtime > _YOUNG:
                return found
        except OSError:
            return found
        time.sleep(0.05)
    return {}


def _newest(layout: Layout, request: RunRequest) -> tuple[RunPaths, dict[str, Any]] | None:
    """The run of the asked name that began last; without a name, for "auto", the last one that did not complete."""
    best: tuple[float, RunPaths, dict[str, Any]] | None = None
    for run in layout.runs(request.project):
        paths = layout.run(request.project, run)
        found = metadata.read_or_empty(paths.metadata)
        if request.name is not None:
            if request.name not in (found.get("display_name"), run):
                continue
        elif request.resume == "auto" and found.get("status") == "completed":
            continue
        started = found.get("start_time")
        when = float(started) if isinstance(started, int | float) else 0.0
        if best is None or when >= best[0]:
            best = (when, paths, found)
    return None if best is None else best[1:]


def _free_stem(layout: Layout, request: RunRequest) -> str:
    # Two hosts that begin the run of one id at the same moment must meet at one file.
    base = names.slug(request.name or request.id or names.new_run_name())
    taken = set(layout.runs(request.project))
    project_dir = layout.project_dir(request.project)
    stem, number = base, 1
    # A folder of that name may be another thing's (a user's, or a deleted run's leftover): it is left alone too.
    while stem in taken or (project_dir / stem).exists() or (project_dir / f"{stem}.jsonl").exists():
        number += 1
        stem = f"{base[:120]}-{number}"
    return stem


def _create(paths: RunPaths, layout: Layout, request: RunRequest, backend: str) -> RunIdentity:
    run_id = request.id or names.new_run_id()
    name = request.name or (names.new_run_name() if request.id else paths.run)
    color = len(layout.runs(request.project))
    content = {
        "run_id": run_id,
        "project": request.project,
        "display_name": name,
        "tags": [],
        "notes": "",
        "params": {},
        "config": {},
        "artifacts": [],
        "summary": {},
        "is_finished": False,
        "exit_code": None,
        "status": STATUS_ON_DISK["running"],
        "start_time": time.time_ns() // 1_000_000,
        "finish_time": None,
        "color": color,
        "version": __version__,
        "backend": backend,
    }
    os.close(files.open_append(paths.rows, exclusive=True))
    try:
        files.replace_json(paths.metadata, content)
    except OSError:
        paths.rows.unlink(missing_ok=True)
        raise
    return RunIdentity(request.project, paths.run, run_id, name, color=color, path=paths.folder, metadata=content)


def _iso_now() -> str:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _rewind(paths: RunPaths, found: dict[str, Any], step: int) -> dict[str, Any]:
    """Sets aside what the run has after `step`, and has its summary tell of the rest. The caller holds the folder's lock."""
    if any(files.is_locked(path) for path in paths.lock_files()) or Heartbeats().elsewhere(paths, found):
        raise RunIsRunning(f"Run {paths.run!r} is still being written. Wait for its end before you rewind it.")
    aside = rewind(paths, step)
    statistics = survey(paths)
    own = found.get("summary_own")
    summary = found.get("summary") if isinstance(found.get("summary"), dict) else {}
    assert isinstance(summary, dict)
    kept = {key: value for key, value in summary.items() if isinstance(own, list) and key in own}
    note = {"step": step, "timestamp": time.time_ns() // 1_000_000, "rows": aside and f"rewound/{aside.name}"}
    content = {
        **found,
        "summary": {**statistics.last(), **kept},
        "metric_summary": statistics.json(),
        "last_step": statistics.last_step(),
        "rewinds": [*(found.get("rewinds") or []), note],
    }
    files.replace_json(paths.metadata, content)
    return content
