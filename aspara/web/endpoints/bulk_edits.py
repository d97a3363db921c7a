"""The endpoint that edits or deletes many runs at once."""

from __future__ import annotations

from typing import Any

from aspara.catalog.edits.bulk_edits import EditResult
from aspara.errors import UsageError
from aspara.web.endpoints.edits import EditingEndpoint
from aspara.web.params import Param

_KEYS = ("runs", "change", "delete", "force")
_FLAGS = {name: Param(name, "boolean", "", default=False) for name in ("delete", "force")}


class BulkEditsEndpoint(EditingEndpoint):
    """Edits of several runs."""

    max_body = 8 << 20

    async def post(self, project: str) -> None:
        """Changes or deletes the named runs, each completely or not at all. An invalid body changes nothing; a run that fails is
        listed under `failed`, and the others are done.
        """
        self.context.check_writable()
        body = self.json_body()
        unknown = sorted(set(body) - set(_KEYS))
        if unknown:
            raise UsageError(f"Unknown key {unknown[0][:40]!r}: {', '.join(_KEYS)} are allowed here.")
        outcome = await self.context.off_loop(self._done, project, body)
        self.answer(outcome.json())

    def _done(self, project: str, body: dict[str, Any]) -> EditResult:
        catalog, runs = self.context.catalog, body.get("runs")
        if _FLAGS["delete"].from_json(body.get("delete")):
            if "change" in body:
                raise UsageError("Give change or delete, not both.")
            return catalog.delete_runs(project, _names(runs), force=_FLAGS["force"].from_json(body.get("force")))
        if "force" in body:
            raise UsageError("force goes with delete: give delete too.")
        if isinstance(runs, dict):
            if "change" in body:
                raise UsageError("runs already has a change for each run. Leave out change.")
            return catalog.edit_runs(project, runs)
        if "change" not in body:
            raise UsageError("Give change, delete, or runs as an object with a change for each run.")
        return catalog.edit_runs(project, dict.fromkeys(_names(runs), body["change"]))


def _names(runs: Any) -> list[str]:
    if not isinstance(runs, list) or not all(isinstance(run, str) for run in runs):
        raise UsageError("runs must be a list of names or ids, or an object with a change for each run.")
    return runs
