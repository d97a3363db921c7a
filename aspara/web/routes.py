"""The one table of addresses: Tornado's rules, the API's description and the documentation are all made from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tornado.web import RequestHandler

from aspara.web import pages
from aspara.web.context import Context
from aspara.web.endpoint import Endpoint
from aspara.web.endpoints import artifacts, bulk_edits, edits, history, live, media, metrics, projects, run_files, runs
from aspara.web.route import Host, Route

_LIST = {
    "search": "part of a name or tag",
    "sort": "a field, with - in front for descending",
    "limit": "1 to 1000, default 100",
    "offset": "from 0",
}
_SERIES = {
    "metrics": "names or globs, separated by commas",
    "since": "ms; only points from then on",
    "x": "step, time (ms), relative (seconds) or metric:NAME: the axis of from and to",
    "scale": "linear or log: how the points are spread over the axis",
    "from": "where the range begins, inclusive",
    "to": "where the range ends, inclusive",
    "points": "at most so many a series (default ASPARA_LTTB_THRESHOLD), or all",
    "method": "minmax (no spike vanishes) or lttb (the prettiest line)",
    "wait": "seconds until runs that are still being read are told of coarsely (complete: false, progress: 0 to 1); default: until all is read",
    "envelope": "1: also the extremes and means of buckets where points were left out",
    "smoothing": "a weight from 0 (none) to 1: each series has smoothed values too, computed over all of its points",
    "smoother": "ema (default; TensorBoard's), time_ema (wandb's time weighted), gaussian or mean",
    "format": "json or msgpack",
}
_GROUPS = {
    **{
        name: _SERIES[name]
        for name in ("metrics", "since", "x", "scale", "from", "to", "wait", "smoothing", "smoother", "format")
    },
    "by": "fields that the runs of a group have in common, separated by commas: config.lr, group, tags",
    "points": "at most so many places of the grid (default ASPARA_LTTB_THRESHOLD)",
}
_STREAM = {"since": "ms; 0 repeats everything", "cursor": "from a metrics answer or an event's id"}

DASHBOARD: tuple[Route, ...] = (
    Route("/api/health", projects.HealthEndpoint, {"GET": "Whether the server answers, and its version."}),
    Route("/api/openapi.json", pages.ApiDescription, {"GET": "This description."}),
    Route("/docs", pages.ApiPage, {"GET": "The API for people to read."}),
    Route("/api/projects", projects.ProjectsEndpoint, {"GET": "The projects."}, _LIST),
    Route(
        "/api/live",
        live.ProjectsSocket,
        {
            "GET": 'A WebSocket that says when the list of projects has changed: {"version"}, at the beginning, at each change, '
            "and now and then as a sign of life."
        },
    ),
    Route(
        "/api/projects/{project}",
        edits.ProjectEndpoint,
        {"GET": "A project.", "DELETE": "Deletes a project with all its runs."},
        {"force": "1: even while a run is running (DELETE)"},
    ),
    Route(
        "/api/projects/{project}/metadata",
        edits.ProjectMetadataEndpoint,
        {
            "GET": "Notes and tags of a project, with an ETag.",
            "PUT": "Changes them; If-Match guards against lost edits.",
        },
    ),
    Route(
        "/api/projects/{project}/live",
        live.ProjectSocket,
        {
            "GET": "A WebSocket that tells what the stream tells. The first message asks: "
            '{"cursor", "runs", "since"}, each of which may be null.'
        },
    ),
    Route(
        "/api/projects/{project}/metrics",
        metrics.MetricNamesEndpoint,
        {"GET": "The names of metrics, how many runs have each, the latest run, and a cursor for the stream."},
        {"runs": "run names or ids, separated by commas; all where absent"},
    ),
    Route(
        "/api/projects/{project}/runs",
        runs.RunsEndpoint,
        {"GET": "The runs of a project."},
        {
            "runs": "run names or ids, separated by commas; all where absent. Unknown ones are named in missing",
            **_LIST,
            "sort": "fields of the filter language, separated by commas, with - in front for descending",
            "filter": 'an expression like loss < 0.1 and "baseline" in tags',
            "status": "running, completed, failed, crashed",
            "tag": "tags that all must be there",
            "fields": "only these fields; metric_summary, metric_definitions, command, environment and git are among them "
            "when they are named. Names that no run has are ignored",
            "shape": "list, or columns: all runs at once, column by column (fields: own, config, summary, metrics)",
            "metrics": "metrics whose min, max and mean are wanted as columns",
        },
    ),
    Route(
        "/api/projects/{project}/edits",
        bulk_edits.BulkEditsEndpoint,
        {
            "POST": "Changes or deletes many runs by one request, each whole or not at all; tells which failed and why, and "
            "what takes the change back."
        },
    ),
    Route(
        "/api/projects/{project}/artifacts",
        artifacts.ArtifactsEndpoint,
        {"GET": "The versioned artifacts of a project."},
    ),
    Route(
        "/api/projects/{project}/artifacts/{artifact}", artifacts.ArtifactEndpoint, {"GET": "An artifact's versions."}
    ),
    Route(
        "/api/projects/{project}/artifacts/{artifact}/{version}",
        artifacts.VersionEndpoint,
        {
            "GET": "A version with its files and the runs that used it; by number or alias.",
            "PUT": "Changes its description, metadata, tags or aliases.",
            "DELETE": "Deletes a version, and content that no other one holds.",
        },
    ),
    Route(
        "/api/projects/{project}/artifacts/{artifact}/{version}/file",
        artifacts.VersionFileEndpoint,
        {"GET": "The content of a version's file, as a download."},
        {"path": "the file's path within the artifact"},
    ),
    Route(
        "/api/projects/{project}/artifacts/{artifact}/{version}/download",
        artifacts.VersionDownloadEndpoint,
        {"GET": "All files of a version as a ZIP."},
    ),
    Route(
        "/api/projects/{project}/runs/metrics",
        metrics.MetricsEndpoint,
        {"GET": "Series of several runs.", "POST": "The same with a JSON body, for thousands of runs."},
        {"runs": "run names or ids, separated by commas; all where absent", **_SERIES},
    ),
    Route(
        "/api/projects/{project}/runs/groups",
        metrics.GroupsEndpoint,
        {
            "GET": "Runs grouped by fields, with mean, spread and extremes of each metric over each group.",
            "POST": "The same with a JSON body, for thousands of runs.",
        },
        {"runs": "run names or ids, separated by commas; all where absent", **_GROUPS},
    ),
    Route(
        "/api/projects/{project}/runs/stream",
        live.EventStream,
        {"GET": "Server-sent events: metric, status, run, meta, deleted."},
        {
            "runs": "run names or ids, separated by commas; all where absent. One that is not there yet is waited for, in "
            "silence: a run event tells when it begins",
            **_STREAM,
        },
    ),
    Route(
        "/api/projects/{project}/runs/{run}",
        edits.RunEndpoint,
        {"GET": "Everything about a run but its points.", "DELETE": "Deletes a run with all its files."},
        {"metadata": "1: its metadata file too", "force": "1: even while it is running (DELETE)"},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/history",
        history.HistoryEndpoint,
        {
            "GET": "The history of a run, a row for each step: JSON lines, made while they are sent.",
            "POST": "The same with a JSON body, for many names and names with commas.",
        },
        {
            "keys": "metric names, separated by commas; all that the program logged where absent",
            "every": "1: only rows that have all of keys",
            "x_axis": "_step (default), _timestamp, _runtime or a metric: what the rows are in the order of",
            "samples": "at most so many rows, spread evenly, the first and the last among them",
            "min_step": "from this step on, inclusive",
            "max_step": "up to this step, exclusive",
            "stream": "program (default), system (what was captured of the machine) or all",
            "format": "jsonl, or arrow: blocks of rows as Arrow streams, each after its length as 8 bytes, the least "
            "first; a length of 0 ends them",
        },
    ),
    Route(
        "/api/projects/{project}/runs/{run}/rows",
        history.RowsEndpoint,
        {"GET": "The rows of a run as they were logged, in order of time: JSON lines of Aspara's own row files."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/files",
        history.FilesEndpoint,
        {"GET": "The files in a run's folder: artifacts, media, console, code."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/files/{path}",
        history.FileEndpoint,
        {"GET": "The content of one of them, as a download."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/stop",
        edits.StopEndpoint,
        {"POST": "Asks a running run to stop: its run.should_stop turns True. 202; 409 for a run that has ended."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/metrics", metrics.RunMetricsEndpoint, {"GET": "Series of a run."}, _SERIES
    ),
    Route("/api/projects/{project}/runs/{run}/params", metrics.ParamsEndpoint, {"GET": "A run's config."}),
    Route(
        "/api/projects/{project}/runs/{run}/stream", live.EventStream, {"GET": "Server-sent events of a run."}, _STREAM
    ),
    Route("/api/projects/{project}/runs/{run}/artifacts", run_files.KeptFilesEndpoint, {"GET": "A run's artifacts."}),
    Route(
        "/api/projects/{project}/runs/{run}/artifacts/download",
        run_files.KeptFilesDownloadEndpoint,
        {"GET": "All artifacts as a ZIP."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/artifacts/{name}",
        run_files.KeptFileEndpoint,
        {"GET": "An artifact's content."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/media",
        media.MediaEndpoint,
        {"GET": "Media values of a run, or what there is by metric."},
        {
            "shape": "values (default), or keys: types and steps by metric",
            "wait": _SERIES["wait"].replace("runs that are still being read are", "a run that is still being read is"),
            "metrics": "names or globs, separated by commas",
            "key": "one metric, by its very name",
            "from": "first step, inclusive",
            "to": "last step, inclusive",
            "steps": "at most so many steps a metric, evenly spread",
            "type": "image, table, histogram, audio, video, html, object3d, text, molecule, plotly",
            "limit": "1 to 10000, default 1000",
            "offset": "from 0",
        },
    ),
    Route(
        "/api/projects/{project}/runs/{run}/media/{name}",
        media.MediaFileEndpoint,
        {"GET": "A media file; takes Range. A page is served for a sandboxed frame."},
        {"download": "1: as a download"},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/media/{name}/rows",
        media.MediaRowsEndpoint,
        {"GET": "Rows of a table, kept as JSON or Parquet."},
        {
            "limit": "1 to 1000, default 100",
            "offset": "from 0",
            "sort": "a column, with - in front for descending",
            "search": "only rows that hold this text in a cell",
            "filter": "only rows that meet an expression over the columns, like confidence < 0.5 and label != guess",
            "width": "texts of cells are cut after so many characters",
        },
    ),
    Route(
        "/api/projects/{project}/runs/{run}/console",
        run_files.ConsoleEndpoint,
        {"GET": "Captured output of a run."},
        {
            "after": "the byte to begin at",
            "mark": "what the answer that ended there said; the output goes on behind it when it has begun a new file meanwhile",
            "last": "instead of after: only the lines within so many bytes of the end",
        },
    ),
    Route(
        "/api/projects/{project}/runs/{run}/captured/{name}",
        run_files.CapturedEndpoint,
        {"GET": "What was captured into a file of the run: diff.patch or requirements.txt, as text."},
    ),
    Route(
        "/api/projects/{project}/runs/{run}/metadata",
        edits.RunMetadataEndpoint,
        {
            "GET": "Notes, tags, display name and colour of a run, with an ETag.",
            "PUT": "Changes them, and config and summary key by key; If-Match guards against lost edits.",
        },
    ),
)

PAGES: tuple[Route, ...] = (
    Route("/", pages.HtmlPage, {"GET": "The projects."}),
    Route("/projects/{project}", pages.HtmlPage, {"GET": "A project's charts."}),
    Route(
        "/projects/{project}/compare",
        pages.HtmlPage,
        {"GET": "Runs side by side."},
        {"runs": "names, separated by commas"},
    ),
    Route("/projects/{project}/runs", pages.HtmlPage, {"GET": "A project's table of runs."}),
    Route("/projects/{project}/runs/{run}", pages.HtmlPage, {"GET": "A run."}),
    Route("/static/{name}", pages.StaticFiles, {"GET": "A built file of the front end."}),
)


def build_routes(
    host: Host, service: Context, base: str = "/", extra: Sequence[Route] = ()
) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Tornado's rules for the dashboard below `base`, made concrete by `host`; `extra` routes (a tracker's) come with it."""
    service.extras["routes"] = (*DASHBOARD, *extra)
    made: dict[type[Endpoint], type[RequestHandler]] = {}
    rules: list[tuple[str, type[RequestHandler], dict[str, Any]]] = []
    for route in (*DASHBOARD, *extra, *PAGES):
        if route.endpoint not in made:
            made[route.endpoint] = host.concrete(route.endpoint)
        rules.append((route.pattern(base), made[route.endpoint], {"service": service}))
    # Below a Jupyter server everything else would be its own 404, an HTML page.
    # (Standalone has one for every address, whatever is asked of it.)
    rest = "/api/.*" if base == "/" else "/.*"
    rules.append((re.escape(base.rstrip("/")) + rest, host.concrete(pages.NotFoundPage), {"service": service}))
    return rules
