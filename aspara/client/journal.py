"""The journal: what a run has to tell its tracker, on this machine's disk, in order.

    <state>/outbox/<key>/run.json        where it goes: tracker, project, request; and what the tracker answered
    <state>/outbox/<key>/rows.jsonl      rows, as the local recorder writes them (same spill, same durability)
    <state>/outbox/<key>/items.jsonl     everything else: {"after": rows before it, "kind", ...}
    <state>/outbox/<key>/files/<n>       copies of artifacts and media
    <state>/outbox/<key>/files/<name>    what lies beside the run, see :mod:`aspara.client.captured_files`
    <state>/outbox/<key>/sent.json       how many rows and items the tracker has acknowledged

All of it stays until the tracker confirms that it durably holds all of the run: whatever a tracker has lost, or another one never
had, can be sent from the beginning. The journal of a run that a person deleted there is moved to ``<state>/deleted/<key>``.

The lock of ``rows.jsonl`` says that a process still writes it; the lock of ``sender.lock`` that one is sending it.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara import settings
from aspara.util import files, os_compat
from aspara.util.append_file import AppendFile


def outbox() -> Path:
    """The folder of all journals."""
    return settings.state_dir() / "outbox"


def journals() -> list[Path]:
    """The folders of all journals, oldest first."""
    folder = outbox()
    return sorted(p for p in folder.iterdir() if p.name[0] != "." and p.is_dir()) if folder.is_dir() else []


def ended_writers(tracker: str) -> list[str]:
    """The writers at `tracker` whose processes, on this machine, have ended without saying so to it."""
    ended = []
    for folder in journals():
        journal = Journal(folder)
        with contextlib.suppress(OSError, ValueError):
            about = journal.about()
            if about.get("tracker") == tracker and not journal.being_written():
                ended.append(str(about.get("writer")))
    return ended


class Journal:
    """One run's journal. The process that trains appends; whoever holds the sender's lock reads and acknowledges."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sending = -1
        self._rows = -1
        # The number of an item, and the byte at which it begins: those before it need not be read again.
        self._item_at = (0, 0)

    # -- writing ------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, key: str, about: dict[str, Any]) -> Journal:
        """A new journal under `key`; `about` says where its content shall go."""
        # Its rows are locked before its folder is listed: who sends what the dead left would take it for theirs, and discard it.
        journal = cls(files.make_folder(outbox()) / (f".{key}" if os_compat.RENAMES_OPEN_FILES else key))
        try:
            journal.folder.mkdir(mode=files.FOLDER_MODE)
            journal._rows = files.open_append(journal.folder / "rows.jsonl")
            files.try_lock(journal._rows)
            files.replace_json(journal.folder / "run.json", about)
            if os_compat.RENAMES_OPEN_FILES:
                journal.folder = journal.folder.rename(journal.folder.with_name(key))
        except OSError:
            journal.discard()
            raise
        files.sync_folder(journal.folder.parent)
        return journal

    def open_rows(self, warn: Callable[[str], None]) -> AppendFile:
        """The rows' file, locked as long as it is open."""
        descriptor, self._rows = self._rows, -1
        if descriptor < 0:
            descriptor = files.open_append(self.folder / "rows.jsonl")
            files.try_lock(descriptor)
        return AppendFile(
            self.folder / "rows.jsonl",
            descriptor,
            durability=settings.get("ASPARA_DURABILITY"),
            warn=warn,
            reopen=_open_again,
        )

    def add(self, item: dict[str, Any]) -> None:
        """Appends an item, whole or not at all. Raises OSError."""
        line = (json.dumps(item) + "\n").encode()
        descriptor = files.open_append(self.folder / "items.jsonl")
        try:
            size = os.fstat(descriptor).st_size
            if os.write(descriptor, line) != len(line):
                # A full disk takes a part; the next item must not stand on the same line.
                os.ftruncate(descriptor, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
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

    def item(self, number: int) -> dict[str, Any] | None:
        """The item of that number, counted from 0: empty where it cannot be understood, None where it is not there yet."""
        at, offset = self._item_at
        if number < at:
            at, offset = 0, 0
        found = None
        for line in self._lines("items.jsonl", offset):
            if at == number:
                found = line
                break
            at, offset = at + 1, offset + len(line)
        self._item_at = at, offset
        if found is None:
            return None
        try:
            item = json.loads(found)
        except ValueError:
            return {}
        return item if isinstance(item, dict) else {}

    def rows(self, offset: int, most: int, size: int = 4 << 20) -> list[bytes]:
        """Up to `most` whole lines from byte `offset` on, of `size` bytes together or a single longer one."""
        found: list[bytes] = []
        for line in itertools.islice(self._lines("rows.jsonl", offset), most):
            size -= len(line)
            if found and size < 0:
                break
            found.append(line)
        return found

    def offset(self, number: int) -> int | None:
        """The byte at which row `number`, counted from 0, begins or will begin; None where there are not so many rows."""
        at = found = 0
        for line in self._lines("rows.jsonl", 0) if number else ():
            at, found = at + 1, found + len(line)
            if at == number:
                break
        return found if at == number else None

    def count(self, offset: int, most: int) -> int:
        """How many whole lines there are from byte `offset` on, counted up to `most`."""
        return sum(1 for _ in itertools.islice(self._lines("rows.jsonl", offset), most))

    def _lines(self, name: str, offset: int) -> Iterator[bytes]:
        """The whole lines of a file from byte `offset` on."""
        with contextlib.suppress(FileNotFoundError), (self.folder / name).open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # it is being written
                yield line

    def being_written(self) -> bool:
        """True while a process writes it."""
        return files.is_locked(self.folder / "rows.jsonl")

    @contextlib.contextmanager
    def sending(self) -> Iterator[bool]:
        """Holds the sender's lock; yields False where another process holds it, or has discarded the journal."""
        try:
            self._sending = files.open_append(self.folder / "sender.lock")
        except FileNotFoundError:
            yield False
            return
        try:
            yield files.try_lock(self._sending) is not False
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Gives the sender's lock back; also for a child after a fork, which inherits it but sends nothing."""
        descriptor, self._sending = self._sending, -1
        if descriptor >= 0:
            os.close(descriptor)

    def set_aside(self) -> Path:
        """Moves the journal out of the outbox, for a run that a person deleted; returns where it lies then. Raises OSError."""
        place = files.make_folder(settings.state_dir() / "deleted") / self.folder.name
        os_compat.rename(self.folder, place)
        self.folder = place
        files.sync_folder(place.parent)
        return place

    def discard(self) -> None:
        """Removes the journal: the tracker has confirmed that it durably holds all of it."""
        if self._rows >= 0:
            os.close(self._rows)
            self._rows = -1
        shutil.rmtree(self.folder, ignore_errors=True)


def _open_again(path: Path) -> tuple[Path, int]:
    descriptor = files.open_append(path)  # in a journal that was discarded it is not made
    files.try_lock(descriptor)
    return path, descriptor
