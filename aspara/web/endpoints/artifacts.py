"""Endpoints for versioned artifacts: what a project has, what a version holds, and its files."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.file_response import check_zip, send, send_zip


class ArtifactsEndpoint(Endpoint):
    """The versioned artifacts of a project."""

    async def get(self, project: str) -> None:
        """By name: type, newest version, how many there are, aliases."""
        found = await self.service.off_loop(self.service.catalog.versioned, project)
        self.answer({"project": project, "artifacts": found, "total": len(found)})


class ArtifactEndpoint(Endpoint):
    """One of them."""

    async def get(self, project: str, artifact: str) -> None:
        """Its versions, the newest first, without their files."""

        def work() -> list[dict[str, Any]]:
            return self.service.catalog.collections(project).versions(artifact)

        versions = [
            {**{k: v for k, v in each.items() if k != "entries"}, "file_count": len(each["entries"])}
            for each in await self.service.off_loop(work)
        ]
        self.answer({"project": project, "name": artifact, "versions": versions})


class VersionEndpoint(Endpoint):
    """A version."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """What it holds; given by number (v3) or alias."""

        def work() -> dict[str, Any]:
            catalog = self.service.catalog
            found = catalog.collections(project).manifest(artifact, version)
            return {**found, "used_by": catalog.used_by(project, found)}

        self.answer({"project": project, **await self.service.off_loop(work)})

    async def put(self, project: str, artifact: str, version: str) -> None:
        """Changes its description, metadata and tags, and which aliases mean it."""
        self.service.check_writable()
        body = self.json_body()
        _check(body)

        def work() -> dict[str, Any]:
            store = self.service.catalog.collections(project)
            found = store.manifest(artifact, version)
            return store.change(artifact, found["version"], body, body.get("aliases"))

        self.answer({"project": project, **await self.service.off_loop(work)})

    async def delete(self, project: str, artifact: str, version: str) -> None:
        """Removes it, and content that no other version holds."""
        self.service.check_writable()

        def work() -> str:
            store = self.service.catalog.collections(project)
            found = str(store.manifest(artifact, version)["version"])
            store.delete(artifact, found)
            return found

        self.answer({"message": f"{artifact}:{await self.service.off_loop(work)} is deleted."})


_KINDS: dict[str, tuple[type, str]] = {
    "description": (str, "a text"),
    "metadata": (dict, "an object"),
    "tags": (list, "a list of texts"),
    "aliases": (list, "a list of texts"),
}


def _check(body: dict[str, Any]) -> None:
    """Raises UsageError unless every change has its form."""
    unknown = sorted(set(body) - set(_KINDS))
    if unknown:
        raise UsageError(f"{unknown[0][:60]!r} cannot be edited; {', '.join(_KINDS)} can.")
    for name, value in body.items():
        kind, told = _KINDS[name]
        whole = isinstance(value, kind) and (not isinstance(value, list) or all(isinstance(v, str) for v in value))
        if not whole and not (name == "description" and value is None):
            raise UsageError(f"{name} is {told}.")


class VersionDownloadEndpoint(Endpoint):
    """A version in one file."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """A ZIP of its files, made while it is sent; what it only refers to is left out."""
        catalog = self.service.catalog

        def work() -> tuple[str, list[tuple[str, Any]]]:
            found = catalog.collections(project).manifest(artifact, version)
            check_zip(self, "files", int(found.get("size") or 0))
            number = str(found["version"])
            return number, catalog.version_files(project, artifact, number)

        number, entries = await self.service.off_loop(work)
        if not entries:
            raise UsageError(f"{artifact}:{number} holds no files, only references.")
        await send_zip(self, f"{artifact}-{number}.zip", entries)


class VersionFileEndpoint(Endpoint):
    """A file of a version."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """Its content, as a download that no browser runs."""
        wanted = self.text_query("path")
        if not wanted:
            raise UsageError("Say which file: ?path=weights/model.pt.")
        path = await self.service.off_loop(self.service.catalog.version_file, project, artifact, version, wanted)
        await send(self, path, wanted.rpartition("/")[2])
