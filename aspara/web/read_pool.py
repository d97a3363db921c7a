"""Threads for expensive reads, shared fairly among clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from aspara.errors import Busy

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class _Client:
    """The requests of one client: how many there are, and which of them may run."""

    slots: asyncio.Semaphore
    requests: int = field(default=0)


class ReadPool:
    """Runs expensive reads on threads of their own. Belongs to the event loop.

    Short answers (lists, metadata, files) have other threads, so they never wait for these. A client occupies all threads but one
    at most: the rest of its reads wait, and other clients' do not.

    Args:
        threads: How many reads run at the same time.
        waiting: How many reads of one client may wait or run.

    """

    def __init__(self, threads: int = 4, waiting: int = 256) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="aspara-read")
        self._each = max(1, threads - 1)
        self._waiting = waiting
        self._clients: dict[str, _Client] = {}

    async def run(
        self, client: str, is_gone: Callable[[], bool], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The result of blocking `work`, done for `client`.

        Raises:
            Busy: Too many reads of the client wait already.
            ConnectionAbortedError: The client went away before its turn came; `is_gone` says so.

        """
        entry = self._clients.setdefault(client, _Client(asyncio.Semaphore(self._each)))
        if entry.requests >= self._waiting:
            raise Busy(f"{entry.requests} reads of this client are waiting already, the limit. Try again in a moment.")
        entry.requests += 1
        try:
            async with entry.slots:
                if is_gone():
                    raise ConnectionAbortedError
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._executor, lambda: work(*args, **kwargs))
        finally:
            entry.requests -= 1
            if not entry.requests:
                self._clients.pop(client, None)

    def close(self) -> None:
        """Ends the threads; reads that have not begun are dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)
