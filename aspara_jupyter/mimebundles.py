"""What a notebook shows for things that are not recording: runs of the past, tables of runs and projects."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

from aspara.api.run import ApiRun
from aspara.api.table_view import TableView
from aspara.catalog.runs.run_info import RunInfo
from aspara.catalog.series.query import SeriesQuery
from aspara_jupyter import static_picture
from aspara_jupyter.metric_definitions import definitions_of
from aspara_jupyter.picture_bundle import bundle
from aspara_jupyter.point_buffer import Columns
from aspara_jupyter.run_selection import SelectedRun, colors, columns_of, info_of, points_of, shown_names

RUN_MIME = "application/vnd.aspara.run+json"
CHART_MIME = "application/vnd.aspara.chart+json"
TABLE_MIME = "application/vnd.aspara.table+json"
_POINTS = 1000


def table(found: TableView) -> dict[str, Any]:
    """The MIME bundle of a table: data, which our JupyterLab extension makes sortable in notebooks that are not trusted too;
    HTML, which is a table without scripts; text.
    """
    return {**found.bundle(), TABLE_MIME: found.json()}


def kept(run: ApiRun) -> dict[str, Any]:
    """The MIME bundle of a run out of the files: its picture as it stands, and which run it is, for a page that can ask."""
    found = SelectedRun(run._library, run.project, run.run)
    info = found.look()
    return {**bundle(picture_of([found], [info])), RUN_MIME: info_of(info)}


def picture_of(
    runs: Sequence[SelectedRun], infos: Sequence[RunInfo], metrics: tuple[str, ...] | None = None, title: str = ""
) -> static_picture.StaticPicture:
    """The picture of one run, or of several compared, from their files; `metrics` are names or globs."""
    found = points_of(runs, SeriesQuery(metrics, points=_POINTS))
    series: list[dict[str, Columns]] = [
        {name: columns_of(by_run[run.key]) for name, by_run in found.items() if run.key in by_run} for run in runs
    ]
    if len(runs) == 1 and not title:
        return static_picture.of_run(_subject(infos[0]), series[0], definitions_of(infos[0]))
    states: dict[str, int] = {}
    for info in infos:
        states[info.status] = states.get(info.status, 0) + 1
    facts = " · ".join(f"{count} {status}" for status, count in states.items())
    members = [
        static_picture.PictureRun(run.key, label, slot, columns, definitions_of(info))
        for run, info, label, slot, columns in zip(runs, infos, shown_names(infos), colors(infos), series, strict=True)
    ]
    return static_picture.of_runs(title or heading(infos), facts, members, system=metrics is not None)


def heading(infos: Collection[RunInfo]) -> str:
    """What runs are together."""
    projects = list(dict.fromkeys(info.project for info in infos))
    count = f"{len(infos)} run{'' if len(infos) == 1 else 's'}"
    return f"{', '.join(projects[:3])}{', …' if len(projects) > 3 else ''}: {count}" if projects else count


def _subject(info: RunInfo) -> static_picture.PictureHead:
    start = info.start_time or 0
    end = time.time() * 1000 if info.status == "running" else info.finish_time or info.last_update or start
    steps = 0 if info.last_step is None else info.last_step + 1
    return static_picture.PictureHead(
        info.name, info.project, info.status, info.color, steps, max(0.0, (end - start) / 1000)
    )
