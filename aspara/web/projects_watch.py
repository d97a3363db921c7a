"""Whether the list of projects has changed: one look serves all pages that show it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING

import orjson

from aspara.errors import AsparaError

if TYPE_CHECKING:
    from aspara.web.context import Context

_EVERY, _SHARE = 2.0, 0.03
"""Seconds between two looks at least, and the part of the time that looking may take."""


class ProjectsWatch:
    """The state of the list of projects, known for as long as somebody listens. Belongs to the event loop."""

    def __init__(self) -> None:
        self.version = ""
        """Differs when anything that the list shows does; empty until the first look."""
        self._listeners: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None

    def join(self, service: Context) -> asyncio.Event:
        """What is set at each change from now on, until it is given to :meth:`leave`."""
        told = asyncio.Event()
        self._listeners.add(told)
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look_on(service))
        elif self.version:
            told.set()
        return told

    def leave(self, told: asyncio.Event) -> None:
        """Ends a listening; with the last one the looking ends too."""
        self._listeners.discard(told)
        if not self._listeners and self._looking is not None:
            self._looking.cancel()
            self._looking, self.version = None, ""

    async def _look_on(self, service: Context) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            version = await service.off_loop(_version, service)
            if version != self.version:
                self.version = version
                for told in self._listeners:
                    told.set()
            await asyncio.sleep(max(_EVERY, (clock() - began) / _SHARE))


def _version(service: Context) -> str:
    shown: list[object] = []
    # A folder that cannot be read at the moment is a state like another; what is wrong with it, the list says.
    with contextlib.suppress(OSError, AsparaError):
        shown = [service.catalog.data_dir.is_dir(), *(project.json() for project in service.catalog.projects())]
    return hashlib.sha256(orjson.dumps(shown)).hexdigest()[:16]
