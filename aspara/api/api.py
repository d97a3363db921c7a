"""``aspara.Api``: runs and their full histories for Python: out of the files, with no server, or from a server far away.

api = aspara.Api()  # or aspara.Api("path/to/runs"), aspara.Api("http://gpu-box:3141")
for run in api.runs("digits", filters={"config.lr": {"$lt": 0.1}}, order="-summary.acc"):
    print(run.name, run.summary["acc"], run.history(keys=["loss"]))

The base holds what Aspara reads; here are the further names that programs written for wandb use.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NoReturn

from aspara.api.base_api import BaseApi
from aspara.api.run import ApiRun
from aspara.artifacts.artifact import Artifact
from aspara.errors import ArtifactNotFound, NotFound, UsageError
from aspara.util.messages import say_once

# What only wandb's service has; asking for it says so.
_SERVICE = frozenset(
    "automation automations create_automation create_custom_chart create_registry create_run_queue create_team create_user "
    "delete_automation integrations job list_jobs organization queued_run registries registry run_queue slack_integrations "
    "sync_tensorboard team update_automation upsert_run_queue user users webhook_integrations".split()
)


@dataclass(frozen=True)
class ArtifactCollection:
    """The versions of one name."""

    name: str
    type: str
    _versions: Callable[[], list[Artifact]] = field(repr=False, compare=False)

    def artifacts(self, per_page: int = 50) -> list[Artifact]:
        """Its versions, the newest first."""
        del per_page
        return self._versions()

    versions = artifacts

    @property
    def aliases(self) -> list[str]:
        """The aliases of all of them."""
        return [alias for version in self._versions() for alias in version.aliases]


@dataclass(frozen=True)
class ArtifactType:
    """The artifacts of one type in a project."""

    name: str
    _collections: Callable[[], list[ArtifactCollection]] = field(repr=False, compare=False)

    def collections(self, per_page: int = 50) -> list[ArtifactCollection]:
        """Each name of this type."""
        del per_page
        return self._collections()

    def collection(self, name: str) -> ArtifactCollection:
        """One of them; raises ArtifactNotFound."""
        for found in self._collections():
            if found.name == name:
                return found
        raise ArtifactNotFound(f"There is no artifact {name!r} of type {self.name!r}.")


class Api(BaseApi):
    """Reads the runs of a data directory, or of a dashboard or tracker far away: the same objects, methods and errors.

    Args:
        dir: A data directory, or the address of a dashboard or tracker (``http://gpu-box:3141``; one with a token in it, as it
            was printed, serves too). By default where :func:`aspara.init` keeps runs: at ASPARA_TRACKER_URI if that is set
            (and ASPARA_MODE is not offline), else in ASPARA_DATA_DIR or the user's data folder.
        token: The token that a server demands; by default that in its address, else ASPARA_TOKEN.
        timeout: Seconds to wait for a server's next bytes.
        overrides: wandb's defaults: of ``{"project": ..., "entity": ...}`` the project is meant where none is named.
        api_key: Accepted for wandb's sake.

    Raises:
        UsageError: The address is none, or a token is given for a directory.

    Every question to a server may raise TrackerError (it cannot be reached, or is none) or Unauthorized (it wants a token).

    """

    def __getattr__(self, name: str) -> Any:
        if name in _SERVICE:

            def refuse(*_: Any, **__: Any) -> NoReturn:
                raise UsageError(f"Api.{name}() asks something of wandb's service, which Aspara does not have.")

            return refuse
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def default_entity(self) -> str:
        """The entity of ``Api(overrides=...)`` or of WANDB_ENTITY; empty otherwise: there are no entities."""
        return str(self._overrides.get("entity") or os.environ.get("WANDB_ENTITY") or "")

    @property
    def api_key(self) -> str | None:
        """None: there are no keys."""
        return None

    @property
    def settings(self) -> dict[str, Any]:
        """The entity and the project that are meant where none is named."""
        return {"entity": self.default_entity, "project": self._default_project(), "base_url": None}

    @property
    def user_agent(self) -> str:
        """Who asks."""
        from aspara.version import __version__

        return f"aspara {__version__}"

    @property
    def viewer(self) -> SimpleNamespace:
        """Who looks: the user of this machine."""
        try:
            name = getpass.getuser()
        except (OSError, KeyError):  # a container whose user has no name
            name = ""
        return SimpleNamespace(username=name, name=name, entity=self.default_entity, email=None, teams=[], id=name)

    def flush(self) -> None:
        """Nothing: an answer is looked up when it is asked for."""

    def from_path(self, path: str) -> Any:
        """What a path means: a project, a run, or an artifact (``project/name:v3``)."""
        parts = [part for part in path.strip("/").split("/") if part]
        if ":" in path:
            return self.artifact(path)
        if len(parts) == 1:
            return self.project(parts[0])
        if len(parts) == 4 and parts[2] == "runs":
            parts.pop(2)
        try:
            return self.run("/".join(parts))
        except NotFound:
            if len(parts) == 2:  # entity/project
                return self.project(parts[1])
            raise

    def artifact_exists(self, name: str, type: str | None = None) -> bool:  # noqa: A002  the word users know
        """Whether :meth:`artifact` would find it."""
        try:
            self.artifact(name, type)
        except (NotFound, UsageError):
            return False
        return True

    def artifact_versions(self, type_name: str | None, name: str, per_page: int = 50) -> list[Artifact]:
        """The same as :meth:`artifacts`."""
        del per_page
        return self.artifacts(type_name, name)

    def artifact_types(self, project: str | None = None) -> list[ArtifactType]:
        """The types of artifacts that a project has."""
        found: dict[str, list[ArtifactCollection]] = {}
        for collection in self._collections(self._project_of(project)):
            found.setdefault(collection.type, []).append(collection)
        return [ArtifactType(name, lambda c=collections: c) for name, collections in sorted(found.items())]  # type: ignore[misc]

    def artifact_type(self, type_name: str, project: str | None = None) -> ArtifactType:
        """One type.

        Raises:
            ArtifactNotFound: The project has no artifacts of that type.

        """
        for found in self.artifact_types(project):
            if found.name == type_name:
                return found
        raise ArtifactNotFound(f"The project has no artifacts of type {type_name!r}.")

    def artifact_collections(self, project_name: str, type_name: str, per_page: int = 50) -> list[ArtifactCollection]:
        """The names of a project's artifacts of one type."""
        del per_page
        return [c for c in self._collections(self._project_of(project_name)) if c.type == type_name]

    def artifact_collection(self, type_name: str, name: str) -> ArtifactCollection:
        """The versions of ``"project/name"``.

        Raises:
            ArtifactNotFound: There is no artifact of that name and type.

        """
        project, _, collection = name.rpartition("/")
        for found in self.artifact_collections(self._project_of(project or None), type_name):
            if found.name == collection:
                return found
        raise ArtifactNotFound(f"There is no artifact {name!r} of type {type_name!r}.")

    def artifact_collection_exists(self, name: str, type: str) -> bool:  # noqa: A002  the word users know
        """Whether :meth:`artifact_collection` would find it."""
        try:
            self.artifact_collection(type, name)
        except (NotFound, UsageError):
            return False
        return True

    def reports(self, path: str = "", name: str | None = None, per_page: int = 50) -> list[Any]:
        """Nothing: there are no reports."""
        del path, name, per_page
        say_once("There are no reports here.")
        return []

    def sweep(self, path: str = "") -> Any:
        """Refuses.

        Raises:
            UsageError: Always: sweeps come with aspara[sweep].

        """
        raise UsageError(f"sweep({path!r}): sweeps come with aspara[sweep], which this version does not have yet.")

    def create_project(self, name: str, entity: str = "") -> None:
        """Nothing: a project is there with its first run."""
        del name, entity

    def create_run(self, *, run_id: str | None = None, project: str | None = None, entity: str | None = None) -> ApiRun:
        """Makes a run that has ended, with nothing in it yet."""
        del entity
        from aspara.recording.run import Run

        with Run(project=self._project_of(project), id=run_id, dir=self._library.place, capture=False) as run:
            path = run.path
        return self.run(path)

    def _project_of(self, project: str | None) -> str:
        found = project or self._default_project()
        if not found:
            raise UsageError("Which project? Give its name, or Api(overrides={'project': name}).")
        return found.rsplit("/", 1)[-1]

    def _collections(self, project: str) -> list[ArtifactCollection]:
        found = []
        for name in self.artifact_names(project):
            versions = self.artifacts(None, f"{project}/{name}")
            if versions:
                found.append(ArtifactCollection(name, versions[0].type, lambda v=versions: v))  # type: ignore[misc]
        return found
