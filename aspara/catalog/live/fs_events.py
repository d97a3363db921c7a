"""Notices: what the system says of changes in folders, where it can be trusted to say all of them.

Linux tells of every write to a disk of its own (inotify, by way of watchfiles). On network disks it tells only of what this
machine itself writes; elsewhere, and on file systems that are not known to tell, nothing is asked of it, and whoever watches looks.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from aspara.storage import filesystem
from aspara.util import os_compat

if TYPE_CHECKING:
    from watchfiles._rust_notify import RustNotify

_log = logging.getLogger("aspara.watch")

MOST_FOLDERS = 1000
"""Folders that are watched at once at most: a user has some thousands for all programs together."""
_STEP_MS = 20
"""A change is told within two such steps; a thread that waits wakes for each."""
DELAY = 2 * _STEP_MS / 1000
"""Seconds between a change and its being told, at most."""


class FsEvents:
    """Waits for changes in some folders. One thread uses it.

    Args:
        file_system: The type of the file system that a folder lies on, as the system calls it.

    """

    def __init__(self, file_system: Callable[[str], str] | None = None) -> None:
        self._file_system = file_system or filesystem.kind
        self._telling: dict[int, bool] = {}
        self._notify: RustNotify | None = None
        self._followed: frozenset[str] = frozenset()
        self._given_up = not os_compat.has_file_events()

    def follow(self, folders: Iterable[str]) -> frozenset[str]:
        """Watches those of `folders` that can be watched, in their order of importance, and nothing else; returns them. What is
        below a folder is not watched with it. Changes between two calls that name different folders may be missed.
        """
        if self._given_up:
            return frozenset()
        wanted = frozenset(islice(filter(self._tells, folders), MOST_FOLDERS))
        if wanted != self._followed:
            self.close()
            if wanted:
                self._begin(wanted)
        return self._followed

    def wait(self, seconds: float, ended: Callable[[], bool]) -> set[str] | None:
        """The paths that changed: as soon as some did, none after so many seconds. None where it cannot say: when it `ended`, and
        when the system stopped telling, which :meth:`follow` notices.
        """
        assert self._notify is not None
        try:
            told = self._notify.watch(1, _STEP_MS, max(1, round(seconds * 1000)), _WatchRequest(ended))
        except (RuntimeError, OSError) as error:
            self._give_up(error)
            return None
        if isinstance(told, str):
            return set() if told == "timeout" else None
        return {path for _, path in told}

    def close(self) -> None:
        """Watches nothing."""
        if self._notify is not None:
            self._notify.close()
        self._notify, self._followed = None, frozenset()

    def _begin(self, wanted: frozenset[str]) -> None:
        try:
            from watchfiles._rust_notify import RustNotify

            self._notify = RustNotify(sorted(wanted), False, False, 1000, False, False)
            self._followed = wanted
        except FileNotFoundError:
            pass  # a folder that went away meanwhile: the next call names those that are left
        except (ImportError, RuntimeError, OSError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Once is enough: what the system could not do now it may seem to do the next time."""
        self.close()
        self._given_up = True
        _log.warning(
            "The system does not tell of changed files (%s), so they are looked for ten times a second.", error
        )

    def _tells(self, folder: str) -> bool:
        try:
            device = os.stat(folder).st_dev
        except OSError:
            return False
        if device not in self._telling:
            self._telling[device] = self._file_system(folder) in filesystem.LINUX
        return self._telling[device]


class _WatchRequest:
    """A question in the shape of a threading.Event."""

    def __init__(self, ended: Callable[[], bool]) -> None:
        self.is_set = ended
