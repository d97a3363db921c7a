"""What waits behind log(): however rows come, the statistics and live views are those of the rows one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import aspara
from aspara.recording.log.pending_rows import PendingRows, getter
from aspara.storage.statistics import Statistics

numbers = st.integers(-1000, 1000) | st.floats(-1e9, 1e9)
steps = st.integers(0, 5)
rows_of_one_shape = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.tuples(steps, st.tuples(*[numbers] * width)), max_size=8)
)
texts = st.just([(1, {"a": "text", "b": float("nan"), "c": 2.0})])


@given(st.lists(rows_of_one_shape | texts, max_size=5), st.integers(1, 9))
def test_rows_of_any_shapes_give_the_statistics_of_one_by_one(blocks, bite: int):
    """Tuples of values under changing names, and rows that are dicts, in any order and taken in bites of any size."""
    backlog, known = PendingRows(Statistics()), Statistics()
    backlog.shown = True
    shown = []
    for block in blocks:
        for at, values in block:
            if isinstance(values, dict):
                row = values
                backlog.waiting.append((0, at, values))
            else:
                row = dict(zip("abc", values, strict=False))
                backlog.turn(list(row))
                backlog.waiting.append((0, at, getter(list(row))(row)))
            known.fold(at, row)
            shown.append((0, at, row))
    while backlog.waiting:
        backlog.fold(bite)
    assert repr(shown) == repr([row for block in backlog.take_unshown() for row in block.rows()])
    assert facts(known) == facts(backlog.statistics)


@given(st.lists(st.tuples(steps, numbers, numbers), min_size=1, max_size=30))
def test_alike_rows_are_taken_in_at_once(rows):
    """Extremes, their first steps, the last value of the greatest step, mean and count are those of one by one."""
    known, together = Statistics(), Statistics()
    for at, a, b in rows:
        known.fold(at, {"a": a, "b": b})
    together.fold_alike(["a", "b"], [at for at, _, _ in rows], [(a, b) for _, a, b in rows])
    assert facts(known) == facts(together)


def facts(statistics: Statistics) -> dict:
    """All of it, means rounded: sums of floats depend on the order."""
    found = statistics.json()
    return {
        name: {k: round(v, 3) if k == "mean" and v is not None else v for k, v in sorted(kept.items())}
        for name, kept in sorted(found.items())
    }


def test_a_loop_faster_than_the_background_thread_misses_nothing(disk):
    """Far more rows than may wait: summary and live view have every one of them, in order."""
    seen: list[int] = []

    class Listener:
        def rows(self, rows) -> None:
            seen.extend(step for _, step, _ in rows)

        def ended(self, status, exit_code) -> None:
            del status, exit_code

    run = aspara.init("p", "r")
    run.subscribe(Listener())
    for i in range(20_000):
        run.log({"a": i, "b": float(-i)})
    assert {"a": 19_999, "b": -19_999.0} == dict(run.summary)
    aspara.finish()
    assert list(range(20_000)) == seen
    kept = disk.meta("p", "r")["metric_summary"]
    assert (20_000, 0, 19_999, 9999.5) == tuple(kept["a"][k] for k in ("count", "min", "max", "mean"))


def test_rows_logged_in_parts(disk):
    """Two names, then others, then the first again with something that is no number: each value once, at its step."""
    run = aspara.init("p", "r")
    for i in range(100):
        run.log({"a": i, "b": 0.5 * i}, commit=False)
        run.log({"c": -i} if i % 3 else {"c": float("nan"), "d": True})
    assert {"a": 99, "b": 49.5} == {k: run.summary[k] for k in "ab"}
    aspara.finish()
    [found] = aspara.Api(disk.folder).runs("p")
    rows = list(found.scan_history())
    assert list(range(100)) == [row["_step"] for row in rows] == [row["a"] for row in rows]
    assert [-i for i in range(100) if i % 3] == [row["c"] for row in rows if row["_step"] % 3]
    assert 34 == disk.meta("p", "r")["metric_summary"]["d"]["count"]


def test_a_boolean_among_numbers_is_one(disk):
    """True is 1 in the summary, also where the metric was a number before."""
    run = aspara.init("p", "r")
    for value in (0, 1, True):
        run.log({"done": value})
    assert "1" == repr(run.summary["done"])
    aspara.finish()
    assert "1" == repr(disk.meta("p", "r")["metric_summary"]["done"]["max"])
