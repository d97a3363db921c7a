"""The picture that stays: runs as a Plotly figure, as SVG and as text, for a notebook that nobody runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aspara.storage.statistics import Definitions
from aspara_jupyter.formatting import clipped, duration, latest, number, sparkline
from aspara_jupyter.metric_definitions import charted
from aspara_jupyter.point_buffer import Columns, Floats

MOST = 48
"""Metrics that a picture shows at most; the others are named by their number."""
MOST_LINES = 240
"""Lines that a picture of several runs has at most."""
_MOST_WORDS = 60
"""Lines that it has as text."""


@dataclass(frozen=True)
class PictureHead:
    """What a picture's head says of its run."""

    name: str
    project: str
    status: str
    color: int
    steps: int
    seconds: float

    @property
    def facts(self) -> str:
        """One line: project, status, steps, time."""
        steps = f"{self.steps:,}".replace(",", "\u202f")
        return (
            f"{self.project} · {self.status} · {steps} step{'' if self.steps == 1 else 's'} · {duration(self.seconds)}"
        )


@dataclass(frozen=True)
class PictureLine:
    """One metric of one run. ``key`` tells the runs of a picture apart; it is empty where there is only one."""

    name: str
    color: int
    steps: Floats
    values: Floats
    key: str = ""


@dataclass(frozen=True)
class StaticPicture:
    """Small multiples: a head in bold and what follows it, the lines of each metric, how many metrics are left out; and of
    several runs their names and colours.
    """

    head: str
    facts: str
    color: int
    lines: dict[str, list[PictureLine]]
    more: int = 0
    legend: Sequence[tuple[str, int]] = ()
    axes: Mapping[str, str] = field(default_factory=dict)
    """Of metrics that are not drawn over the step, the metric that they are drawn over."""

    def title(self, metric: str) -> str:
        """What stands above a metric's chart."""
        return f"{metric} over {self.axes[metric]}" if metric in self.axes else metric

    @property
    def line_count(self) -> int:
        """Lines of all charts together."""
        return sum(map(len, self.lines.values()))


def of_run(subject: PictureHead, series: Mapping[str, Columns], definitions: Definitions) -> StaticPicture:
    """One run's picture from its series (timestamps, steps, values), drawn as its metric definitions say."""
    drawn, axes = charted(series, definitions)
    names = ordered(name for name, (_, _, values) in drawn.items() if len(values))
    lines = {name: [PictureLine(subject.name, subject.color, *drawn[name][1:])] for name in names[:MOST]}
    return StaticPicture(subject.name, subject.facts, subject.color, lines, len(names) - len(lines), axes=axes)


@dataclass(frozen=True)
class PictureRun:
    """One of several runs that are compared: its key, label, slot of the palette, series and metric definitions."""

    key: str
    label: str
    color: int
    series: Mapping[str, Columns]
    definitions: Definitions


def of_runs(head: str, facts: str, runs: Sequence[PictureRun], *, system: bool = False) -> StaticPicture:
    """A picture that compares runs; with the metrics of their machines if `system`."""
    axes: dict[str, str] = {}
    drawn = []
    for run in runs:
        series, own = charted(run.series, run.definitions)
        axes |= own
        drawn.append((run, {name: columns for name, columns in series.items() if len(columns[2])}))
    all_names = {name for _, series in drawn for name in series}
    names = ordered(name for name in all_names if system or not name.startswith("system/"))
    names = names or ordered(all_names)
    kept = names[: max(1, min(MOST, MOST_LINES // max(1, len(runs))))]
    lines = {
        name: [
            PictureLine(run.label, run.color, *series[name][1:], key=run.key) for run, series in drawn if name in series
        ]
        for name in kept
    }
    legend = [(run.label, run.color) for run in runs]
    return StaticPicture(head, facts, runs[0].color if runs else 0, lines, len(names) - len(kept), legend, axes)


def ordered(names: Iterable[str]) -> list[str]:
    """Metric names as the charts stand: without a prefix first, then by section, ``system`` last."""

    def place(name: str) -> tuple[int, str, str]:
        section, slash, _ = name.partition("/")
        return (0 if not slash else 2 if section == "system" else 1, section if slash else "", name)

    return sorted(names, key=place)


def column_count(charts: int) -> int:
    """How many charts stand in a row."""
    return 1 if charts == 1 else 2 if charts in (2, 4) else 3


def text(picture: StaticPicture) -> str:
    """The same for eyes in a terminal: a line for each metric of a run, with its course in eight heights of bars."""
    lines = [f"{picture.head}  {picture.facts}"]
    several = bool(picture.legend)
    wide = min(40, max((len(name) for name in picture.lines), default=0))
    whose = min(24, max((len(name) for name, _ in picture.legend), default=0))
    left = _MOST_WORDS
    for name, found in picture.lines.items():
        for line in found[: max(0, left)]:
            run = f"{clipped(line.name, 24):<{whose}}  " if several else ""
            lines.append(
                f"  {clipped(name, 40):<{wide}}  {run}{number(latest(line.values)):>9}  {sparkline(line.values)}"
            )
        left -= len(found)
    if left < 0:
        lines.append(f"  and {-left} more lines")
    if picture.more:
        lines.append(f"  and {picture.more} more")
    return "\n".join(lines)
