"""Cursors: how far a subscriber has come, as one opaque text that outlives the server.

A cursor holds byte positions for the runs that were moving when it was made, and that moment. A run it does not name had
been still for two minutes then: of such a run everything up to the moment counts as seen, and every row after it as new.
"""

from __future__ import annotations

import base64
import json
import time
import zlib
from dataclasses import dataclass, field

from aspara.errors import UsageError
from aspara.storage.layout import RunPaths
from aspara.util import files

Positions = dict[str, dict[str, int]]
"""Run → file key → bytes read."""
ROWS = "+"
"""In front of a file key: how many rows behind that position were seen too."""

MAX_LENGTH = 32 << 10
STILL = 120.0
"""Seconds without a change after which a run without a writer is still."""


def now() -> int:
    """The moment of a cursor made now, in ms: a minute ago. Runs without a position were still for twice as long, so that
    clocks which disagree a little lose nothing.
    """
    return time.time_ns() // 1_000_000 - 60_000


def matters(paths: RunPaths) -> bool:
    """True for a run whose position a cursor must hold: it has a writer, or changed within two minutes."""
    for path in paths.row_files():
        try:
            if time.time() - path.stat().st_mtime < STILL:
                return True
        except OSError:
            continue
    return any(files.is_locked(path) for path in paths.lock_files())


@dataclass
class Cursor:
    """The moment (ms) and the positions."""

    when: int
    positions: Positions = field(default_factory=dict)

    def encode(self) -> str:
        """As text, fit for a header and a URL."""
        content = json.dumps([self.when, self.positions], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(zlib.compress(content, 6)).decode().rstrip("=")

    @staticmethod
    def decode(text: str) -> Cursor:
        """From text; raises UsageError for anything that is no cursor. Several, separated by commas, become one that says
        of each run what the last of them that names it says: a page joins what its charts were told.
        """
        if "," in text and len(text) <= MAX_LENGTH:
            parts = [Cursor.decode(part) for part in text.split(",")]
            return Cursor(min(part.when for part in parts), {k: v for part in parts for k, v in part.positions.items()})
        try:
            if len(text) > MAX_LENGTH:
                raise ValueError("too long")
            content = zlib.decompressobj().decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), 4 << 20)
            when, positions = json.loads(content)
            if type(when) is not int or not all(
                isinstance(run, dict) and all(type(offset) is int and offset >= 0 for offset in run.values())
                for run in positions.values()
            ):
                raise ValueError("no positions")
        except (ValueError, TypeError, AttributeError, zlib.error, RecursionError):
            raise UsageError(
                "This cursor was not made by Aspara. Leave it out to begin with what happens from now on."
            ) from None
        return Cursor(when, positions)
