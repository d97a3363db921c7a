"""How a run shows itself: live under the cell that began it, as the value of a cell, and as a figure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aspara import settings, surfaces
from aspara.notices import say
from aspara.recording.notebook import in_notebook

if TYPE_CHECKING:
    from aspara.recording.run import Run


class Shown:
    """What of a run is shown, to people and in notebooks; drawn by the notebook side where that is installed."""

    @property
    def disabled(self) -> bool:
        """Whether nothing is kept."""
        raise NotImplementedError

    def display(self, height: int | None = None, hidden: bool = False) -> bool:
        """Shows the run's charts in the running cell, live while the run goes on.

        Args:
            height: The most pixels that the charts take; beyond them they scroll.
            hidden: Accepted as wandb's; the charts are shown.

        Returns:
            Whether they could be shown; a terminal gets a line of text instead.

        """
        del hidden
        if surfaces.shown(self, height=height):
            return True
        print(repr(self))
        return False

    def plot(self, *metrics: str, x: str = "step", smoothing: float = 0.0, points: int = 1000) -> Any:
        """A plotly figure of one or several metrics (names, or globs like ``"train/*"``), as recorded so far.

        Args:
            metrics: What is drawn, in one picture.
            x: ``step``, ``time``, ``relative`` (seconds since the run began) or the name of another metric.
            smoothing: 0 (none) to 1: the weight of the exponential average that is drawn over the line, as in the dashboard.
            points: At most so many points a line; the extremes are kept.

        Raises:
            UsageError: plotly is not installed, or the run has no such metric. A disabled run's figure is empty; without
                plotly it is None.

        """
        if self.disabled:
            return surfaces.empty()
        return surfaces.drawn([self], metrics, x=x, smoothing=smoothing, points=points)

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        """What a notebook shows for the run: its charts, or a line of text where the notebook side is not installed."""
        return surfaces.bundle("run", self) or {"text/plain": repr(self)}


def show_live(run: Run) -> None:
    """Shows the live chart under the running cell, where there is one and the notebook side is installed."""
    if settings.get("ASPARA_NOTEBOOK") == "off" or not (in_notebook() or "marimo" in sys.modules):
        return
    attach = surfaces.surface(surfaces.LIVE, "live")
    if attach is None:
        return
    try:
        attach(run)
    except Exception as error:
        say(f"the live chart cannot be shown ({type(error).__name__}: {error}).")
