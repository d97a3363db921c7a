"""A run that somebody is sending: its recorder, and those of the processes that send it."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from aspara.errors import UsageError
from aspara.storage import metadata
from aspara.storage.layout import Layout
from aspara.storage.local_recorder import LocalRecorder
from aspara.util import files


@dataclass
class ReceivedWriter:
    """One client process's share of a run: its recorder and the sequence number of its next row."""

    recorder: LocalRecorder
    next: int


@dataclass
class ReceivedRun:
    """A run that somebody is sending."""

    recorder: LocalRecorder
    writers: dict[str, ReceivedWriter] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    contact: float = 0.0
    ended: bool = False
    """The run has ended; what comes now, of a forked child for example, is late and changes nothing of that."""

    def writer(self, layout: Layout, name: str) -> ReceivedWriter:
        """The share of the process `name`, which goes on in its file after a restart; the caller holds `lock`."""
        writer = self.writers.get(name)
        if writer is None:
            identity = self.recorder.identity
            paths = layout.run(identity.project, identity.run)
            main = metadata.read_or_empty(paths.metadata).get("main_writer")
            if main == name:
                recorder, path = self.recorder, paths.rows
            else:
                path = paths.writer_rows(name)
                if path.exists():
                    cut_tail(path)
                recorder = self.recorder.writer_recorder(name)
            # The rows in a writer's file are the rows that were acknowledged to it: their number is the next one's.
            writer = self.writers[name] = ReceivedWriter(recorder, _count_lines(path))
        return writer

    def put_beside(self, name: str, content: bytes, offset: str | None) -> int:
        """Keeps captured content, or with an `offset` the part of it that belongs there; how long the file is then."""
        path = self.recorder.beside(name)
        if path is None:
            return len(content)
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
                return os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)

    def release(self) -> None:
        """Lets go of its files and locks."""
        with self.lock:
            for recorder in {id(r): r for r in (self.recorder, *(s.recorder for s in self.writers.values()))}.values():
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


def _count_lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    except FileNotFoundError:
        return 0
