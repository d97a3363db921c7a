"""Runs on a dashboard or tracker far away, read through its API: the far side of the seam in library.py."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from aspara.api.provider import Edit, Row, Told, until_fresh
from aspara.catalog.catalog import ProjectInfo
from aspara.catalog.files.content import Content, RemoteContent
from aspara.catalog.files.media import MediaQuery
from aspara.catalog.runs.run_info import RunDetail, RunInfo
from aspara.catalog.series.history import FRAME, HistoryQuery
from aspara.catalog.series.query import MetricsAnswer, Series, SeriesQuery
from aspara.client.http_client import HttpClient
from aspara.client.remote_artifacts import RemoteArtifactStore
from aspara.client.temp_folder import TempFolder
from aspara.errors import TrackerError
from aspara.storage import row_codec
from aspara.util.json_safe import storable

if TYPE_CHECKING:
    import polars

_PAGE = 1000
_MEDIA_PAGE = 10_000
_ABSENT = ("metadata", "archived", "display_name")
"""What a list does not hold of its runs."""
_MOST_BLOCK, _MOST_LINE = 1 << 30, 64 << 20
_PATIENCE = 5
"""How often a stream is asked for again, a second later each time."""


class RemoteProvider:
    """What one server serves."""

    def __init__(self, reader: HttpClient) -> None:
        self.place = reader.base
        self._reader = reader
        self._scratch = TempFolder()
        self._collections: dict[str, RemoteArtifactStore] = {}

    def projects(self) -> list[ProjectInfo]:
        """All projects."""
        found = [_made(ProjectInfo, item) for item in self._listed("projects", ("projects",))]
        return sorted(found, key=lambda p: (-(p.last_update or 0), p.name))

    def project(self, project: str) -> ProjectInfo:
        """One of them."""
        found: ProjectInfo = _made(ProjectInfo, self._reader.get("projects", project))
        return found

    def runs(self, project: str, some: Sequence[str] | None = None) -> list[RunInfo]:
        """The runs of a project."""
        query = {"fields": ",".join(name for name in RunInfo.__dataclass_fields__ if name not in _ABSENT)}
        if some is not None:
            query["runs"] = ",".join(some)
        listed = self._listed("runs", ("projects", project, "runs"), query=query)
        found = [_made(RunInfo, item) for item in listed]
        return sorted(found, key=lambda i: (-(i.start_time or 0), i.run))

    def run(self, project: str, run: str) -> RunDetail:
        """Everything about a run."""
        found = self._reader.get("projects", project, "runs", run, metadata=1)
        return RunDetail(
            _made(RunInfo, found),
            found.get("metrics") or [],
            found.get("metric_summary") or {},
            found.get("artifacts") or [],
            found.get("problems") or [],
        )

    def run_url(self, project: str, run: str) -> str:
        """The address of a run's page."""
        return f"{self.place.rstrip('/')}/projects/{project}/runs/{run}"

    def history(self, project: str, run: str, query: HistoryQuery) -> Iterator[polars.DataFrame]:
        """The rows asked for, a block at a time as they come."""
        import polars as pl

        body = {key: value for key, value in vars(query).items() if value is not None}
        with self._reader.stream(
            "projects", project, "runs", run, "history", body={**body, "format": "arrow"}
        ) as chunks:
            for block in _blocks(chunks):
                try:
                    frame = pl.read_ipc_stream(block)
                except (pl.exceptions.PolarsError, ValueError, OSError) as error:
                    raise self._reader.stranger(f"a block of rows that is none: {error}") from None
                yield frame

    def rows(self, project: str, run: str) -> Iterator[Row]:
        """Every row as it was logged."""
        with self._reader.stream("projects", project, "runs", run, "rows") as chunks:
            for line in _lines(chunks):
                try:
                    time, step, metrics, _ = row_codec.decode(line)
                except row_codec.Malformed as error:
                    raise self._reader.stranger(f"a line that is no row: {error}") from None
                yield time or 0, step or 0, metrics

    def metrics(self, project: str, runs: Sequence[str], query: SeriesQuery) -> MetricsAnswer:
        """Series for charts."""
        import ormsgpack

        body: dict[str, Any] = {
            "runs": list(runs),
            "metrics": None if query.metrics is None else list(query.metrics),
            "since": query.since,
            "x": query.x,
            "from": query.start,
            "to": query.end,
            "points": "all" if query.points is None else query.points,
            "scale": "log" if query.log else "linear",
            "method": "lttb" if query.lttb else "minmax",
            "smoothing": query.smoothing or None,
            "smoother": query.smoother if query.smoothing else None,
            "format": "msgpack",
        }
        body = {key: value for key, value in body.items() if value is not None}
        content = self._reader.content("projects", project, "runs", "metrics", body=body)
        try:
            found = ormsgpack.unpackb(content)
            answer = MetricsAnswer(project, missing=found["missing"], cursor=found["cursor"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._reader.stranger(f"series that are none: {error}") from None
        for metric, by_run in found["metrics"].items():
            answer.metrics[metric] = {stem: _series(s, s["count"]) for stem, s in by_run.items()}
        return answer

    def files(self, project: str, run: str) -> list[tuple[str, int]]:
        """Every file in the run's folder."""
        listed = self._reader.get("projects", project, "runs", run, "files")["files"]
        return [(str(file["name"]), int(file["size"])) for file in listed]

    def file(self, project: str, run: str, name: str) -> Content:
        """One of them."""
        return self._content(name.rpartition("/")[2], "projects", project, "runs", run, "files", name)

    def artifacts(self, project: str, run: str) -> list[dict[str, Any]]:
        """The plain artifacts."""
        return list(self._reader.get("projects", project, "runs", run, "artifacts")["artifacts"])

    def artifact(self, project: str, run: str, name: str) -> Content:
        """One of them."""
        return self._content(name, "projects", project, "runs", run, "artifacts", name)

    def media(self, project: str, run: str, query: MediaQuery) -> list[dict[str, Any]]:
        """The media values asked for."""
        asked: dict[str, Any] = {"from": query.start, "to": query.end, "steps": query.steps, "key": query.key}
        asked["type"] = query.kinds and ",".join(query.kinds)
        apart = [name for name in query.metrics or () if "," in name]
        if not apart:
            asked["metrics"] = query.metrics and ",".join(query.metrics)
        found = self._listed("media", ("projects", project, "runs", run, "media"), _MEDIA_PAGE, asked)
        # A list in an address is separated by commas, so names that hold some are looked for here.
        globs = query.metrics or ()
        return [item for item in found if not apart or any(fnmatchcase(str(item["metric"]), glob) for glob in globs)]

    def media_file(self, project: str, run: str, name: str) -> Content:
        """The content of one."""
        return self._content(name, "projects", project, "runs", run, "media", name)

    def collections(self, project: str) -> RemoteArtifactStore:
        """The versioned artifacts."""
        # The same one each time: it knows what it has fetched.
        return self._collections.setdefault(project, RemoteArtifactStore(self._reader, project, self._scratch.folder))

    def change(self, project: str, run: str, changes: Mapping[str, Any]) -> None:
        """Changes what is given."""
        self._reader.put("projects", project, "runs", run, "metadata", body=storable(changes))

    def edit(self, project: str, run: str, change: Edit) -> dict[str, Any]:
        """Changes notes, tags and name."""
        parts = ("projects", project, "runs", run, "metadata")

        def attempt() -> dict[str, Any]:
            before, etag = self._reader.get_tagged(*parts)
            return self._reader.put(*parts, body=storable(change(before)), if_match=etag)

        return until_fresh(attempt)

    def stop(self, project: str, run: str) -> None:
        """Asks a run to stop."""
        self._reader.post("projects", project, "runs", run, "stop", body={})

    def delete(self, project: str, run: str, *, force: bool) -> None:
        """Removes a run."""
        self._reader.delete("projects", project, "runs", run, **({"force": 1} if force else {}))

    def delete_project(self, project: str, *, force: bool) -> None:
        """Removes a project."""
        self._reader.delete("projects", project, **({"force": 1} if force else {}))

    def follow(self, project: str, run: str, cursor: str) -> Generator[Told, None, None]:
        """What happens to a run; a connection that breaks is made anew, and nothing is missed."""
        parts = ("projects", project, "runs", run, "stream")
        failures, behind = 0, cursor
        while True:
            try:
                with self._reader.stream(*parts, query={"cursor": behind}) as chunks:
                    for place, kind, data in _events(chunks, behind):
                        failures, behind = 0, place
                        yield kind, data
                raise TrackerError(f"{self.place} ended the stream of {run!r}.")
            except TrackerError:
                failures += 1
                if failures > _PATIENCE:
                    raise
                time.sleep(failures)

    def close(self) -> None:
        """Closes the connections and removes what was fetched for reading."""
        self._reader.close()
        self._scratch.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _listed(
        self, key: str, parts: tuple[str, ...], size: int = _PAGE, query: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """All pages of a list; from the beginning again where it changed its length under our hands."""
        found: list[dict[str, Any]] = []
        for _ in range(3):
            found, total = [], None
            while True:
                page = self._reader.get(*parts, **{**(query or {}), "limit": size, "offset": len(found)})
                moved = total is not None and page["total"] != total
                total = page["total"]
                found += page[key]
                if moved or not page[key] or len(found) >= total:
                    break
            if not moved:
                break
        return found

    def _content(self, name: str, *parts: str) -> RemoteContent:
        return RemoteContent(name, lambda target: self._reader.save(target, *parts), self._scratch.folder)


def _series(found: Mapping[str, Any], count: int) -> Series:
    import numpy as np

    series = Series(
        np.array(found["steps"], np.int64),
        np.array(found["timestamps"], np.int64),
        np.array(found["values"], np.float64),
        count,
        np.array(found["x"], np.float64) if "x" in found else None,
    )
    smoothed = found.get("smoothed")
    return series if smoothed is None else series.with_smoothed(_series({**found, "smoothed": None, **smoothed}, count))


def _made(kind: Any, item: Mapping[str, Any]) -> Any:
    """A dataclass from the API's shape. What another version sends besides is left, what it does not send must have a default."""
    try:
        return kind(**{name: item[name] for name in kind.__dataclass_fields__ if name in item})
    except TypeError as error:
        raise TrackerError(f"The server is of a version that cannot be read from here ({error}). Update it.") from None


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks of a framed answer: each is preceded by its length, eight bytes, least first; a length of 0 ends it."""
    held = bytearray()
    wanted: int | None = None
    for chunk in chunks:
        held += chunk
        while True:
            if wanted is None:
                if len(held) < FRAME.size:
                    break
                wanted = FRAME.unpack_from(held)[0]
                del held[: FRAME.size]
                if wanted == 0:
                    return
                if wanted > _MOST_BLOCK:
                    raise TrackerError("The answer is not framed as a history is; update the server.")
            if len(held) < wanted:
                break
            yield bytes(held[:wanted])
            del held[:wanted]
            wanted = None
    raise TrackerError("The history broke off before its end. Try again.")


def _events(chunks: Iterator[bytes], cursor: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(cursor behind it, kind, data) of each server-sent event."""
    import orjson

    held, kind, data = b"", "", b""
    for chunk in chunks:
        *whole, held = (held + chunk).split(b"\n")
        for line in whole:
            name, _, value = line.partition(b": ")
            if name == b"id":
                cursor = value.decode()
            elif name == b"event":
                kind = value.decode()
            elif name == b"data":
                data = value
            elif not line:
                if kind and data:
                    yield cursor, kind, orjson.loads(data)
                kind, data = "", b""


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line
        if len(rest) > _MOST_LINE:
            raise TrackerError("A row without an end was sent; update the server.")
    if rest:
        raise TrackerError("The rows broke off before their end. Try again.")
