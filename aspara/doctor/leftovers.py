"""What lies in a data directory beside its runs: links, leftovers, permissions."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from aspara.doctor.findings import Finding, Quarantine, Repair
from aspara.names import is_file_name
from aspara.storage.layout import BROKEN_ENDING, DOCTOR_PREFIX, TRASH_PREFIX, is_draft

_OLD = 3600.0
"""Seconds after which a draft is nobody's any more."""
_MOST_LINKS = 50


def surroundings(data_dir: Path, project: str | None) -> Iterator[Finding]:
    """Findings about the tree as such; with a project, about its folder alone."""
    root = data_dir if project is None else data_dir / project
    if not os.access(data_dir, os.W_OK | os.X_OK):
        yield Finding(
            "permissions", "problem", ".", f"the data directory cannot be written: make {data_dir} writable for you"
        )
    links = 0
    writable: list[Path] = []
    unreadable: list[str] = []
    for path, entry in _tree(root):
        relative = os.path.relpath(path, data_dir)
        name = entry.name
        if entry.is_symlink():
            links += 1
            if links <= _MOST_LINKS:
                yield _link(path, relative, data_dir)
            continue
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if name.startswith(TRASH_PREFIX):
            yield Finding(
                "trash",
                "problem",
                relative,
                f"a deletion was interrupted; {_size(path)} of deleted files are left",
                fix=f"is moved to a folder {DOCTOR_PREFIX}<date>",
                repair=_mover(path, "left by an interrupted deletion"),
            )
        elif name.startswith(DOCTOR_PREFIX):
            yield Finding(
                "quarantine", "note", relative, f"{_size(path)} set aside by an earlier repair; delete it when you like"
            )
        elif is_draft(name) and time.time() - state.st_mtime > _OLD:
            yield Finding(
                "draft",
                "problem",
                relative,
                f"a file of {state.st_size} bytes that was never finished",
                fix=f"is moved to a folder {DOCTOR_PREFIX}<date>",
                repair=_mover(path, "a draft that was never finished"),
            )
        elif name.endswith(BROKEN_ENDING) and stat.S_ISREG(state.st_mode):
            yield Finding("broken", "note", relative, "metadata that could not be read, kept beside its successor")
        elif not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(state.st_mode) else 0)):
            unreadable.append(relative)
        elif state.st_mode & stat.S_IWOTH:
            writable.append(path)
        is_project = project is None and path.parent == data_dir and stat.S_ISDIR(state.st_mode)
        if is_project and not name.startswith(".") and not is_file_name(name):
            yield Finding("name", "note", relative, "no valid project name, so its content is not shown; rename it")
    if links > _MOST_LINKS:
        yield Finding("link", "note", ".", "further links", count=links - _MOST_LINKS)
    for relative in unreadable[:20]:
        yield Finding("permissions", "problem", relative, "cannot be read: give yourself the right with chmod u+r")
    if len(unreadable) > 20:
        yield Finding("permissions", "problem", ".", "further files cannot be read", count=len(unreadable) - 20)
    if writable:
        yield Finding(
            "permissions",
            "problem",
            os.path.relpath(writable[0], data_dir),
            "can be changed by every user of this machine",
            count=len(writable),
            fix="their right to write is taken away",
            repair=_closer(writable),
        )


def _tree(root: Path) -> Iterator[tuple[Path, os.DirEntry[str]]]:
    """Everything below `root`; links are not followed, and what was set aside or deleted is not looked into."""
    pending = [root]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in listed:
            yield Path(entry.path), entry
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith((TRASH_PREFIX, DOCTOR_PREFIX)):
                pending.append(Path(entry.path))


def _link(path: Path, relative: str, data_dir: Path) -> Finding:
    target = os.path.realpath(path)
    if target == os.path.realpath(data_dir) or target.startswith(os.path.realpath(data_dir) + os.sep):
        return Finding(
            "link", "note", relative, "a link; links are not followed, so what it leads to is not shown here"
        )
    return Finding(
        "link", "problem", relative, f"a link that leaves the data directory, to {target}; it is not followed"
    )


def _mover(path: Path, why: str) -> Repair:
    def move(quarantine: Quarantine) -> str:
        if not os.path.lexists(path):
            return "gone meanwhile"
        quarantine.take(path, why)
        return f"moved to {quarantine.folder.name}"

    return move


def _closer(paths: list[Path]) -> Repair:
    def close(quarantine: Quarantine) -> str:
        done = 0
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                mode = stat.S_IMODE(path.lstat().st_mode)
                path.chmod(mode & ~stat.S_IWOTH)
                quarantine.note({"chmod": str(path), "was": oct(mode)})
                done += 1
        return f"taken from {done} files"

    return close


def _size(path: Path) -> str:
    total = 0.0
    for place, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return f"{total / 1e6:.1f} MB" if total >= 1e5 else f"{total:.0f} bytes"
