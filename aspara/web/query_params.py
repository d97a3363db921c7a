"""The parameters of the dashboard's endpoints, by subject."""

from __future__ import annotations

from aspara.catalog.series.smoothing import SMOOTHERS
from aspara.limits import (
    MAX_FILTER_LENGTH,
    MAX_GROUP_FIELDS,
    MAX_GROUP_POINTS,
    MAX_INTEGER,
    MAX_MEDIA_PAGE,
    MAX_PAGE,
    MAX_SERIES_POINTS,
    MAX_WAIT,
)
from aspara.web.params import Param

LIMIT = Param("limit", "integer", "How many items to return", 1, MAX_PAGE, 100)
OFFSET = Param("offset", "integer", "How many items to skip", default=0)
SEARCH = Param("search", "text", "Part of a name or tag, in any case")
RUNS = Param("runs", "list", "Run names or ids; all runs if absent")
METRICS = Param("metrics", "list", "Metric names or globs; all metrics if absent")
SINCE = Param("since", "integer", "Only points logged at or after this time, in milliseconds since the epoch")
WAIT = Param(
    "wait",
    "number",
    "Seconds to wait for runs that are still being read. After that their series are approximate: complete is false and progress "
    "says how much has been read, 0 to 1. Without it the answer comes when everything has been read",
    0,
    MAX_WAIT,
)
_PROJECT_FIELDS = ("created_at", "last_update", "name", "run_count")

