"""Endpoints for numbers: series of runs, groups of runs, metric names, configs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aspara.catalog.series.groups import GroupsAnswer
from aspara.catalog.series.query import MetricsAnswer, SeriesQuery
from aspara.errors import UsageError
from aspara.limits import MAX_GROUP_POINTS
from aspara.web.endpoint import Endpoint, to_json


class MetricNamesEndpoint(Endpoint):
    """The metric names of a project."""

    async def get(self, project: str) -> None:
        """Those of some runs or of all; no points are read."""
        names = (await self.read(self.context.catalog.metric_names, project, self.args["runs"])).json()
        # The cursor holds the time; with the same names an older one is as good.
        version = to_json({**names, "cursor": None})
        self.answer({"project": project, **names}, version=version)


class ParamsEndpoint(Endpoint):
    """The inputs of a run."""

    async def get(self, project: str, run: str) -> None:
        """Its config, and the params that the first release of Aspara recorded."""
        detail = (await self.context.off_loop(self.context.catalog.run, project, run)).json()
        self.answer({"project": project, "run": detail["run"], "config": detail["config"], "params": detail["params"]})


class _SeriesEndpoint(Endpoint):
    """Answers with series, as JSON or MessagePack."""

    max_body = 4 << 20

    def _query(self, most_points: int | None = None) -> SeriesQuery:
        args = self.args
        start, end, points = args["from"], args["to"], args["points"]
        if start is not None and end is not None and start > end:
            raise UsageError(f"from={start:g} is greater than to={end:g}. Swap them.")
        if points is None:
            points = min(self.context.default_points, most_points or self.context.default_points)
        return SeriesQuery(
            metrics=None if args["metrics"] is None else tuple(args["metrics"]),
            since=args["since"],
            x=args["x"],
            start=start,
            end=end,
            points=None if points == "all" else points,
            log=args["scale"] == "log",
            lttb=args.get("method") == "lttb",
            envelope=bool(args.get("envelope")),
            wait=args["wait"],
            smoothing=args["smoothing"],
            smoother=args["smoother"],
        )

    async def _send(self, find: Callable[..., MetricsAnswer | GroupsAnswer], *args: Any) -> None:
        packed = self.args["format"] == "msgpack"

        def work() -> tuple[bytes, str, bool]:
            found = find(*args)
            content = found.msgpack_bytes() if packed else found.json_bytes()
            if isinstance(found, GroupsAnswer):
                return content, "", found.progress >= 1
            return content, found.cursor, found.complete

        content, cursor, complete = await self.read(work)
        if not complete:
            # The next answer is more complete, so nobody should keep this one.
            self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/msgpack" if packed else "application/json; charset=utf-8")
        # The cursor holds the time; with the same points an older one is as good.
        self.send(content, content.replace(cursor.encode(), b"") if cursor else content)


class MetricsEndpoint(_SeriesEndpoint):
    """Series of several runs."""

    async def get(self, project: str) -> None:
        """Those of some runs or of all."""
        await self._send(self.context.catalog.metrics, project, self.args["runs"], self._query())

    async def post(self, project: str) -> None:
        """The same with a JSON body."""
        await self.get(project)


class GroupsEndpoint(_SeriesEndpoint):
    """Statistics over groups of runs."""

    async def get(self, project: str) -> None:
        """The groups of runs that have the fields `by` in common, and statistics of metrics over the runs of each."""
        query = self._query(MAX_GROUP_POINTS)
        await self._send(self.context.catalog.groups, project, self.args["runs"], self.args["by"], query)

    async def post(self, project: str) -> None:
        """The same with a JSON body."""
        await self.get(project)


class RunMetricsEndpoint(_SeriesEndpoint):
    """Series of one run."""

    async def get(self, project: str, run: str) -> None:
        """With the same parameters as for several runs."""
        query = self._query()
        stem = await self.context.off_loop(self.context.catalog.stem, project, run)
        await self._send(self.context.catalog.metrics, project, [stem], query)
