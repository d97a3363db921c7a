"""Endpoints that read: projects, runs, metrics, files."""

from __future__ import annotations

import mimetypes
import os
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any, cast

from aspara.catalog.series.query import SeriesQuery
from aspara.errors import UsageError
from aspara.version import __version__
from aspara.web.endpoint import LONGEST_WAIT, Endpoint, flag, whole
from aspara.web.file_response import attachment, send

_MOST_POINTS = 1_000_000
_MOST_PLACES = 10_000
_MOST_FIELDS = 8
_CHUNK = 1 << 18
# What a browser may show by itself; everything else is a download of bytes.
_HARMLESS_TYPES = {
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "text/plain",
    "application/json",
    "audio/wav",
    "video/mp4",
    "video/webm",
}


class Health(Endpoint):
    """Whether the server answers."""

    async def get(self) -> None:
        """Says so."""
        self.answer({"status": "ok", "version": __version__, "read_only": self.service.read_only})


_NO_DATA = "The data directory is gone: moved, deleted, or on a disk that is not mounted. Its projects are here again when it is back."


class Projects(Endpoint):
    """The list of projects."""

    async def get(self) -> None:
        """Filtered by `search` (name or tag), sorted, one page."""
        found = await self.service.off_loop(self.service.catalog.projects)
        there = bool(found) or await self.service.off_loop(self.service.catalog.data_dir.is_dir)
        if self.service.data_seen and not there:
            self.fail(503, _NO_DATA)
            return
        self.service.data_seen = there
        search = (self.text_query("search") or "").strip().lower()
        if search:
            found = [p for p in found if search in p.name.lower() or any(search in t.lower() for t in p.tags)]
        items = [p.json() for p in found]
        self.answer(page(self, items, "projects", {"name", "last_update", "run_count", "created_at"}))


def page(endpoint: Endpoint, items: list[dict[str, Any]], key: str, sortable: set[str]) -> dict[str, Any]:
    """`items` sorted by ``sort=`` (``-`` for descending) and cut to ``limit`` and ``offset``."""
    sort = endpoint.text_query("sort")
    if sort:
        field = sort.removeprefix("-")
        if field not in sortable:
            raise UsageError(
                f"sort={sort[:40]!r}: choose one of {', '.join(sorted(sortable))}, with '-' in front for descending."
            )
        with_value = [i for i in items if i[field] is not None]
        # What has no value comes last, whichever the direction.
        items = sorted(with_value, key=lambda i: i[field], reverse=sort.startswith("-")) + [
            i for i in items if i[field] is None
        ]
    limit = endpoint.int_query("limit", 100, low=1, high=1000) or 100
    offset = endpoint.int_query("offset", 0) or 0
    return {key: items[offset : offset + limit], "total": len(items), "limit": limit, "offset": offset}


class MetricNames(Endpoint):
    """Which metrics there are."""

    async def get(self, project: str) -> None:
        """Those of `runs` (all where it is absent), without a point being read."""
        found = await self.service.off_loop(self.service.catalog.metric_names, project, self.list_query("runs"))
        self.answer({"project": project, **found.json()})


class Params(Endpoint):
    """A run's inputs."""

    async def get(self, project: str, run: str) -> None:
        """Its config, and the params of the first release."""
        found = (await self.service.off_loop(self.service.catalog.run, project, run)).json()
        self.answer({"project": project, "run": found["run"], "config": found["config"], "params": found["params"]})


_SERIES_PARAMETERS = ("metrics", "since", "x", "scale", "from", "to", "points", "method", "envelope", "wait")


