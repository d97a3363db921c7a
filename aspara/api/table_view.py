"""Runs and projects as a table for people: what a notebook shows for them, and a terminal.

The table is data, its cells as they are; :meth:`TableView.html` and :meth:`TableView.text` draw it. In HTML every text is
escaped, and a few lines of script sort by the column whose title is clicked; where scripts do not run it is a plain table.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from aspara.util.json_safe import NONFINITE, nonfinite_name
from aspara.util.metric_rank import ranked_metrics
from aspara.util.nested import flattened
from aspara.vocabulary import COLUMNS, PROJECT_HEADS, STATUSES

MOST_ROWS = 200
_MOST_CONFIG, _MOST_METRICS = 6, 8
_MOST_TEXT = 120

Kind = Literal["name", "status", "number", "text", "time", "seconds"]

# A run that has no value in a column stands last, whichever way it is sorted.
_LINE = 40
"""Characters of a text that stay in one line."""
_SORTING = """<script>(() => {
const table = document.currentScript.previousElementSibling, body = table.tBodies[0];
const value = (row, i) => { const c = row.cells[i], v = c.dataset.v ?? c.textContent; return v === "" ? null : isNaN(v) ? v.toLowerCase() : +v; };
[...table.tHead.rows[0].cells].forEach((head, i) => { head.style.cursor = "pointer"; head.onclick = () => {
  const down = head.dataset.way === "up"; for (const other of head.parentNode.cells) delete other.dataset.way;
  head.dataset.way = down ? "down" : "up";
  const order = (a, b) => a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b ? -1 : 1) * (down ? -1 : 1);
  body.append(...[...body.rows].sort((a, b) => order(value(a, i), value(b, i)))); }; });
})();</script>"""


@dataclass(frozen=True)
class TableColumn:
    """A column: its title, and what its cells are. Times are ms since the epoch."""

    title: str
    kind: Kind


@dataclass(frozen=True)
class TableView:
    """A table: `total` counts the rows that there are, of which some may be left out; `keys` say which run or project each row
    is about, as (project, run) with an empty run for a project.
    """

    title: str
    columns: list[TableColumn]
    rows: list[list[Any]]
    keys: list[tuple[str, str]]
    total: int
    colors: list[int] = field(default_factory=list)
    noun: str = "run"

    def json(self) -> dict[str, Any]:
        """Everything, for a page that draws the table by itself."""
        return {
            "version": 1,
            "title": self.title,
            "noun": self.noun,
            "columns": [{"title": column.title, "kind": column.kind} for column in self.columns],
            "rows": [[_plain(cell) for cell in row] for row in self.rows],
            "keys": [list(key) for key in self.keys],
            "colors": self.colors,
            "total": self.total,
        }

    @property
    def caption(self) -> str:
        """What the table holds, and what it leaves out."""
        head = f"{self.title}: " if self.title else ""
        counted = f"{self.total} {self.noun}{'' if self.total == 1 else 's'}"
        return head + counted + (f", {len(self.rows)} of them here" if len(self.rows) < self.total else "")

    def html(self) -> str:
        """The table as HTML that needs no script to be read."""
        sides = ["right" if c.kind in ("number", "seconds") else "left" for c in self.columns]
        head = "".join(
            f'<th scope="col" style="text-align:{side}">{html.escape(_cut(column.title))}</th>'
            for column, side in zip(self.columns, sides, strict=True)
        )
        body = "".join(
            "<tr>"
            + "".join(
                f'<td{_sorting(value, column.kind)} style="text-align:{side}{_wrapping(value)}">'
                f"{_shown_html(value, column.kind)}</td>"
                for value, column, side in zip(row, self.columns, sides, strict=True)
            )
            + "</tr>"
            for row in self.rows
        )
        return (
            f'<div><p style="margin:4px 0"><b>{html.escape(_clean(self.caption))}</b></p>'
            f'<table style="white-space:nowrap"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
            f"{_SORTING if len(self.rows) > 1 else ''}</div>"
        )

    def text(self) -> str:
        """The table for a terminal."""
        cells = [[_cut(_shown(v, c.kind), 40) for v, c in zip(row, self.columns, strict=True)] for row in self.rows]
        widths = [
            max(len(_cut(column.title, 40)), *(len(row[i]) for row in cells), 0)
            for i, column in enumerate(self.columns)
        ]
        lines = [self.caption]
        for row in [[_cut(column.title, 40) for column in self.columns], *cells] if cells else []:
            padded = [
                text.rjust(width) if column.kind in ("number", "seconds") else text.ljust(width)
                for text, width, column in zip(row, widths, self.columns, strict=True)
            ]
            lines.append("  ".join(padded).rstrip())
        return "\n".join(lines)

    def bundle(self) -> dict[str, Any]:
        """What any page and any terminal can show."""
        return {"text/html": self.html(), "text/plain": self.text()}


def runs(records: Sequence[Mapping[str, Any]], title: str = "", total: int | None = None) -> TableView:
    """The runs (their list items) in their order: what tells them apart of their configs, then their results."""
    kept = records[:MOST_ROWS]
    several = len({record["project"] for record in kept}) > 1
    configs = _distinct([_flat(record["config"]) for record in kept])
    summaries = [_flat(record["summary"]) for record in kept]
    metrics = _common([{k: v for k, v in s.items() if _is_number(v)} for s in summaries])
    columns = [
        *([TableColumn(PROJECT_HEADS["name"], "text")] if several else []),
        TableColumn(COLUMNS["run"], "name"),
        TableColumn(COLUMNS["status"], "status"),
        TableColumn(COLUMNS["step"], "number"),
        TableColumn(COLUMNS["started"], "time"),
        TableColumn(COLUMNS["duration"], "seconds"),
    ]
    # A title tells its column: where a setting and a result are called alike, both say what they are.
    fixed = {"project", "run", "status", "step", "started", "duration", "tags"}
    named = {name for name, _ in configs}
    columns += [
        *(TableColumn(f"config.{n}" if n in fixed or n in metrics else n, _kind(values)) for n, values in configs),
        *(TableColumn(f"summary.{n}" if n in fixed or n in named else n, "number") for n in metrics),
    ]
    tagged = any(record["tags"] for record in kept)
    columns += [TableColumn(COLUMNS["tags"], "text")] if tagged else []
    rows = []
    for place, (record, summary) in enumerate(zip(kept, summaries, strict=True)):
        rows.append(
            [
                *([record["project"]] if several else []),
                record["name"],
                record["status"],
                record["last_step"],
                record["start_time"],
                _duration(record),
                *(values[place] for _, values in configs),
                *(summary.get(name) for name in metrics),
                *([", ".join(record["tags"])] if tagged else []),
            ]
        )
    return TableView(
        title,
        columns,
        rows,
        [(record["project"], record["run"]) for record in kept],
        len(records) if total is None else total,
        [record["color"] for record in kept],
    )


def projects(items: Sequence[Mapping[str, Any]]) -> TableView:
    """Projects (their list items) in their order."""
    kept = items[:MOST_ROWS]
    kinds: dict[str, Kind] = {"name": "name", "run_count": "number", "running": "number", "last_update": "time"}
    columns = [*(TableColumn(PROJECT_HEADS[field], kind) for field, kind in kinds.items())]
    columns.append(TableColumn(PROJECT_HEADS["tags"], "text"))
    rows = [[*(item[field] for field in kinds), ", ".join(item["tags"])] for item in kept]
    return TableView("", columns, rows, [(item["name"], "") for item in kept], len(items), noun="project")


# -- what is shown -----------------------------------------------------------------------------------------------------


def _flat(found: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values under their full names, without media."""
    return {name: value for name, value in flattened(found) if not isinstance(value, Mapping)}


