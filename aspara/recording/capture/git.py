"""The commit that a program stands at, and what its work tree changes."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from typing import Any

from aspara.recording.capture.redaction import redact_code, redact_text

_PATIENCE = 10.0


def git_head(start: Path) -> dict[str, str] | None:
    """The commit and branch of the git work tree around `start`, read from its files: no git program is run at start-up."""
    for folder in (start, *start.parents):
        git = folder / ".git"
        if git.is_file():  # a worktree or submodule: the file names the real folder
            git = (folder / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()).resolve()
        if not git.is_dir():
            continue
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return {"commit": head}
        reference = head[4:].strip()
        found = {"branch": reference.removeprefix("refs/heads/")}
        commit = _reference(git, reference)
        return {"commit": commit, **found} if commit else found
    return None


def git_state(folder: Path) -> dict[str, Any]:
    """What the git program adds: ``remote`` (without passwords), ``dirty``, and the number of ``untracked`` files."""
    found: dict[str, Any] = {}
    remote = _run(folder, ["remote", "get-url", "origin"], 4096)
    if remote:
        found["remote"] = redact_text(remote.decode("utf-8", "replace").strip())
    status = _run(folder, ["status", "--porcelain", "--untracked-files=normal"], 1 << 20)
    if status is not None:
        lines = status.decode("utf-8", "replace").splitlines()
        found["dirty"] = any(not line.startswith("??") for line in lines)
        found["untracked"] = sum(line.startswith("??") for line in lines)
    return found


def git_diff(folder: Path, limit: int) -> bytes:
    """What the work tree changes against its commit, secrets blanked, cut at `limit` bytes; empty where nothing is changed."""
    content = _run(folder, ["diff", "HEAD", "--no-color", "--no-ext-diff", "--submodule=short"], limit + 1)
    if not content:
        return b""
    cut = len(content) > limit
    text = redact_code(content[:limit].decode("utf-8", "replace"))
    return (
        text
        + (f"\n# The diff is longer than {limit} bytes (ASPARA_MAX_DIFF_SIZE); the rest is left out.\n" if cut else "")
    ).encode()


def _run(folder: Path, arguments: list[str], limit: int) -> bytes | None:
    """The output of git, `limit` bytes at most; None where it fails, is missing or takes too long."""
    surroundings = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        process = subprocess.Popen(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
        )
    except OSError:
        return None
    timer = threading.Timer(_PATIENCE, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        content = process.stdout.read(limit)
        if len(content) == limit:
            process.kill()  # enough
            process.wait()
            return content
        return content if process.wait() == 0 else None
    finally:
        timer.cancel()
        if process.stdout is not None:
            process.stdout.close()


def _reference(git: Path, reference: str) -> str | None:
    common = git / "commondir"
    places = [git, (git / common.read_text(encoding="utf-8").strip()).resolve()] if common.is_file() else [git]
    for place in places:
        loose = place / reference
        if loose.is_file():
            return loose.read_text(encoding="utf-8").strip()
        packed = place / "packed-refs"
        if packed.is_file():
            for line in packed.read_text(encoding="utf-8").splitlines():
                commit, _, name = line.partition(" ")
                if name == reference:
                    return commit
    return None