class _Series(Endpoint):
    """What asks for series, of one run or of several."""

    max_body = 4 << 20

    def _given(self) -> dict[str, Any]:
        """The parameters of a GET in the shape of a POST's body."""
        return {
            "metrics": self.list_query("metrics"),
            "since": self.int_query("since"),
            "from": self.float_query("from"),
            "to": self.float_query("to"),
            "wait": self.float_query("wait"),
            **{name: self.text_query(name) for name in ("x", "scale", "points", "method", "envelope")},
        }

    def _body(self, *further: str) -> dict[str, Any]:
        body = self.json_body()
        known = ("runs", *further, *_SERIES_PARAMETERS, "format")
        unknown = sorted(set(body) - set(known))
        if unknown:
            raise UsageError(f"{unknown[0][:40]!r} is not known here; {', '.join(known[:-1])} and {known[-1]} are.")
        return body

    def _query(self, given: dict[str, Any]) -> SeriesQuery:
        return _query_of(given, self.service.default_points)

    async def _answer(self, form: Any, find: Callable[..., Any], *args: Any) -> None:
        if form not in (None, "json", "msgpack"):
            raise UsageError(f"format={str(form)[:40]!r}: choose json or msgpack.")

        def work() -> bytes:
            found = find(*args)
            content: bytes = found.msgpack_bytes() if form == "msgpack" else found.json_bytes()
            return content

        content = await self.service.off_loop(work)
        if form == "msgpack":
            self.set_header("Content-Type", "application/msgpack")
            self.finish(content)
        else:
            self.answer(content)


class Metrics(_Series):
    """Series of several runs."""

    async def get(self, project: str) -> None:
        """Those of `runs` (all where it is absent), as `metrics`, `since`, `x`, `from`, `to`, `points` and so on say."""
        query = self._query(self._given())
        await self._answer(
            self.text_query("format"), self.service.catalog.metrics, project, self.list_query("runs"), query
        )

    async def post(self, project: str) -> None:
        """The same with a JSON body, for thousands of runs."""
        body = self._body()
        await self._answer(
            body.get("format"), self.service.catalog.metrics, project, _texts(body, "runs"), self._query(body)
        )


class Groups(_Series):
    """Runs grouped by what they have in common."""

    async def get(self, project: str) -> None:
        """The runs in groups by the fields `by`, and the statistics of `metrics` over the runs of each group."""
        query = self._query(self._given())
        await self._groups(project, self.list_query("runs"), self.list_query("by"), query, self.text_query("format"))

    async def post(self, project: str) -> None:
        """The same with a JSON body, for thousands of runs."""
        body = self._body("by")
        await self._groups(project, _texts(body, "runs"), _texts(body, "by"), self._query(body), body.get("format"))

    async def _groups(
        self, project: str, runs: list[str] | None, by: list[str] | None, query: SeriesQuery, form: Any
    ) -> None:
        if not by or len(by) > _MOST_FIELDS:
            raise UsageError(f"by: name 1 to {_MOST_FIELDS} fields, like config.lr or group.")
        if query.points is None or query.points > _MOST_PLACES:
            raise UsageError(f"points: give 1 to {_MOST_PLACES} places for the grid that the runs share.")
        await self._answer(form, self.service.catalog.groups, project, runs, by, query)


class RunMetrics(_Series):
    """Series of one run."""

    async def get(self, project: str, run: str) -> None:
        """The same options as for several runs."""
        query = self._query(self._given())
        stem = await self.service.off_loop(self.service.catalog.stem, project, run)
        await self._answer(self.text_query("format"), self.service.catalog.metrics, project, [stem], query)


def _query_of(given: dict[str, Any], default_points: int) -> SeriesQuery:
    points = given.get("points")
    numbers: dict[str, float | None] = {}
    for name in ("from", "to", "wait"):
        value = given.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise UsageError(f"{name}={str(value)[:40]!r} is no number.")
        numbers[name] = value
    start, end = numbers["from"], numbers["to"]
    if start is not None and end is not None and start > end:
        raise UsageError(f"from={start:g} lies behind to={end:g}: give the lesser one first.")
    since = given.get("since")
    metrics = _texts(given, "metrics")
    return SeriesQuery(
        metrics=None if metrics is None else tuple(metrics),
        since=None if since is None else whole("since", str(since), 0, 1 << 53),
        x=str(given.get("x") or "step"),
        start=start,
        end=end,
        points=None
        if points == "all"
        else default_points
        if points in (None, "")
        else whole("points", str(points), 1, _MOST_POINTS),
        log=_word(given, "scale", ("linear", "log")) == "log",
        lttb=_word(given, "method", ("minmax", "lttb")) == "lttb",
        envelope=flag("envelope", given.get("envelope")),
        wait=None if numbers["wait"] is None else min(max(0.0, numbers["wait"]), LONGEST_WAIT),
    )


