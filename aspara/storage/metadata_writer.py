"""Changes of a run's metadata on their way to its file: gathered, written in order, tried again while the disk refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aspara.recorder import PATIENCE
from aspara.storage import metadata
from aspara.util.signals import defer_signals

_LONGEST_WAIT = 2.0
"""Seconds that one write of the file waits for another."""
_SHOWN = 5
"""How many names a sentence holds."""


class MetadataWriter:
    """What is to be merged into the metadata file `path`.

    Args:
        path: The file. It is never made: a run whose metadata is gone was deleted.
        run_id: Whose it is. A file of that name that is another run's counts as gone.
        warn: Takes a sentence for the user, once for each trouble.
        gone: Called when the file is not there any more.

    """

    def __init__(self, path: Path, run_id: str, *, warn: Callable[[str], None], gone: Callable[[], None]) -> None:
        self._path = path
        self._run_id = run_id
        self._warn = warn
        self._tell_gone = gone
        self._gone = False
        self._waiting: dict[str, Any] = {}
        self._asked = self._written = 0
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._troubled = False
        self._slow = False

    @property
    def pending(self) -> bool:
        """Whether something waits that can still be written."""
        return bool(self._waiting) and not self._gone

    def left(self) -> dict[str, Any]:
        """What waits, if it can still be written."""
        with self._changed:
            return dict(self._waiting) if self.pending else {}

    def put(self, changes: Mapping[str, Any], wake: Callable[[], bool] | None, patience: float) -> None:
        """Takes `changes` and has them written by the thread that `wake` wakes, waiting `patience` seconds at most for it; by
        the caller where there is none, which ``wake()`` tells by False.

        A disk that was too slow once is not waited for again until it has taken something.
        """
        # A signal that ends the run in between would have the thread that writes wait for what is held here.
        with defer_signals(), self._changed:
            metadata.gather(self._waiting, changes)
            self._asked += 1
            mine = self._asked
            if wake is not None and wake():
                if patience > PATIENCE:
                    self._changed.wait_for(lambda: self._written >= mine, patience)
                elif not self._slow:
                    self._slow = not self._changed.wait_for(lambda: self._written >= mine, patience)
                return
        self.write()

    def write(self) -> None:
        """Writes what waits. It never raises."""
        # One at a time, in order: a program's flush() and the background thread may meet here. A disk that hangs holds up neither.
        writing = self._writing
        if not writing.acquire(timeout=_LONGEST_WAIT):
            return
        try:
            self._write()
        finally:
            writing.release()

    def settle(self, deadline: float) -> bool:
        """Writes what waits, again and again until `deadline` (monotonic); whether all is written that can be."""
        self.write()
        while self.pending and time.monotonic() < deadline:
            time.sleep(0.1)
            self.write()
        return not self.pending

    def abandon(self) -> None:
        """Lets go of locks that a thread may hold which a fork left behind."""
        self._changed, self._writing = threading.Condition(), threading.Lock()

    def _write(self) -> None:
        if self._gone:
            return
        with self._changed:
            changes, mine = self._waiting, self._asked
            if not changes:
                return
            self._waiting = {}
        # Without that lock: a program that sets its config must not wait for a disk that hangs.
        try:
            metadata.edit(self._path, lambda content: self._merge(content, changes), create=False)
        except FileNotFoundError:
            self.forget()
            return
        except OSError as error:
            with self._changed:
                metadata.gather(changes, self._waiting)
                self._waiting = changes
            if not self._troubled:
                self._troubled = True
                self._warn(f"{self._path} cannot be written ({error.strerror or error}); it is tried again.")
            return
        self._troubled = False
        with self._changed:
            self._written = max(self._written, mine)
            self._slow = False
            self._changed.notify_all()

    def _merge(self, content: dict[str, Any], changes: Mapping[str, Any]) -> None:
        if not metadata.is_of(content, self._run_id):
            raise FileNotFoundError(self._path)
        metadata.merge(content, changes)

    def forget(self) -> None:
        """The file is gone, and nothing more is written."""
        if not self._gone:
            self._gone = True
            self._tell_gone()


def described(changes: Mapping[str, Any]) -> str:
    """Changes of a run's metadata in words: its end, how many values of config and summary with the first names, the rest."""
    found = ["its end"] if "status" in changes else []
    own = changes.get("summary_own")
    for part in ("config", "summary"):
        values = changes.get(part)
        # What was logged is in the rows too.
        names = [name for name in values or () if part == "config" or not isinstance(own, list) or name in own]
        if names:
            shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            found.append(f"{len(names)} value{'s' * (len(names) > 1)} of its {part} ({shown})")
    found += [f"its {part}" for part in ("tags", "notes") if part in changes]
    return " and ".join(filter(None, (", ".join(found[:-1]), *found[-1:]))) or "what is known of it"
