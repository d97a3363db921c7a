"""Projects for Python: what :class:`aspara.Api` gives of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aspara import display_hooks
from aspara.api import table_view
from aspara.api.provider import DataProvider
from aspara.catalog.catalog import ProjectInfo

if TYPE_CHECKING:
    from aspara.api.runs import ApiRuns


class ApiProject:
    """One project, as of the moment it was asked for. A notebook shows it as the table of its runs."""

    def __init__(self, library: DataProvider, info: ProjectInfo, runs: Callable[..., ApiRuns]) -> None:
        self._library = library
        self._info = info
        self._runs = runs
        self.name = info.name
        self.run_count = info.run_count
        self.running = info.running
        """How many of its runs are running."""
        self.last_update = info.last_update
        """When one of its runs last changed: ms since the epoch, or None."""
        self.created_at = info.created_at
        self.tags = list(info.tags)
        self.notes = info.notes
        self.archived = info.archived
        """Put away: pages show it only when asked."""

    def __repr__(self) -> str:
        return f"<Project {self.name}, {self.run_count} run{'' if self.run_count == 1 else 's'}>"

    def runs(self, filters: Mapping[str, Any] | None = None, order: str = "-created_at") -> ApiRuns:
        """Its runs, the newest first; see :meth:`aspara.Api.runs`."""
        return self._runs(self.name, filters, order)

    def json(self) -> dict[str, Any]:
        """Its fields."""
        return self._info.json()

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        runs = self.runs()
        about = [self.name, *([f"[{', '.join(self.tags)}]"] if self.tags else [])]
        return _shown(
            table_view.runs([run._record() for run in runs[: table_view.MOST_ROWS]], " ".join(about), len(runs))
        )


class ApiProjects(list[ApiProject]):
    """Projects, the one that changed last first. A notebook shows them as a table."""

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        return _shown(table_view.projects([project.json() for project in self]))


def _shown(found: table_view.TableView) -> Any:
    return display_hooks.bundle("table", found) or found.bundle()
