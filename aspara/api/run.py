"""A run that is read: the base, and what programs written for wandb ask of it under other names."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from aspara.api.base_run import BaseApiRun
from aspara.api.run_file import RunFile
from aspara.artifacts.artifact import Artifact
from aspara.errors import UsageError

_PERIOD = 0.5


class ApiRun(BaseApiRun):
    """One run. Its values are as of the moment it was asked for; :meth:`load` reads them again."""

    @property
    def url(self) -> str | None:
        """Where its dashboard or tracker shows it; None for one that is read out of files."""
        return self._library.run_url(self.project, self.run)

    @property
    def entity(self) -> str:
        """Empty: there are no entities."""
        return ""

    @property
    def user(self) -> str | None:
        """Who ran it, as far as that was captured."""
        found = self.metadata.get("user")
        return None if found is None else str(found)

    @property
    def username(self) -> str | None:
        """Who started the run: :attr:`user` under an older name of wandb's."""
        return self.user

    @property
    def display_name(self) -> str:
        """The same as ``name``."""
        return self.name

    @property
    def storage_id(self) -> str:
        """The same as ``id``."""
        return self.id

    @property
    def lastHistoryStep(self) -> int:  # noqa: N802  wandb's name
        """The last step; -1 where nothing was logged."""
        last = self.last_step
        return -1 if last is None else last

    @property
    def heartbeat_at(self) -> Any:
        """When it last changed, in UTC; of a run that has ended, when it ended."""
        from datetime import datetime, timezone

        at = self._info.last_update or self._info.start_time
        return None if at is None else datetime.fromtimestamp(at / 1000, timezone.utc)

    @property
    def summary_metrics(self) -> dict[str, Any]:
        """The same as ``summary``."""
        return self.summary

    @property
    def rawconfig(self) -> dict[str, Any]:
        """The same as ``config``."""
        return self.config

    @property
    def json_config(self) -> str:
        """The config as wandb's JSON: ``{"lr": {"value": 0.1}}``."""
        return json.dumps({key: {"value": value} for key, value in self.config.items()})

    @property
    def sweep(self) -> None:
        """None: the run belongs to no sweep."""
        return

    @property
    def sweep_name(self) -> None:
        """None: the run belongs to no sweep."""
        return

    @property
    def system_metrics(self) -> dict[str, Any]:
        """The last values of what was captured of the machine."""
        rows = self.history(stream="system", format="dict", samples=2)
        found: dict[str, Any] = {}
        for row in rows:
            found.update({key: value for key, value in row.items() if value is not None and not key.startswith("_")})
        return found

    def beta_scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int = 0,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """The same as :meth:`scan_history`."""
        del use_cache
        return self.scan_history(keys, page_size, min_step, max_step)

    def load_full_data(self, force: bool = False) -> dict[str, Any]:
        """Everything its metadata holds."""
        del force
        return self.load().metadata

    def save(self) -> None:
        """The same as :meth:`update`."""
        self.update()

    def to_html(self, height: int = 420, hidden: bool = False) -> str:
        """HTML that shows the run: a frame with its page, or its path where it is read out of files."""
        del hidden
        url = self.url
        if url is None:
            return f"<p>{escape(repr(self))}</p>"
        return f'<iframe src="{escape(url)}" style="border:none;width:100%;height:{int(height)}px"></iframe>'

    def wait_until_finished(self, timeout: float | None = None) -> None:
        """Returns when the run has ended; after `timeout` seconds at the latest."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.load().state == "running" and (end is None or time.monotonic() < end):
            time.sleep(_PERIOD)

    def stop(self) -> None:
        """Asks the running run to stop: its program sees ``run.should_stop``.

        Raises:
            RunHasEnded: The run is over.

        """
        self._library.stop(self.project, self.run)

    def log_artifact(
        self, artifact: Artifact, aliases: Sequence[str] | None = None, tags: Sequence[str] | None = None
    ) -> Artifact:
        """Makes a version of an artifact for this run, which must have ended.

        Raises:
            UsageError: `artifact` is no Artifact, or the run is still being written.

        """
        if not isinstance(artifact, Artifact):
            raise UsageError(f"log_artifact() takes an Artifact, not {type(artifact).__name__}.")
        with self._opened() as run:
            logged: Artifact = run.log_artifact(artifact, aliases=list(aliases or ()), tags=tags)
        return logged

    def use_artifact(self, artifact: Artifact | str, use_as: str | None = None) -> Artifact:
        """Notes that this run uses an artifact."""
        with self._opened() as run:
            used: Artifact = run.use_artifact(artifact, use_as=use_as)
        return used

    def upload_file(self, path: str | os.PathLike[str], root: str | os.PathLike[str] = ".") -> RunFile:
        """Keeps a file with this run, named by its path below `root`.

        Raises:
            UsageError: There is no such file, or the run is still being written.

        """
        with self._opened() as run:
            found = run.save(path, base_path=root, policy="now")
        if not found:
            raise UsageError(f"There is no file {os.fspath(path)!r} to upload.")
        return self.file(Path(os.path.relpath(found[0], root)).as_posix())

    def _opened(self) -> Any:
        """The run itself, opened for writing; afterwards it ends with the exit code that it had."""
        from aspara.recording.run import Run

        if self.state == "running":
            raise UsageError(f"Run {self.run!r} is being written. Let its own program do that.")
        return _Reopened(
            Run(project=self.project, id=self.id, resume="must", dir=self._library.place, capture=False),
            self.exit_code,
        )


class _Reopened:
    """A run that is opened anew for a moment, and ends with the exit code that it had."""

    def __init__(self, run: Any, exit_code: int | None) -> None:
        self._run, self._exit_code = run, exit_code

    def __enter__(self) -> Any:
        return self._run

    def __exit__(self, *_: object) -> None:
        self._run.finish(self._exit_code)
