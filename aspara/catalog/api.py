"""``aspara.Api``: runs and their full histories for Python: out of the files, with no server, or from a server far away.

api = aspara.Api()  # or aspara.Api("path/to/runs"), aspara.Api("http://gpu-box:3141")
for run in api.runs("digits", filters={"config.lr": {"$lt": 0.1}}, order="-summary.acc"):
    print(run.name, run.summary["acc"], run.history(keys=["loss"]))
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from aspara import settings, surfaces
from aspara.artifacts.artifact import Artifact, split_name
from aspara.catalog import filters as runs_filters
from aspara.catalog import sheet
from aspara.catalog.content import Content, copied
from aspara.catalog.expression import parse
from aspara.catalog.history import STEP, HistoryQuery
from aspara.catalog.library import Library, local
from aspara.catalog.media import MediaFile, MediaQuery
from aspara.catalog.present import numbered, presentable
from aspara.catalog.projects import ApiProject, ApiProjects
from aspara.catalog.runs import RunDetail, RunInfo
from aspara.client.reading import Reader, is_address
from aspara.errors import ArtifactNotFound, NotFound, UsageError

if TYPE_CHECKING:
    import polars

STATES = {"completed": "finished"}


class Api:
    """Reads the runs of a data directory, or of a dashboard or tracker far away: the same objects, methods and errors.

    Args:
        dir: A data directory, or the address of a dashboard or tracker (``http://gpu-box:3141``; one with a token in it, as it
            was printed, serves too). By default where :func:`aspara.init` keeps runs: at ASPARA_TRACKER_URI if that is set
            (and ASPARA_MODE is not offline), else in ASPARA_DATA_DIR or the user's data folder.
        token: The token that a server demands; by default that in its address, else ASPARA_TOKEN.
        timeout: Seconds to wait for a server's next bytes.

    Raises:
        UsageError: The address is none, or a token is given for a directory.

    Every question to a server may raise TrackerError (it cannot be reached, or is none) or Unauthorized (it wants a token).

    """

    def __init__(
        self,
        dir: str | os.PathLike[str] | None = None,  # noqa: A002  the word of init()
        *,
        token: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._library = open_library(dir, token=token, timeout=timeout)

    @classmethod
    def _of(cls, library: Library) -> Api:
        """An Api of a library that is open already."""
        made = cls.__new__(cls)
        made._library = library
        return made

    def __repr__(self) -> str:
        return f"Api({self._library.place!r})"

    def close(self) -> None:
        """Lets go of what was read, and of connections. An Api that is forgotten does so by itself."""
        self._library.close()

    def projects(self) -> ApiProjects:
        """All projects, the one that changed last first: a list, which a notebook shows as a table."""
        return ApiProjects(ApiProject(self._library, info, self.runs) for info in self._library.projects())

    def project(self, name: str) -> ApiProject:
        """One project. Raises ProjectNotFound naming those there are."""
        return ApiProject(self._library, self._library.project(name.rsplit("/", 1)[-1]), self.runs)

    def runs(
        self,
        project: str | None = None,
        filters: Mapping[str, Any] | str | None = None,
        order: str = "+created_at",
        *,
        path: str | None = None,
        per_page: int | None = None,
        include_sweeps: bool = True,
        lazy: bool = True,
    ) -> ApiRuns:
        """The runs of `project` that meet `filters`, in `order`.

        Args:
            project: The project's name (an entity in front, ``"me/digits"``, is passed over).
            filters: Conditions like ``{"config.lr": {"$gt": 0.01}, "tags": "baseline", "state": "finished"}``, or an
                expression of the dashboard's language: ``'config.lr > 0.01 and "baseline" in tags'``.
            order: A field, with ``-`` in front for descending: ``"-summary.loss"``, ``"config.lr"``, ``"+created_at"``.
            path: Another word for `project`, wandb's. By default ASPARA_PROJECT.
            per_page: Passed over, as the two below: all runs come, and what they hold is looked up when it is asked for.
            include_sweeps: Passed over.
            lazy: Passed over.

        Raises:
            ProjectNotFound: There is no such project.
            UsageError: The filters or the order make no sense; the message says what would.

        """
        del per_page, include_sweeps, lazy
        given = project or path or settings.get("ASPARA_PROJECT")
        if not given:
            raise UsageError("Which project? Give its name, like runs('digits'), or set ASPARA_PROJECT.")
        name = given.rsplit("/", 1)[-1]
        wanted = _condition(filters)
        runs_filters.check_order(order)
        found = [ApiRun(self._library, info) for info in reversed(self._library.runs(name))]
        return ApiRuns(runs_filters.ordered([run for run in found if wanted(run._record())], order, ApiRun._record))

    def run(self, path: str) -> ApiRun:
        """The run at ``"project/run"``, by file name or id; without a project in ASPARA_PROJECT. Raises ProjectNotFound or
        RunNotFound naming those there are.
        """
        parts = [part for part in path.strip("/").split("/") if part]
        if len(parts) == 4 and parts[2] == "runs":  # as it stands in wandb's addresses
            parts.pop(2)
        if len(parts) == 1 and settings.get("ASPARA_PROJECT"):
            parts.insert(0, settings.get("ASPARA_PROJECT"))
        if len(parts) not in (2, 3):
            raise UsageError(f"{path!r}: give project and run, like 'digits/calm-heron-4821'.")
        return ApiRun(self._library, self._library.run(parts[-2], parts[-1]).info)

    def artifact(self, name: str, type: str | None = None) -> Artifact:  # noqa: A002  the word users know
        """The artifact ``"project/name:v3"``, ``:alias``, or without one the latest. Raises ArtifactNotFound."""
        project, collection, reference = split_name(name, settings.get("ASPARA_PROJECT"))
        if project is None:
            raise UsageError(f"{name!r}: give the project too, like 'digits/weights:latest'.")
        store = self._library.collections(project)
        found = Artifact._of(store, project, store.manifest(collection, reference))
        if type is not None and found.type != type:
            raise UsageError(f"The artifact {found.name!r} is of type {found.type!r}, not {type!r}.")
        return found

    def artifacts(self, type_name: str | None, name: str) -> list[Artifact]:
        """All versions of ``"project/name"``, the newest first; those of a type, where it is not None."""
        project, collection, _ = split_name(name, settings.get("ASPARA_PROJECT"))
        if project is None:
            raise UsageError(f"{name!r}: give the project too, like 'digits/weights'.")
        store = self._library.collections(project)
        found = [Artifact._of(store, project, manifest) for manifest in store.versions(collection)]
        return [a for a in found if type_name is None or a.type == type_name]

    def artifact_names(self, project: str) -> list[str]:
        """The names of a project's versioned artifacts."""
        return self._library.collections(project).names()


