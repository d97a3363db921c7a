"""How a run finds the notebook side, which this package never imports: through entry points."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aspara import settings

if TYPE_CHECKING:
    from aspara.recording.run import Run


def in_notebook() -> bool:
    """True inside a Jupyter kernel; plain IPython and scripts are none. Imports nothing."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None


def show_live(run: Run) -> None:
    """Shows the live chart under the running cell, where there is one and the notebook side is installed."""
    if settings.get("ASPARA_NOTEBOOK") == "off" or not (in_notebook() or "marimo" in sys.modules):
        return
    attach = _load("aspara.notebook", "live")
    if attach is None:
        return
    try:
        attach(run)
    except Exception as error:
        print(f"aspara: the live chart cannot be shown ({type(error).__name__}: {error}).", file=sys.stderr)


def display_bundle(run: Run) -> dict[str, Any] | None:
    """The MIME bundle that a notebook shows for the run, or None where the notebook side is not installed."""
    bundle = _load("aspara.display", "run")
    if bundle is None:
        return None
    found: dict[str, Any] | None = bundle(run)
    return found


def _load(group: str, name: str) -> Any:
    from importlib.metadata import entry_points

    for point in entry_points(group=group, name=name):
        try:
            return point.load()
        except ImportError:
            return None  # the extra is not installed
    return None
