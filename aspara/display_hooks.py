"""The way to the notebook side, which this package never imports: whoever brings a surface says so by an entry point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from aspara.errors import UsageError

LIVE = "aspara.notebook"
"""Group of ``live``: called with a run that has begun."""
DISPLAY = "aspara.display"
"""Group of what is called to show things: ``run``, ``kept``, ``table``, ``show`` and ``plot``."""


def surface(group: str, name: str) -> Callable[..., Any] | None:
    """What is called `name` in the group, or None where it is not installed."""
    from importlib.metadata import entry_points  # slow to import, and needed in few programs

    for point in entry_points(group=group, name=name):
        try:
            found: Callable[..., Any] = point.load()
        except ImportError:
            return None  # the extra is not installed
        return found
    return None


def drawn(*args: Any, **options: Any) -> Any:
    """A plotly figure of runs (see ``aspara_jupyter.plot``); raises UsageError where nothing is there to draw it."""
    draw = surface(DISPLAY, "plot")
    if draw is None:
        raise UsageError('plot() draws with plotly, which is not installed: pip install "aspara[jupyter]".')
    return draw(*args, **options)


def empty() -> Any:
    """A plotly figure of nothing; None where plotly is not installed."""
    try:
        from plotly.graph_objects import Figure
    except ImportError:
        return None
    return Figure()


def shown(thing: Any, **options: Any) -> bool:
    """Shows a run or runs in the cell that is running; False where there is no notebook that could."""
    show = surface(DISPLAY, "show")
    return False if show is None else bool(show(thing, **options))


def bundle(name: str, thing: Any) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]] | None:
    """The MIME bundle that a notebook shows for `thing`, by the surface `name`; None where that is not installed."""
    found = surface(DISPLAY, name)
    result: dict[str, Any] | tuple[dict[str, Any], dict[str, Any]] | None = None if found is None else found(thing)
    return result


class _Quiet(int):
    """A truth value that a notebook does not print below what was shown."""

    def __repr__(self) -> str:
        return repr(bool(self))

    __str__ = __repr__

    def _ipython_display_(self) -> None:
        """Nothing."""


class DisplayBundle:
    """A run, as it is shown to people; drawn by the notebook side where that is installed."""

    def _is_kept(self) -> bool:
        """Whether there can be anything to draw."""
        return True

    def display(self, height: int | None = None, hidden: bool = False) -> bool:
        """Shows the run's charts in the running cell, live while the run goes on.

        Args:
            height: The most pixels that the charts take; beyond them they scroll.
            hidden: Accepted as wandb's; the charts are shown.

        Returns:
            Whether they could be shown; a terminal gets a line of text instead.

        """
        del hidden
        was_shown = shown(self, height=height)
        if not was_shown:
            print(repr(self))
        return cast("bool", _Quiet(was_shown))

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
        if not self._is_kept():
            return empty()
        return drawn([self], metrics, x=x, smoothing=smoothing, points=points)
