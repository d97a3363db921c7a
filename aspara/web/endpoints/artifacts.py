"""Endpoints for versioned artifacts: the list, versions, and their files."""

from __future__ import annotations

from typing import Any

from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.file_response import check_zip, send, send_zip


class ArtifactsEndpoint(Endpoint):
    """The versioned artifacts of a project."""

    async def get(self, project: str) -> None:
        """Each with its type, newest version, number of versions and aliases."""
        artifacts = await self.context.off_loop(self.context.catalog.versioned, project)
        self.answer({"project": project, "artifacts": artifacts, "total": len(artifacts)})


class ArtifactEndpoint(Endpoint):
    """A versioned artifact."""

    async def get(self, project: str, artifact: str) -> None:
        """Its versions, newest first, without their files."""

        def work() -> list[dict[str, Any]]:
            return self.context.catalog.collections(project).versions(artifact)

        versions = [
            {**{k: v for k, v in each.items() if k != "entries"}, "file_count": len(each["entries"])}
            for each in await self.context.off_loop(work)
        ]
        self.answer({"project": project, "name": artifact, "versions": versions})


class VersionEndpoint(Endpoint):
    """A version of an artifact."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """Its manifest and the runs that used it; by number (v3) or alias."""

        def work() -> dict[str, Any]:
            catalog = self.context.catalog
            manifest = catalog.collections(project).manifest(artifact, version)
            return {**manifest, "used_by": catalog.used_by(project, manifest)}

        self.answer({"project": project, **await self.context.off_loop(work)})

    async def put(self, project: str, artifact: str, version: str) -> None:
        """Changes its description, metadata, tags and aliases."""
        self.context.check_writable()
        body = self.json_body()
        _check(body)

        def work() -> dict[str, Any]:
            store = self.context.catalog.collections(project)
            number = store.manifest(artifact, version)["version"]
            return store.change(artifact, number, body, body.get("aliases"))

        self.answer({"project": project, **await self.context.off_loop(work)})

    async def delete(self, project: str, artifact: str, version: str) -> None:
        """Deletes it, and the files that no other version has."""
        self.context.check_writable()

        def work() -> str:
            store = self.context.catalog.collections(project)
            number = str(store.manifest(artifact, version)["version"])
            store.delete(artifact, number)
            return number

        self.answer({"message": f"{artifact}:{await self.context.off_loop(work)} deleted."})


_KINDS: dict[str, tuple[type, str]] = {
    "description": (str, "a text"),
    "metadata": (dict, "an object"),
    "tags": (list, "a list of texts"),
    "aliases": (list, "a list of texts"),
}


def _check(body: dict[str, Any]) -> None:
    """Raises UsageError for an unknown key, or a value of the wrong type."""
    unknown = sorted(set(body) - set(_KINDS))
    if unknown:
        raise UsageError(f"Cannot edit {unknown[0][:60]!r}. Editable: {', '.join(_KINDS)}.")
    for name, value in body.items():
        kind, description = _KINDS[name]
        valid = isinstance(value, kind) and (not isinstance(value, list) or all(isinstance(v, str) for v in value))
        if not valid and not (name == "description" and value is None):
            raise UsageError(f"{name} must be {description}.")


class VersionDownloadEndpoint(Endpoint):
    """All files of a version in one."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """A ZIP of its files, produced while it is sent; references are left out."""
        catalog = self.context.catalog

        def work() -> tuple[str, list[tuple[str, Any]]]:
            manifest = catalog.collections(project).manifest(artifact, version)
            check_zip(self, "files", int(manifest.get("size") or 0))
            number = str(manifest["version"])
            return number, catalog.version_files(project, artifact, number)

        number, entries = await self.read(work)
        if not entries:
            raise UsageError(f"{artifact}:{number} holds no files, only references.")
        await send_zip(self, f"{artifact}-{number}.zip", entries)


class VersionFileEndpoint(Endpoint):
    """A file of a version."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """Its content, as a download that browsers do not run."""
        name = self.args["path"]
        if not name:
            raise UsageError("Name the file, such as ?path=weights/model.pt.")
        path = await self.context.off_loop(self.context.catalog.version_file, project, artifact, version, name)
        await send(self, path, name.rpartition("/")[2])
