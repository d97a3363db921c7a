"""What lies beside a run (console, diff, packages) on its way to the tracker: every few seconds, not only at the end.

A ``x.log`` grows, so only its new part is sent, with the place that it belongs to; the tracker answers how far it is, so a lost
answer repeats nothing. ``x.1.log``, which is what ``x.log`` was before it became too long, and all other files are replaced.

    <journal>/files/<name>     the files
    <journal>/beside.json      {name: {"inode", "seen": its size then, "mark": a checksum of what was seen, or its time,
                                "base": bytes that the tracker had before, "sent": bytes of this file}}
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from aspara.util import files

INTERVAL = 3.0
"""Seconds between two looks at what is new."""
_MOST = 1 << 20
_MARKED = 1 << 12

Post = Callable[[bytes, dict[str, str]], dict[str, Any]]
"""(content, fields) → the tracker's answer; raises Rejected or Unreachable."""


class CapturedFiles:
    """The files of one journal."""

    def __init__(self, journal: Path) -> None:
        self._folder = journal / "files"
        self._memory = journal / "beside.json"
        self._state: dict[str, dict[str, int]] = {}
        self._doubtful: set[str] = set()
        self._looked = time.monotonic()
        try:
            found = json.loads(self._memory.read_text(encoding="utf-8"))
            self._state = {
                name: {k: int(each[k]) for k in ("inode", "seen", "mark", "base", "sent")}
                for name, each in found.items()
            }
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            pass  # nothing was sent yet, or it is sent again

    def due(self) -> bool:
        """True every few seconds."""
        now = time.monotonic()
        if now - self._looked < INTERVAL:
            return False
        self._looked = now
        return True

    def send(self, post: Post) -> bool:
        """Sends the next part; False if the tracker has everything."""
        for path in sorted(self._folder.glob("[!.]*.*")):
            try:
                if self._send(path, post):
                    return True
            except FileNotFoundError:
                continue  # it has just got another name
        return False

    def ask_again(self) -> None:
        """The tracker may have lost what it had: how far each file is, is asked once more, and files that are replaced go again."""
        self._state = {name: known for name, known in self._state.items() if _grows(name)}
        self._doubtful = set(self._state)
        self._remember()

    def give_up(self) -> None:
        """What the tracker refuses now is not offered again until it changes."""
        for path in self._folder.glob("[!.]*.*"):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # it may just get another name
                self._state[path.name] = _begun(file, path.name, sent=os.fstat(file.fileno()).st_size)
        self._remember()

    def _send(self, path: Path, post: Post) -> bool:
        name, fields = path.name, {"name": path.name}
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            known = self._state.get(name)
            if _grows(name):
                if known is None:
                    # The tracker may have what an earlier process of the run printed: this stands behind it.
                    known = _begun(file, name, base=_size(post(b"", {**fields, "offset": "0"})))
                elif not _same(file, known):
                    known = _begun(file, name)
                elif name in self._doubtful:
                    there = _size(post(b"", {**fields, "offset": "0"}))
                    base = min(known["base"], there)
                    known = self._state[name] = {**known, "base": base, "sent": min(known["sent"], there - base)}
                self._doubtful.discard(name)
                if size <= known["sent"]:
                    return False
                # Before it is sent: whoever goes on after this process, or after a lost answer, asks for the same place.
                known = self._state[name] = {**known, "seen": size, "mark": _mark(file, size)}
                self._remember()
                file.seek(known["sent"])
                part = file.read(min(_MOST, size - known["sent"]))
                if known["base"] + known["sent"]:
                    fields["offset"] = str(known["base"] + known["sent"])
                known["sent"] = max(0, _size(post(part, fields)) - known["base"])
            else:
                new = _begun(file, name, sent=size)
                if known == new:
                    return False
                post(file.read(), fields)
                self._state[name] = new
        self._remember()
        return True

    def _remember(self) -> None:
        files.replace_json(self._memory, self._state)


def _grows(name: str) -> bool:
    return name.endswith(".log") and name.count(".") == 1


def _begun(file: BinaryIO, name: str, *, base: int = 0, sent: int = 0) -> dict[str, int]:
    found = os.fstat(file.fileno())
    mark = _mark(file, found.st_size) if _grows(name) else found.st_mtime_ns
    file.seek(0)
    return {"inode": found.st_ino, "seen": found.st_size, "mark": mark, "base": base, "sent": sent}


def _same(file: BinaryIO, known: dict[str, int]) -> bool:
    """Whether a file that grows begins with what was seen of it: inode numbers are used again."""
    found = os.fstat(file.fileno())
    return (
        found.st_ino == known["inode"]
        and found.st_size >= known["seen"]
        and _mark(file, known["seen"]) == known["mark"]
    )


def _mark(file: BinaryIO, seen: int) -> int:
    """The checksum of the last of what was seen."""
    start = max(0, seen - _MARKED)
    file.seek(start)
    return zlib.crc32(file.read(seen - start))


def _size(answer: dict[str, Any]) -> int:
    return int(answer.get("file_size") or 0)
