"""What endpoints know: the catalog, who watches it, where blocking work goes, and the limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from aspara import settings
from aspara.catalog.catalog import Catalog
from aspara.catalog.live.watcher import Watcher
from aspara.errors import ReadOnly
from aspara.web.projects_watch import ProjectsWatch

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Context:
    """One dashboard's parts, made at the edge and handed down to every endpoint.

    ``host`` is ``"standalone"`` or ``"jupyter"``; ``static`` the folder of built front-end files.
    """

    catalog: Catalog
    static: Path
    host: str = "standalone"
    read_only: bool = False
    search_mode: str = "realtime"
    max_streams: int = 500
    streams: int = 0
    max_zip: int = field(default_factory=lambda: settings.get("ASPARA_MAX_ZIP_SIZE"))
    """Bytes of all artifacts in one download."""
    default_points: int = field(default_factory=lambda: settings.get("ASPARA_LTTB_THRESHOLD"))
    """Points a series that an answer has where the question does not say."""
    notify: bool = field(default_factory=lambda: settings.get("ASPARA_WATCH") == "auto")
    """Whether the system is asked to tell of changed files."""
    data_seen: bool = False
    """Whether the data directory was there once: one that nobody has made yet is no trouble."""
    extras: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.watcher = Watcher(self.catalog, notify=self.notify)
        self.overview = ProjectsWatch()
        # Reads block on files; four at a time keep the event loop, and under Jupyter every kernel's socket, free.
        self.executor = ThreadPoolExecutor(4, thread_name_prefix="aspara-web")
        self.closing = asyncio.Event()

    async def off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of blocking `work`, done off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, lambda: work(*args, **kwargs))

    def check_writable(self) -> None:
        """Raises ReadOnly when nothing may be changed here."""
        if self.read_only:
            raise ReadOnly("This dashboard was started read-only, so nothing can be edited or deleted here.")

    def manifest(self) -> dict[str, str]:
        """Logical name → hashed file of the built front end; empty when it was not built."""
        try:
            found = json.loads((self.static / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def close(self) -> None:
        """Ends streams, watching and threads."""
        self.closing.set()
        self.watcher.close()
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.catalog.close()
