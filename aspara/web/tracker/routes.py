"""The tracker's endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aspara.web.route import Route
from aspara.web.tracker.endpoint import TrackerEndpoint
from aspara.web.tracker.payloads import tags_of
from aspara.web.tracker.receiver import RunReceiver
from aspara.web.tracker.uploads import UploadArtifact, UploadFile

BASE = "/tracker/api/v1"


class TrackerHealth(TrackerEndpoint):
    """Whether the tracker answers."""

    async def get(self) -> None:
        """Says so."""
        self.answer({"status": "ok"})


class CreateRun(TrackerEndpoint):
    """Runs."""

    async def post(self, project: str) -> None:
        """Makes or continues one."""
        self.answer(await self.durably(self.intake.create, project, self.json_body()))


class AppendRows(TrackerEndpoint):
    """Rows."""

    async def post(self, project: str, run: str) -> None:
        """Takes one, or a batch."""

        def work() -> dict[str, Any]:
            return self.intake.rows(project, run, self.json_body(), self.origin())

        self.answer(await self.durably(work))


class EditEndpoint(TrackerEndpoint):
    """Metadata."""

    async def post(self, project: str, run: str) -> None:
        """Merges what a client may change."""
        await self.durably(self.intake.update, project, run, self.changes(self.json_body()), self.origin())
        self.answer({"status": "ok"})

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as changes of the metadata."""
        return body


class EditConfig(EditEndpoint):
    """Config."""

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"config": {...}}``, or the values themselves."""
        return {"config": body["config"] if set(body) == {"config"} else body}


class EditSummary(EditEndpoint):
    """Summary."""

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"summary": {...}}``, or the values themselves."""
        return {"summary": body["summary"] if set(body) == {"summary"} else body}


class EditTags(EditEndpoint):
    """Tags."""

    def changes(self, body: dict[str, Any]) -> dict[str, Any]:
        """``{"tags": [...]}``."""
        return {"tags": list(tags_of(body, "tags"))}


class HeartbeatEndpoint(TrackerEndpoint):
    """Life."""

    async def post(self, project: str, run: str) -> None:
        """The client is there."""
        self.answer(await self.durably(self.intake.ping, project, run, self.origin()))


class ConfirmRun(TrackerEndpoint):
    """What has arrived."""

    async def post(self, project: str, run: str) -> None:
        """Says how much of a run is durable here."""
        self.answer(await self.durably(self.intake.confirm, project, run, self.origin()))


class FinishRun(TrackerEndpoint):
    """The end."""

    async def post(self, project: str, run: str) -> None:
        """Of a run."""
        body = self.json_body() if self.request.body else {}
        await self.durably(self.intake.finish, project, run, body, self.origin())
        self.answer({"status": "ok"})


class StoreVersion(TrackerEndpoint):
    """Versions of artifacts."""

    async def post(self, project: str, run: str) -> None:
        """Makes one."""
        self.answer(await self.durably(self.intake.version, project, run, self.json_body(), self.origin()))


ROUTES: tuple[Route, ...] = (
    Route(f"{BASE}/health", TrackerHealth, {"GET": "Whether the tracker answers."}),
    Route(f"{BASE}/projects/{{project}}/runs", CreateRun, {"POST": "Makes or continues a run."}),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/metrics",
        AppendRows,
        {"POST": "Takes a row, or a batch of rows, each once."},
    ),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/config", EditConfig, {"POST": "Adds to a run's config."}),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/summary", EditSummary, {"POST": "Adds to a run's summary."}),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/tags", EditTags, {"POST": "Replaces a run's tags."}),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/metadata",
        EditEndpoint,
        {"POST": "Merges into a run's metadata; `removed_keys` ({config: [...]}) takes keys out."},
    ),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/ping", HeartbeatEndpoint, {"POST": "Says that the client lives."}),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/artifacts",
        UploadArtifact,
        {"POST": "Keeps an uploaded file (multipart: file, name, description, category)."},
    ),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/files",
        UploadFile,
        {
            "POST": "Keeps a file beside a run: media, console.log, …, or an artifact's content (multipart: file, name; offset for a part of a growing file)."
        },
    ),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/versions",
        StoreVersion,
        {"POST": "Makes a version of an artifact: name, type, entries, aliases, metadata."},
    ),
    Route(
        f"{BASE}/projects/{{project}}/runs/{{run}}/confirm",
        ConfirmRun,
        {"POST": "Says how many rows and items of the writer named in X-Aspara-Sent are durable here."},
    ),
    Route(f"{BASE}/projects/{{project}}/runs/{{run}}/finish", FinishRun, {"POST": "Ends a run."}),
)


def routes(intake: RunReceiver) -> tuple[Route, ...]:
    """The tracker's routes for one intake."""
    return tuple(replace(r, endpoint=type(r.endpoint.__name__, (r.endpoint,), {"intake": intake})) for r in ROUTES)
