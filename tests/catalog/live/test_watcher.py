"""Watching: everything that happens is told, each thing once, also across a restart of the server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.live.subscription import Event, Subscription
from aspara.catalog.live.watcher import Watcher
from aspara.catalog.series.query import SeriesQuery
from aspara.errors import ProjectNotFound, UsageError
from aspara.storage.local_recorder import LocalRecorder, open_recorder
from aspara.storage.parquet_archive import archive_segment
from aspara.types import RunRequest
from aspara.util import files
from tests.catalog.conftest import Folder, row


@pytest.fixture(params=["looking", "told"])
def watcher(catalog: Catalog, request: pytest.FixtureRequest) -> Iterator[Watcher]:
    """One that always looks, and one that the system tells."""
    watcher = Watcher(catalog, interval=0.01, notify=request.param == "told")
    yield watcher
    watcher.close()


def until(subscription: Subscription, enough: Callable[[list[Event]], bool], seconds: float = 20) -> list[Event]:
    """Events up to the moment that there are enough of them."""
    events: list[Event] = []
    end = time.monotonic() + seconds
    while not enough(events):
        assert time.monotonic() < end, [e.kind for e in events]
        events += subscription.take(0.1)
    return events


def steps(events: list[Event]) -> list[int]:
    return [e.data["step"] for e in events if e.kind == "metric"]


def has_step(step: int) -> Callable[[list[Event]], bool]:
    return lambda events: step in steps(events)


def append(file: Path, *numbers: int) -> None:
    with file.open("ab") as out:
        for n in numbers:
            out.write(row(time.time_ns() // 1_000_000, n, {"loss": float(n)}))


def recorder(folder: Folder, name: str = "r", **more: Any) -> LocalRecorder:
    return open_recorder(folder.path, RunRequest(project="p", name=name), **more)


def test_new_rows_are_told_once_to_everybody(folder: Folder, watcher: Watcher) -> None:
    """Two subscribers of one run hear each new row once, in order; what was there before is not news."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    first, second = watcher.subscribe("p"), watcher.subscribe("p", ["r"])
    append(file, 1, 2)
    append(file, 3)
    for subscription in (first, second):
        assert steps(until(subscription, has_step(3))) == [1, 2, 3]


def test_the_shape_of_a_metric_event(folder: Folder, watcher: Watcher) -> None:
    """Non-finite numbers are words, texts stay texts."""
    file = folder.run("r", b"")
    subscription = watcher.subscribe("p")
    file.write_bytes(row(5, 7, {"a": "NaN", "b": "Infinity", "c": "hot", "d": 1}))
    (event,) = [e for e in until(subscription, has_step(7)) if e.kind == "metric"]
    assert event.data == {
        "timestamp": 5,
        "step": 7,
        "metrics": {"a": "NaN", "b": "Infinity", "c": "hot", "d": 1},
        "run": "r",
        "project": "p",
    }


def test_half_a_line_waits_for_its_other_half(folder: Folder, watcher: Watcher) -> None:
    """A row whose end is not written yet is told when it is whole."""
    file = folder.run("r", b"")
    descriptor = files.open_append(file)
    files.try_lock(descriptor)
    try:
        os.write(descriptor, row(1, 1, {"loss": 1})[:20])
        subscription = watcher.subscribe("p")
        assert steps(subscription.take(0.1)) == []
        os.write(descriptor, row(1, 1, {"loss": 1})[20:])
        assert steps(until(subscription, has_step(1))) == [1]
    finally:
        os.close(descriptor)


