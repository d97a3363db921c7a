"""One run for Python: its metadata, history and files, as :class:`aspara.Api` gives them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from aspara import display_hooks
from aspara.api import table_view
from aspara.api.provider import DataProvider
from aspara.api.run_file import LoggedArtifact, RunFile
from aspara.artifacts.artifact import Artifact
from aspara.catalog.files import lineage
from aspara.catalog.files.media import MediaFile, MediaQuery
from aspara.catalog.runs.run_info import RunDetail, RunInfo
from aspara.catalog.series.history import STEP, HistoryQuery
from aspara.catalog.series.history_values import decoded, logged_rows, with_plain_texts
from aspara.errors import ArtifactNotFound, NotFound, UsageError
from aspara.util.json_safe import numbered, presentable

if TYPE_CHECKING:
    import polars
    from typing_extensions import Self


class BaseApiRun(display_hooks.DisplayBundle):
    """One run. What it shows is as of the moment it was asked for; :meth:`load` looks again."""

    def __init__(self, library: DataProvider, info: RunInfo) -> None:
        self._library = library
        self._take(info)

    def _take(self, info: RunInfo) -> None:
        self._info = info
        self.project = info.project
        self.run = info.run
        """The name of its files, unique in the project."""
        self.id = info.id
        self.name = info.name
        self.notes = info.notes
        self.tags = list(info.tags)
        self.config: dict[str, Any] = numbered(info.config)
        self.summary: dict[str, Any] = numbered(info.summary)

    def __repr__(self) -> str:
        return f"<Run {self.project}/{self.run} ({self.state})>"

    @property
    def state(self) -> str:
        """``running``, ``finished``, ``failed`` or ``crashed``."""
        return self._info.state

    @property
    def path(self) -> list[str]:
        """[project, run]."""
        return [self.project, self.run]

    @property
    def group(self) -> str | None:
        """The group it belongs to."""
        return self._info.group

    @property
    def job_type(self) -> str | None:
        """Its job type."""
        return self._info.job_type

    @property
    def exit_code(self) -> int | None:
        """The exit code of a run that ended."""
        return self._info.exit_code

    @property
    def last_step(self) -> int | None:
        """The largest step."""
        return self._info.last_step

    @property
    def created_at(self) -> datetime | None:
        """When it began, in UTC."""
        start = self._info.start_time
        return None if start is None else datetime.fromtimestamp(start / 1000, timezone.utc)

    @property
    def metadata(self) -> dict[str, Any]:
        """Everything its metadata file holds: host, command, git, environment, …"""
        if not self._info.metadata:
            # A list from far away comes without them.
            self._info.metadata.update(self._detail().info.metadata)
        return dict(self._info.metadata)

    @property
    def problems(self) -> list[dict[str, Any]]:
        """What of its files could not be read: ``{"file", "line", "reason", "count"}``."""
        return self._detail().problems

    @property
    def metrics(self) -> list[str]:
        """The names of its metrics, sorted."""
        return self._detail().metrics

    def load(self) -> Self:
        """Looks again; what was changed here and not saved by :meth:`update` is forgotten."""
        self._take(self._detail().info)
        return self

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        return display_hooks.bundle("kept", self) or table_view.runs([self._record()], self.project).bundle()

    # -- history ------------------------------------------------------------------------------------------------------

    def frame(self, keys: Sequence[str] | None = None) -> polars.DataFrame:
        """The full history, unsampled, as polars: ``_step``, the metrics, ``_runtime`` and ``_timestamp`` (seconds).

        One row for each step at which one of `keys` (None: any metric) was logged; what was not logged there is null.
        """
        import polars as pl

        query = HistoryQuery(keys=_names(keys), stream="all")
        return pl.concat(self._library.history(self.project, self.run, query))

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = STEP,
        format: Literal["pandas", "polars", "dict"] = "pandas",  # noqa: A002  the word users know
        pandas: bool | None = None,
        stream: str = "default",
    ) -> Any:
        """The history, thinned out to at most `samples` rows; the first and the last always stay. Each metric's rows are thinned
        out evenly, and a metric that was logged rarely keeps all of its rows.

        Lists and media are lists and dicts (in ``"polars"``: JSON text).
        What was captured of the machine (``system/…``) is in it only where `keys` name it, or alone with ``stream="system"``.

        With `keys` only steps at which all of them were logged. ``x_axis`` is ``_step``, ``_timestamp``, ``_runtime`` or a
        metric; rows are in its order. ``format="pandas"`` needs pandas installed; ``"polars"`` and ``"dict"`` (a list of
        dicts) do not. ``pandas=False`` is another word for ``"dict"``.

        Raises:
            UsageError: `format` or `stream` is none of those that exist.

        """
        form = format if pandas is None else "pandas" if pandas else "dict"
        if form not in ("pandas", "polars", "dict"):
            raise UsageError(f"format={format!r}: choose pandas, polars or dict.")
        if stream not in ("default", "system"):
            raise UsageError(f"stream={stream!r}: choose default or system.")
        query = HistoryQuery(
            keys=_names(keys),
            every=True,
            x_axis=x_axis,
            samples=samples,
            stream="system" if stream == "system" else "program",
            typed=True,
        )
        found = next(iter(self._library.history(self.project, self.run, query)))
        if form == "polars":
            return with_plain_texts(found)
        if form == "dict":
            return [{name: decoded(value) for name, value in row.items()} for row in found.iter_rows(named=True)]
        return as_pandas(found, "history()")

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every row of the history as a dict, in order of step, unsampled; with `keys` those steps that have all of them.

        Values are as they were logged: numbers, texts, lists, and media as dicts with their ``_type``.
        ``min_step`` is inclusive, ``max_step`` is not. What was not logged at a step is not in its dict.
        """
        query = HistoryQuery(keys=_names(keys), every=True, min_step=min_step, max_step=max_step, typed=True)
        for block in self._library.history(self.project, self.run, query):
            for part in block.iter_slices(max(1, page_size)):
                yield from logged_rows(part)

    # -- files --------------------------------------------------------------------------------------------------------

    def files(self) -> list[RunFile]:
        """Every file kept in the run's folder, artifacts and media included, by relative path; links are not listed."""
        return [
            RunFile(name, size, self._library.file(self.project, self.run, name))
            for name, size in self._library.files(self.project, self.run)
        ]

    def file(self, name: str) -> RunFile:
        """One of :meth:`files`, or one that was saved or logged as an artifact by its name; raises ArtifactNotFound naming some
        there are.

        Raises:
            ArtifactNotFound: The run keeps no file of that name.

        """
        found = dict(self._library.files(self.project, self.run))
        path = name if name in found else f"artifacts/{name}"
        if path not in found:
            there = ", ".join(list(found)[:10]) or "none"
            raise ArtifactNotFound(f"Run {self.run!r} keeps no file {str(name)[:128]!r}. Its files: {there}.")
        return RunFile(name, found[path], self._library.file(self.project, self.run, path))

    def logged_artifacts(self) -> list[LoggedArtifact | Artifact]:
        """Its artifacts: the plain files kept with it, then the versions that it made."""
        kept: list[LoggedArtifact | Artifact] = [
            LoggedArtifact(
                entry["name"],
                entry["file_size"],
                self._library.artifact(self.project, self.run, entry["name"]),
                entry["category"],
                entry["description"],
                entry["timestamp"],
            )
            for entry in self._library.artifacts(self.project, self.run)
        ]
        return [*kept, *self._noted("logged_artifacts")]

    def used_artifacts(self) -> list[Artifact]:
        """The versions of artifacts that it used."""
        return self._noted("used_artifacts")

    def _noted(self, key: str) -> list[Artifact]:
        found = lineage.kept(self._detail().info.metadata, key, self.project, self._library.collections)
        return [Artifact._of(store, project, manifest) for store, project, manifest in found]

    def media(self, keys: Sequence[str] | None = None, type: str | None = None) -> list[MediaFile]:  # noqa: A002
        """Every media value logged, in order of step; of the metrics (names or globs) in `keys`, or of one type."""
        own = ("metric", "step", "timestamp", "index", "type", "caption", "value")
        result = []
        wanted = MediaQuery(metrics=keys, kinds=None if type is None else [type])
        for item in self._library.media(self.project, self.run, wanted):
            content = None
            if item["name"]:
                with contextlib.suppress(NotFound):  # the row is there, its file is gone
                    content = self._library.media_file(self.project, self.run, item["name"])
            result.append(MediaFile(**{key: item[key] for key in own}, content=content))
        return result

    # -- changes ------------------------------------------------------------------------------------------------------

    def update(self) -> None:
        """Saves what was changed here: ``name``, ``notes``, ``tags``, ``config`` and ``summary``. What others changed stays."""
        info = self._info
        changes: dict[str, Any] = {}
        if self.name != info.name:
            changes["display_name"] = self.name
        if self.notes != info.notes:
            changes["notes"] = self.notes
        if list(self.tags) != info.tags:
            changes["tags"] = list(self.tags)
        # Non-finite numbers by their names on both sides: NaN differs from itself.
        for part, now, before in (("config", self.config, info.config), ("summary", self.summary, info.summary)):
            known, wanted = presentable(before), presentable(now)
            changed = {key: value for key, value in now.items() if key not in known or known[key] != wanted[key]}
            if changed:
                changes[part] = changed
        if changes:
            self._library.change(self.project, self.run, changes)
            self.load()

    def delete(self, force: bool = False) -> None:
        """Removes the run with all its files; a running one only with `force`, else RunIsRunning is raised."""
        self._library.delete(self.project, self.run, force=force)

    def _record(self) -> dict[str, Any]:
        return {**self._info.record(), "config": self.config, "summary": self.summary}

    def _detail(self) -> RunDetail:
        return self._library.run(self.project, self.run)


def as_pandas(found: polars.DataFrame, who: str) -> Any:
    """The same as pandas has it, made without pyarrow."""
    import polars as pl

    try:
        import pandas as pd
    except ImportError:
        raise UsageError(
            f"{who} gives pandas, which is not installed: `pip install pandas`, or ask for format='polars'."
        ) from None
    return pd.DataFrame(
        {
            name: [decoded(value) for value in values] if found.schema[name] == pl.String else values
            for name, values in found.to_dict(as_series=False).items()
        }
    )


def _names(keys: Sequence[str] | None) -> tuple[str, ...] | None:
    if isinstance(keys, str):
        raise UsageError(f"keys is a list of metric names: [{keys!r}].")
    return None if keys is None else tuple(keys)
