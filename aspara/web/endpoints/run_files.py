"""Endpoints for the files of a run: artifacts, console output, captured texts."""

from __future__ import annotations

import mimetypes
from typing import Any

from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.file_response import check_zip, send, send_zip

# A browser may show these; everything else is a download of bytes.
_HARMLESS_TYPES = {
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "text/plain",
    "application/json",
    "audio/wav",
    "video/mp4",
    "video/webm",
}


class KeptFilesEndpoint(Endpoint):
    """The artifact files of a run."""

    async def get(self, project: str, run: str) -> None:
        """Their names, sizes, times and descriptions."""
        artifacts = await self.context.off_loop(self.context.catalog.artifacts, project, run)
        self.answer({"project": project, "run": run, "artifacts": artifacts})


class KeptFileEndpoint(Endpoint):
    """An artifact file of a run."""

    async def get(self, project: str, run: str, name: str) -> None:
        """Its content, as a download that browsers do not run."""
        path = await self.context.off_loop(self.context.catalog.artifact_path, project, run, name)
        kind = mimetypes.guess_type(name)[0]
        await send(self, path, path.name, kind if kind in _HARMLESS_TYPES else "application/octet-stream")


class KeptFilesDownloadEndpoint(Endpoint):
    """All artifact files of a run in one."""

    async def get(self, project: str, run: str) -> None:
        """A ZIP, produced while it is sent."""
        catalog = self.context.catalog

        def work() -> list[tuple[str, Any]]:
            stem = catalog.stem(project, run)
            artifacts = catalog.artifacts(project, stem)
            check_zip(self, "artifacts", sum(a["file_size"] for a in artifacts))
            return [(a["name"], catalog.artifact_path(project, stem, a["name"])) for a in artifacts]

        entries = await self.read(work)
        if not entries:
            raise UsageError(f"Run {run!r} has no artifacts to download.")
        await send_zip(self, f"{run}-artifacts.zip", entries)


class ConsoleEndpoint(Endpoint):
    """Captured output of a run."""

    async def get(self, project: str, run: str) -> None:
        """From a byte on, or the last lines."""
        args = self.args
        part = await self.context.off_loop(
            self.context.catalog.console, project, run, args["after"], args["last"], args["mark"]
        )
        self.answer(part)


class CapturedEndpoint(Endpoint):
    """A text file that was captured with a run."""

    async def get(self, project: str, run: str, name: str) -> None:
        """Its text; 404 if nothing of the kind was captured."""
        content = await self.context.off_loop(self.context.catalog.captured, project, run, name)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.finish(content)
