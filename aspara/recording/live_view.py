"""The live chart under the cell that began a run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aspara import display_hooks, settings
from aspara.recording.capture.notebook import in_notebook
from aspara.util.messages import say

if TYPE_CHECKING:
    from aspara.recording.run import Run


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
