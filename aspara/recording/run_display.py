"""How a run shows itself: live under the cell that began it, as the value of a cell, and as a figure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aspara import display_hooks, settings
from aspara.recording.capture.notebook import in_notebook
from aspara.util.messages import say

if TYPE_CHECKING:
    from aspara.recording.run import Run


class RunDisplay(display_hooks.DisplayBundle):
    """A run that is being recorded, as it is shown."""

    @property
    def disabled(self) -> bool:
        """Whether nothing is kept."""
        raise NotImplementedError

    def _is_kept(self) -> bool:
        return not self.disabled

    def _repr_mimebundle_(self, **_filter: Any) -> Any:
        """What a notebook shows for the run: its charts, or a line of text where the notebook side is not installed."""
        return display_hooks.bundle("run", self) or {"text/plain": repr(self)}


def show_live(run: Run) -> bool:
    """Shows the live chart under the running cell, where there is one and the notebook side is installed; whether it could."""
    if settings.get("ASPARA_NOTEBOOK") == "off" or not (in_notebook() or "marimo" in sys.modules):
        return False
    attach = display_hooks.surface(display_hooks.LIVE, "live")
    if attach is None:
        return False
    try:
        attach(run)
    except Exception as error:
        say(f"The live chart cannot be shown ({type(error).__name__}: {error}).")
        return False
    return True
