"""How a run shows itself: as the value of a cell, and as a figure."""

from __future__ import annotations

from typing import Any

from aspara import display_hooks


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
