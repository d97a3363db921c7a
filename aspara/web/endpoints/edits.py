"""Endpoints that edit, delete and stop runs and projects."""

from __future__ import annotations

from aspara.catalog.edits.edits import EditableMetadata
from aspara.web.endpoint import Endpoint


class EditingEndpoint(Endpoint):
    """An endpoint that can change something. All others only read, even those that take a long request by POST."""

    def _show(self, metadata: EditableMetadata) -> None:
        self.set_header("ETag", f'"{metadata.etag}"')
        self.answer(metadata.content)

    @property
    def _if_match(self) -> str | None:
        return self.request.headers.get("If-Match")


class ProjectMetadataEndpoint(EditingEndpoint):
    """Notes and tags of a project."""

    async def get(self, project: str) -> None:
        """With an ETag for the next edit."""
        self._show(await self.context.off_loop(self.context.catalog.project_metadata, project))

    async def put(self, project: str) -> None:
        """Changes the given keys; 412 if If-Match is not the present ETag."""
        self.context.check_writable()
        self._show(
            await self.context.off_loop(
                self.context.catalog.edit_project, project, self.json_body(), if_match=self._if_match
            )
        )


class RunMetadataEndpoint(EditingEndpoint):
    """Notes, tags, display name and colour of a run."""

    async def get(self, project: str, run: str) -> None:
        """With an ETag for the next edit."""
        self._show(await self.context.off_loop(self.context.catalog.run_metadata, project, run))

    async def put(self, project: str, run: str) -> None:
        """Changes the given keys, config and summary key by key; 412 if If-Match is not the present ETag."""
        self.context.check_writable()
        self._show(
            await self.context.off_loop(
                self.context.catalog.change_run, project, run, self.json_body(), if_match=self._if_match
            )
        )


class StopEndpoint(EditingEndpoint):
    """A request to stop a run."""

    @property
    def _sender(self) -> str:
        """From where the request comes: "dashboard at 127.0.0.1", "Jupyter, alice"."""
        user = getattr(self.current_user, "username", None)
        return f"Jupyter, {user}" if user else f"{self.context.host} at {self.request.remote_ip}"

    async def post(self, project: str, run: str) -> None:
        """Asks the run to stop; 409 for one that has ended."""
        self.context.check_writable()
        await self.context.off_loop(self.context.catalog.request_stop, project, run, by=self._sender)
        self.answer(
            {"message": f"Run {run!r} was asked to stop. It stops when its program reads run.should_stop."}, 202
        )


class ProjectEndpoint(EditingEndpoint):
    """A project."""

    async def get(self, project: str) -> None:
        """As the list shows it."""
        self.answer((await self.context.off_loop(self.context.catalog.project, project)).json())

    async def delete(self, project: str) -> None:
        """Deletes it with all its runs; 409 while one is running, unless `force=1`."""
        self.context.check_writable()
        await self.context.off_loop(self.context.catalog.delete_project, project, force=self.args["force"])
        self.answer({"message": f"Project {project!r} deleted."})


class RunEndpoint(EditingEndpoint):
    """A run."""

    async def get(self, project: str, run: str) -> None:
        """Everything about it except its points."""
        detail = await self.context.off_loop(self.context.catalog.run, project, run)
        metadata = {"metadata": detail.info.metadata} if self.args["metadata"] else {}
        self.answer({**detail.json(), **metadata})

    async def delete(self, project: str, run: str) -> None:
        """Deletes it with all its files; 409 while it is running, unless `force=1`."""
        self.context.check_writable()
        stem = await self.context.off_loop(self.context.catalog.delete_run, project, run, force=self.args["force"])
        self.answer({"message": f"Run {stem!r} deleted."})