def _distinct(configs: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Any]]]:
    """The keys whose values tell the runs apart; of a single run, its first few."""
    found = []
    for name in dict.fromkeys(name for config in configs for name in config):
        values = [config.get(name) for config in configs]
        if len(configs) == 1 or len({repr(value) for value in values}) > 1:
            found.append((name, values))
    return found[:_MOST_CONFIG]


def _common(summaries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The results that say the most about the runs."""
    return ranked_metrics(summaries)[:_MOST_METRICS]


def _kind(values: Iterable[Any]) -> Kind:
    return "number" if all(value is None or _is_number(value) for value in values) else "text"


def _is_number(value: Any) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and value in NONFINITE
    )


def _duration(record: Mapping[str, Any]) -> float | None:
    start, end = record["start_time"], record["finish_time"] or record["last_update"]
    return None if start is None or end is None else max(0.0, (end - start) / 1000)


# -- how it is shown ---------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return _cut(value) if isinstance(value, str) else value
    if isinstance(value, int | float):
        return value if math.isfinite(value) else nonfinite_name(value)
    return _cut(str(value))


def _sorting(value: Any, kind: Kind) -> str:
    """The attribute that says what a cell is sorted by, where that is not what is shown."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        key = ""
    elif isinstance(value, int | float):
        key = repr(value) if math.isfinite(value) else nonfinite_name(value)
    else:
        key = _cut(str(value))
    shown = _cut(_shown(value, kind))
    return "" if key == shown and kind != "status" else f' data-v="{html.escape(key, quote=True)}"'


def _wrapping(value: Any) -> str:
    """What lets a long text have several lines."""
    return ";white-space:normal" if isinstance(value, str) and len(value) > _LINE else ""


def _shown_html(value: Any, kind: Kind) -> str:
    text = html.escape(_cut(_shown(value, kind)))
    if kind == "status":
        color = STATUSES[value].light if value in STATUSES else "#737c8c"
        return f'<span style="color:{color}">●</span> {text}'
    return f"<b>{text}</b>" if kind == "name" else text


def _shown(value: Any, kind: Kind) -> str:
    if value is None or value == "":
        return "–"
    if kind == "time":
        return datetime.fromtimestamp(value / 1000, timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
    if kind == "seconds":
        whole = round(value)
        return (
            f"{whole}s"
            if whole < 60
            else f"{whole // 60}m {whole % 60}s"
            if whole < 3600
            else f"{whole // 3600}h {whole % 3600 // 60}m"
        )
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else nonfinite_name(value)
    return _clean(str(value))


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _cut(text: str, length: int = _MOST_TEXT) -> str:
    text = _clean(text)
    return text if len(text) <= length else text[: length - 1] + "…"
