"""The way to the notebook side, which this package never imports: whoever brings a surface says so by an entry point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
