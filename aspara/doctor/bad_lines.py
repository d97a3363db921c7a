"""Lines of row files that are no rows: found, and taken out of the file into the quarantine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from aspara.doctor.findings import Quarantine
from aspara.storage import row_codec
from aspara.util import files, os_compat

_CHUNK = 4 << 20


@dataclass
class BadLine:
    """Lines of one file that are bad for one reason: the first one's number, and how many."""

    reason: str
    line: int
    count: int = 0
    whole: bool = False
    """True where the values could be read all the same, and only the time or step could not."""


@dataclass
class Scan:
    """What a row file holds."""

    rows: int = 0
    bad: dict[str, BadLine] = field(default_factory=dict)

    def add(self, reason: str, line: int, *, whole: bool) -> None:
        """Counts a line."""
        entry = self.bad.setdefault(reason, BadLine(reason, line, whole=whole))
        entry.count += 1


def scan(path: Path) -> Scan:
    """Every line of `path`. An empty line is none; a last one without a newline counts as the others do."""
    found = Scan()
    for number, line, _ in _lines(path):
        content = line.rstrip(b"\n")
        if not content:
            continue
        reason, whole = judge(content)
        if reason is None or whole:
            found.rows += 1
        if reason is not None:
            found.add(reason, number, whole=whole)
    return found


def judge(content: bytes) -> tuple[str | None, bool]:
    """Why the line is no row or not a whole one (None: it is), and whether its values can be read all the same."""
    if len(content) > row_codec.MAX_LINE:
        return f"longer than {row_codec.MAX_LINE >> 20} MiB", False
    try:
        complaint = row_codec.decode(content)[3]
    except row_codec.Malformed as error:
        return str(error), False
    return complaint, True


def take_out(path: Path, quarantine: Quarantine) -> str:
    """Replaces `path` by a file without the lines that are no rows; those are kept, one below the other, in the quarantine."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    bad = 0
    state = path.stat()
    try:
        with (
            os.fdopen(os_compat.open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, files.FILE_MODE), "wb") as out,
            quarantine.keeping(path, "lines that are no rows", ".lines") as kept,
        ):
            for _, line, rest in _lines(path):
                content = line.rstrip(b"\n")
                reason, whole = judge(content) if content else (None, True)
                if reason is None or whole:
                    out.write(content + b"\n" if content else b"")
                    continue
                bad += 1
                kept.write(content)
                for piece in rest:
                    kept.write(piece.rstrip(b"\n"))
                kept.write(b"\n")
            out.flush()
            os_compat.sync(out.fileno())
        # Now that what is taken out is safe in its new place, it goes from the old one.
        os.utime(draft, ns=(state.st_atime_ns, state.st_mtime_ns))
        os_compat.replace(draft, path)
        files.sync_folder(path.parent)
    finally:
        os_compat.remove(draft, missing_ok=True)
    return f"{bad} {'line' if bad == 1 else 'lines'} moved to {quarantine.folder.name}"


def _lines(path: Path) -> Iterator[tuple[int, bytes, Iterator[bytes]]]:
    """Of each line its number, its first 8 MiB, which most have no more than, and the pieces of what follows."""
    number = 0
    with path.open("rb") as file:
        while line := file.readline(_CHUNK * 2):
            number += 1
            rest = _rest(file) if line[-1:] != b"\n" and len(line) == _CHUNK * 2 else iter(())
            yield number, line, rest
            for _ in rest:
                pass


def _rest(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.readline(_CHUNK):
        yield piece
        if piece[-1:] == b"\n":
            return
