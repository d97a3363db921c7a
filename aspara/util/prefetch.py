"""Work done ahead of whoever needs it: on a few threads, handed out in the order in which it was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from aspara.util import os_compat

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST_THREADS = 4


def threads() -> int:
    """How many threads are of use where the work leaves the interpreter to others: one for each processor there is, up to four."""
    return min(_MOST_THREADS, max(2, os_compat.processors()))


class Prefetcher(Generic[Item, Result]):
    """Applies `work` to items, some of them at once. To be left like a file: what was begun is then ended."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self._work = work
        self._begun: deque[tuple[Item, Future[Result]]] = deque()
        self._threads = threads()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Prefetcher[Item, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        return len(self._begun)

    @property
    def full(self) -> bool:
        """True when more would only wait."""
        return len(self._begun) > self._threads

    def put(self, item: Item) -> None:
        """Begins the work on `item`."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="aspara-ahead")
        try:
            future = self._pool.submit(self._work, item)
        except RuntimeError:  # the interpreter is about to end: no thread begins any more
            future = Future()
            try:
                future.set_result(self._work(item))
            except Exception as error:  # it belongs to whoever takes the result
                future.set_exception(error)
        self._begun.append((item, future))

    def take(self) -> tuple[Item, Result]:
        """The item that was put first, and what came of it; waits for that, and raises what the work raised."""
        item, future = self._begun.popleft()
        return item, future.result()
