"""Endpoints for versioned artifacts: what a project has, what a version holds, and its files."""

from __future__ import annotations

import os
from typing import Any

from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.read import attachment, send_zip

_CHUNK = 1 << 18


class Collections(Endpoint):
    """The versioned artifacts of a project."""

    async def get(self, project: str) -> None:
        """By name: type, newest version, how many there are, aliases."""
        found = await self.service.off_loop(self.service.catalog.versioned, project)
        self.answer({"project": project, "artifacts": found, "total": len(found)})


class Collection(Endpoint):
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


class Version(Endpoint):
    """A version."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """What it holds; given by number (v3) or alias."""

        def work() -> dict[str, Any]:
            catalog = self.service.catalog
            found = catalog.collections(project).manifest(artifact, version)
            return {**found, "used_by": catalog.used_by(project, found)}

        self.answer({"project": project, **await self.service.off_loop(work)})


class VersionDownload(Endpoint):
    """A version in one file."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """A ZIP of its files, made while it is sent; what it only refers to is left out."""
        catalog = self.service.catalog

        def work() -> dict[str, Any]:
            return catalog.collections(project).manifest(artifact, version)

        found = await self.service.off_loop(work)
        size = int(found.get("size") or 0)
        if size > self.service.max_zip:
            raise UsageError(
                f"The files have {size} bytes, more than the {self.service.max_zip} of ASPARA_MAX_ZIP_SIZE. Download them one by one."
            )
        paths = [str(e["path"]) for e in found["entries"] if "path" in e and "ref" not in e]
        if not paths:
            raise UsageError(f"{artifact}:{found['version']} holds no files, only references.")

        def files() -> list[tuple[str, Any]]:
            return [(path, catalog.version_file(project, artifact, found["version"], path)) for path in paths]

        entries = await self.service.off_loop(files)
        await send_zip(self, f"{artifact}-{found['version']}.zip", entries)


class VersionFile(Endpoint):
    """A file of a version."""

    async def get(self, project: str, artifact: str, version: str) -> None:
        """Its content, as a download that no browser runs."""
        wanted = self.text_query("path")
        if not wanted:
            raise UsageError("Say which file: ?path=weights/model.pt.")
        path = await self.service.off_loop(self.service.catalog.version_file, project, artifact, version, wanted)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            self.set_header("Content-Type", "application/octet-stream")
            self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
            self.set_header("Content-Disposition", attachment(wanted.rpartition("/")[2]))
            self.set_header("Content-Length", str(os.fstat(descriptor).st_size))
            self.clear_header("Content-Encoding")
            while chunk := await self.service.off_loop(file.read, _CHUNK):
                self.write(chunk)
                await self.flush()
        await self.finish()
