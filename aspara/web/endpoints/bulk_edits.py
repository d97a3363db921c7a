"""The endpoint that edits or deletes many runs by one request."""

from __future__ import annotations

from typing import Any

from aspara.catalog.edits.bulk_edits import EditResult
from aspara.errors import UsageError
from aspara.web.endpoint import flag
from aspara.web.endpoints.edits import EditingEndpoint

_KNOWN = ("runs", "change", "delete", "force")


class BulkEditsEndpoint(EditingEndpoint):
    """Several runs of a project at once."""

    max_body = 8 << 20

    async def post(self, project: str) -> None:
        """Changes or deletes the runs named, each whole or not at all. A body that makes no sense changes nothing; what fails of
        a single run is told in `failed`, and the others are done.
        """
        self.service.check_writable()
        body = self.json_body()
        unknown = sorted(set(body) - set(_KNOWN))
        if unknown:
            raise UsageError(f"{unknown[0][:40]!r} is not known here; {', '.join(_KNOWN)} are.")
        outcome = await self.service.off_loop(self._done, project, body)
        self.answer(outcome.json())

    def _done(self, project: str, body: dict[str, Any]) -> EditResult:
        catalog, runs = self.service.catalog, body.get("runs")
        if flag("delete", body.get("delete")):
            if "change" in body:
                raise UsageError("Runs are changed or deleted: give change or delete, not both.")
            return catalog.delete_runs(project, _names(runs), force=flag("force", body.get("force")))
        if "force" in body:
            raise UsageError("force is for deletions: give delete too.")
        if isinstance(runs, dict):
            if "change" in body:
                raise UsageError("runs has a change for each run, so there can be no other change beside it.")
            return catalog.edit_runs(project, runs)
        if "change" not in body:
            raise UsageError("What is to be done? Give change, or delete; or runs as an object with a change for each.")
        return catalog.edit_runs(project, dict.fromkeys(_names(runs), body["change"]))


def _names(runs: Any) -> list[str]:
    if not isinstance(runs, list) or not all(isinstance(run, str) for run in runs):
        raise UsageError("runs is a list of names or ids, or an object with a change for each.")
    return runs
