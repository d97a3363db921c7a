"""What log() promises about values and steps."""

from __future__ import annotations

import decimal
import math
import threading
import time
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import aspara
from aspara.errors import UsageError
from aspara.storage import row_codec


def test_each_row_is_on_disk_when_log_returns(disk):
    """No flush, no finish: the file holds the row."""
    run = aspara.init("p", "r")
    run.log({"loss": 0.5})
    [row] = disk.rows("p/r.jsonl")
    assert row["metrics"] == {"loss": 0.5}
    assert row["step"] == 0
    assert isinstance(row["timestamp"], int)


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_steps_count_as_wandbs_do(disk, backend):
    """Auto steps go up; an explicit step stays open until the next log() without one has joined it; commit=False too."""
    run = aspara.init("p", "r", storage_backend=backend)
    run.log({"a": 1})
    run.log({"a": 2})
    run.log({"a": 3}, step=10)
    run.log({"b": 4})
    assert run.step == 11
    run.log({"a": 5}, commit=False)
    run.log({"b": 6})
    assert run.step == 12
    run.log({"a": 7}, step=20, commit=True)
    assert run.step == 21
    run.finish()
    assert disk.steps("p", "r", "a") == [0, 1, 10, 11, 20]
    assert disk.steps("p", "r", "b") == [10, 11]


def test_a_late_step_is_kept_and_the_step_never_goes_back(disk):
    """wandb drops it; here it is ordered on reading."""
    run = aspara.init("p", "r")
    run.log({"a": 1.0}, step=10)
    run.log({"a": 2.0}, step=5)
    assert run.step == 10
    run.finish()
    assert disk.steps("p", "r", "a") == [5, 10]
    assert disk.values("p", "r", "a") == [2.0, 1.0]


def test_numbers_of_every_make_are_numbers(disk):
    """numpy scalars, 0-d and 1-element arrays, Decimal and bool; nested dicts flatten; None is left out."""
    run = aspara.init("p", "r")
    run.log(
        {
            "np32": np.float32(0.5),
            "np64": np.float64(0.25),
            "int": np.int64(3),
            "zero_d": np.array(2.0),
            "one": np.array([4.0]),
            "dec": decimal.Decimal("1.5"),
            "flag": True,
            "none": None,
            "deep": {"a": {"b": 1}},
            "big": 10**30,
            "text": "word",
        }
    )
    run.finish()
    [row] = disk.rows("p/r.jsonl")
    assert row["metrics"] == {
        "np32": 0.5,
        "np64": 0.25,
        "int": 3,
        "zero_d": 2.0,
        "one": 4.0,
        "dec": 1.5,
        "flag": 1,
        "deep.a.b": 1,
        "big": 1e30,
        "text": "word",
    }


def test_non_finite_values_come_back_as_they_were(disk):
    """They are valid JSON on disk and the very numbers on reading."""
    run = aspara.init("p", "r")
    for value in (math.nan, math.inf, -math.inf, 1.0):
        run.log({"x": value})
    run.finish()
    assert [row["metrics"]["x"] for row in disk.rows("p/r.jsonl")] == ["NaN", "Infinity", "-Infinity", 1.0]
    found = disk.values("p", "r", "x")
    assert math.isnan(found[0])
    assert [math.inf, -math.inf, 1.0] == found[1:]


def test_what_cannot_be_kept_warns_once_and_spares_its_neighbours(disk, capsys):
    """One warning per name, on stderr; the other values of the row are recorded."""
    run = aspara.init("p", "r")
    for _ in range(3):
        run.log({"ok": 1.0, "bad": object()})
    run.finish()
    assert capsys.readouterr().err.count("'bad'") == 1
    assert disk.values("p", "r", "ok") == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("data", [None, [1], "x", 3])
def test_a_non_dict_raises_and_says_what_is_right(disk, data):
    """Misuse is the programmer's, at once."""
    run = aspara.init("p", "r")
    with pytest.raises(UsageError, match="dict from metric names"):
        run.log(data)
    assert disk.rows("p/r.jsonl") == []


@pytest.mark.parametrize("step", [-1, 1.5, "3", True, math.nan])
def test_a_step_that_is_none_raises_and_writes_nothing(disk, step):
    """A step is a whole number of at least 0."""
    run = aspara.init("p", "r")
    with pytest.raises(UsageError, match="step="):
        run.log({"a": 1.0}, step=step)
    assert disk.rows("p/r.jsonl") == []


