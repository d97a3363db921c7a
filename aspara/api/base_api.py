"""What :class:`aspara.Api` reads: projects, runs and artifacts, out of files or from a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aspara import settings
from aspara.api.projects import ApiProject, ApiProjects
from aspara.api.provider import DataProvider, local
from aspara.api.run import ApiRun
from aspara.api.runs import ApiRuns
from aspara.artifacts.artifact import Artifact
from aspara.artifacts.version import split_name
from aspara.catalog.filters import mongo as runs_filters
from aspara.catalog.filters.expression import parse
from aspara.client.http_client import HttpClient, is_address
from aspara.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import Self


class BaseApi:
    """The runs of one place, through a :class:`DataProvider`; :class:`aspara.Api` says what the arguments mean."""

    _overrides: Mapping[str, Any] = {}

    def __init__(
        self,
        dir: str | os.PathLike[str] | Mapping[str, Any] | None = None,  # noqa: A002  the word of init()
        *,
        token: str | None = None,
        timeout: float | None = 60.0,
        overrides: Mapping[str, Any] | None = None,
        api_key: str | None = None,
    ) -> None:
        del api_key
        if isinstance(dir, Mapping):  # as wandb's programs give it
            dir, overrides = None, dir  # noqa: A001
        self._overrides = dict(overrides or {})
        self._library = open_provider(dir, token=token, timeout=60.0 if timeout is None else timeout)

    @classmethod
    def _of(cls, provider: DataProvider) -> Self:
        """An Api of a provider that is open already."""
        made = cls.__new__(cls)
        made._library = provider
        return made

    def __repr__(self) -> str:
        return f"Api({self._library.place!r})"

    def close(self) -> None:
        """Lets go of what was read, and of connections. An Api that is forgotten does so by itself."""
        self._library.close()

    def projects(self, entity: str | None = None, per_page: int | None = None) -> ApiProjects:
        """All projects, the one that changed last first: a list, which a notebook shows as a table.

        Args:
            entity: Passed over, wandb's.
            per_page: Passed over, wandb's.

        """
        del entity, per_page
        return ApiProjects(ApiProject(self._library, info, self.runs) for info in self._library.projects())

    def project(self, name: str, entity: str | None = None) -> ApiProject:
        """One project (`entity` is passed over, wandb's). Raises ProjectNotFound naming those there are."""
        del entity
        return ApiProject(self._library, self._library.project(name.rsplit("/", 1)[-1]), self.runs)

    def runs(
        self,
        project: str | None = None,
        filters: Mapping[str, Any] | str | None = None,
        order: str = "+created_at",
        *,
        path: str | None = None,
        per_page: int | None = None,
        include_sweeps: bool = True,
        lazy: bool = True,
    ) -> ApiRuns:
        """The runs of `project` that meet `filters`, in `order`.

        Args:
            project: The project's name (an entity in front, ``"me/digits"``, is passed over).
            filters: Conditions like ``{"config.lr": {"$gt": 0.01}, "tags": "baseline", "state": "finished"}``, or an
                expression of the dashboard's language: ``'config.lr > 0.01 and "baseline" in tags'``.
            order: A field, with ``-`` in front for descending: ``"-summary.loss"``, ``"config.lr"``, ``"+created_at"``.
            path: Another word for `project`, wandb's. By default ASPARA_PROJECT.
            per_page: Passed over, as the two below: all runs come, and what they hold is looked up when it is asked for.
            include_sweeps: Passed over.
            lazy: Passed over.

        Raises:
            ProjectNotFound: There is no such project.
            UsageError: The filters or the order make no sense; the message says what would.

        """
        del per_page, include_sweeps, lazy
        given = project or path or self._default_project()
        if not given:
            raise UsageError("Which project? Give its name, like runs('digits'), or set ASPARA_PROJECT.")
        name = given.rsplit("/", 1)[-1]
        wanted = _condition(filters)
        runs_filters.check_order(order)
        found = [ApiRun(self._library, info) for info in reversed(self._library.runs(name))]
        return ApiRuns(runs_filters.ordered([run for run in found if wanted(run._record())], order, ApiRun._record))

    def run(self, path: str) -> ApiRun:
        """The run at ``"project/run"``, by file name or id; without a project in ASPARA_PROJECT. Raises ProjectNotFound or
        RunNotFound naming those there are.

        Raises:
            UsageError: `path` does not name a project and a run.

        """
        parts = [part for part in path.strip("/").split("/") if part]
        if len(parts) == 4 and parts[2] == "runs":  # as it stands in wandb's addresses
            parts.pop(2)
        default = self._default_project()
        if len(parts) == 1 and default:
            parts.insert(0, default)
        if len(parts) not in (2, 3):
            raise UsageError(f"{path!r}: give project and run, like 'digits/calm-heron-4821'.")
        return ApiRun(self._library, self._library.run(parts[-2], parts[-1]).info)

    def artifact(self, name: str, type: str | None = None) -> Artifact:  # noqa: A002  the word users know
        """The artifact ``"project/name:v3"``, ``:alias``, or without one the latest. Raises ArtifactNotFound.

        Raises:
            UsageError: `name` lacks the project, or the artifact is of another type.

        """
        project, collection, reference = split_name(name, self._default_project())
        if project is None:
            raise UsageError(f"{name!r}: give the project too, like 'digits/weights:latest'.")
        store = self._library.collections(project)
        found = Artifact._of(store, project, store.manifest(collection, reference))
        if type is not None and found.type != type:
            raise UsageError(f"The artifact {found.name!r} is of type {found.type!r}, not {type!r}.")
        return found

    def artifacts(self, type_name: str | None, name: str) -> list[Artifact]:
        """All versions of ``"project/name"``, the newest first; those of a type, where it is not None.

        Raises:
            UsageError: `name` lacks the project.

        """
        project, collection, _ = split_name(name, self._default_project())
        if project is None:
            raise UsageError(f"{name!r}: give the project too, like 'digits/weights'.")
        store = self._library.collections(project)
        found = [Artifact._of(store, project, manifest) for manifest in store.versions(collection)]
        return [a for a in found if type_name is None or a.type == type_name]

    def artifact_names(self, project: str) -> list[str]:
        """The names of a project's versioned artifacts."""
        return self._library.collections(project).names()

    def _default_project(self) -> str | None:
        found = self._overrides.get("project") or os.environ.get("WANDB_PROJECT")
        found = found or settings.get("ASPARA_PROJECT")
        return str(found) if found else None


def open_provider(
    dir: str | os.PathLike[str] | None = None,  # noqa: A002  the word of init()
    *,
    token: str | None = None,
    timeout: float = 60.0,
) -> DataProvider:
    """Where the runs are that `dir` means; see :class:`Api`."""
    address = tracker_by_default() if dir is None else str(dir) if is_address(dir) else None
    if address is not None:
        from aspara.api.remote_provider import RemoteProvider

        return RemoteProvider(HttpClient(address, token, timeout))
    if isinstance(dir, str) and "://" in dir:
        raise UsageError(f"{dir!r} is neither a folder nor an address with http:// or https://.")
    if token is not None:
        raise UsageError("A token opens a server; a data directory needs none. Give the server's address too.")
    return local(settings.data_dir(dir))


def tracker_by_default() -> str | None:
    """The tracker that runs go to where nobody says otherwise, and are therefore read from; None where they are kept here."""
    return settings.get("ASPARA_TRACKER_URI") or None if settings.get("ASPARA_MODE") == "online" else None


def _condition(filters: Mapping[str, Any] | str | None) -> Callable[[Mapping[str, Any]], bool]:
    """What a run's record must meet; raises UsageError for filters that make no sense."""
    if not filters:
        return lambda _: True
    if isinstance(filters, str):
        import time

        wanted, now = parse(filters), time.time() * 1000
        return lambda record: wanted.matches(record, now)
    conditions = filters
    runs_filters.check(conditions)
    return lambda record: runs_filters.matches(record, conditions)
