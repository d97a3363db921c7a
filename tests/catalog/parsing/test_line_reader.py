"""The tolerant reader: everything readable is read, the rest is counted, whatever the bytes are."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aspara.catalog.catalog import Catalog
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.series.query import SeriesQuery
from aspara.storage.layout import Layout
from aspara.util import files
from tests.catalog.conftest import Folder, row

GOOD = row(1000, 0, {"loss": 0.5})
LATER = row(2000, 1, {"loss": 0.25})


def points(catalog: Catalog, run: str = "r", metric: str = "loss") -> list[tuple[int, float]]:
    found = catalog.metrics("p", [run], SeriesQuery()).metrics.get(metric, {}).get(run)
    return [] if found is None else list(zip(found.steps.tolist(), found.values.tolist(), strict=True))


def problems(catalog: Catalog, run: str = "r") -> list[tuple[str, int | None, int]]:
    return [(p["file"], p["line"], p["count"]) for p in catalog.run("p", run).json()["problems"]]


BROKEN = {
    "garbage": b"\xff\xfe\x00garbage\n",
    "half a row": GOOD[:20] + b"\n",
    "a number": b"17\n",
    "a list": b"[1, 2]\n",
    "null": b"null\n",
    "no metrics": b'{"timestamp": 1, "step": 1}\n',
    "metrics that are a list": b'{"timestamp": 1, "step": 1, "metrics": [1]}\n',
    "NUL bytes": b"\0" * 4096 + b"\n",
    "too deep": b'{"timestamp": 1, "step": 1, "metrics": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n",
    "a number of 5000 digits": b'{"timestamp": 1, "step": ' + b"9" * 5000 + b", metrics: {}}\n",
    "wrong encoding": b'{"timestamp": 1, "step": 1, "metrics": {"\xe9": 1}}\n',
    "half a surrogate pair": b'{"timestamp": 1, "step": 1, "metrics": "\\ud800"}\n',
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_line_costs_only_itself(folder: Folder, catalog: Catalog, what: str) -> None:
    """The rows around a broken line are read; the line is a problem with its file and number."""
    folder.run("r", GOOD + BROKEN[what] + LATER)
    assert points(catalog) == [(0, 0.5), (1, 0.25)]
    assert problems(catalog) == [("r.jsonl", 2, 1)]


@pytest.mark.parametrize("cut", range(len(GOOD)))
def test_a_file_cut_anywhere_keeps_its_other_rows(tmp_path: Path, cut: int) -> None:
    """A crash may leave any part of the last row: the rows before it are there, and nothing raises."""
    folder = Folder(tmp_path)
    folder.run("r", LATER + GOOD[:cut], meta={"status": "wip", "version": "1"})
    catalog = Catalog(tmp_path)
    whole = cut == len(GOOD) - 1  # only the newline is missing
    assert points(catalog) == ([(0, 0.5), (1, 0.25)] if whole else [(1, 0.25)])


def test_a_torn_last_line_of_a_dead_run_is_a_problem(folder: Folder, catalog: Catalog) -> None:
    """Half a row at the end of a run whose writer is gone is counted, once, however often one looks."""
    folder.run("r", GOOD + LATER[:-9])
    for _ in range(3):
        assert points(catalog) == [(0, 0.5)]
        assert problems(catalog) == [("r.jsonl", 2, 1)]


def test_an_unfinished_last_line_of_a_live_run_is_none(folder: Folder, catalog: Catalog) -> None:
    """While the writer lives, the last line may still be on its way; it is read when it is whole."""
    file = folder.run("r", GOOD + LATER[:-9])
    descriptor = files.open_append(file)
    try:
        assert files.try_lock(descriptor)
        assert points(catalog) == [(0, 0.5)]
        assert problems(catalog) == []
        with file.open("ab") as more:
            more.write(LATER[-9:])
        assert points(catalog) == [(0, 0.5), (1, 0.25)]
        assert problems(catalog) == []
    finally:
        import os

        os.close(descriptor)


def test_what_other_writers_leave_is_understood(folder: Folder, catalog: Catalog) -> None:
    """ISO times, open steps, bare NaN and Infinity, non-finite names, further keys, whole floats as steps: all rows."""
    folder.run(
        "r",
        b'{"timestamp": "2025-01-02T03:04:05Z", "step": 0, "metrics": {"loss": NaN}}\n'
        b'{"timestamp": "2025-01-02T03:04:06", "step": 1, "metrics": {"loss": Infinity}}\n'
        b'{"timestamp": "2025-01-02T04:04:07+01:00", "step": 2, "metrics": {"loss": -Infinity}}\n'
        b'{"timestamp": 1735787048000, "step": null, "metrics": {"loss": "NaN"}}\n'
        b'{"type": "metrics", "run": "r", "timestamp": 1735787049000, "step": 4.0, "metrics": {"loss": "-Infinity"}}\n'
        b'{"timestamp": 1735787050000.7, "step": 5, "metrics": {"loss": 1, "loss": 2}}\r\n'
        b'{"timestamp": 1735787051000, "step": 6, "metrics": {"loss": 1e400}}\n'
        b'{"timestamp": 1735787052000, "step": 7, "metrics": {"loss": 1' + b"0" * 400 + b"}}\n"
        b'{"timestamp": 1735787053000, "step": 8, "metrics": {"loss": true}}\n',
    )
    series = catalog.metrics("p", ["r"], SeriesQuery()).metrics["loss"]["r"]
    inf = math.inf
    assert series.steps.tolist() == list(range(9))
    assert series.values.tolist() == pytest.approx(
        [math.nan, inf, -inf, math.nan, -inf, 2.0, inf, inf, 1.0], nan_ok=True
    )
    assert series.timestamps.tolist() == [1735787045000 + 1000 * i for i in range(9)]
    assert problems(catalog) == []


def test_a_half_bad_row_is_read_and_reported(folder: Folder, catalog: Catalog) -> None:
    """Good values under a bad time or step are kept beside their neighbours, and told of."""
    folder.run(
        "r",
        GOOD
        + b'{"timestamp": "yesterday", "step": 1, "metrics": {"loss": 2}}\n'
        + b'{"timestamp": 3000, "step": "three", "metrics": {"loss": 3}}\n'
        + b'{"timestamp": 4000, "step": 4, "metrics": {"loss": null, "acc": 4}}\n',
    )
    assert points(catalog) == [(0, 0.5), (1, 2.0), (2, 3.0)]
    assert points(catalog, metric="acc") == [(4, 4.0)]
    assert sum(count for _, _, count in problems(catalog)) == 3


def test_a_row_without_a_time_stays_among_its_neighbours(folder: Folder, catalog: Catalog) -> None:
    """On the time axis a row with a bad time stands beside the row before it, not in 1970."""
    now = 1_735_787_045_000
    folder.run("r", row(now, 0, {"loss": 1}) + row("?", 1, {"loss": 2}) + row(now + 5000, 2, {"loss": 3}))
    times = catalog.metrics("p", ["r"], SeriesQuery()).metrics["loss"]["r"].timestamps
    assert times.min() >= now


def test_texts_and_media_are_kept_apart_from_numbers(folder: Folder, catalog: Catalog) -> None:
    """A text is in the summary, a media reference in the media list; both leave the numbers of their row alone."""
    image = {"_type": "image", "path": "media/x.png"}
    folder.run("r", [(0, {"loss": 1, "note": "warm", "pic": image}), (1, {"loss": 2, "note": "hot"})])
    assert points(catalog) == [(0, 1.0), (1, 2.0)]
    assert catalog.run("p", "r").json()["summary"]["note"] == "hot"
    (item,) = catalog.media("p", "r")
    assert (item["step"], item["metric"], item["value"]) == (0, "pic", image)


def test_a_line_of_two_megabytes_is_a_row(folder: Folder, catalog: Catalog) -> None:
    """A row of tens of thousands of metrics is read whole."""
    wide = {f"layer.{i}": i for i in range(100_000)}
    folder.run("r", GOOD + row(1500, 7, wide) + LATER)
    assert points(catalog) == [(0, 0.5), (1, 0.25)]
    assert points(catalog, metric="layer.99999") == [(7, 99_999.0)]


def test_an_endless_line_is_skipped(folder: Folder, catalog: Catalog) -> None:
    """Twenty megabytes without a newline are one problem; the row behind them is read."""
    folder.run("r", GOOD + b"x" * (20 << 20) + b"\n" + LATER)
    assert points(catalog) == [(0, 0.5), (1, 0.25)]
    assert problems(catalog) == [("r.jsonl", 2, 1)]


def test_line_numbers_are_those_of_an_editor(folder: Folder, catalog: Catalog) -> None:
    """Blank lines are no problem, but they count: the number given is where an editor finds the line."""
    folder.run("r", GOOD + b"\n\n" + b"oops\n" + LATER)
    assert problems(catalog) == [("r.jsonl", 4, 1)]


def test_like_problems_are_counted_together(folder: Folder, catalog: Catalog) -> None:
    """A million broken lines are one entry with a count, not a million entries."""
    folder.run("r", GOOD + b"oops\n" * 5000 + LATER)
    assert problems(catalog) == [("r.jsonl", 2, 5000)]
    assert catalog.runs("p")[0].problem_count == 5000


def test_a_list_counts_the_problems_that_are_known(folder: Folder, catalog: Catalog) -> None:
    """A list reads no rows of a run that is over; once they were read, it tells of the damaged ones, and twice of none."""
    over = {"version": "1", "status": "completed", "is_finished": True, "metric_summary": {"loss": {"last": 0.25}}}
    folder.run("r", GOOD + b"oops\n" * 3 + LATER, meta=over)
    folder.run("whole", GOOD, meta=over)
    assert {info.run: info.problem_count for info in catalog.runs("p")} == {"r": 0, "whole": 0}
    for run, count in (("r", 3), ("whole", 0)):
        assert catalog.run("p", run).info.problem_count == count
    for _ in range(2):
        assert {info.run: info.problem_count for info in catalog.runs("p")} == {"r": 3, "whole": 0}


def test_appended_bytes_are_read_and_nothing_twice(folder: Folder, catalog: Catalog) -> None:
    """Reading goes on where it stopped."""
    file = folder.run("r", GOOD)
    assert points(catalog) == [(0, 0.5)]
    with file.open("ab") as more:
        more.write(LATER)
    assert points(catalog) == [(0, 0.5), (1, 0.25)]


@pytest.mark.parametrize("content", [b"", LATER, row(9, 9, {"loss": 9.0}) * 3])
def test_a_replaced_file_is_read_anew(folder: Folder, catalog: Catalog, content: bytes) -> None:
    """A file that was cut or exchanged shows what is in it now, and nothing of what was."""
    file = folder.run("r", GOOD * 2)
    assert len(points(catalog)) == 2
    other = file.with_name("new")
    other.write_bytes(content)
    other.replace(file)
    assert len(points(catalog)) == content.count(b"\n")


def test_a_vanishing_file_hides_no_other_run(folder: Folder, catalog: Catalog) -> None:
    """A run whose files go while it is read is empty; its neighbours stay."""
    file = folder.run("r", GOOD)
    folder.run("other", LATER)
    index = catalog.index("p", "r")
    file.unlink()
    index.refresh()
    assert points(catalog, "other") == [(1, 0.25)]
    assert [info.run for info in catalog.runs("p")] == ["other"]


def test_several_writers_are_one_run(folder: Folder, catalog: Catalog) -> None:
    """Rows of further processes are merged by step."""
    folder.run("r", GOOD + LATER)
    writers = folder.path / "p" / "r" / "writers"
    writers.mkdir(parents=True)
    (writers / "abc.jsonl").write_bytes(row(1500, 0, {"loss": 0.4}) + row(2500, 2, {"loss": 0.1}))
    assert points(catalog) == [(0, 0.5), (0, 0.4), (1, 0.25), (2, 0.1)]


def test_links_that_leave_the_directory_are_not_followed(folder: Folder, catalog: Catalog, tmp_path: Path) -> None:
    """Rows, metadata, archives, folders, artifacts and output behind links are not read and not listed."""
    secret = tmp_path / "secret"
    (secret / "artifacts").mkdir(parents=True)
    (secret / "writers").mkdir()
    (secret / "artifacts" / "key.txt").write_text("secret")
    (secret / "console.log").write_text("secret")
    (secret / "writers" / "w.jsonl").write_bytes(row(1, 1, {"secret": 1}))
    (secret / "rows").write_bytes(row(1, 1, {"secret": 1}))
    (secret / "meta").write_text(json.dumps({"notes": "secret"}))
    for run in ("a", "b", "c"):
        folder.run(run, GOOD)
    (folder.path / "p" / "a").symlink_to(secret)
    (folder.path / "p" / "b").mkdir()
    (folder.path / "p" / "b" / "console.log").symlink_to(secret / "console.log")
    (folder.path / "p" / "b" / "artifacts").symlink_to(secret / "artifacts")
    (folder.path / "p" / "c.meta.json").symlink_to(secret / "meta")
    (folder.path / "p" / "c.wal.jsonl").symlink_to(secret / "rows")
    (folder.path / "p" / "d.jsonl").symlink_to(secret / "rows")
    (folder.path / "q").symlink_to(secret)
    assert [info.run for info in catalog.runs("p")] == ["a", "b", "c"]
    assert [project.name for project in catalog.projects()] == ["p"]
    for run in ("a", "b", "c"):
        assert "secret" not in json.dumps(catalog.run("p", run).json())
        assert catalog.console("p", run)["text"] == ""
        assert catalog.artifacts("p", run) == []


# -- any bytes at all --------------------------------------------------------------------------------------------------

_SCALARS = st.one_of(
    st.floats(), st.integers(), st.booleans(), st.text(max_size=5), st.none(), st.lists(st.integers(), max_size=2)
)
_ROWS = st.builds(
    lambda t, s, m: json.dumps({"timestamp": t, "step": s, "metrics": m}).encode(),
    st.one_of(st.integers(-(1 << 60), 1 << 60), st.floats(), st.text(max_size=12), st.none()),
    st.one_of(st.integers(), st.floats(), st.none(), st.text(max_size=3)),
    st.one_of(st.dictionaries(st.text(max_size=5), _SCALARS, max_size=4), _SCALARS),
)
_LINES = st.one_of(_ROWS, st.binary(max_size=40), st.sampled_from([GOOD[:-1], LATER[:-1], b"", b"\0\0"]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINES, max_size=8), cuts=st.lists(st.integers(0, 400), max_size=4))
def test_any_bytes_in_any_portions(tmp_path: Path, lines: list[bytes], cuts: list[int]) -> None:
    """However a file grows, reading it bit by bit gives what reading it at once gives, and nothing ever raises."""
    content = b"".join(line + b"\n" for line in lines)
    path = tmp_path / "p" / "r.jsonl"
    path.parent.mkdir(exist_ok=True)
    paths = Layout(tmp_path).run("p", "r")

    def seen(index: RunIndex) -> Any:
        return (
            {
                name: [a.tolist() for a in column.points()[:2]] + [str(column.points()[2].tolist())]
                for name, column in index.points.columns.items()
            },
            index.row_files.problems.json(),
            index.points.rows,
        )

    path.unlink(missing_ok=True)
    path.write_bytes(b"")
    descriptor = files.open_append(path)
    try:
        files.try_lock(descriptor)  # a living writer: its last line may be on its way
        growing = RunIndex(paths)
        done = 0
        for cut in [*sorted(c for c in cuts if c < len(content)), len(content)]:
            with path.open("ab") as more:
                more.write(content[done:cut])
            done = cut
            growing.refresh()
        whole = RunIndex(paths)
        whole.refresh()
        assert seen(growing) == seen(whole)
        assert (
            whole.points.rows + sum(p["count"] for p in whole.row_files.problems.json())
            >= len([x for x in lines if b"{" in x and x.strip()]) * 0
        )
        orjson.dumps(whole.row_files.problems.json())
    finally:
        import os

        os.close(descriptor)
