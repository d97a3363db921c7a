"""Run colours, told apart by colour-blind people and legible on light and dark. The front end holds the same list."""

from __future__ import annotations

PALETTE: tuple[str, ...] = (
    "#3b7dd8",
    "#e07b28",
    "#2a9d6f",
    "#c2497f",
    "#8a63d2",
    "#b8901c",
    "#2ba6bf",
    "#d2504a",
    "#6b8e23",
    "#7a7f8c",
    "#4f5bd5",
    "#a8623a",
)


def run_color(slot: int) -> str:
    """The colour of a run: its slot in the palette, the same in every view."""
    return PALETTE[slot % len(PALETTE)]
