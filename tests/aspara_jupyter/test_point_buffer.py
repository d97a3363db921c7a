"""A run's points on their way to a page: each once, in bounded memory, whatever shapes the rows have."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aspara.types import Block
from aspara_jupyter.point_buffer import DELTA_POINTS, LIMIT, RunPointBuffers, blocks_of


def unpacked(head: dict, data: bytes) -> dict[str, list[tuple[float, float, float]]]:
    """Metric → (time, step, value) of each point, as a page takes them apart."""
    found, numbers, at = {}, np.frombuffer(data, "<f8"), 0
    for name, count in zip(head["metrics"], head["counts"], strict=True):
        found[name] = list(zip(*numbers[at : at + 3 * count].reshape(3, count).tolist(), strict=True))
        at += 3 * count
    assert at == len(numbers)
    return found


shapes = st.lists(st.sampled_from(["a", "b", "ab", "bc", "abc"]), max_size=40)


@given(shapes, st.integers(1, 7))
def test_every_point_is_sent_once_and_kept(shapes: list[str], size: int):
    """Rows that hold these metrics now and those then, in ticks of any size: deltas and snapshot have the same points."""
    rows = [(1000 + i, i, {name: float(i) for name in shape}) for i, shape in enumerate(shapes)]
    points, sent = RunPointBuffers(), {}
    for begin in range(0, len(rows), size):
        head, data = points.take(blocks_of(rows[begin : begin + size]))
        for name, found in unpacked(head, data).items():
            sent.setdefault(name, []).extend(found)
        for name, total in zip(head["metrics"], head["totals"], strict=True):
            assert total == len(sent[name])
    expected = {
        name: [(float(at), float(step), float(step)) for at, step, values in rows if name in values] for name in "abc"
    }
    assert {name: found for name, found in expected.items() if found} == sent == unpacked(*points.packed())


def test_what_is_no_number_is_left_out():
    """Texts and references to media are no points; a named NaN, a boolean and an integer beyond floats are."""
    column = [1, True, "text", "NaN", {"_type": "image"}, 10**400]
    head, data = RunPointBuffers().take([Block(["a", "b"], range(6), range(6), [column, [0.5] * 6])])
    found = unpacked(head, data)
    assert [(0, 1.0), (1, 1.0), (3, None), (5, math.inf)] == [
        (step, None if math.isnan(value) else value) for _, step, value in found["a"]
    ]
    assert [0.5] * 6 == [value for _, _, value in found["b"]]


def test_a_storm_is_thinned_and_its_spike_kept():
    """Of a hundred thousand rows in one tick a few hundred points travel, a few thousand are kept; the totals count all."""
    values = [0.0] * 100_000
    values[77_777] = 9.0
    points = RunPointBuffers()
    head, data = points.take([Block(["a"], range(100_000), range(100_000), [values])])
    assert (["a"], [100_000]) == (head["metrics"], head["totals"])
    assert head["counts"][0] <= DELTA_POINTS
    assert 9.0 in [value for _, _, value in unpacked(head, data)["a"]]
    kept, data = points.packed()
    assert kept["counts"][0] <= LIMIT
    assert 9.0 in [value for _, _, value in unpacked(kept, data)["a"]]
