"""GET what lies beside a run: its plain files, console output, captured texts."""

from __future__ import annotations

import mimetypes
from typing import Any

from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint
from aspara.web.file_response import check_zip, send, send_zip

# What a browser may show by itself; everything else is a download of bytes.
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
    """The artifacts of a run."""

    async def get(self, project: str, run: str) -> None:
        """Their names, sizes, times and descriptions."""
        found = await self.service.off_loop(self.service.catalog.artifacts, project, run)
        self.answer({"project": project, "run": run, "artifacts": found})


class KeptFileEndpoint(Endpoint):
    """One artifact."""

    async def get(self, project: str, run: str, name: str) -> None:
        """Its content, as a download that no browser runs."""
        path = await self.service.off_loop(self.service.catalog.artifact_path, project, run, name)
        kind = mimetypes.guess_type(name)[0]
        await send(self, path, path.name, kind if kind in _HARMLESS_TYPES else "application/octet-stream")


class KeptFilesDownloadEndpoint(Endpoint):
    """All artifacts of a run in one file."""

    async def get(self, project: str, run: str) -> None:
        """A ZIP, made while it is sent."""
        catalog = self.service.catalog

        def work() -> list[tuple[str, Any]]:
            stem = catalog.stem(project, run)
            found = catalog.artifacts(project, stem)
            check_zip(self, "artifacts", sum(a["file_size"] for a in found))
            return [(a["name"], catalog.artifact_path(project, stem, a["name"])) for a in found]

        entries = await self.service.off_loop(work)
        if not entries:
            raise UsageError(f"Run {run!r} has no artifacts to download.")
        await send_zip(self, f"{run}-artifacts.zip", entries)


class ConsoleEndpoint(Endpoint):
    """Captured output of a run."""

    async def get(self, project: str, run: str) -> None:
        """From byte `after` on, or the last lines."""
        after, last = self.int_query("after", 0) or 0, self.int_query("last", low=1)
        mark = self.int_query("mark")
        self.answer(await self.service.off_loop(self.service.catalog.console, project, run, after, last, mark))


class CapturedEndpoint(Endpoint):
    """A file that was captured beside a run."""

    async def get(self, project: str, run: str, name: str) -> None:
        """Its text; 404 where nothing of the kind was captured."""
        content = await self.service.off_loop(self.service.catalog.captured, project, run, name)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.finish(content)
