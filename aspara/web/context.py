"""What endpoints share: the catalog, its watcher, threads for blocking work, and limits."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from aspara import settings
from aspara.catalog.catalog import Catalog
from aspara.catalog.live.watcher import Watcher
from aspara.errors import Busy, ReadOnly
from aspara.web.projects_watch import ProjectsWatch, projects_version
from aspara.web.read_pool import ReadPool

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Context:
    """The parts of one dashboard, made by its host and handed to every endpoint.

    ``host`` is ``"standalone"`` or ``"jupyter"``; ``static`` is the folder of the built front end.
    """

    catalog: Catalog
    static: Path
    host: str = "standalone"
    read_only: bool = False
    search_mode: str = "realtime"
    max_streams: int = 500
    streams: int = 0
    max_zip: int = field(default_factory=lambda: settings.get("ASPARA_MAX_ZIP_SIZE"))
    """Bytes of all files in one ZIP."""
    default_points: int = field(default_factory=lambda: settings.get("ASPARA_LTTB_THRESHOLD"))
    """Points of a series when a request does not say how many."""
    notify: bool = field(default_factory=lambda: settings.get("ASPARA_WATCH") == "auto")
    """Whether the operating system is asked to report changed files."""
    data_seen: bool = False
    """Whether the data directory has existed: one that was never created is not an error."""
    routes: tuple[Any, ...] = ()
    """The routes of the API, which its description lists."""

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.catalog, notify=self.notify)
        # Reading blocks on files; these threads keep the event loop free, and under Jupyter every kernel's socket with it.
        self.executor = ThreadPoolExecutor(4, thread_name_prefix="aspara-web")
        self.reads = ReadPool()
        self.projects_watch = ProjectsWatch(lambda: self.off_loop(projects_version, self.catalog))
        self.closing = asyncio.Event()

    async def off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of blocking `work`, run on a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, lambda: work(*args, **kwargs))

    @contextlib.contextmanager
    def stream(self) -> Iterator[None]:
        """Counts one open stream.

        Raises:
            Busy: As many streams as allowed are open.

        """
        if self.streams >= self.max_streams:
            raise Busy(f"{self.max_streams} streams are open, the limit. Close some pages, or try again in a moment.")
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1

    def check_writable(self) -> None:
        """Raises ReadOnly where nothing may be changed."""
        if self.read_only:
            raise ReadOnly("This dashboard is read-only: nothing can be edited or deleted here.")

    def manifest(self) -> dict[str, str]:
        """Logical name to file of the built front end; empty if it was not built."""
        try:
            content = json.loads((self.static / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in content.items()} if isinstance(content, dict) else {}

    def close(self) -> None:
        """Ends streams, watching and threads."""
        self.closing.set()
        self.watcher.close()
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.reads.close()
        self.catalog.close()