PROJECTS = (
    SEARCH,
    Param(
        "sort",
        "text",
        "The field to sort by, with - in front for descending order",
        choices=(*_PROJECT_FIELDS, *(f"-{name}" for name in _PROJECT_FIELDS)),
    ),
    LIMIT,
    OFFSET,
)
FORCE = Param("force", "boolean", "1: delete even while a run is running", default=False, methods=("DELETE",))
METRIC_NAMES = (RUNS,)
RUN_LIST = (
    Param("runs", "list", "Run names or ids; all runs if absent. Unknown ones are listed under missing"),
    SEARCH,
    Param("sort", "list", "Fields of the filter language, with - in front for descending order"),
    LIMIT,
    OFFSET,
    Param("filter", "text", 'A filter expression such as loss < 0.1 and "baseline" in tags', high=MAX_FILTER_LENGTH),
    Param(
        "status",
        "list",
        "Only runs with one of these statuses",
        choices=("running", "completed", "failed", "crashed", "finished"),
    ),
    Param("tag", "list", "Only runs that have all of these tags"),
    Param(
        "fields",
        "list",
        "Only these fields. metric_summary, metric_definitions, command, environment and git are returned only when they are named "
        "here. With shape=columns: own, config, summary, metrics. Unknown fields are listed under unknown_fields",
    ),
    Param(
        "shape",
        "text",
        "list: one object for each run. columns: all runs, one array for each field",
        default="list",
        choices=("list", "columns"),
    ),
    Param("metrics", "list", "With shape=columns: metrics whose min, max and mean are returned as columns"),
)
SERIES = (
    METRICS,
    SINCE,
    Param(
        "x",
        "text",
        "The axis of from and to: step, time (ms), relative (seconds since the run started), or metric:NAME",
        default="step",
        pattern="step|time|relative|metric:.+",
        shape="step, time, relative or metric:NAME",
    ),
    Param("scale", "text", "How points are spread over the axis", default="linear", choices=("linear", "log")),
    Param("from", "number", "Start of the range on the axis, inclusive"),
    Param("to", "number", "End of the range on the axis, inclusive"),
    Param(
        "points",
        "integer",
        "The most points of a series",
        1,
        MAX_SERIES_POINTS,
        choices=("all",),
        setting="ASPARA_LTTB_THRESHOLD",
    ),
    Param(
        "method",
        "text",
        "How points are chosen: minmax keeps every spike, lttb looks best",
        default="minmax",
        choices=("minmax", "lttb"),
    ),
    Param(
        "envelope",
        "boolean",
        "1: also return extremes and means of the buckets in which points were left out",
        default=False,
    ),
    WAIT,
    Param(
        "smoothing",
        "number",
        "The weight of smoothing, 0 for none. Series then have smoothed values too, computed over all of their points",
        0,
        1,
        0.0,
    ),
    Param(
        "smoother",
        "text",
        "ema (as in TensorBoard), time_ema (wandb's time-weighted one), gaussian or mean",
        default=SMOOTHERS[0],
        choices=SMOOTHERS,
    ),
    Param("format", "text", "The format of the answer", default="json", choices=("json", "msgpack")),
)
_SHARED = ("metrics", "since", "x", "scale", "from", "to", "wait", "smoothing", "smoother", "format")
GROUPS = (
    Param(
        "by",
        "list",
        "The fields that the runs of a group have in common, such as config.lr, group or tags",
        1,
        MAX_GROUP_FIELDS,
    ),
    *(param for param in SERIES if param.name in _SHARED),
    Param(
        "points",
        "integer",
        "The most positions of the grid that the runs share",
        1,
        MAX_GROUP_POINTS,
        setting="ASPARA_LTTB_THRESHOLD",
    ),
)
STREAM_SINCE = Param(
    "since", "integer", "Repeat events from this time on, in milliseconds since the epoch; 0 repeats everything"
)
CURSOR = Param("cursor", "text", "Continue from here: the cursor of a metrics answer, or an event's id")
STREAM_RUNS = Param(
    "runs", "list", "Run names or ids; all runs if absent. A run that does not exist yet is reported when it starts"
)
RUN = (Param("metadata", "boolean", "1: also return the run's metadata file", default=False, methods=("GET",)), FORCE)
HISTORY = (
    Param("keys", "list", "Metric names; all metrics that the program logged if absent"),
    Param("every", "boolean", "1: only rows that have a value for each of keys", default=False),
    Param(
        "typed", "boolean", "1: as Arrow, lists, media and numbers among texts are JSON behind a mark", default=False
    ),
    Param("x_axis", "text", "The order of rows: _step, _timestamp, _runtime or a metric", default="_step"),
    Param("samples", "integer", "The most rows, evenly spread, including the first and the last", 1),
    Param("min_step", "integer", "The first step, inclusive", -MAX_INTEGER),
    Param("max_step", "integer", "The last step, exclusive", -MAX_INTEGER),
    Param(
        "stream",
        "text",
        "program: what the program logged. system: captured system metrics. all: both",
        default="program",
        choices=("program", "system", "all"),
    ),
    Param(
        "format",
        "text",
        "jsonl, or arrow: blocks of rows as Arrow streams, each preceded by its length as 8 bytes, little-endian; a length of 0 "
        "ends the answer",
        default="jsonl",
        choices=("jsonl", "arrow"),
    ),
)
MEDIA = (
    Param(
        "shape",
        "text",
        "values: the media values. keys: types and steps by metric",
        default="values",
        choices=("values", "keys"),
    ),
    WAIT,
    METRICS,
    Param("key", "text", "One metric by its exact name"),
    Param("from", "integer", "The first step, inclusive"),
    Param("to", "integer", "The last step, inclusive"),
    Param("steps", "integer", "The most steps of a metric, evenly spread", 1, MAX_MEDIA_PAGE),
    Param("type", "list", "Media types: image, table, histogram, audio, video, html, object3d, text, molecule, plotly"),
    Param("limit", "integer", "How many values to return", 1, MAX_MEDIA_PAGE, 1000),
    OFFSET,
)
MEDIA_FILE = (Param("download", "boolean", "1: send the file as a download", default=False),)
TABLE_ROWS = (
    LIMIT,
    OFFSET,
    Param("sort", "text", "A column, with - in front for descending order"),
    Param("search", "text", "Only rows that have this text in a cell"),
    Param(
        "filter",
        "text",
        "Only rows that match an expression such as confidence < 0.5 and label != guess",
        high=MAX_FILTER_LENGTH,
    ),
    Param("width", "integer", "Cut the text of cells after this many characters", 1, 1 << 20),
)
CONSOLE = (
    Param("after", "integer", "The byte to start at", default=0),
    Param(
        "mark",
        "integer",
        "The mark of the answer that ended at after. If the output has begun a new file since, the answer continues across the two files",
    ),
    Param("last", "integer", "Instead of after: the lines within this many bytes of the end", 1),
)
VERSION_FILE = (Param("path", "text", "The file's path within the artifact, such as weights/model.pt", 1),)
