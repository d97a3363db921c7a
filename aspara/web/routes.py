"""The table of routes: Tornado's rules, the OpenAPI document and the documentation are made from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tornado.web import RequestHandler

from aspara.web import pages
from aspara.web import query_params as q
from aspara.web.context import Context
from aspara.web.endpoint import Endpoint
from aspara.web.endpoints import artifacts, bulk_edits, edits, history, live, media, metrics, projects, run_files, runs
from aspara.web.route import Host, Route

_PROJECT = "/api/projects/{project}"
_RUN = f"{_PROJECT}/runs/{{run}}"
_VERSION = f"{_PROJECT}/artifacts/{{artifact}}/{{version}}"

DASHBOARD: tuple[Route, ...] = (
    Route("/api/health", projects.HealthEndpoint, {"GET": "Says that the server works, and its version."}),
    Route("/api/openapi.json", pages.ApiDescription, {"GET": "This API as an OpenAPI document."}),
    Route("/docs", pages.ApiPage, {"GET": "This API as a page for people."}),
    Route("/api/projects", projects.ProjectsEndpoint, {"GET": "Lists projects."}, q.PROJECTS),
    Route(
        "/api/live",
        live.ProjectsSocket,
        {
            "GET": 'WebSocket. Sends {"version"} when the connection opens, whenever the list of projects has changed, and '
            "every 15 seconds."
        },
    ),
    Route(
        _PROJECT,
        edits.ProjectEndpoint,
        {"GET": "Returns a project.", "DELETE": "Deletes a project with all its runs."},
        (q.FORCE,),
    ),
    Route(
        f"{_PROJECT}/metadata",
        edits.ProjectMetadataEndpoint,
        {
            "GET": "Returns the notes and tags of a project, with an ETag.",
            "PUT": "Changes notes and tags. Send the ETag as If-Match to be refused (412) if somebody else changed them first.",
        },
    ),
    Route(
        f"{_PROJECT}/live",
        live.ProjectSocket,
        {
            "GET": "WebSocket. Sends the events of the stream. Send one message first: "
            '{"cursor", "runs", "since"}; each may be null.'
        },
    ),
    Route(
        f"{_PROJECT}/metrics",
        metrics.MetricNamesEndpoint,
        {
            "GET": "Lists metric names with the number of runs that have each, the latest run, and a cursor for the stream."
        },
        q.METRIC_NAMES,
    ),
    Route(f"{_PROJECT}/runs", runs.RunsEndpoint, {"GET": "Lists the runs of a project."}, q.RUN_LIST),
    Route(
        f"{_PROJECT}/edits",
        bulk_edits.BulkEditsEndpoint,
        {
            "POST": "Edits or deletes many runs. Each run is changed completely or not at all; the answer lists the runs that "
            "failed, with the reason, and the edit that undoes this one."
        },
    ),
    Route(f"{_PROJECT}/artifacts", artifacts.ArtifactsEndpoint, {"GET": "Lists the versioned artifacts of a project."}),
    Route(
        f"{_PROJECT}/artifacts/{{artifact}}",
        artifacts.ArtifactEndpoint,
        {"GET": "Lists the versions of an artifact, newest first."},
    ),
    Route(
        _VERSION,
        artifacts.VersionEndpoint,
        {
            "GET": "Returns a version, by number (v3) or alias, with its files and the runs that used it.",
            "PUT": "Changes the description, metadata, tags or aliases of a version.",
            "DELETE": "Deletes a version, and the files that no other version has.",
        },
    ),
    Route(
        f"{_VERSION}/file",
        artifacts.VersionFileEndpoint,
        {"GET": "Downloads a file of a version."},
        q.VERSION_FILE,
    ),
    Route(
        f"{_VERSION}/download", artifacts.VersionDownloadEndpoint, {"GET": "Downloads all files of a version as a ZIP."}
    ),
    Route(
        f"{_PROJECT}/runs/metrics",
        metrics.MetricsEndpoint,
        {"GET": "Returns series of several runs.", "POST": "The same with a JSON body, for thousands of runs."},
        (q.RUNS, *q.SERIES),
    ),
    Route(
        f"{_PROJECT}/runs/groups",
        metrics.GroupsEndpoint,
        {
            "GET": "Groups runs by fields and returns the mean, spread and extremes of each metric over each group.",
            "POST": "The same with a JSON body, for thousands of runs.",
        },
        (q.RUNS, *q.GROUPS),
    ),
    Route(
        f"{_PROJECT}/runs/stream",
        live.EventStream,
        {
            "GET": "Server-sent events of a project: metric, status, run, meta, deleted. Each has an id to continue from."
        },
        (q.STREAM_RUNS, q.STREAM_SINCE, q.CURSOR),
    ),
    Route(
        _RUN,
        edits.RunEndpoint,
        {"GET": "Returns everything about a run except its points.", "DELETE": "Deletes a run with all its files."},
        q.RUN,
    ),
    Route(
        f"{_RUN}/history",
        history.HistoryEndpoint,
        {
            "GET": "Returns the history of a run, one row for each step, as JSON lines.",
            "POST": "The same with a JSON body, for many metrics and names with commas.",
        },
        q.HISTORY,
    ),
    Route(
        f"{_RUN}/rows",
        history.RowsEndpoint,
        {
            "GET": "Returns the rows of a run as they were logged, in order of time, as JSON lines in Aspara's row format."
        },
    ),
    Route(
        f"{_RUN}/files",
        history.FilesEndpoint,
        {"GET": "Lists the files in a run's folder: artifacts, media, console output, code."},
    ),
    Route(f"{_RUN}/files/{{path}}", history.FileEndpoint, {"GET": "Downloads a file of a run's folder."}),
    Route(
        f"{_RUN}/stop",
        edits.StopEndpoint,
        {
            "POST": "Asks a running run to stop: its run.should_stop becomes True. Answers 202, or 409 if the run has ended."
        },
    ),
    Route(f"{_RUN}/metrics", metrics.RunMetricsEndpoint, {"GET": "Returns series of a run."}, q.SERIES),
    Route(f"{_RUN}/params", metrics.ParamsEndpoint, {"GET": "Returns the config of a run."}),
    Route(f"{_RUN}/stream", live.EventStream, {"GET": "Server-sent events of a run."}, (q.STREAM_SINCE, q.CURSOR)),
    Route(f"{_RUN}/artifacts", run_files.KeptFilesEndpoint, {"GET": "Lists the artifact files of a run."}),
    Route(
        f"{_RUN}/artifacts/download",
        run_files.KeptFilesDownloadEndpoint,
        {"GET": "Downloads all artifact files of a run as a ZIP."},
    ),
    Route(f"{_RUN}/artifacts/{{name}}", run_files.KeptFileEndpoint, {"GET": "Downloads an artifact file of a run."}),
    Route(
        f"{_RUN}/media",
        media.MediaEndpoint,
        {"GET": "Lists the media values of a run, or what there is by metric."},
        q.MEDIA,
    ),
    Route(
        f"{_RUN}/media/{{name}}",
        media.MediaFileEndpoint,
        {"GET": "Returns a media file; supports Range. HTML is served for a sandboxed frame."},
        q.MEDIA_FILE,
    ),
    Route(
        f"{_RUN}/media/{{name}}/rows",
        media.MediaRowsEndpoint,
        {"GET": "Returns rows of a logged table."},
        q.TABLE_ROWS,
    ),
    Route(f"{_RUN}/console", run_files.ConsoleEndpoint, {"GET": "Returns captured console output."}, q.CONSOLE),
    Route(
        f"{_RUN}/captured/{{name}}",
        run_files.CapturedEndpoint,
        {"GET": "Returns a captured text file of a run: diff.patch or requirements.txt."},
    ),
    Route(
        f"{_RUN}/metadata",
        edits.RunMetadataEndpoint,
        {
            "GET": "Returns the notes, tags, display name and color of a run, with an ETag.",
            "PUT": "Changes them, and config and summary key by key. Send the ETag as If-Match to be refused (412) if somebody "
            "else changed them first.",
        },
    ),
)

# The front end keeps the state of a view in the query of these addresses, so any parameter is allowed there.
PAGES: tuple[Route, ...] = (
    Route("/", pages.HtmlPage, {"GET": "The list of projects."}, None),
    Route("/projects/{project}", pages.HtmlPage, {"GET": "The charts of a project."}, None),
    Route("/projects/{project}/compare", pages.HtmlPage, {"GET": "Runs side by side; runs=a,b names them."}, None),
    Route("/projects/{project}/runs", pages.HtmlPage, {"GET": "The table of a project's runs."}, None),
    Route("/projects/{project}/runs/{run}", pages.HtmlPage, {"GET": "A run."}, None),
    Route("/static/{name}", pages.StaticFiles, {"GET": "A file of the built front end."}, None),
)


def build_routes(
    host: Host, context: Context, base: str = "/", extra: Sequence[Route] = ()
) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Tornado's rules for the dashboard below `base`, with handler classes made by `host`.

    Args:
        host: Makes a handler class of each endpoint, with its own login.
        context: The parts that endpoints use.
        base: Where the dashboard is mounted, with a slash at the end.
        extra: Further routes, such as a tracker's.

    """
    context.routes = (*DASHBOARD, *extra)
    handlers: dict[type[Endpoint], type[RequestHandler]] = {}
    rules: list[tuple[str, type[RequestHandler], dict[str, Any]]] = []
    for route in (*DASHBOARD, *extra, *PAGES):
        if route.endpoint not in handlers:
            handlers[route.endpoint] = host.concrete(route.endpoint)
        rules.append((route.pattern(base), handlers[route.endpoint], {"context": context, "params": route.params}))
    # A Jupyter server would answer other addresses with its own HTML page. The standalone server handles every address.
    rest = "/api/.*" if base == "/" else "/.*"
    rules.append((re.escape(base.rstrip("/")) + rest, host.concrete(pages.NotFoundPage), {"context": context}))
    return rules
