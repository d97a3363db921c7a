"""Colours that tell runs apart, the same in Python as in the front end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aspara.palette import deal_colors, run_color, run_dash

CASES = json.loads((Path(__file__).parents[1] / "fixtures/colors.json").read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["own"])[:20])
def test_colors_are_dealt_as_in_the_front_end(case):
    """js/tests/palette.test.ts meets the same fixture."""
    slots = deal_colors(case["own"])
    assert case["slots"] == slots
    assert case["colors"] == [run_color(slot) for slot in slots]
    assert case["dashes"] == [run_dash(slot) for slot in slots]


def test_thirty_runs_are_told_apart_whatever_their_own_colors():
    slots = deal_colors([5] * 30)
    assert 30 == len({(run_color(slot), run_dash(slot)) for slot in slots})
    assert 12 == len({run_color(slot) for slot in slots[:12]})
