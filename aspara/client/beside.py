"""What lies beside a run (console, diff, packages) on its way to the tracker: every few seconds, not only at the end.

A ``x.log`` grows, so only its new part is sent, with the place that it belongs to; the tracker answers how far it is, so a lost
answer repeats nothing. ``x.1.log``, which is what ``x.log`` was before it became too long, and all other files are replaced.

    <journal>/files/<name>     the files
    <journal>/beside.json      {name: {"inode", "head": what tells it from a later file that gets its inode,
                                "base": bytes that the tracker had before, "sent": bytes of this file}}
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from aspara import files

INTERVAL = 3.0
"""Seconds between two looks at what is new."""
_MOST = 1 << 20
_HEAD = 64

Post = Callable[[bytes, dict[str, str]], dict[str, Any]]
"""(content, fields) → the tracker's answer; raises Rejected or Unreachable."""


class Beside:
    """The files of one journal."""

    def __init__(self, journal: Path) -> None:
        self._folder = journal / "files"
        self._memory = journal / "beside.json"
        self._state: dict[str, dict[str, int]] = {}
        self._looked = time.monotonic()
        try:
            found = json.loads(self._memory.read_text(encoding="utf-8"))
            self._state = {
                name: {k: int(each[k]) for k in ("inode", "head", "base", "sent")} for name, each in found.items()
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

    def give_up(self) -> None:
        """What the tracker refuses now is not offered again until it changes."""
        for path in self._folder.glob("[!.]*.*"):
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                head = _head(file, found.st_size) if _grows(path.name) else found.st_mtime_ns
            self._state[path.name] = {"inode": found.st_ino, "head": head, "base": 0, "sent": found.st_size}
        self._remember()

    def _send(self, path: Path, post: Post) -> bool:
        name, fields = path.name, {"name": path.name}
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            known = self._state.get(name)
            if _grows(name):
                if known is None:
                    # The tracker may have what an earlier process of the run printed: this stands behind it.
                    base = _size(post(b"", {**fields, "offset": "0"}))
                    known = {"inode": found.st_ino, "head": 0, "base": base, "sent": 0}
                elif (
                    known["inode"] != found.st_ino
                    or found.st_size < known["sent"]
                    or _head(file, known["sent"]) != known["head"]
                ):
                    known = {"inode": found.st_ino, "head": 0, "base": 0, "sent": 0}
                if found.st_size <= known["sent"]:
                    return False
                self._state[name] = known
                self._remember()  # before it is sent: whoever goes on after this process asks for the same place
                file.seek(known["sent"])
                part = file.read(_MOST)
                if known["base"] + known["sent"]:
                    fields["offset"] = str(known["base"] + known["sent"])
                known["sent"] = max(0, _size(post(part, fields)) - known["base"])
                known["head"] = _head(file, known["sent"])
            else:
                same = (found.st_ino, found.st_size, found.st_mtime_ns)
                if known is not None and (known["inode"], known["sent"], known["head"]) == same:
                    return False
                content = file.read()
                post(content, fields)
                self._state[name] = {
                    "inode": found.st_ino,
                    "head": found.st_mtime_ns,
                    "base": 0,
                    "sent": len(content),
                }
        self._remember()
        return True

    def _remember(self) -> None:
        files.replace_json(self._memory, self._state)


def _grows(name: str) -> bool:
    return name.endswith(".log") and name.count(".") == 1


def _head(file: BinaryIO, sent: int) -> int:
    """The checksum of how a file begins, of what was sent of it: inode numbers are used again."""
    file.seek(0)
    return zlib.crc32(file.read(min(_HEAD, sent)))


def _size(answer: dict[str, Any]) -> int:
    return int(answer.get("file_size") or 0)