def test_old_rows_that_a_chart_asks_for_are_no_news(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """A question about an old run does not send its history to those who watch from now on."""
    file = folder.run("old", [(i, {"loss": 1.0}) for i in range(50)])
    folder.age(86_400)
    subscription = watcher.subscribe("p")
    catalog.metrics("p", None, SeriesQuery())
    append(file, 99)
    assert steps(until(subscription, has_step(99))) == [99]


def test_since_tells_the_rows_from_a_moment_on(folder: Folder, watcher: Watcher) -> None:
    """`since` is inclusive; 0 gives everything, ordered by time across the files of a run."""
    folder.run("r", [(i, {"loss": 1.0}) for i in range(5)])
    writers = folder.path / "p" / "r" / "writers"
    writers.mkdir(parents=True)
    (writers / "w.jsonl").write_bytes(row(1500, 100, {"loss": 1}) + row(2500, 101, {"loss": 1}))
    assert steps(until(watcher.subscribe("p", since=2000), has_step(4))) == [2, 101, 3, 4]
    assert steps(until(watcher.subscribe("p", since=0), has_step(4))) == [0, 1, 100, 2, 101, 3, 4]


def test_a_long_history_arrives_whole(folder: Folder, watcher: Watcher) -> None:
    """Hundreds of thousands of old rows come in portions, however slowly they are taken, and live rows behind them."""
    rows = 250_000
    file = folder.run("r", b"".join(b'{"timestamp":%d,"step":%d,"metrics":{"a":1}}\n' % (i, i) for i in range(rows)))
    subscription = watcher.subscribe("p", since=0)
    append(file, rows)
    events = until(subscription, lambda found: len(found) > rows)
    assert steps(events) == list(range(rows + 1))
    assert not subscription.overflowed


def test_a_cursor_goes_on_exactly(folder: Folder) -> None:
    """After a restart of the server a cursor continues with the row behind the last one taken."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    told: list[int] = []
    cursor = None
    for round_ in range(4):
        catalog = Catalog(folder.path)
        watcher = Watcher(catalog, interval=0.01)
        subscription = watcher.subscribe("p", cursor=cursor) if cursor else watcher.subscribe("p")
        append(file, 10 * round_ + 1, 10 * round_ + 2)
        events = until(subscription, has_step(10 * round_ + 2))
        told += steps(events)
        cursor = events[-1].cursor
        watcher.close()
        catalog.close()
        append(file, 10 * round_ + 3)  # while nobody looks
    assert told == [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32]


def test_cursors_of_several_runs_are_joined(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """A page whose charts were told to different points goes on from each of them in one stream."""
    files_ = {name: folder.run(name, [(0, {"loss": 0.0})]) for name in ("a", "b")}
    cursors = []
    for name, file in files_.items():
        cursors.append(catalog.metrics("p", [name], SeriesQuery()).cursor)
        append(file, 1)
    append(files_["a"], 2)
    subscription = watcher.subscribe("p", ["a", "b"], cursor=",".join(cursors))
    events = until(subscription, lambda found: len(steps(found)) >= 3)
    assert {("a", 1), ("a", 2), ("b", 1)} == {(e.data["run"], e.data["step"]) for e in events if e.kind == "metric"}
    with pytest.raises(UsageError):
        watcher.subscribe("p", cursor=f"{cursors[0]},nonsense")


def test_a_cursor_amid_a_replay_goes_on_exactly(folder: Folder, watcher: Watcher) -> None:
    """A page that is cut off in the middle of a long history gets the rest of it, nothing twice."""
    rows = 12_000
    folder.run("r", b"".join(b'{"timestamp":%d,"step":%d,"metrics":{"a":1}}\n' % (i, i) for i in range(rows)))
    folder.run("s", [(0, {"loss": 1.0})])
    first = watcher.subscribe("p", since=0)
    begin = first.take(1)
    first.close()
    rest = until(watcher.subscribe("p", cursor=begin[-1].cursor), lambda e: len(e) >= rows + 1 - len(begin))
    assert 0 < len(begin) < rows
    assert sorted(steps(begin) + steps(rest)) == sorted([*range(rows), 0])


def test_an_answer_and_its_stream_fit_together(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """The cursor of a metrics answer means: everything after this answer."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    for n in range(1, 6):
        append(file, 2 * n)
        answer = catalog.metrics("p", None, SeriesQuery())
        append(file, 2 * n + 1)
        seen = answer.metrics["loss"]["r"].steps.tolist()
        subscription = watcher.subscribe("p", cursor=answer.cursor)
        assert seen + steps(until(subscription, has_step(2 * n + 1))) == [0, *range(2, 2 * n + 2)]
        subscription.close()


def test_a_cursor_of_a_run_that_has_been_still_for_long(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """A run that the cursor does not name because nothing moved is told from its next row on."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    folder.age(3600)
    cursor = catalog.metrics("p", None, SeriesQuery()).cursor
    append(file, 1)
    assert steps(until(watcher.subscribe("p", cursor=cursor), has_step(1))) == [1]


@pytest.mark.parametrize("named", [False, True])
def test_runs_that_have_been_still_for_long_are_told_when_they_wake(
    folder: Folder, catalog: Catalog, watcher: Watcher, named: bool
) -> None:
    """Whatever the times of their rows, to who came before and after, from a cursor or from now on; each row once."""
    meta = {"status": "completed", "is_finished": True, "version": "1", "metric_summary": {"loss": {}}}
    files = [folder.run(f"r{i}", row(1000, 0, {"loss": 0.0}), meta=meta) for i in range(3)]
    folder.age(3600)
    cursor = catalog.metric_names("p").cursor if named else None
    first = watcher.subscribe("p", cursor=cursor)
    with files[0].open("ab") as out:
        out.write(row(2000, 1, {"loss": 1.0}))
    assert steps(told := until(first, has_step(1))) == [1]
    second = watcher.subscribe("p", cursor=told[-1].cursor if named else None)
    with files[1].open("ab") as out:
        out.write(row(3000, 2, {"loss": 1.0}))
    assert steps(until(first, has_step(2))) == [2]
    told = until(second, has_step(2))
    assert [2] == steps(told)
    append(files[0], 3)
    again = watcher.subscribe("p", cursor=told[-1].cursor)
    assert {3} == set(steps(until(again, has_step(3))))


def test_a_new_run_is_told_with_all_its_rows(folder: Folder, watcher: Watcher) -> None:
    """A run that appears is announced before its first row, and none of its rows is missed."""
    folder.run("r", [(0, {"loss": 0.0})])
    subscription = watcher.subscribe("p")
    new = recorder(folder, "late")
    for n in range(3):
        with new.lock:
            new.append(row(n, n, {"acc": n}))
    events = until(subscription, has_step(2))
    new.finish("completed", 0, 1)
    kinds = [e.kind for e in events]
    assert kinds.index("run") < kinds.index("metric")
    assert [e.data["run"] for e in events if e.kind == "run"] == ["late"]
    assert steps(events) == [0, 1, 2]


def test_an_end_is_told_after_the_last_row(folder: Folder, watcher: Watcher) -> None:
    """A status follows every row that came before it."""
    run = recorder(folder)
    subscription = watcher.subscribe("p")
    for n in range(100):
        with run.lock:
            run.append(row(n, n, {"acc": n}))
    run.finish("failed", 3, 1)
    events = until(subscription, lambda found: any(e.kind == "status" for e in found))
    assert steps(events) == list(range(100))
    (status,) = [e.data for e in events if e.kind == "status"]
    assert (status["status"], status["is_finished"], status["exit_code"]) == ("failed", True, 3)


def test_edits_and_deletions_are_told(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """Notes, tags and names changed elsewhere arrive as the run's new list item, a deletion as its name."""
    folder.run("r", [(0, {"loss": 0.0})], meta={"status": "completed", "is_finished": True})
    folder.run("s", [(0, {"loss": 0.0})], meta={"status": "completed", "is_finished": True})
    subscription = watcher.subscribe("p")
    catalog.edit_run("p", "r", {"notes": "better", "tags": ["x"], "display_name": "R!"})
    events = until(subscription, lambda found: any(e.kind == "meta" for e in found))
    item = next(e.data for e in events if e.kind == "meta")
    assert (item["run"], item["notes"], item["tags"], item["name"]) == ("r", "better", ["x"], "R!")
    catalog.delete_run("p", "s")
    events = until(subscription, lambda found: any(e.kind == "deleted" for e in found))
    assert events[-1].data == {"run": "s", "project": "p"}


def test_what_happened_while_away_is_told(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """A cursor also brings the runs that began, ended or went in the meantime."""
    run = recorder(folder, "ends")
    folder.run("goes", [(0, {"loss": 0.0})])
    cursor = catalog.metrics("p", None, SeriesQuery()).cursor
    run.finish("completed", 0, 1)
    catalog.delete_run("p", "goes", force=True)
    recorder(folder, "new").finish("completed", 0, 1)
    events = watcher.subscribe("p", cursor=cursor).take(1)
    told = {(e.kind, e.data["run"]) for e in events}
    assert {("status", "ends"), ("deleted", "goes"), ("run", "new")} <= told


@pytest.mark.parametrize("seen_in_between", [True, False])
def test_moving_into_the_archive_tells_nothing_twice(folder: Folder, watcher: Watcher, seen_in_between: bool) -> None:
    """Rows that go into Parquet are told once, whether or not anybody saw the file on its way."""
    run = recorder(folder, backend="polars")
    catalog = watcher._catalog
    subscription = watcher.subscribe("p")
    watcher._interval = 3600  # from here on the test says when to look
    index = catalog.index("p", "r")
    paths = catalog.layout.run("p", "r")

    def log(*numbers: int) -> None:
        for n in numbers:
            with run.lock:
                run.append(row(1_700_000_000_000 + n, n, {"a": n, "b": "text" if n == 2 else -n}))

    log(0, 1)
    index.refresh()
    log(2, 3)
    paths.segments.mkdir(parents=True)
    os.rename(paths.wal, paths.segment("0-aa"))
    run._file.swap(paths.wal, files.open_append(paths.wal, exclusive=True))
    if seen_in_between:
        index.refresh()
    archive_segment(paths, "0-aa")
    log(4)
    index.refresh()
    index.refresh()
    assert steps(subscription.take(1)) == [0, 1, 2, 3, 4]
    assert index.points.columns["a"].points()[0].tolist() == [0, 1, 2, 3, 4]
    assert index.points.columns["b"].points()[0].tolist() == [0, 1, 3, 4]
    # A server that begins now finds the same.
    assert Catalog(folder.path).metrics("p", None, SeriesQuery()).metrics["a"]["r"].steps.tolist() == [0, 1, 2, 3, 4]
    run.finish("completed", 0, 1)


def test_a_cursor_survives_the_archive(folder: Folder) -> None:
    """A cursor made before rows went into Parquet goes on behind them."""
    run = recorder(folder, backend="polars")
    catalog = Catalog(folder.path)
    paths = catalog.layout.run("p", "r")

    def log(n: int) -> None:
        with run.lock:
            run.append(row(1_700_000_000_000 + n, n, {"a": n}))

    for n in range(4):
        log(n)
    cursor = catalog.metrics("p", None, SeriesQuery()).cursor
    log(4)
    paths.segments.mkdir(parents=True)
    os.rename(paths.wal, paths.segment("0-aa"))
    run._file.swap(paths.wal, files.open_append(paths.wal, exclusive=True))
    archive_segment(paths, "0-aa")
    log(5)
    watcher = Watcher(Catalog(folder.path), interval=0.01)
    try:
        assert steps(until(watcher.subscribe("p", cursor=cursor), has_step(5))) == [4, 5]
    finally:
        watcher.close()
        run.finish("completed", 0, 1)


def test_one_reading_serves_all(folder: Folder, catalog: Catalog, watcher: Watcher, monkeypatch: Any) -> None:
    """Two hundred subscribers of a run cost one reading of its new rows."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    subscriptions = [watcher.subscribe("p", ["r"]) for _ in range(200)]
    index = catalog.index("p", "r")
    index.refresh()
    before = index.bytes_read
    append(file, 1)
    for subscription in subscriptions:
        assert steps(until(subscription, has_step(1))) == [1]
    with index.lock:  # what is read is counted before the lock is given back
        assert index.bytes_read - before == len(row(time.time_ns() // 1_000_000, 1, {"loss": 1.0}))


def test_a_listener_is_called_when_events_wait(folder: Folder, watcher: Watcher) -> None:
    """An event loop learns from any thread that there is something to take."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    ready = threading.Event()
    subscription = watcher.subscribe("p")
    subscription.on_ready(ready.set)
    append(file, 1)
    assert ready.wait(20)
    assert steps(subscription.take(0)) == [1]


def test_a_slow_viewer_does_not_fill_the_memory(folder: Folder, watcher: Watcher) -> None:
    """A subscriber that takes nothing is cut off and can go on from its cursor."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    subscription = watcher.subscribe("p")
    line = row(1, 1, {"a": 1})
    for _ in range(5):
        with file.open("ab") as out:
            out.write(line * 50_000)
        watcher._catalog.index("p", "r").refresh()
    assert subscription.overflowed
    again = watcher.subscribe("p", cursor=subscription.cursor)
    assert len(until(again, lambda found: len(found) >= 250_000)) == 250_000


def test_a_watcher_without_subscribers_rests(folder: Folder, watcher: Watcher) -> None:
    """The thread ends with the last subscriber and begins with the next."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    watcher.subscribe("p").close()
    assert watcher.subscribers == 0
    assert watcher._thread is None
    subscription = watcher.subscribe("p")
    append(file, 1)
    assert steps(until(subscription, has_step(1))) == [1]


def test_bad_requests_say_so(folder: Folder, watcher: Watcher) -> None:
    """An unknown project and a cursor of somebody else's are errors; nobody is left subscribed."""
    folder.run("r", [(0, {"loss": 0.0})])
    with pytest.raises(ProjectNotFound):
        watcher.subscribe("ghost")
    for cursor in ("x", "A" * 200_000, "AAAA", "eJwDAAAAAAE"):
        with pytest.raises(UsageError):
            watcher.subscribe("p", cursor=cursor)
    assert watcher.subscribers == 0


def test_cursors_stay_short(folder: Folder, catalog: Catalog, watcher: Watcher) -> None:
    """A cursor over two thousand moving runs still fits into a header, and can be used."""
    for n in range(2000):
        folder.run(f"run-{n:04}", row(1, 1, {"a": 1}))
    cursor = catalog.metrics("p", None, SeriesQuery()).cursor
    assert len(cursor) <= 32 << 10
    watcher.subscribe("p", cursor=cursor)
