"""The list of a project's runs: filtered, sorted, a page of it or all of it as columns."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from typing import Any

import orjson

from aspara.catalog.filters.expression import Expression, parse
from aspara.catalog.filters.fields import OWN_FIELDS
from aspara.catalog.runs.run_columns import PARTS, columns
from aspara.catalog.runs.run_info import RunInfo
from aspara.errors import UsageError
from aspara.web.endpoint import Endpoint

_LARGE = 1 << 18
_STATUSES = ("running", "completed", "failed", "crashed", "finished")
# Of these a list shows what is asked for by name: they are long, and most lists need none.
_CAPTURED = ("command", "environment", "git", "metric_definitions")


class RunsEndpoint(Endpoint):
    """The runs of a project."""

    async def get(self, project: str) -> None:
        """Those that `search`, `status`, `tag` and `filter` leave, sorted: one page of list items, or all as columns."""
        shape = self.text_query("shape") or "list"
        if shape not in ("list", "columns"):
            raise UsageError(f"shape={shape[:40]!r}: choose list or columns.")
        search = (self.text_query("search") or "").strip().lower()
        statuses, tags, fields = self.list_query("status"), self.list_query("tag"), self.list_query("fields")
        named = self.list_query("runs")
        for status in statuses or ():
            if status not in _STATUSES:
                raise UsageError(f"status={status[:40]!r}: choose among {', '.join(_STATUSES)}.")
        filter_ = _parsed(self.text_query("filter"))
        order = [(parse(part.removeprefix("-")), part.startswith("-")) for part in self.list_query("sort") or ()]
        limit = self.int_query("limit", 100, low=1, high=1000) or 100
        offset = self.int_query("offset", 0) or 0
        now = time.time() * 1000

        def work() -> bytes:
            every = self.service.catalog.runs(project)
            known = {name for run in every for name in (run.run, run.id)}
            missing = {} if named is None else {"missing": [name for name in named if name not in known]}
            wanted = None if named is None else frozenset(named)
            found = [
                run
                for run in every
                if (wanted is None or run.run in wanted or run.id in wanted) and _matches(run, search, statuses, tags)
            ]
            if filter_ is not None:
                found = [run for run in found if filter_.matches(run.record(), now)]
            for field, down in reversed(order):
                found = _sorted(found, field, down, now)
            if shape == "columns":
                cut = found if self.text_query("limit") is None else found[offset : offset + limit]
                parts = PARTS if fields is None else fields
                return orjson.dumps(
                    {
                        "project": project,
                        "total": len(found),
                        **missing,
                        **columns(cut, parts, self.list_query("metrics") or ()),
                    }
                )
            listed = [_item(run, fields) for run in found[offset : offset + limit]]
            answer = {"project": project, "runs": listed, "total": len(found), "limit": limit, "offset": offset}
            answer |= missing
            return orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)

        content = await self.service.off_loop(work)
        if len(content) > _LARGE and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            # Left to Tornado it would be packed better, and the event loop would stand still for a second.
            content = await self.service.off_loop(gzip.compress, content, 1)
            self.set_header("Content-Encoding", "gzip")
            self.set_header("Vary", "Accept-Encoding")
        self.answer(content)


def _parsed(text: str | None) -> Expression | None:
    return None if text is None or not text.strip() else parse(text)


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


def _sorted(runs: list[RunInfo], field: Expression, down: bool, now: float) -> list[RunInfo]:
    """Numbers before texts; what has no value comes last, whichever the direction. Equals stay as they were."""
    keyed = [(_rank(field.value(run.record(), now)), run) for run in runs]
    there = [pair for pair in keyed if pair[0] is not None]
    if runs and not there and field.text not in OWN_FIELDS:
        raise UsageError(
            f"sort={field.text[:60]!r}: no run here has that. Sort by a run's own field ({', '.join(sorted(OWN_FIELDS))}), "
            "by what is in a config or summary, or by min(metric); with '-' in front for descending."
        )
    there.sort(key=lambda pair: pair[0], reverse=down)  # type: ignore[arg-type, return-value]
    return [run for _, run in there] + [run for rank, run in keyed if rank is None]


def _rank(value: Any) -> tuple[int, Any] | None:
    if isinstance(value, bool | int | float):
        return None if value != value else (0, value)  # noqa: PLR0124  only NaN differs from itself
    return (1, value) if isinstance(value, str) and value else None
