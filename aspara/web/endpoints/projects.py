"""Endpoints for health and the list of projects."""

from __future__ import annotations

from typing import Any

from aspara.version import __version__
from aspara.web.endpoint import Endpoint

_NO_DATA = "The data directory is gone: it was moved or deleted, or its disk is not mounted. The projects appear again when it is back."


class HealthEndpoint(Endpoint):
    """The health of the server."""

    async def get(self) -> None:
        """Its status and version."""
        self.answer({"status": "ok", "version": __version__, "read_only": self.context.read_only})


class ProjectsEndpoint(Endpoint):
    """The list of projects."""

    async def get(self) -> None:
        """One page of the projects that match `search`, sorted."""
        projects = await self.context.off_loop(self.context.catalog.projects)
        exists = bool(projects) or await self.context.off_loop(self.context.catalog.data_dir.is_dir)
        if self.context.data_seen and not exists:
            self.fail(503, _NO_DATA)
            return
        self.context.data_seen = exists
        search = (self.args["search"] or "").lower()
        if search:
            projects = [p for p in projects if search in p.name.lower() or any(search in t.lower() for t in p.tags)]
        items = _sorted([project.json() for project in projects], self.args["sort"])
        limit, offset = self.args["limit"], self.args["offset"]
        page = items[offset : offset + limit]
        self.answer({"projects": page, "total": len(items), "limit": limit, "offset": offset})


def _sorted(items: list[dict[str, Any]], sort: str | None) -> list[dict[str, Any]]:
    """`items` by a field, descending with ``-`` in front; those without a value come last in both directions."""
    if not sort:
        return items
    field = sort.removeprefix("-")
    with_value = [item for item in items if item[field] is not None]
    with_value.sort(key=lambda item: item[field], reverse=sort.startswith("-"))
    return with_value + [item for item in items if item[field] is None]