def test_log_before_init_and_after_finish_says_what_to_do(disk):
    """There is no active run, or it has ended."""
    with pytest.raises(UsageError, match=r"aspara\.init\(\)"):
        aspara.log({"a": 1})
    run = aspara.init("p", "r")
    aspara.finish()
    with pytest.raises(UsageError, match="has finished"):
        run.log({"a": 1})


def test_threads_share_a_run_and_no_step_is_taken_twice(disk):
    """Eight threads, one file: every row whole, every automatic step once."""
    run = aspara.init("p", "r")

    def work(thread: int) -> None:
        for i in range(250):
            run.log({f"t{thread}": float(i)})

    threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.finish()
    found = disk.rows("p/r.jsonl")
    assert list(range(2000)) == [row["step"] for row in found]
    assert all([float(i) for i in range(250)] == disk.values("p", "r", f"t{t}") for t in range(8))


def test_the_quick_way_and_the_careful_way_write_the_same(disk):
    """A row of known names takes the quick way; a new order of names, or a text, the careful one."""
    run = aspara.init("p", "r")
    run.log({"a": 1.0, "b": 2})
    run.log({"a": 3.0, "b": 4})
    run.log({"b": 5, "a": 6.0})
    run.log({"a": "text", "b": 7})
    run.log({"a": math.inf, "b": 8})
    run.log({"a": {"x": 1}, "b": 9})
    run.finish()
    assert [row["metrics"] for row in disk.rows("p/r.jsonl")] == [
        {"a": 1.0, "b": 2},
        {"a": 3.0, "b": 4},
        {"b": 5, "a": 6.0},
        {"a": "text", "b": 7},
        {"a": "Infinity", "b": 8},
        {"a.x": 1, "b": 9},
    ]


_NUMBERS = st.one_of(
    st.floats(),
    st.integers(),
    st.booleans(),
    st.floats(width=32).map(np.float32),
    st.integers(-(2**31), 2**31 - 1).map(np.int32),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text("abcdefgh/._ é", min_size=1, max_size=8), _NUMBERS, min_size=1, max_size=6))
def test_any_number_in_has_the_same_meaning_out(tmp_path_factory, data):
    """Through the public API to the file and back by the codec."""
    folder = tmp_path_factory.mktemp("d")
    run = aspara.Run("r", "p", dir=str(folder))
    run.log(data)
    run.finish()
    _, _, metrics, complaint = row_codec.decode((folder / "p/r.jsonl").read_bytes().rstrip(b"\n"))
    assert complaint is None
    assert set(data) == set(metrics)
    for name, value in data.items():
        try:
            want = float(value)
        except OverflowError:
            want = math.inf if value > 0 else -math.inf
        got = float(metrics[name])
        assert (math.isnan(want) and math.isnan(got)) or want == got


@pytest.mark.parametrize("step", [2**53 + 1, 2**63, 2**70])
def test_a_step_that_no_reader_takes_raises_and_the_run_goes_on(disk, step):
    """A step beyond 2**53 is refused with what would be right; later calls are as if it had not been given."""
    run = aspara.init(project="p", name="r")
    run.log({"a": 1.0})
    with pytest.raises(UsageError, match="from 0 to 9007199254740992"):
        run.log({"a": 2.0}, step=step)
    run.log({"a": 3.0})
    run.finish()
    assert [0, 1] == [row["step"] for row in disk.rows("p/r.jsonl")]


def test_steps_end_where_readers_do(disk):
    """After step 2**53 rows without a step are kept at that one, also when the run is resumed: every point is read."""
    run = aspara.init("p", "r", id="r")
    run.log({"a": 1.0}, step=2**53)
    run.log({"a": 2.0})
    run.log({"a": 3.0})
    run.finish()
    again = aspara.init("p", id="r")
    again.log({"a": 4.0})
    again.finish()
    assert (2**53, 2**53) == (again.starting_step, again.step)
    assert [2**53] * 4 == disk.steps("p", "r", "a")
    assert [1.0, 2.0, 3.0, 4.0] == disk.values("p", "r", "a")
    assert [] == aspara.Api().run("p/r").problems


def test_an_integer_of_any_size_is_a_number_in_the_row_and_in_the_summary(disk):
    """Integers beyond 64 bits are kept as the nearest float, or as infinity; the summary tells the same."""
    run = aspara.init(project="p", name="r")
    run.log({"big": 2**70, "huge": -(10**400), "loss": 0.5})
    run.log({"big": 2**70, "loss": 0.25})
    assert {"big": 2.0**70, "huge": -math.inf, "loss": 0.25} == dict(run.summary)
    run.finish()
    assert 2 == disk.meta("p", "r")["metric_summary"]["loss"]["count"]


