"""The commit that a program stands at, and what its work tree changes."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from aspara.recording.capture.redaction import redact_code, redact_text
from aspara.util import os_compat

_COMMIT = re.compile(r"[0-9a-fA-F]{40,64}")


class Git:
    """The git program in a folder. All its calls together take `patience` seconds at most; `stop()` ends the one that runs and
    refuses further ones.
    """

    def __init__(self, folder: Path, patience: float = 10.0) -> None:
        self._folder = folder
        self._deadline = time.monotonic() + patience
        self._stopped = False
        self._process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        """Ends what runs."""
        self._stopped = True
        process = self._process
        if process is not None:
            _kill(process)

    def run(self, arguments: list[str], limit: int) -> bytes | None:
        """The output of git, `limit` bytes at most; None where it fails, is missing or takes too long."""
        remaining = self._deadline - time.monotonic()
        if self._stopped or remaining <= 0:
            return None
        variables = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
        try:
            process = subprocess.Popen(
                ["git", "-C", str(self._folder), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=variables,
                start_new_session=True,
            )
        except (OSError, ValueError):
            return None
        self._process = process
        timer = threading.Timer(remaining, _kill, (process,))
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None
            content = process.stdout.read(limit)
            if len(content) == limit:
                _kill(process)  # enough
                process.wait()
                return content
            return content if process.wait() == 0 else None
        finally:
            timer.cancel()
            self._process = None
            if process.stdout is not None:
                process.stdout.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and those that it has started, which hold its output open."""
    os_compat.kill_group(process.pid)
    with contextlib.suppress(OSError):
        process.kill()


def git_head(start: Path) -> dict[str, str] | None:
    """The commit and branch of the git work tree around `start`, read from its files: no git program is run at start-up."""
    for folder in (start, *start.parents):
        git = folder / ".git"
        if git.is_file():  # a worktree or submodule: the file names the real folder
            git = (folder / _text(git).partition("gitdir:")[2].strip()).resolve()
        if not git.is_dir():
            continue
        head = _text(git / "HEAD").strip()
        if not head.startswith("ref:"):
            return {"commit": head} if _COMMIT.fullmatch(head) else None
        reference = head[4:].strip()
        found = {"branch": reference.removeprefix("refs/heads/")}
        commit = _reference(git, reference)
        return {"commit": commit, **found} if commit else found
    return None


def git_state(git: Git) -> dict[str, Any]:
    """What the git program adds: ``remote`` (without passwords), ``dirty``, and the number of ``untracked`` files."""
    found: dict[str, Any] = {}
    remote = git.run(["remote", "get-url", "origin"], 4096)
    if remote:
        found["remote"] = redact_text(remote.decode("utf-8", "replace").strip())
    status = git.run(["status", "--porcelain", "--untracked-files=normal"], 1 << 20)
    if status is not None:
        lines = status.decode("utf-8", "replace").splitlines()
        found["dirty"] = any(not line.startswith("??") for line in lines)
        found["untracked"] = sum(line.startswith("??") for line in lines)
    return found


def git_diff(git: Git, limit: int) -> bytes:
    """What the work tree changes against its commit, secrets blanked, cut at `limit` bytes; empty where nothing is changed."""
    content = git.run(["diff", "HEAD", "--no-color", "--no-ext-diff", "--submodule=short"], limit + 1)
    if not content:
        return b""
    cut = len(content) > limit
    text = redact_code(content[:limit].decode("utf-8", "replace"))
    return (
        text
        + (f"\n# The diff is longer than {limit} bytes (ASPARA_MAX_DIFF_SIZE); the rest is left out.\n" if cut else "")
    ).encode()


def _text(path: Path) -> str:
    """A file of git's. Names of branches and tags may be in any encoding; one that is read wrongly is only shown wrongly."""
    return path.read_text(encoding="utf-8", errors="replace")


def _reference(git: Path, reference: str) -> str | None:
    common = git / "commondir"
    places = [git, (git / _text(common).strip()).resolve()] if common.is_file() else [git]
    for place in places:
        loose = place / reference
        if loose.is_file():
            return _text(loose).strip()
        packed = place / "packed-refs"
        if packed.is_file():
            for line in _text(packed).splitlines():
                commit, _, name = line.partition(" ")
                if name == reference:
                    return commit
    return None
