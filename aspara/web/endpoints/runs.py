"""The endpoint that lists the runs of a project."""

from __future__ import annotations

import gzip
import time
from collections.abc import Collection, Sequence
from typing import Any

import orjson

from aspara.catalog.filters.expression import Expression, parse
from aspara.catalog.filters.fields import OWN_FIELDS
from aspara.catalog.runs.run_columns import PARTS, columns
from aspara.catalog.runs.run_info import RunInfo
from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint

_LARGE = 1 << 18
# A list returns these only when they are named: they are long, and most lists need none of them.
_CAPTURED = ("command", "environment", "git", "metric_definitions")
_FIELDS = {*RunInfo.__dataclass_fields__, *_CAPTURED, "is_finished", "metric_summary", "state"}


class RunsEndpoint(Endpoint):
    """The runs of a project."""

    async def get(self, project: str) -> None:
        """The runs that match, sorted: one page of objects, or all of them as columns."""
        args = self.args
        filter_ = parse(args["filter"]) if args["filter"] else None
        order = [(parse(part.removeprefix("-")), part.startswith("-")) for part in args["sort"] or ()]
        # As columns all runs are returned unless a limit is given.
        limited = args["shape"] == "list" or "limit" in self.request.query_arguments
        now = time.time() * 1000

        def work() -> bytes:
            runs, missing = self._named(project)
            runs = [run for run in runs if _matches(run, (args["search"] or "").lower(), args["status"], args["tag"])]
            if filter_ is not None:
                runs = [run for run in runs if filter_.matches(run.record(), now)]
            for field, descending in reversed(order):
                runs = _sorted(runs, field, descending, now)
            page = runs[args["offset"] : args["offset"] + args["limit"]] if limited else runs
            answer: dict[str, Any] = {"project": project, "total": len(runs), **missing}
            if args["shape"] == "columns":
                parts = PARTS if args["fields"] is None else args["fields"]
                answer |= {**_unknown(args["fields"], PARTS), **columns(page, parts, args["metrics"] or ())}
            else:
                answer |= _unknown(args["fields"], _FIELDS)
                answer |= {"limit": args["limit"], "offset": args["offset"]}
                answer["runs"] = [_item(run, args["fields"]) for run in page]
            return orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)

        content = await self.context.off_loop(work)
        version = content
        if len(content) > _LARGE and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            # Tornado would compress it on the event loop, which would stand still for a second.
            content = await self.context.off_loop(gzip.compress, content, 1)
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Vary", "Accept-Encoding")
        self.answer(content, version=version)

    def _named(self, project: str) -> tuple[list[RunInfo], dict[str, list[str]]]:
        """The runs that are asked for, and the names that no run has."""
        runs, names = self.context.catalog.runs(project), self.args["runs"]
        if names is None:
            return runs, {}
        known = {name for run in runs for name in (run.run, run.id)}
        wanted = frozenset(names)
        found = [run for run in runs if run.run in wanted or run.id in wanted]
        return found, {"missing": [name for name in names if name not in known]}


def _unknown(fields: Sequence[str] | None, known: Collection[str]) -> dict[str, list[str]]:
    names = [name for name in fields or () if name not in known]
    return {"unknown_fields": names} if names else {}


def _item(run: RunInfo, fields: Sequence[str] | None) -> dict[str, Any]:
    if fields is None:
        return run.json()
    shown = run.record() if "metric_summary" in fields else run.json()
    shown |= {name: run.metadata.get(name) for name in _CAPTURED if name in fields}
    return {name: value for name, value in shown.items() if name in fields or name == "run"}


def _matches(run: RunInfo, search: str, statuses: list[str] | None, tags: list[str] | None) -> bool:
    if search and not any(search in text.lower() for text in (run.name, run.run, *run.tags)):
        return False
    if (
        statuses is not None
        and run.status not in statuses
        and not ("finished" in statuses and run.status == "completed")
    ):
        return False
    return tags is None or set(tags) <= set(run.tags)


def _sorted(runs: list[RunInfo], field: Expression, descending: bool, now: float) -> list[RunInfo]:
    """`runs` by a field: numbers before texts, runs without a value last in both directions; equal ones keep their order."""
    keyed = [(_rank(field.value(run.record(), now)), run) for run in runs]
    with_value = [pair for pair in keyed if pair[0] is not None]
    if runs and not with_value and field.text not in OWN_FIELDS:
        raise UsageError(
            f"sort={field.text[:60]!r}: no run has this field. Sort by one of {', '.join(sorted(OWN_FIELDS))}, by a key of the config "
            "or summary, or by min(metric). Write '-' in front for descending order."
        )
    with_value.sort(key=lambda pair: pair[0], reverse=descending)  # type: ignore[arg-type, return-value]
    return [run for _, run in with_value] + [run for rank, run in keyed if rank is None]


def _rank(value: Any) -> tuple[int, Any] | None:
    if isinstance(value, bool | int | float):
        return None if value != value else (0, value)  # noqa: PLR0124  only NaN differs from itself
    return (1, value) if isinstance(value, str) and value else None