def test_a_signal_handler_may_log_in_the_middle_of_a_log(disk, script):
    """Hundreds of times, while the program logs as fast as it can: no deadlock, every row once."""
    done = script("""
        import signal, time
        import aspara
        run = aspara.init("p", "r")
        count = 0

        def handle(*_):
            global count
            run.log({"signal": float(count)}, step=count)
            if count % 50 == 0:
                run.config.signals = count
            count += 1
            if count < 300:
                signal.setitimer(signal.ITIMER_REAL, 0.0005)

        signal.signal(signal.SIGALRM, handle)
        signal.setitimer(signal.ITIMER_REAL, 0.0005)
        rows = 0
        while count < 300:
            run.log({"a": float(rows)}, step=rows)
            rows += 1
        run.finish()
        print(rows, count)
    """)
    assert (0, "") == (done.returncode, done.stderr)
    rows_logged, signals = map(int, done.stdout.split())
    assert [float(i) for i in range(rows_logged)] == disk.values("p", "r", "a")
    assert [float(i) for i in range(signals)] == disk.values("p", "r", "signal")
    assert 250 == disk.meta("p", "r")["config"]["signals"]


def test_a_destructor_may_log(disk):
    """The collector runs whenever it likes, in the middle of a log() too."""
    import gc

    run = aspara.init("p", "r")
    ended = []

    class Logs:
        def __init__(self) -> None:
            self.itself = self  # only the collector ends it

        def __del__(self) -> None:
            run.log({"ended": float(len(ended))}, step=len(ended))
            ended.append(1)

    threshold = gc.get_threshold()
    gc.set_threshold(5, 1, 1)
    try:
        for i in range(300):
            Logs()
            run.log({"a": float(i), "deep": {"b": i}}, step=i)
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    run.finish()
    assert 300 == len(ended)
    assert [float(i) for i in range(300)] == disk.values("p", "r", "ended") == disk.values("p", "r", "a")


def nested(depth: int) -> dict:
    return {"x": 1.0} if depth == 0 else {"x": nested(depth - 1)}


TWICE: dict = {"fine": 3.0}
TWICE.update(one=TWICE, two=TWICE)


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 600, "\ud800", 3, None, (1, 2)])
def test_a_metric_name_that_breaks_the_rules_costs_no_neighbour(disk, capsys, name):
    """It is skipped, in nested dicts too where it is wrong there, with one warning; the step goes on."""
    run = aspara.init("p", "r")
    for _ in range(3):
        run.log({"before": 1.0, name: 2.0, "after": {"inner": 3.0}})
    run.log({name: 2.0})
    run.finish()
    told = capsys.readouterr().err
    assert 1 == told.lower().count("metric name") == told.count("It is skipped.")
    assert ([1.0] * 3, [3.0] * 3) == (disk.values("p", "r", "before"), disk.values("p", "r", "after.inner"))
    assert [0, 1, 2] == disk.steps("p", "r", "before")
    assert {"before", "after.inner"} == {name for row in disk.rows("p/r.jsonl") for name in row["metrics"]}


@pytest.mark.parametrize("deep", [nested(32), TWICE], ids=["deep", "in itself"])
def test_a_dict_without_end_costs_no_neighbour(disk, capsys, deep):
    """Beyond 32 levels, or within itself, it is skipped with one warning."""
    run = aspara.init("p", "r")
    for _ in range(3):
        run.log({"before": 1.0, "deep": deep, "after": 2.0})
    run.log({"least": nested(31)})
    run.finish()
    assert 1 == capsys.readouterr().err.count("'deep' is nested deeper than 32 levels")
    assert ([1.0] * 3, [2.0] * 3) == (disk.values("p", "r", "before"), disk.values("p", "r", "after"))
    assert [1.0] == disk.values("p", "r", "least" + ".x" * 32)


def test_a_timestamp_may_be_a_datetime(disk):
    """With a zone, or local time without one; milliseconds are kept."""
    zoned = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    local = datetime(2026, 1, 1, 12, 0, 0, 250_000)  # noqa: DTZ001
    with aspara.init("p", "r") as run:
        run.log({"a": 1.0}, timestamp=zoned)
        run.log({"a": 1.0}, timestamp=local)
        with pytest.raises(UsageError, match="a datetime"):
            run.log({"a": 1.0}, timestamp=[1])
    expected = [1_767_261_600_000, int(time.mktime((2026, 1, 1, 12, 0, 0, 0, 0, -1))) * 1000 + 250]
    assert expected == [row["timestamp"] for row in disk.rows("p/r.jsonl")]
