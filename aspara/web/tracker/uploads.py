"""Files on their way to a tracker: taken as they come, put in place when they are whole."""

from __future__ import annotations

import contextlib
from typing import IO, Any, cast

from aspara import settings
from aspara.errors import AsparaError, NotDurable, TooLarge, UsageError
from aspara.web.tracker.endpoint import TrackerEndpoint


class UploadArtifact(TrackerEndpoint):
    """Artifacts."""

    _stream_request_body = True

    async def prepare(self) -> None:
        """Gets ready to take the file as it comes."""
        ready = super().prepare()
        if ready is not None:
            await ready
        if self._finished:
            return
        from python_multipart.multipart import FormParser, parse_options_header

        self._limit: int = settings.get("ASPARA_MAX_FILE_SIZE")
        self._size = 0
        self._form: dict[str, str] = {}
        self._trouble: AsparaError | None = None
        cast("Any", self.request.connection).set_max_body_size(self._limit + (1 << 20))
        kind, options = parse_options_header(self.request.headers.get("Content-Type", ""))
        boundary = options.get(b"boundary")
        self._parts: list[Any] = []
        self._parser: FormParser | None = None
        if kind != b"multipart/form-data" or not boundary:
            self._trouble = UsageError("An upload is multipart/form-data with a part named file.")
            return
        folder = str(self.intake.data_dir)
        self._parser = FormParser(
            "multipart/form-data",
            self._on_field,
            self._parts.append,
            boundary=boundary,
            config={"UPLOAD_DIR": folder, "MAX_MEMORY_FILE_SIZE": 1 << 20, "UPLOAD_KEEP_FILENAME": False},
        )

    def _on_field(self, part: Any) -> None:
        name = (part.field_name or b"").decode("utf-8", "replace")
        self._form[name] = (part.value or b"").decode("utf-8", "replace")[:65536]

    async def data_received(self, chunk: bytes) -> None:
        """A piece of the body."""
        self._size += len(chunk)
        if self._size > self._limit + 65536:
            self._trouble = TooLarge(f"The artifact is larger than {self._limit} bytes (ASPARA_MAX_FILE_SIZE).")
        if self._trouble is None and self._parser is not None:
            try:
                await self.durably(self._parser.write, chunk)
            except NotDurable as error:
                self._trouble = error
            except Exception:
                self._trouble = UsageError("The multipart body cannot be understood.")

    async def post(self, project: str, run: str) -> None:
        """Keeps the file that came."""
        try:
            if self._trouble is None and self._parser is not None:
                self._parser.finalize()
            if self._trouble is not None:
                raise self._trouble
            found = [p for p in self._parts if p.field_name == b"file"]
            if len(found) != 1:
                raise UsageError("An upload has exactly one part named file.")
            if found[0].size > self._limit:
                raise TooLarge(f"The artifact is larger than {self._limit} bytes (ASPARA_MAX_FILE_SIZE).")
            self._form.setdefault("name", (found[0].file_name or b"artifact").decode("utf-8", "replace"))
            self.answer(await self.durably(self.keep, project, run, found[0].file_object))
        finally:
            self._drop()

    def keep(self, project: str, run: str, content: IO[bytes]) -> dict[str, Any]:
        """Puts the whole file where it belongs."""
        return self.intake.artifact(project, run, content, self._form, self.origin())

    def on_connection_close(self) -> None:
        """The client went away in the middle: nothing of it stays."""
        super().on_connection_close()
        self._drop()

    def _drop(self) -> None:
        for part in getattr(self, "_parts", []):
            with contextlib.suppress(OSError, ValueError):
                part.close()


class UploadFile(UploadArtifact):
    """Files beside a run."""

    def keep(self, project: str, run: str, content: IO[bytes]) -> dict[str, Any]:
        """Puts the whole file where it belongs."""
        return self.intake.file(project, run, content, self._form, self.origin())