def _word(given: dict[str, Any], name: str, words: tuple[str, ...]) -> str:
    value = given.get(name) or words[0]
    if value not in words:
        raise UsageError(f"{name}={str(value)[:40]!r}: choose {' or '.join(words)}.")
    return str(value)


def _texts(given: dict[str, Any], name: str) -> list[str] | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise UsageError(f"{name} is a list of texts.")
    return value


class Artifacts(Endpoint):
    """The artifacts of a run."""

    async def get(self, project: str, run: str) -> None:
        """Their names, sizes, times and descriptions."""
        found = await self.service.off_loop(self.service.catalog.artifacts, project, run)
        self.answer({"project": project, "run": run, "artifacts": found})


class Artifact(Endpoint):
    """One artifact."""

    async def get(self, project: str, run: str, name: str) -> None:
        """Its content, as a download that no browser runs."""
        path = await self.service.off_loop(self.service.catalog.artifact_path, project, run, name)
        kind = mimetypes.guess_type(name)[0]
        await send(self, path, path.name, kind if kind in _HARMLESS_TYPES else "application/octet-stream")


class ArtifactsDownload(Endpoint):
    """All artifacts of a run in one file."""

    async def get(self, project: str, run: str) -> None:
        """A ZIP, made while it is sent."""
        catalog = self.service.catalog

        def work() -> list[tuple[str, Any]]:
            stem = catalog.stem(project, run)
            found = catalog.artifacts(project, stem)
            check_zip(self, "artifacts", sum(a["file_size"] for a in found))
            return [(a["name"], catalog.artifact_path(project, stem, a["name"])) for a in found]

        entries = await self.service.off_loop(work)
        if not entries:
            raise UsageError(f"Run {run!r} has no artifacts to download.")
        await send_zip(self, f"{run}-artifacts.zip", entries)


def check_zip(endpoint: Endpoint, what: str, size: int) -> None:
    """Raises UsageError where so many bytes of `what` are more than one download may have."""
    if size > endpoint.service.max_zip:
        raise UsageError(
            f"The {what} have {size} bytes, more than the {endpoint.service.max_zip} of ASPARA_MAX_ZIP_SIZE. "
            "Download them one by one."
        )


async def send_zip(endpoint: Endpoint, name: str, entries: list[tuple[str, Any]]) -> None:
    """Answers with the files `entries` (name within, path) as a ZIP called `name`, made while it is sent."""
    endpoint.set_header("Content-Type", "application/zip")
    endpoint.set_header("Content-Disposition", attachment(name))
    chunks = _zipped(entries)
    while (chunk := await endpoint.service.off_loop(next, chunks, None)) is not None:
        endpoint.write(chunk)
        await endpoint.flush()
    await endpoint.finish()


class _Sink:
    """A file that only takes: what the ZIP writer wrote since the last look."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def write(self, content: bytes) -> int:
        self._parts.append(bytes(content))
        self._size += len(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is buffered."""

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _zipped(entries: list[tuple[str, Any]]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for name, path in entries:
            try:
                file = open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb")  # noqa: SIM115  closed below
            except OSError:
                continue  # it went away since it was listed
            with file, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as target:
                while content := file.read(_CHUNK):
                    target.write(content)
                    if taken := sink.take():
                        yield taken
    yield sink.take()


class Console(Endpoint):
    """Captured output of a run."""

    async def get(self, project: str, run: str) -> None:
        """From byte `after` on, or the last lines."""
        after, last = self.int_query("after", 0) or 0, self.int_query("last", low=1)
        mark = self.int_query("mark")
        self.answer(await self.service.off_loop(self.service.catalog.console, project, run, after, last, mark))


class Captured(Endpoint):
    """A file that was captured beside a run."""

    async def get(self, project: str, run: str, name: str) -> None:
        """Its text; 404 where nothing of the kind was captured."""
        content = await self.service.off_loop(self.service.catalog.captured, project, run, name)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.finish(content)
