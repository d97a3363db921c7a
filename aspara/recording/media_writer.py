"""Takes media from ``log()`` and brings them to disk behind the training's back.

A media value's row is written when its file is there, at the step and time of its ``log()``; readers merge it with the
step's other rows. So a row never refers to a file that does not exist.
"""

from __future__ import annotations

import errno
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from aspara import settings
from aspara.errors import AsparaError, TooLarge
from aspara.media.base import Media
from aspara.recorder import Recorder
from aspara.util.messages import say

QUEUE_BYTES = 256 << 20
_QUEUE_ITEMS = 10_000
_RETRY = (0.1, 5.0)
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ESTALE})
"""What a full or broken disk answers an encoder that writes a file of its own. An OSError of its library has none of these."""

Write = Callable[[int, int, Mapping[str, Any]], None]
"""(timestamp, step, references): puts a row."""


class _StoreRefused(Exception):
    """The disk, and not an encoder, raised `error`."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class RunBlobStore:
    """Content-addressed files beside a run."""

    def __init__(self, recorder: Recorder, limit: int) -> None:
        self._recorder = recorder
        self._limit = limit

    def keep(self, content: bytes, ending: str) -> dict[str, Any]:
        """See :class:`aspara.media.base.BlobStore`."""
        if len(content) > self._limit:
            raise TooLarge(
                f"it has {len(content)} bytes, more than the {self._limit} that ASPARA_MAX_MEDIA_SIZE allows"
            )
        digest = hashlib.sha256(content).hexdigest()
        try:
            path = self._recorder.media(content, name=f"{digest}.{ending}")
        except OSError as error:
            raise _StoreRefused(error) from None
        return {"path": path, "sha256": digest, "size": len(content)}


class MediaWriter:
    """One run's media on their way: a bounded queue and a thread that begins with the first value.

    A full queue has the caller do a part of the work, so nothing is dropped and memory stays bounded; only while the disk
    refuses, what finds no place in the queue is lost, and counted.
    """

    def __init__(self, recorder: Recorder, write: Write, *, limit: int = QUEUE_BYTES) -> None:
        self._blobs = RunBlobStore(recorder, settings.get("ASPARA_MAX_MEDIA_SIZE"))
        self._write = write
        self._limit = limit
        self._queue: deque[tuple[int, int, str, Media, int]] = deque()
        self._held = 0
        self._changed = threading.Condition()
        self._working = 0
        self._closing = False
        self._troubled = False
        self._threadless = False
        self._warned: set[str] = set()
        self._thread: threading.Thread | None = None
        self.lost = 0
        """Values that could not be kept."""

    def take(self, timestamp: int, step: int, name: str, value: Media) -> None:
        """Queues a value logged under `name`."""
        size = value.held()
        with self._changed:
            if self._thread is None and not self._threadless:
                self._start_thread()
            full = bool(self._queue) and (self._held + size > self._limit or len(self._queue) >= _QUEUE_ITEMS)
            if full and self._troubled:
                self.lost += 1
                return
            self._queue.append((timestamp, step, name, value, size))
            self._held += size
            self._changed.notify_all()
        if full or self._threadless:
            self._work()

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._loop, name="aspara-media", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the process may have no more threads
            self._threadless = True
            say(f"No thread can be started ({error}); media are written by log() itself.")
        else:
            self._thread = thread

    def finish(self, timeout: float) -> int:
        """Waits until everything is on disk, for `timeout` seconds at most while the disk refuses; returns what was lost."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._settle(timeout)
            self.lost += len(self._queue)
            self._queue.clear()
        return self.lost

    def settle(self, timeout: float) -> None:
        """Waits until everything taken so far is on disk; for `timeout` seconds at most while the disk refuses."""
        with self._changed:
            self._settle(timeout)

    def _settle(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        if self._threadless:
            self._changed.release()
            try:
                while self._queue and (self._work() or time.monotonic() < deadline):
                    pass
            finally:
                self._changed.acquire()
        while (self._queue or self._working) and self._thread is not None:
            if self._troubled and time.monotonic() > deadline:
                return
            self._changed.wait(0.1)

    def _loop(self) -> None:
        pause = _RETRY[0]
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    return
            if self._work():
                pause = _RETRY[0]
            else:
                time.sleep(pause)
                pause = min(pause * 2, _RETRY[1])

    def _work(self) -> bool:
        """Brings the oldest value to disk; False if the disk refused and it is to be tried again."""
        with self._changed:
            if not self._queue:
                return True
            item = self._queue.popleft()
            self._working += 1
        timestamp, step, name, value, size = item
        again = False
        try:
            self._write(timestamp, step, {name: value.stored(self._blobs)})
        except BaseException as error:
            # Whatever a library's encoder makes of a value (a panic of Rust code is no Exception): it costs that value.
            refusal = _refusal_of(error)
            again = refusal is not None
            if refusal is not None:
                self._say(name, f"cannot be written ({refusal.strerror or refusal}); it is tried again")
            else:
                self.lost += 1
                self._say(name, f"cannot be kept: {type(error).__name__}: {error}")
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise  # the training thread does a part of the work, and is what they are for
        finally:
            with self._changed:
                self._working -= 1
                self._troubled = again
                if again:
                    self._queue.append(item)  # behind the others: one value that the disk refuses must not hold them up
                else:
                    self._held -= size
                self._changed.notify_all()
        return not again

    def _say(self, name: str, what: str) -> None:
        if name not in self._warned:
            self._warned.add(name)
            say(f"The media {name!r} {what}.")


def _refusal_of(error: BaseException) -> OSError | None:
    """The disk's error where the disk was the trouble and may take the value later; None where the value itself was."""
    if isinstance(error, _StoreRefused):
        return None if error.error.errno == errno.EFBIG or isinstance(error.error, AsparaError) else error.error
    return error if isinstance(error, OSError) and error.errno in _DISK_ERRORS else None
