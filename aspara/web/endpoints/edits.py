"""Endpoints that change something: notes, tags, names, deletion."""

from __future__ import annotations

from aspara.catalog.edits.edits import EditableMetadata
from aspara.web.endpoint import Endpoint, flag


class EditingEndpoint(Endpoint):
    """What may change something; every other endpoint only reads, even where its question is long and comes by POST."""

    def _show(self, found: EditableMetadata) -> None:
        self.set_header("ETag", f'"{found.etag}"')
        self.answer(found.content)

    @property
    def _if_match(self) -> str | None:
        return self.request.headers.get("If-Match")

    @property
    def _force(self) -> bool:
        return flag("force", self.text_query("force"))


class ProjectMetadataEndpoint(EditingEndpoint):
    """Notes and tags of a project."""

    async def get(self, project: str) -> None:
        """With an ETag that guards the next edit."""
        self._show(await self.service.off_loop(self.service.catalog.project_metadata, project))

    async def put(self, project: str) -> None:
        """Changes what is given; If-Match with an old ETag is answered with 412."""
        self.service.check_writable()
        self._show(
            await self.service.off_loop(
                self.service.catalog.edit_project, project, self.json_body(), if_match=self._if_match
            )
        )


class RunMetadataEndpoint(EditingEndpoint):
    """Notes, tags, display name and colour of a run."""

    async def get(self, project: str, run: str) -> None:
        """With an ETag that guards the next edit."""
        self._show(await self.service.off_loop(self.service.catalog.run_metadata, project, run))

    async def put(self, project: str, run: str) -> None:
        """Changes what is given, config and summary key by key; If-Match with an old ETag is answered with 412."""
        self.service.check_writable()
        self._show(
            await self.service.off_loop(
                self.service.catalog.change_run, project, run, self.json_body(), if_match=self._if_match
            )
        )


class StopEndpoint(EditingEndpoint):
    """A request to a run."""

    async def post(self, project: str, run: str) -> None:
        """Asks the run to stop; 409 for one that has ended."""
        self.service.check_writable()
        await self.service.off_loop(self.service.catalog.request_stop, project, run)
        self.answer({"message": f"Run {run!r} is asked to stop; it does if its program looks at run.should_stop."}, 202)


class ProjectEndpoint(EditingEndpoint):
    """A project."""

    async def get(self, project: str) -> None:
        """Its list item."""
        self.answer((await self.service.off_loop(self.service.catalog.project, project)).json())

    async def delete(self, project: str) -> None:
        """Removes it with all its runs; 409 while one is running, unless `force=1`."""
        self.service.check_writable()
        await self.service.off_loop(self.service.catalog.delete_project, project, force=self._force)
        self.answer({"message": f"Project {project!r} is deleted."})


class RunEndpoint(EditingEndpoint):
    """A run."""

    async def get(self, project: str, run: str) -> None:
        """Everything about it but its points; with `metadata=1` its metadata file too."""
        found = await self.service.off_loop(self.service.catalog.run, project, run)
        whole = {"metadata": found.info.metadata} if self.text_query("metadata") in ("1", "true") else {}
        self.answer({**found.json(), **whole})

    async def delete(self, project: str, run: str) -> None:
        """Removes every file of it; 409 while it is running, unless `force=1`."""
        self.service.check_writable()
        stem = await self.service.off_loop(self.service.catalog.delete_run, project, run, force=self._force)
        self.answer({"message": f"Run {stem!r} is deleted."})
