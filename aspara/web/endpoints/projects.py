"""GET health and projects."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.version import __version__
from aspara.web.endpoint import Endpoint

_NO_DATA = "The data directory is gone: moved, deleted, or on a disk that is not mounted. Its projects are here again when it is back."


class HealthEndpoint(Endpoint):
    """Whether the server answers."""

    async def get(self) -> None:
        """Says so."""
        self.answer({"status": "ok", "version": __version__, "read_only": self.service.read_only})


class ProjectsEndpoint(Endpoint):
    """The list of projects."""

    async def get(self) -> None:
        """Filtered by `search` (name or tag), sorted, one page."""
        found = await self.service.off_loop(self.service.catalog.projects)
        there = bool(found) or await self.service.off_loop(self.service.catalog.data_dir.is_dir)
        if self.service.data_seen and not there:
            self.fail(503, _NO_DATA)
            return
        self.service.data_seen = there
        search = (self.text_query("search") or "").strip().lower()
        if search:
            found = [p for p in found if search in p.name.lower() or any(search in t.lower() for t in p.tags)]
        items = [p.json() for p in found]
        self.answer(page(self, items, "projects", {"name", "last_update", "run_count", "created_at"}))


def page(endpoint: Endpoint, items: list[dict[str, Any]], key: str, sortable: set[str]) -> dict[str, Any]:
    """`items` sorted by ``sort=`` (``-`` for descending) and cut to ``limit`` and ``offset``."""
    sort = endpoint.text_query("sort")
    if sort:
        field = sort.removeprefix("-")
        if field not in sortable:
            raise UsageError(
                f"sort={sort[:40]!r}: choose one of {', '.join(sorted(sortable))}, with '-' in front for descending."
            )
        with_value = [i for i in items if i[field] is not None]
        # What has no value comes last, whichever the direction.
        items = sorted(with_value, key=lambda i: i[field], reverse=sort.startswith("-")) + [
            i for i in items if i[field] is None
        ]
    limit = endpoint.int_query("limit", 100, low=1, high=1000) or 100
    offset = endpoint.int_query("offset", 0) or 0
    return {key: items[offset : offset + limit], "total": len(items), "limit": limit, "offset": offset}
