"""The journal: what a run has to tell its tracker, on this machine's disk, in order.

    <state>/outbox/<key>/run.json        where it goes: tracker, project, request; and what the tracker answered
    <state>/outbox/<key>/rows.jsonl      rows, as the local recorder writes them (same spill, same durability)
    <state>/outbox/<key>/items.jsonl     everything else: {"after": rows before it, "kind", ...}
    <state>/outbox/<key>/files/<n>       copies of artifacts until they are sent
    <state>/outbox/<key>/files/<name>    what lies beside the run, see :mod:`aspara.client.beside`
    <state>/outbox/<key>/sent.json       how many rows and items the tracker has acknowledged

The lock of ``rows.jsonl`` says that a process still writes it; the lock of ``sender.lock`` that one is sending it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara import files, settings
from aspara.rowfile import RowFile


def outbox() -> Path:
    """The folder of all journals."""
    return settings.state_dir() / "outbox"


def journals() -> list[Path]:
    """The folders of all journals, oldest first."""
    folder = outbox()
    return sorted(p for p in folder.iterdir() if p.name[0] != "." and p.is_dir()) if folder.is_dir() else []


class Journal:
    """One run's journal. The process that trains appends; whoever holds the sender's lock reads and acknowledges."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sending = -1
        self._rows = -1

    # -- writing ------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, key: str, about: dict[str, Any]) -> Journal:
        """A new journal under `key`; `about` says where its content shall go."""
        journal = cls(files.make_folder(outbox()) / key)
        # Nobody sees it before its rows are locked: who sends what the dead left would take it for theirs, and discard it.
        hidden = journal.folder.with_name(f".{key}")
        hidden.mkdir(mode=files.FOLDER_MODE)
        files.replace_json(hidden / "run.json", about)
        journal._rows = files.open_append(hidden / "rows.jsonl")
        files.try_lock(journal._rows)
        hidden.rename(journal.folder)
        files.sync_folder(journal.folder.parent)
        return journal

    def open_rows(self, warn: Callable[[str], None]) -> RowFile:
        """The rows' file, locked as long as it is open."""
        descriptor, self._rows = self._rows, -1
        if descriptor < 0:
            descriptor = files.open_append(self.folder / "rows.jsonl")
            files.try_lock(descriptor)
        return RowFile(self.folder / "rows.jsonl", descriptor, durability=settings.get("ASPARA_DURABILITY"), warn=warn)

    def add(self, item: dict[str, Any]) -> None:
        """Appends an item; one write, so that it is there whole or not at all. Raises OSError."""
        descriptor = files.open_append(self.folder / "items.jsonl")
        try:
            os.write(descriptor, (json.dumps(item) + "\n").encode())
        finally:
            os.close(descriptor)

    def keep_file(self, source: Path) -> str:
        """Copies a file into the journal and returns its name there."""
        folder = files.make_folder(self.folder / "files")
        name = os.urandom(8).hex()
        shutil.copyfile(source, folder / name)
        (folder / name).chmod(files.FILE_MODE)
        return name

    def keep_content(self, content: bytes) -> str:
        """Puts content into the journal and returns its name there. Raises OSError."""
        name = os.urandom(8).hex()
        files.replace(self.file(name), content)
        return name

    def file(self, name: str) -> Path:
        """Where a file of the journal lies, or shall lie."""
        return files.make_folder(self.folder / "files") / name

    # -- reading ------------------------------------------------------------------------------------------------------

    def about(self) -> dict[str, Any]:
        """Where it goes; raises ValueError or OSError for a broken journal."""
        found = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("no object")  # noqa: TRY004
        return found

    def remember(self, about: dict[str, Any]) -> None:
        """Keeps what the tracker answered."""
        files.replace_json(self.folder / "run.json", about)

    def progress(self) -> dict[str, int]:
        """Rows, bytes of rows and items acknowledged so far."""
        try:
            found = json.loads((self.folder / "sent.json").read_text(encoding="utf-8"))
            return {k: int(found.get(k, 0)) for k in ("rows", "bytes", "items")}
        except (OSError, ValueError, AttributeError):
            return {"rows": 0, "bytes": 0, "items": 0}

    def acknowledge(self, progress: dict[str, int]) -> None:
        """Keeps how far the tracker has everything."""
        files.replace_json(self.folder / "sent.json", progress)

    def items(self, skip: int) -> list[dict[str, Any]]:
        """The whole items after the first `skip`."""
        try:
            lines = (self.folder / "items.jsonl").read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        found: list[dict[str, Any]] = []
        for line in lines[skip:]:
            try:
                item = json.loads(line)
            except ValueError:
                item = {}
            found.append(item if isinstance(item, dict) else {})
        return found

    def rows(self, offset: int, most: int, size: int = 4 << 20) -> list[bytes]:
        """Up to `most` whole lines from byte `offset` on."""
        try:
            with (self.folder / "rows.jsonl").open("rb") as file:
                file.seek(offset)
                content = file.read(size)
        except FileNotFoundError:
            return []
        cut = content.rfind(b"\n") + 1
        return [line + b"\n" for line in content[:cut].split(b"\n")[:-1]][:most]

    def being_written(self) -> bool:
        """True while a process writes it."""
        return files.is_locked(self.folder / "rows.jsonl")

    @contextlib.contextmanager
    def sending(self) -> Iterator[bool]:
        """Holds the sender's lock; yields False where another process holds it."""
        self._sending = files.open_append(self.folder / "sender.lock")
        try:
            yield files.try_lock(self._sending) is not False
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Gives the sender's lock back; also for a child after a fork, which inherits it but sends nothing."""
        descriptor, self._sending = self._sending, -1
        if descriptor >= 0:
            os.close(descriptor)

    def discard(self) -> None:
        """Removes the journal: everything was delivered."""
        if self._rows >= 0:
            os.close(self._rows)
            self._rows = -1
        shutil.rmtree(self.folder, ignore_errors=True)
