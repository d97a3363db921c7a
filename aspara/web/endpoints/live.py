"""Endpoints for live events: WebSockets and server-sent events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

import orjson
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from aspara.catalog.live.subscription import Event, Subscription
from aspara.errors import AsparaError, Busy, UsageError
from aspara.web.endpoint import Endpoint, to_json
from aspara.web.params import parse_body
from aspara.web.query_params import CURSOR, STREAM_RUNS, STREAM_SINCE

if TYPE_CHECKING:
    from tornado.websocket import WebSocketHandler

    from aspara.web.context import Context

    SocketBase = WebSocketHandler
else:
    SocketBase = object  # the host lends the real base class

HEARTBEAT = 15.0
_GATHER, _BREATH = 0.05, 0.005
"""The shortest time between two messages, and how long one waits for more, in seconds."""


def sse_frames(events: Iterable[Event]) -> bytes:
    """Events in the format of server-sent events; the cursor of an event is its id."""
    parts: list[bytes] = []
    for event in events:
        if event.cursor is not None:
            parts.append(b"id: " + event.cursor.encode() + b"\n")
        parts.append(b"event: " + event.kind.encode() + b"\ndata: " + to_json(event.data) + b"\n\n")
    return b"".join(parts)


def _wake(loop: asyncio.AbstractEventLoop, ready: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has closed while the server was stopping
        loop.call_soon_threadsafe(ready.set)


def socket_message(events: Iterable[Event], cursor: str | None = None) -> bytes:
    """Events as one message of a socket: ``{"cursor", "events": [{"kind", "data"}]}``."""
    items = []
    for event in events:
        items.append({"kind": event.kind, "data": event.data})
        cursor = event.cursor or cursor
    return to_json({"cursor": cursor, "events": items})


class SocketEndpoint(Endpoint, SocketBase):
    """A WebSocket address: a browser opens many of them, but only six other connections to a server."""

    _track_activity = False  # a page that only watches must not keep a Jupyter server from being culled
    alternative = ""
    """The address for clients without WebSocket."""
    _gone: asyncio.Event
    """Set when the client went away; made by ``open``."""

    async def get(self, *names: str) -> None:
        """Becomes a WebSocket."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            self.fail(400, f"This address is for WebSocket. {self.alternative}.")
            return
        await super().get(*names)

    def on_close(self) -> None:
        """The client went away."""
        self._gone.set()


class ProjectSocket(SocketEndpoint):
    """The events of a project."""

    alternative = "api/projects/{project}/runs/stream sends the same as server-sent events"

    async def open(self, *path: str, **named: str) -> None:
        """Waits for the first message: ``{"cursor", "runs", "since"}``, each of which may be null."""
        del named
        (self._project,) = path
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def on_message(self, text: str | bytes) -> None:
        """Begins to send events; later messages are ignored."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._serve(text))

    async def _serve(self, text: str | bytes) -> None:
        try:
            with self.context.stream():
                await self._send(await self._subscribe(text))
        except (AsparaError, ValueError) as error:
            self.close(1008, _short(str(error)))
        except (WebSocketClosedError, StreamClosedError):
            pass

    async def _subscribe(self, text: str | bytes) -> Subscription:
        message = orjson.loads(text)
        if not isinstance(message, dict):
            raise UsageError("The first message must be a JSON object.")
        args = parse_body((STREAM_RUNS, STREAM_SINCE, CURSOR), message)
        since = None if args["cursor"] else args["since"]
        return await self.read(
            self.context.watcher.subscribe, self._project, args["runs"], since=since, cursor=args["cursor"]
        )

    async def _send(self, subscription: Subscription) -> None:
        try:
            await self.write_message(socket_message((), subscription.cursor))
            async for events in following(subscription, self.context, self._gone):
                await self.write_message(socket_message(events))
        finally:
            subscription.close()
            self.close(1001)


class ProjectsSocket(SocketEndpoint):
    """The version of the list of projects: once when it is known, at each change, and as a heartbeat."""

    alternative = "api/projects is the list itself"

    async def open(self) -> None:
        """Begins to send versions."""
        self._gone = asyncio.Event()
        self._task = asyncio.ensure_future(self._serve())

    async def on_message(self, text: str | bytes) -> None:
        """Messages are ignored."""

    async def _serve(self) -> None:
        try:
            with self.context.stream():
                await self._send()
        except Busy as error:
            self.close(1008, _short(str(error)))
        except (WebSocketClosedError, StreamClosedError):
            pass

    async def _send(self) -> None:
        context, watch = self.context, self.context.projects_watch
        changed = watch.join()
        try:
            while not self._gone.is_set() and not context.closing.is_set():
                await _first_of(changed, self._gone, context.closing)
                changed.clear()
                if watch.version:
                    await self.write_message(to_json({"version": watch.version}))
        finally:
            watch.leave(changed)
            self.close(1001)


def _short(reason: str) -> str:
    """At most 123 bytes of `reason`, as the protocol allows."""
    return reason.encode()[:120].decode("utf-8", "ignore")


async def _first_of(*events: asyncio.Event) -> None:
    """Waits for the first of some events, at most until a heartbeat is due."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def following(
    subscription: Subscription, context: Context, gone: asyncio.Event, *, each: bool = False
) -> AsyncIterator[list[Event]]:
    """Batches of events as they come, an empty one as a heartbeat, until the client or the server ends it or the client is too
    slow. With `each` every event has a cursor, otherwise the last of a batch.
    """
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    subscription.on_ready(lambda: _wake(loop, ready))
    sent = -_GATHER
    while not gone.is_set() and not context.closing.is_set():
        await _first_of(ready, gone, context.closing)
        if ready.is_set():
            # What comes after a silence is sent at once, with what comes in the same moment; a burst becomes one write.
            await asyncio.sleep(max(_BREATH, sent + _GATHER - loop.time()))
        ready.clear()
        sent = loop.time()
        yield subscription.take(0, each=each)
        if subscription.overflowed:
            return  # the client was too slow; it comes back with its cursor


class EventStream(Endpoint):
    """The events of a project or a run, as server-sent events."""

    _track_activity = False  # a page that only watches must not keep a Jupyter server from being culled
    _gone: asyncio.Event | None = None

    async def get(self, project: str, run: str | None = None) -> None:
        """Events from now on, from `since` (ms), or from where `cursor` or Last-Event-ID ended."""
        with self.context.stream():
            await self._follow(project, run)

    async def _follow(self, project: str, run: str | None) -> None:
        context = self.context
        cursor = self.request.headers.get("Last-Event-ID") or self.args["cursor"]
        runs = self.args["runs"] if run is None else [await context.off_loop(context.catalog.stem, project, run)]
        since = None if cursor else self.args["since"]
        subscription = await self.read(context.watcher.subscribe, project, runs, since=since, cursor=cursor)
        self._gone = asyncio.Event()
        try:
            self.set_header("Content-Type", "text/event-stream; charset=utf-8")
            self.set_header("Cache-Control", "no-store")
            self.set_header("X-Accel-Buffering", "no")
            self.clear_header("Content-Encoding")
            self.write(b"retry: 2000\nid: " + subscription.cursor.encode() + b"\n\n")
            await self.flush()
            async for events in following(subscription, context, self._gone, each=True):
                self.write(sse_frames(events) if events else b": alive\n\n")
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            subscription.close()

    def on_connection_close(self) -> None:
        """The client went away."""
        super().on_connection_close()
        if self._gone is not None:
            self._gone.set()
