"""The stream endpoints: server-sent events for a project or a run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import orjson
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from aspara.catalog.live.subscription import Event, Subscription
from aspara.errors import AsparaError, UsageError
from aspara.web.endpoint import Endpoint, whole

if TYPE_CHECKING:
    from tornado.websocket import WebSocketHandler

    from aspara.web.context import Context

    SocketBase = WebSocketHandler
else:
    SocketBase = object  # the host lends the real base class

HEARTBEAT = 15.0
_GATHER, _BREATH = 0.05, 0.005
"""Seconds between two messages at least, and what one waits for the rest of what has just come."""


def sse_frames(events: Iterable[Event]) -> bytes:
    """Events as they go over the wire; the one that carries a cursor has it as its id."""
    parts: list[bytes] = []
    for event in events:
        if event.cursor is not None:
            parts.append(b"id: " + event.cursor.encode() + b"\n")
        parts.append(
            b"event: "
            + event.kind.encode()
            + b"\ndata: "
            + orjson.dumps(event.data, option=orjson.OPT_NON_STR_KEYS)
            + b"\n\n"
        )
    return b"".join(parts)


def _wake(loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has closed while the server was stopping
        loop.call_soon_threadsafe(ready.set)


def socket_message(events: Iterable[Event], cursor: str | None = None) -> bytes:
    """Events as one message of a socket: ``{"cursor", "events": [{"kind", "data"}]}``."""
    told = []
    for event in events:
        told.append({"kind": event.kind, "data": event.data})
        cursor = event.cursor or cursor
    return orjson.dumps({"cursor": cursor, "events": told}, option=orjson.OPT_NON_STR_KEYS)


class SocketEndpoint(Endpoint, SocketBase):
    """An address that speaks WebSocket: a browser opens many of them, but only six other connections."""

    _track_activity = False  # a page that only looks on does not keep a Jupyter server from being culled
    otherwise = ""
    """Which address serves those who speak no WebSocket."""
    _gone: asyncio.Event
    """Set when the page went away; made by ``open``."""

    async def get(self, *names: str) -> None:
        """Becomes a WebSocket."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            self.fail(400, f"This address speaks WebSocket; {self.otherwise}.")
            return
        await super().get(*names)

    def on_close(self) -> None:
        """The page went away."""
        self._gone.set()


class ProjectSocket(SocketEndpoint):
    """What happens in a project."""

    otherwise = "api/projects/{project}/runs/stream tells the same as events"

    async def open(self, *path: str, **named: str) -> None:
        """The first message asks: ``{"cursor", "runs", "since"}``, each of which may be null."""
        del named
        (self._project,) = path
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def on_message(self, text: str | bytes) -> None:
        """Begins to tell; what comes after the first message means nothing."""
        if self._task is not None:
            return
        service = self.service
        try:
            asked = orjson.loads(text)
            runs, cursor, since = asked.get("runs"), asked.get("cursor"), asked.get("since")
            if service.streams >= service.max_streams:
                raise UsageError(f"{service.max_streams} streams are open, which is the limit.")
            if runs is not None and not (isinstance(runs, list) and all(isinstance(run, str) for run in runs)):
                raise UsageError("runs is a list of names.")
            since = None if cursor or since is None else whole("since", str(since), 0, 1 << 53)
            subscription = await service.off_loop(
                service.watcher.subscribe, self._project, runs, since=since, cursor=cursor or None
            )
        except (AsparaError, ValueError, AttributeError, TypeError) as error:
            self.close(1008, str(error)[:100])  # a reason has at most 123 bytes
            return
        self._task = asyncio.ensure_future(self._tell(subscription))

    async def _tell(self, subscription: Subscription) -> None:
        service = self.service
        service.streams += 1
        try:
            await self.write_message(socket_message((), subscription.cursor))
            async for events in following(subscription, service, self._gone):
                await self.write_message(socket_message(events))
        except (WebSocketClosedError, StreamClosedError):
            pass
        finally:
            service.streams -= 1
            subscription.close()
            self.close(1001)


class ProjectsSocket(SocketEndpoint):
    """When the list of projects changes: ``{"version"}`` as soon as it is known, at each change, and as a sign of life."""

    otherwise = "api/projects is the list itself"

    async def open(self) -> None:
        """Begins to tell."""
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        if self.service.streams >= self.service.max_streams:
            self.close(1008, f"{self.service.max_streams} streams are open, which is the limit.")
            return
        self._task = asyncio.ensure_future(self._tell())

    async def on_message(self, text: str | bytes) -> None:
        """There is nothing to ask."""

    async def _tell(self) -> None:
        service = self.service
        service.streams += 1
        changed = service.overview.join(service)
        try:
            while not self._gone.is_set() and not service.closing.is_set():
                await _one_of(changed, self._gone, service.closing)
                changed.clear()
                if service.overview.version:
                    await self.write_message(orjson.dumps({"version": service.overview.version}))
        except (WebSocketClosedError, StreamClosedError):
            pass
        finally:
            service.streams -= 1
            service.overview.leave(changed)
            self.close(1001)


async def _one_of(*events: asyncio.Event) -> None:
    """Waits for the first of some events, at most until a sign of life is due."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def following(subscription: Subscription, service: Context, gone: asyncio.Event) -> AsyncIterator[list[Event]]:
    """Batches of events as they come; an empty one as a sign of life; until the page, the server or the patience ends."""
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    subscription.on_ready(lambda: _wake(loop, ready))
    told = -_GATHER
    while not gone.is_set() and not service.closing.is_set():
        await _one_of(ready, gone, service.closing)
        if ready.is_set():
            # What comes after a silence goes at once, with what comes in the same breath; a burst becomes one write.
            await asyncio.sleep(max(_BREATH, told + _GATHER - loop.time()))
        ready.clear()
        told = loop.time()
        yield subscription.take(0)
        if subscription.overflowed:
            return  # the page was too slow; it comes back with its cursor


class EventStream(Endpoint):
    """What happens in a project."""

    _track_activity = False  # a page that only looks on does not keep a Jupyter server from being culled

    async def get(self, project: str, run: str | None = None) -> None:
        """Events from now on, from `since` (ms), or from where a `cursor` or Last-Event-ID ended."""
        service = self.service
        if service.streams >= service.max_streams:
            self.set_header("Retry-After", "10")
            self.fail(
                503,
                f"{service.max_streams} streams are open, which is the limit. Close some pages, or try again in a moment.",
            )
            return
        cursor = self.request.headers.get("Last-Event-ID") or self.text_query("cursor")
        runs = self.list_query("runs") if run is None else [await service.off_loop(service.catalog.stem, project, run)]
        subscription = await service.off_loop(
            service.watcher.subscribe,
            project,
            runs,
            since=None if cursor else self.int_query("since"),
            cursor=cursor or None,
        )
        service.streams += 1
        self._gone = asyncio.Event()
        try:
            self.set_header("Content-Type", "text/event-stream; charset=utf-8")
            self.set_header("Cache-Control", "no-store")
            self.set_header("X-Accel-Buffering", "no")
            self.clear_header("Content-Encoding")
            self.write(b"retry: 2000\nid: " + subscription.cursor.encode() + b"\n\n")
            await self.flush()
            async for events in following(subscription, service, self._gone):
                self.write(sse_frames(events) if events else b": alive\n\n")
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            service.streams -= 1
            subscription.close()

    def on_connection_close(self) -> None:
        """The page went away."""
        super().on_connection_close()
        gone = getattr(self, "_gone", None)
        if gone is not None:
            gone.set()