class ApiRuns(Sequence["ApiRun"]):
    """Runs in order; ``frame()`` gives them as one table, and a notebook shows them as one that can be sorted."""

    def __init__(self, runs: Sequence[ApiRun]) -> None:
        self._runs = list(runs)

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> ApiRun: ...
    @overload
    def __getitem__(self, index: slice) -> ApiRuns: ...
    def __getitem__(self, index: int | slice) -> ApiRun | ApiRuns:
        return ApiRuns(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def __repr__(self) -> str:
        return f"<{len(self)} runs: {', '.join(run.name for run in self._runs[:5])}{', …' if len(self) > 5 else ''}>"

    def plot(self, *metrics: str, x: str = "step", smoothing: float = 0.0, points: int = 1000) -> Any:
        """A plotly figure that compares the runs in one or several metrics; see :meth:`ApiRun.plot`."""
        return surfaces.drawn(self._runs, metrics, x=x, smoothing=smoothing, points=points)

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        records = [run._record() for run in self._runs[: sheet.MOST_ROWS]]
        names = {run.project for run in self._runs}
        found = sheet.runs(records, names.pop() if len(names) == 1 else "", len(self))
        return surfaces.bundle("table", found) or found.bundle()

    @overload
    def frame(self, format: Literal["polars"] = "polars") -> polars.DataFrame: ...
    @overload
    def frame(self, format: Literal["pandas"]) -> Any: ...
    def frame(self, format: Literal["polars", "pandas"] = "polars") -> Any:  # noqa: A002  the word users know
        """One row for each run: its own fields, then ``config.*`` and ``summary.*``, nested values flattened to ``a.b``.

        ``format="pandas"`` needs pandas installed.
        """
        if format not in ("polars", "pandas"):
            raise UsageError(f"format={format!r}: choose polars or pandas.")
        found = self._table()
        return found if format == "polars" else _pandas(found, "frame(format='pandas')")

    def _table(self) -> polars.DataFrame:
        import polars as pl

        rows = []
        for run in self._runs:
            item = run._record()
            row: dict[str, Any] = {
                key: item[key] for key in ("run", "id", "name", "state", "group", "job_type", "last_step")
            }
            row["tags"] = run.tags
            row["created_at"] = run.created_at
            for part in ("config", "summary"):
                for key, value in item[part].items():
                    row.update(_flat(f"{part}.{key}", value))
            rows.append(row)
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pl.DataFrame({name: _series(name, [row.get(name) for row in rows]) for name in names})


class ApiRun:
    """One run. What it shows is as of the moment it was asked for; :meth:`load` looks again."""

    def __init__(self, library: Library, info: RunInfo) -> None:
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
        return STATES.get(self._info.status, self._info.status)

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

    def load(self) -> ApiRun:
        """Looks again; what was changed here and not saved by :meth:`update` is forgotten."""
        self._take(self._detail().info)
        return self

    # -- pictures -----------------------------------------------------------------------------------------------------

    def display(self, height: int | None = None) -> bool:
        """Shows its charts in the running cell, live while the run goes on, `height` pixels high at most; a terminal gets a
        line of text, and the answer is False.
        """
        if surfaces.shown(self, height=height):
            return True
        print(repr(self))
        return False

    def plot(self, *metrics: str, x: str = "step", smoothing: float = 0.0, points: int = 1000) -> Any:
        """A plotly figure of one or several metrics (names, or globs like ``"train/*"``).

        Args:
            metrics: What is drawn, in one picture.
            x: ``step``, ``time``, ``relative`` (seconds since the run began) or the name of another metric.
            smoothing: 0 (none) to 1: the weight of the exponential average that is drawn over the line, as in the dashboard.
            points: At most so many points a line; the extremes are kept.

        Raises:
            UsageError: plotly is not installed, or there is no such metric.

        """
        return surfaces.drawn([self], metrics, x=x, smoothing=smoothing, points=points)

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        return surfaces.bundle("kept", self) or sheet.runs([self._record()], self.project).bundle()

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
        """The history, thinned out evenly to at most `samples` rows; the first and the last always stay.

        What was captured of the machine (``system/…``) is in it only where `keys` name it, or alone with ``stream="system"``.

        With `keys` only steps at which all of them were logged. ``x_axis`` is ``_step``, ``_timestamp``, ``_runtime`` or a
        metric; rows are in its order. ``format="pandas"`` needs pandas installed; ``"polars"`` and ``"dict"`` (a list of
        dicts) do not. ``pandas=False`` is another word for ``"dict"``.
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
        )
        found = next(iter(self._library.history(self.project, self.run, query)))
        if form == "polars":
            return found
        if form == "dict":
            return found.to_dicts()
        return _pandas(found, "history()")

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Every row of the history as a dict, in order of step, unsampled; with `keys` those steps that have all of them.

        ``min_step`` is inclusive, ``max_step`` is not. What was not logged at a step is not in its dict.
        """
        query = HistoryQuery(keys=_names(keys), every=True, min_step=min_step, max_step=max_step)
        for block in self._library.history(self.project, self.run, query):
            for part in block.iter_slices(max(1, page_size)):
                for row in part.iter_rows(named=True):
                    yield {name: value for name, value in row.items() if value is not None}

    # -- files --------------------------------------------------------------------------------------------------------

    def files(self) -> list[RunFile]:
        """Every file kept in the run's folder, artifacts and media included, by relative path; links are not listed."""
        return [
            RunFile(name, size, self._library.file(self.project, self.run, name))
            for name, size in self._library.files(self.project, self.run)
        ]

    def file(self, name: str) -> RunFile:
        """One of :meth:`files`; raises ArtifactNotFound naming some there are."""
        found = dict(self._library.files(self.project, self.run))
        if name not in found:
            there = ", ".join(list(found)[:10]) or "none"
            raise ArtifactNotFound(f"Run {self.run!r} keeps no file {str(name)[:128]!r}. Its files: {there}.")
        return RunFile(name, found[name], self._library.file(self.project, self.run, name))

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
        found = []
        noted = self._detail().info.metadata.get(key)
        for entry in noted if isinstance(noted, list) else ():
            if not isinstance(entry, dict):
                continue
            with contextlib.suppress(NotFound, KeyError, TypeError):  # deleted since, or not ours
                project = str(entry.get("project") or self.project)
                store = self._library.collections(project)
                reference = str(entry.get("version") or entry["digest"])
                found.append(Artifact._of(store, project, store.manifest(str(entry["name"]), reference)))
        return found

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


@dataclass(frozen=True)
class RunFile:
    """A file kept with a run: its path relative to the run's folder."""

    name: str
    size: int
    content: Content = field(repr=False, compare=False)

    @property
    def path(self) -> Path:
        """Where it lies; one from far away is fetched first, to where it stays as long as its Api."""
        return self.content.path()

    def download(self, root: str | os.PathLike[str] = ".", replace: bool = False) -> Path:
        """Copies it below `root` and returns the copy; an existing file is only overwritten with `replace`."""
        return copied(self.content, Path(root), self.name, replace=replace)


@dataclass(frozen=True)
class LoggedArtifact(RunFile):
    """An artifact: a file with a category and a description. ``timestamp`` is in ms."""

    category: str | None = None
    description: str | None = None
    timestamp: int | None = None

    @property
    def type(self) -> str | None:
        """The category."""
        return self.category


def open_library(
    dir: str | os.PathLike[str] | None = None,  # noqa: A002  the word of init()
    *,
    token: str | None = None,
    timeout: float = 60.0,
) -> Library:
    """Where the runs are that `dir` means; see :class:`Api`."""
    place: str | os.PathLike[str] | None = dir
    if dir is None and settings.get("ASPARA_MODE") == "online":
        place = settings.get("ASPARA_TRACKER_URI")
        if place and not is_address(place):
            place = f"http://{place}"
    if place is not None and is_address(place):
        from aspara.catalog.remote import RemoteLibrary

        return RemoteLibrary(Reader(str(place), token, timeout))
    if isinstance(dir, str) and "://" in dir:
        raise UsageError(f"{dir!r} is neither a folder nor an address with http:// or https://.")
    if token is not None:
        raise UsageError("A token opens a server; a data directory needs none. Give the server's address too.")
    return local(settings.data_dir(dir))


def _pandas(found: polars.DataFrame, who: str) -> Any:
    """The same as pandas has it, made without pyarrow."""
    try:
        import pandas as pd
    except ImportError:
        raise UsageError(
            f"{who} gives pandas, which is not installed: `pip install pandas`, or ask for format='polars'."
        ) from None
    return pd.DataFrame(found.to_dict(as_series=False))


def _condition(filters: Mapping[str, Any] | str | None) -> Callable[[Mapping[str, Any]], bool]:
    """What a run's record must meet; raises UsageError for filters that make no sense."""
    if not filters:
        return lambda _: True
    if isinstance(filters, str):
        import time

        wanted, now = parse(filters), time.time() * 1000
        return lambda record: wanted.matches(record, now)
    conditions = filters
    runs_filters.check(conditions)
    return lambda record: runs_filters.matches(record, conditions)


def _names(keys: Sequence[str] | None) -> tuple[str, ...] | None:
    if isinstance(keys, str):
        raise UsageError(f"keys is a list of metric names: [{keys!r}].")
    return None if keys is None else tuple(keys)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value and "_type" not in value:
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}", inner)
    else:
        yield prefix, value


def _series(name: str, values: list[Any]) -> polars.Series:
    """A column of whatever the runs hold: of one kind where it can be, else of texts."""
    import polars as pl

    there = {type(value) for value in values if value is not None}
    if there <= {int, float} and float in there:
        values = [None if value is None else float(value) for value in values]
    elif len(there) > 1 or there & {dict} or (there == {list} and name != "tags"):
        values = [None if value is None else str(value) for value in values]
    if name == "tags":
        return pl.Series(name, values, dtype=pl.List(pl.String))
    return pl.Series(name, values, strict=False)
