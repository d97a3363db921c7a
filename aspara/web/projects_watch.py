"""Watches the list of projects for all pages that show it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable

import orjson

from aspara.catalog.catalog import Catalog
from aspara.errors import AsparaError

_INTERVAL, _SHARE = 2.0, 0.03
"""Seconds between two looks at least, and the part of the time that looking may take."""


class ProjectsWatch:
    """The version of the list of projects, looked up while somebody listens. Belongs to the event loop.

    Args:
        look: Returns the present version.

    """

    def __init__(self, look: Callable[[], Awaitable[str]]) -> None:
        self.version = ""
        """Changes with anything that the list shows; empty until the first look."""
        self._look = look
        self._listeners: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    def join(self) -> asyncio.Event:
        """An event that is set at each change from now on, until it is given to :meth:`leave`."""
        changed = asyncio.Event()
        self._listeners.add(changed)
        if self._task is None:
            self._task = asyncio.ensure_future(self._poll())
        elif self.version:
            changed.set()
        return changed

    def leave(self, changed: asyncio.Event) -> None:
        """Removes a listener; with the last one the looking ends."""
        self._listeners.discard(changed)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task, self.version = None, ""

    async def _poll(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            version = await self._look()
            if version != self.version:
                self.version = version
                for changed in self._listeners:
                    changed.set()
            await asyncio.sleep(max(_INTERVAL, (clock() - began) / _SHARE))


def projects_version(catalog: Catalog) -> str:
    """A checksum of what the list of projects shows."""
    shown: list[object] = []
    # A folder that cannot be read at the moment is one more state; the list itself says what is wrong.
    with contextlib.suppress(OSError, AsparaError):
        shown = [catalog.data_dir.is_dir(), *(project.json() for project in catalog.projects())]
    return hashlib.sha256(orjson.dumps(shown)).hexdigest()[:16]
