"""A run that somebody is sending: its recorder, and those of the processes that send it."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aspara.errors import BatchDiffers, UsageError
from aspara.storage import metadata
from aspara.storage.layout import Layout, RunPaths
from aspara.storage.local_recorder import LocalRecorder
from aspara.util import files, os_compat

_COMPARED = 20_000
"""Rows that are compared with what came before, at most."""


@dataclass
class ReceivedWriter:
    """One client process's share of a run: its recorder and the sequence number of its next row."""

    recorder: LocalRecorder
    next: int
    size: int
    """Bytes of its file, when `next` was told: another size means that somebody else put rows there, or took some away."""


@dataclass
class ReceivedRun:
    """A run that somebody is sending."""

    recorder: LocalRecorder
    writers: dict[str, ReceivedWriter] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    items: threading.RLock = field(default_factory=threading.RLock)
    """Held while an item other than rows is taken: they come in order."""
    contact: float = 0.0
    ended: bool = False
    """The run has ended; what comes now, of a forked child for example, is late and changes nothing of that."""

    def writer(self, layout: Layout, name: str) -> ReceivedWriter:
        """The share of the process `name`, which goes on in its file after a restart; the caller holds `lock`."""
        writer = self.writers.get(name)
        if writer is not None and (writer.recorder.size != writer.size or not writer.recorder.is_current()):
            self.forget(name)
            writer = None
        if writer is None:
            identity = self.recorder.identity
            paths = layout.run(identity.project, identity.run)
            main = metadata.read_or_empty(paths.metadata).get("main_writer")
            path = rows_of(paths, name, main)
            cut_tail(path)
            recorder = self.recorder if main == name else self.recorder.writer_recorder(name)
            writer = self.writers[name] = ReceivedWriter(recorder, count_rows(paths, path), recorder.size)
        return writer

    def check_same(self, layout: Layout, name: str, back: int, given: list[Any], lines: list[bytes]) -> None:
        """Raises BatchDiffers where rows of a batch that begins `back` rows before the next one are not those that came then."""
        writer, identity = self.writers[name], self.recorder.identity
        # Of what a rewind set aside nobody can tell, and who begins far back repeats a whole run.
        if not 0 < back <= _COMPARED or layout.run(identity.project, identity.run).rewound.exists():
            return
        for row, line, there in zip(given, lines, last_rows(writer.recorder.rows_path, back), strict=False):
            if line != there and isinstance(row, dict) and "timestamp" in row:
                raise BatchDiffers(
                    f"Row {writer.next - back} or one after it came from the writer {name!r} before, with other content. Nothing "
                    "is changed; a writer numbers its rows from 0 on, each once."
                )

    def forget(self, name: str) -> None:
        """Lets go of a writer whose file is not what it was; it is looked at anew."""
        writer = self.writers.pop(name)
        if writer.recorder is not self.recorder:
            writer.recorder.abandon()

    def take(self, name: str, writer: ReceivedWriter, lines: list[bytes]) -> None:
        """Keeps rows of the writer `name` durably, all of them or none. Raises OSError; the caller holds `lock`."""
        try:
            # One write for all of them: they are acknowledged together.
            writer.recorder.commit(b"".join(lines))
        except OSError:
            self.forget(name)
            raise
        writer.next += len(lines)
        writer.size = writer.recorder.size
        writer.recorder.sync()  # a sign of life, and a look at what others ask of the run

    def put_beside(self, name: str, content: bytes, offset: str | None) -> int:
        """Keeps captured content, or with an `offset` the part of it that belongs there; how long the file is then."""
        path = self.recorder.beside(name)
        if path is None:
            raise FileNotFoundError(errno.ENOENT, "the run's files are gone", name)
        with self.lock:
            if offset is None:
                files.replace(path, content)
                return len(content)
            if not offset.isdecimal() or len(offset) > 18:
                raise UsageError(f"offset={offset[:40]!r}: give the number of bytes that stand before this part.")
            descriptor = files.open_append(path)
            try:
                if os.fstat(descriptor).st_size == int(offset):
                    view = memoryview(content)
                    while view:
                        view = view[os.write(descriptor, view) :]
                    os_compat.sync(descriptor)
                return os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)

    def release(self) -> None:
        """Lets go of its files and locks."""
        with self.lock:
            for recorder in {id(r): r for r in (self.recorder, *(s.recorder for s in self.writers.values()))}.values():
                # What was acknowledged is durable. Files that were removed are not made anew: the client sends it all again.
                if recorder.is_current():
                    with contextlib.suppress(OSError):
                        recorder.sync()
                recorder.abandon()


def cut_tail(path: Path) -> None:
    """Cuts off a torn last line: it was never acknowledged, so its client sends it again."""
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - (1 << 16))
            file.seek(start)
            cut = file.read(end - start).rfind(b"\n") + 1
            if cut or start == 0:
                if start + cut < file.seek(0, os.SEEK_END):
                    file.truncate(start + cut)
                return
            end = start


def rows_of(paths: RunPaths, writer: str, main: object) -> Path:
    """The file that holds a writer's rows."""
    return paths.rows if main == writer else paths.writer_rows(writer)


def count_rows(paths: RunPaths, path: Path) -> int:
    """How many rows of a writer's file were acknowledged to it, those among them that a rewind set aside later."""
    return _count_lines(path) + sum(_count_lines(aside) for aside in paths.rewound.glob(f"*/{path.name}"))


def last_rows(path: Path, count: int) -> list[bytes]:
    """The last rows of a file, `count` of them at most."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        end = start = file.seek(0, os.SEEK_END)
        content = b""
        while start > 0 and content.count(b"\n") <= count:
            start = max(0, start - (1 << 18))
            file.seek(start)
            content = file.read(end - start)
        return content.splitlines(keepends=True)[-count:]
    return []


def _count_lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0
