"""What a run is: its names, its place, what people say of it, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable

from aspara import names, settings
from aspara.limits import MAX_STEP
from aspara.recorder import Recorder
from aspara.recording.log.fast_log import FastLog
from aspara.recording.log.validation import checked_notes, checked_tags
from aspara.types import RunIdentity, Status


class RunProperties:
    """The part of a run that tells what it is."""

    _recorder: Recorder
    _identity: RunIdentity
    _pen: FastLog
    _status: Status
    _started: float
    _name: str
    _tags: tuple[str, ...]
    _notes: str

    def _check_open(self) -> None:
        """Raises UsageError once the run has finished."""

    @property
    def id(self) -> str:
        """The run's id: 16 hexadecimal digits, or the chosen one."""
        return self._identity.id

    @property
    def project(self) -> str:
        """The project's name."""
        return self._identity.project

    @property
    def run(self) -> str:
        """The run's name on disk and in URLs: unique in its project."""
        return self._identity.run

    @property
    def name(self) -> str:
        """The name people see; several runs may share it."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._check_open()
        self._name = names.check_display_name(name)
        self._recorder.update({"display_name": self._name})

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags; assign any iterable of texts to replace them: ``run.tags += ("baseline",)``."""
        return self._tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        self._check_open()
        self._tags = checked_tags(tags)
        self._recorder.update({"tags": list(self._tags)})

    def set_tags(self, tags: Iterable[str]) -> None:
        """Replaces the tags."""
        self.tags = checked_tags(tags)

    @property
    def notes(self) -> str:
        """Notes about the run; assign text of at most ASPARA_MAX_NOTES_LENGTH characters to replace them."""
        return self._notes

    @notes.setter
    def notes(self, notes: str | None) -> None:
        self._check_open()
        self._notes = checked_notes(notes) or ""
        self._recorder.update({"notes": self._notes})

    @property
    def step(self) -> int:
        """The step that the next ``log()`` without one belongs to; never goes back."""
        return self._pen.step

    @property
    def status(self) -> Status:
        """``running``, ``completed`` or ``failed``."""
        return self._status

    @property
    def should_stop(self) -> bool:
        """True once somebody has asked, in the dashboard or under the notebook's chart, that this run stop.

        Nothing stops by itself: a training loop that may be stopped looks at it, ``if run.should_stop: break``. It costs
        nothing to look, and follows the request within about a second.
        """
        return self._recorder.stop_asked

    @property
    def resumed(self) -> bool:
        """True for a run that continues an earlier one."""
        return self._identity.resumed

    @property
    def starting_step(self) -> int:
        """The first step of this process: 0 for a new run."""
        return min(self._identity.next_step, MAX_STEP)

    @property
    def disabled(self) -> bool:
        """True for a run that records nowhere."""
        return not self._recorder.records

    @property
    def group(self) -> str | None:
        """The group the run belongs to."""
        return self._identity.metadata.get("group")

    @property
    def job_type(self) -> str | None:
        """What kind of job the run is."""
        return self._identity.metadata.get("job_type")

    @property
    def color(self) -> int:
        """The run's place in the palette, the same in every view."""
        return self._identity.color

    @property
    def start_time(self) -> float:
        """When this process began the run: seconds since the epoch."""
        return self._started

    @property
    def path(self) -> str:
        """``project/run``."""
        return f"{self.project}/{self.run}"

    @property
    def dir(self) -> str:
        """The run's own folder, for files that shall lie beside its data; made when it is asked for."""
        from aspara.util.files import make_folder

        folder = self._identity.path or settings.data_dir() / self.project / self.run
        return str(folder if self.disabled else make_folder(folder))

    @property
    def place(self) -> str | None:
        """Where :class:`aspara.Api` finds the run: its data directory, or the address of its tracker."""
        path, url = self._identity.path, self._identity.url
        return str(path.parent.parent) if path is not None else url and url.partition("/projects/")[0]

    @property
    def url(self) -> str | None:
        """Where a tracker shows the run; None for a local one."""
        return self._identity.url

    @property
    def backend(self) -> str | None:
        """How the rows are kept: ``jsonl`` or ``polars``."""
        return self._identity.metadata.get("backend")
