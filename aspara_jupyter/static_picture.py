"""The picture that stays: runs as a Plotly figure, as SVG and as text, for a notebook that nobody runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aspara_jupyter.formatting import clipped, duration, latest, number, sparkline
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

    @property
    def line_count(self) -> int:
        """Lines of all charts together."""
        return sum(map(len, self.lines.values()))


def of_run(subject: PictureHead, series: Mapping[str, Columns]) -> StaticPicture:
    """One run's picture from its series (timestamps, steps, values)."""
    names = ordered(name for name, (_, _, values) in series.items() if len(values))
    lines = {name: [PictureLine(subject.name, subject.color, *series[name][1:])] for name in names[:MOST]}
    return StaticPicture(subject.name, subject.facts, subject.color, lines, len(names) - len(lines))


def of_runs(head: str, facts: str, runs: Sequence[tuple[str, str, int, Mapping[str, Columns]]]) -> StaticPicture:
    """A picture that compares runs, each given by its key, name, slot of the palette and series."""
    names = ordered({name for *_, series in runs for name, (_, _, values) in series.items() if len(values)})
    kept = names[: max(1, min(MOST, MOST_LINES // max(1, len(runs))))]
    lines = {
        name: [
            PictureLine(shown, color, *series[name][1:], key=key)
            for key, shown, color, series in runs
            if name in series and len(series[name][2])
        ]
        for name in kept
    }
    legend = [(shown, color) for _, shown, color, _ in runs]
    return StaticPicture(head, facts, runs[0][2] if runs else 0, lines, len(names) - len(kept), legend)


def bundle(picture: StaticPicture) -> dict[str, Any]:
    """Its MIME bundle: Plotly, SVG, text; text alone where nothing was logged."""
    from aspara_jupyter.plotly_figure import plotly_figure
    from aspara_jupyter.svg import svg

    if not picture.lines:
        return {"text/plain": text(picture)}
    return {
        "application/vnd.plotly.v1+json": plotly_figure(picture),
        "image/svg+xml": svg(picture),
        "text/plain": text(picture),
    }


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
