"""Which run a process is to write: an existing one that it joins or continues, or one that is made now.

Two hosts may ask for the same id at the same moment, and a lock may reach only one of them; what they make tells them apart:
a run's row file is created exclusively, and who comes second finds it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
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
from aspara.util import files, os_compat
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
            color=metadata.whole_in(found, "color"),
            path=paths.folder,
            metadata=found,
        )
        return identity, paths
    raise RunExists(f"Run {request.name or request.id!r} is being made by another process; try again.")


def touch_project(layout: Layout, request: RunRequest) -> None:
    path = layout.project_metadata(request.project)
    if path.exists() and not request.project_tags:
        return
    files.make_folder(path.parent)
    now = _iso_now()
    content = metadata.read_or_empty(path)
    if request.project_name not in (None, request.project):
        content.setdefault("display_name", request.project_name)
    content.setdefault("notes", "")
    content["tags"] = list(dict.fromkeys([*metadata.tags_of(content), *request.project_tags]))
    content.setdefault("created_at", now)
    content["updated_at"] = now
    metadata.write(path, content)


def _choose(layout: Layout, request: RunRequest) -> tuple[RunPaths, dict[str, Any] | None]:
    """The paths of the run to write, and its metadata if it exists already."""
    if request.id is not None:
        return _of_id(layout, request, request.id)
    if request.name is not None and request.resume in ("must", "allow", "auto"):
        newest = _newest(
            layout, request.project, lambda paths, found: request.name in (found.get("display_name"), paths.run)
        )
        if newest is not None:
            return newest
        if request.resume == "must":
            raise _none(layout, request, f"named {request.name!r}")
    elif request.resumes_itself and request.program is not None:
        newest = _newest(layout, request.project, lambda paths, found: _is_own_unfinished(paths, found, request))
        if newest is not None:
            return newest
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


def _is_own_unfinished(paths: RunPaths, found: dict[str, Any], request: RunRequest) -> bool:
    """Whether it is a run of the very program that asks, which neither completed nor lives."""
    if found.get("program") != request.program or found.get("status") == STATUS_ON_DISK["completed"]:
        return False
    writers = found.get("created_by")
    if isinstance(writers, list) and writers and writers[-1] in request.ended_writers:
        return True
    return not _is_written(paths, found)


def _is_written(paths: RunPaths, found: dict[str, Any]) -> bool:
    """Whether a process, on this host or another one, still writes the run."""
    locks = [files.lock_state(path) for path in paths.lock_files()]
    if True in locks:
        return True
    return found.get("is_finished") is not True and Heartbeats().elsewhere(paths, found, locks=None not in locks)


def _newest(
    layout: Layout, project: str, matches: Callable[[RunPaths, dict[str, Any]], bool]
) -> tuple[RunPaths, dict[str, Any]] | None:
    """Of the runs that match the one that began last."""
    best: tuple[float, RunPaths, dict[str, Any]] | None = None
    for run in layout.runs(project):
        paths = layout.run(project, run)
        found = metadata.read_or_empty(paths.metadata)
        if not matches(paths, found):
            continue
        started = found.get("start_time")
        when = float(started) if isinstance(started, int | float) else 0.0
        if best is None or when >= best[0]:
            best = (when, paths, found)
    return None if best is None else best[1:]


def _free_stem(layout: Layout, request: RunRequest) -> str:
    # Two hosts that begin the run of one id at the same moment must meet at one file.
    base = names.slug(request.name or request.id or request.new_name or names.new_run_name())
    taken = set(layout.runs(request.project))
    project_dir = layout.project_dir(request.project)
    stem, number = base, 1
    # A folder of that name may be another thing's (a user's, or a deleted run's leftover): it is left alone too.
    while stem in taken or (project_dir / stem).exists() or (project_dir / f"{stem}.jsonl").exists():
        number += 1
        stem = f"{base[:120]}-{number}"
    return stem


def _create(paths: RunPaths, layout: Layout, request: RunRequest, backend: str) -> RunIdentity:
    run_id = request.id or request.new_id or names.new_run_id()
    name = request.name or request.new_name or (names.new_run_name() if request.id else paths.run)
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
        "program": request.program,
        "version": __version__,
        "backend": backend,
    }
    os.close(files.open_append(paths.rows, exclusive=True))
    try:
        metadata.write(paths.metadata, content)
    except OSError:
        os_compat.remove(paths.rows, missing_ok=True)
        raise
    return RunIdentity(request.project, paths.run, run_id, name, color=color, path=paths.folder, metadata=content)


def _iso_now() -> str:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _rewind(paths: RunPaths, found: dict[str, Any], step: int) -> dict[str, Any]:
    """Sets aside what the run has after `step`, and has its summary tell of the rest. The caller holds the folder's lock."""
    # Of a run that has ended on another host (an imported one, say) nobody has to prove that its writer is gone.
    is_written = not found.get("is_finished") and Heartbeats().elsewhere(paths, found)
    if is_written or any(files.is_locked(path) for path in paths.lock_files()):
        raise RunIsRunning(f"Run {paths.run!r} is still being written. Wait for its end before you rewind it.")
    aside = rewind(paths, step)
    statistics = survey(paths)
    kept = metadata.own_summary(found)
    rewinds = found.get("rewinds")
    note = {"step": step, "timestamp": time.time_ns() // 1_000_000, "rows": aside and f"rewound/{aside.name}"}
    content = {
        **found,
        "summary": {**statistics.last(), **kept},
        "metric_summary": statistics.json(),
        "last_step": statistics.last_step(),
        "rewinds": [*(rewinds if isinstance(rewinds, list) else []), note],
    }
    return metadata.write(paths.metadata, content)
