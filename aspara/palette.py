"""Run colours, told apart by colour-blind people and legible on light and dark.

The front end holds the same list and deals it in the same way; ``tests/fixtures/colors.json`` holds both.
"""

from __future__ import annotations

from collections.abc import Iterable

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


DASHES: tuple[str, ...] = ("solid", "dash", "dot")
"""How lines are drawn whose colour another line has: each colour comes once in each way."""

_SLOTS = len(PALETTE) * len(DASHES)


def run_color(slot: int) -> str:
    """The colour of a slot."""
    return PALETTE[slot % len(PALETTE)]


def run_dash(slot: int) -> str:
    """How a line of a slot is drawn, in Plotly's words."""
    return DASHES[slot % _SLOTS // len(PALETTE)]


def deal_colors(own: Iterable[int]) -> list[int]:
    """Slots that tell runs apart, given each run's own slot.

    A run gets the colour of its own slot if that is free, else the first free slot: the colours first, then the colours again
    in dashes.
    """
    taken: set[int] = set()
    dealt = []
    for color in own:
        slot = color % len(PALETTE)
        if slot in taken:
            slot = next((free for free in range(_SLOTS) if free not in taken), slot)
        taken.add(slot)
        dealt.append(slot)
    return dealt
