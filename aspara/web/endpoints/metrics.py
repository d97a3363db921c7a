"""GET metrics: series of runs, groups of runs, names of metrics, params."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from aspara.catalog.series.query import SeriesQuery
from aspara.catalog.series.smoothing import SMOOTHERS
from aspara.errors import UsageError
from aspara.web.endpoint import LONGEST_WAIT, Endpoint, flag, whole

Word = TypeVar("Word", bound=str)

_MOST_POINTS = 1_000_000
_MOST_PLACES = 10_000
_MOST_FIELDS = 8
_SERIES_PARAMETERS = (
    "metrics",
    "since",
    "x",
    "scale",
    "from",
    "to",
    "points",
    "method",
    "envelope",
    "wait",
    "smoothing",
    "smoother",
)


class MetricNamesEndpoint(Endpoint):
    """Which metrics there are."""

    async def get(self, project: str) -> None:
        """Those of `runs` (all where it is absent), without a point being read."""
        found = await self.service.off_loop(self.service.catalog.metric_names, project, self.list_query("runs"))
        self.answer({"project": project, **found.json()})


class ParamsEndpoint(Endpoint):
    """A run's inputs."""

    async def get(self, project: str, run: str) -> None:
        """Its config, and the params of the first release."""
        found = (await self.service.off_loop(self.service.catalog.run, project, run)).json()
        self.answer({"project": project, "run": found["run"], "config": found["config"], "params": found["params"]})


class _SeriesEndpoint(Endpoint):
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
            "smoothing": self.float_query("smoothing"),
            **{name: self.text_query(name) for name in ("x", "scale", "points", "method", "envelope", "smoother")},
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


class MetricsEndpoint(_SeriesEndpoint):
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


class GroupsEndpoint(_SeriesEndpoint):
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


class RunMetricsEndpoint(_SeriesEndpoint):
    """Series of one run."""

    async def get(self, project: str, run: str) -> None:
        """The same options as for several runs."""
        query = self._query(self._given())
        stem = await self.service.off_loop(self.service.catalog.stem, project, run)
        await self._answer(self.text_query("format"), self.service.catalog.metrics, project, [stem], query)


def _query_of(given: dict[str, Any], default_points: int) -> SeriesQuery:
    points = given.get("points")
    numbers: dict[str, float | None] = {}
    for name in ("from", "to", "wait", "smoothing"):
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
        smoothing=numbers["smoothing"] or 0.0,
        smoother=_word(given, "smoother", SMOOTHERS),
    )


def _word(given: dict[str, Any], name: str, words: tuple[Word, ...]) -> Word:
    value = given.get(name) or words[0]
    if value not in words:
        raise UsageError(f"{name}={str(value)[:40]!r}: choose {' or '.join(words)}.")
    return words[words.index(value)]


def _texts(given: dict[str, Any], name: str) -> list[str] | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise UsageError(f"{name} is a list of texts.")
    return value
