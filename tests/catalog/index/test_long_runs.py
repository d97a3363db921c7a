"""Long histories: parsed several parts at once, put into files instead of memory, and still exactly what the rows say."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspara.catalog.catalog import Catalog
from aspara.catalog.columns.chunk import Chunk
from aspara.catalog.columns.external_merge import ExternalMerge
from aspara.catalog.columns.spill import SpillFiles
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.series.query import SeriesQuery
from aspara.storage import row_codec
from aspara.storage.layout import Layout
from tests.catalog.conftest import Folder

MANY = 100_000
"""Rows of some more than eight megabytes, the least that is read in several blocks."""


def line(step: int, **metrics: float) -> bytes:
    inner = ", ".join(f'"{name}": {value}' for name, value in metrics.items())
    return b'{"timestamp": %d, "step": %d, "metrics": {%s}}\n' % (1_764_000_000_000 + step, step, inner.encode())


def content(index: RunIndex) -> dict[str, Any]:
    index.refresh()
    return {name: [part.tolist() for part in column.points()] for name, column in sorted(index.points.columns.items())}


def put_in_files(folder: Folder, place: Path) -> RunIndex:
    """An index that has next to nothing in memory."""
    return RunIndex(Layout(folder.path).run("p", "r"), scratch=SpillFiles((place,), much=1 << 16))


def late_rows() -> bytes:
    return b"".join(line(i, a=i, b=-i) for i in [*range(0, 30_000, 2), *range(1, 30_000, 2)])


def repeated_steps() -> bytes:
    return b"".join(line(i // 3, a=i) for i in range(20_000)) * 2


def gaps() -> bytes:
    return b"".join(line(i, **({"a": i} if i % 3 else {"b": i, "c": i})) for i in range(30_000))


def steady() -> bytes:
    return b"".join(line(i, a=i / 7, b=float(i % 100)) for i in range(30_000))


@pytest.mark.parametrize("history", [steady, late_rows, repeated_steps, gaps])
@pytest.mark.parametrize("writers", [1, 2])
def test_points_in_files_are_those_in_memory(
    folder: Folder, tmp_path: Path, history: Callable[[], bytes], writers: int
) -> None:
    """In order or not, of one writer or of several: the same points come from files as from memory, and as one line."""
    folder.run("r", history())
    for writer in range(1, writers):
        folder.run(f"r/writers/{writer}", history())
    short = RunIndex(Layout(folder.path).run("p", "r"))
    long = put_in_files(folder, tmp_path / "scratch")
    assert content(short) == content(long)
    assert all(stretch.mapped for column in long.points.columns.values() for stretch in column.stretches()[:1])
    for name, column in long.points.columns.items():
        assert short.points.columns[name].facts() == column.facts()
        assert (
            short.points.columns[name].by_time()[0].times.tolist()
            == np.concatenate([stretch.times for stretch in column.by_time()]).tolist()
        )
    assert list((tmp_path / "scratch").iterdir()) == []


def falling_times() -> bytes:
    return b"".join(
        line(i, a=i, b=math.sin(i)).replace(b"%d" % (1_764_000_000_000 + i), b"%d" % (10**12 + i * 7919 % 30_011))
        for i in range(30_000)
    )


def jumping() -> bytes:
    """A metric that goes up and down, below zero and above, is missing at some steps, and has no number at others."""
    return b"".join(
        line(
            i, a=i, **({} if i % 7 == 3 else {"b": math.nan if i % 11 == 5 else math.sin(i) * 10 ** (i % 9 - 4)})
        ).replace(b"nan", b"NaN")
        for i in range(30_000)
    )


@pytest.mark.parametrize("history", [steady, late_rows, repeated_steps, falling_times, jumping])
@pytest.mark.parametrize("writers", [1, 2])
def test_another_axis_of_points_in_files_is_that_of_points_in_memory(
    folder: Folder, tmp_path: Path, history: Callable[[], bytes], writers: int
) -> None:
    """In order of time, or of another metric, the same points come in the same order, and none of them is kept in memory."""
    folder.run("r", history())
    for writer in range(1, writers):
        folder.run(f"r/writers/{writer}", history())
    short = RunIndex(Layout(folder.path).run("p", "r"))
    long = put_in_files(folder, tmp_path / "scratch")
    short.refresh()
    long.refresh()
    names = sorted(long.points.columns)
    for name in names:
        for other in names:
            few, many = (
                index.points.columns[name].along(other, index.points.columns[other]) for index in (short, long)
            )
            for part in ("xs", "steps", "times", "values"):
                assert np.array_equal(getattr(few, part), getattr(many, part), equal_nan=True)
        few_parts, many_parts = (index.points.columns[name].by_time() for index in (short, long))
        for part in ("times", "steps", "values"):
            few_of, many_of = (np.concatenate([getattr(s, part) for s in p]) for p in (few_parts, many_parts))
            assert np.array_equal(few_of, many_of, equal_nan=True)
        assert all(stretch.mapped for stretch in many_parts)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_points_in_files_go_on_growing(folder: Folder, tmp_path: Path) -> None:
    """A run that is looked at while it is read, and written meanwhile, late rows too, is as one that was read at the end."""
    file = folder.run("r", steady())
    long = put_in_files(folder, tmp_path / "scratch")
    for begin in (30_000, 29_000, 60_000, 10):
        long.refresh()
        assert len(long.points.columns["a"].stretches())
        with file.open("ab") as out:
            out.write(b"".join(line(i, a=i, c=2 * i) for i in range(begin, begin + 5000)))
    assert content(RunIndex(Layout(folder.path).run("p", "r"))) == content(long)


def test_without_a_place_for_files_points_stay_in_memory(folder: Folder, tmp_path: Path) -> None:
    """No folder takes a file: the answer is the same, and costs the memory that it costs."""
    folder.run("r", late_rows())
    (tmp_path / "in the way").write_text("")
    index = put_in_files(folder, tmp_path / "in the way")
    assert content(RunIndex(Layout(folder.path).run("p", "r"))) == content(index)
    assert not any(stretch.mapped for column in index.points.columns.values() for stretch in column.stretches())


keys = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=40).map(sorted)


@given(first=keys, second=keys, cut=st.integers(1, 39), block=st.integers(1, 9))
def test_two_sequences_become_one(
    first: list[tuple[int, int]], second: list[tuple[int, int]], cut: int, block: int
) -> None:
    """However small the pieces: in order of step, then time, and of equals those of the first come first."""

    def sequence(points: Sequence[tuple[int, int]], value: float) -> list[Chunk]:
        return [
            Chunk(np.array([p[0] for p in part]), np.array([p[1] for p in part]), np.full(len(part), value))
            for part in (points[:cut], points[cut:])
            if part
        ]

    one, two = sequence(first, 1.0), sequence(second, 2.0)
    merge = ExternalMerge(one, two, block)

    def part(of: Callable[[Chunk], Any]) -> list[Any]:
        return [value for piece in merge.of(of) for value in piece.tolist()]

    expected = sorted([(*key, 1.0) for key in first] + [(*key, 2.0) for key in second])
    assert expected == list(
        zip(part(lambda s: s.steps), part(lambda s: s.times), part(lambda s: s.values), strict=True)
    )


def test_a_metric_that_comes_up_late_in_a_long_file(folder: Folder) -> None:
    """The blocks that are parsed ahead do not know it yet: every point of it is there, and nothing is counted twice."""
    lines = [line(i, loss=i, accuracy=2 * i) for i in range(2 * MANY)]
    for i in range(MANY, 2 * MANY, 7):
        lines[i] = line(i, loss=i, accuracy=2 * i, late=3 * i)
    folder.run("r", b"".join(lines))
    index = RunIndex(Layout(folder.path).run("p", "r"))
    found = content(index)
    assert [3.0 * i for i in range(MANY, 2 * MANY, 7)] == found["late"][2]
    assert [float(i) for i in range(2 * MANY)] == found["loss"][2]
    assert (2 * MANY, []) == (index.points.rows, index.problem_list())


def test_lines_are_numbered_behind_many_blocks(folder: Folder) -> None:
    """A line that is too long and one that is none, far into a long file, are told of by their numbers."""
    many = b"".join(line(i, loss=i, accuracy=2 * i) for i in range(MANY))
    folder.run("r", many + b"x" * (3 * row_codec.MAX_LINE) + b"\n" + many + b"garbage\n" + many)
    index = RunIndex(Layout(folder.path).run("p", "r"))
    index.refresh()
    assert [MANY + 1, 2 * MANY + 2] == sorted(problem["line"] for problem in index.problem_list())
    assert 3 * MANY == index.points.rows


def test_runs_that_nobody_asked_for_are_read_at_once_and_answered_in_order(folder: Folder, tmp_path: Path) -> None:
    """Every run of a project has its own points, in a first answer as in a later one."""
    for run in range(40):
        folder.run(f"r{run}", b"".join(line(i, loss=i + run) for i in range(50 + run)))
    catalog = Catalog(folder.path, cache_dir=tmp_path / "cache")
    for _ in range(2):
        found = catalog.metrics("p", None, SeriesQuery()).metrics["loss"]
        assert {f"r{run}": 50 + run for run in range(40)} == {run: series.count for run, series in found.items()}
        assert all(series.values[0] == int(run[1:]) for run, series in found.items())
    catalog.close()


PROGRAM = """
import sys, threading, time
from pathlib import Path
import numpy, orjson, polars
from aspara.catalog.columns import spill
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery

spill.MUCH = 8 << 20
most = 0

def look():
    global most
    while True:
        for line in open("/proc/self/status"):
            if line.startswith("RssAnon"):
                most = max(most, int(line.split()[1]))
        time.sleep(0.002)

threading.Thread(target=look, daemon=True).start()
catalog = Catalog(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))
found = catalog.metrics("p", None, SeriesQuery(points=1000)).metrics["loss"]["r"]
catalog.close()
print(found.count, most)
"""


@pytest.fixture(scope="module")
def numbers() -> Iterator[bytes]:
    steps = np.arange(400_000)
    yield b"".join(b'{"timestamp":%d,"step":%d,"metrics":{"loss":%d}}\n' % (i, i, i % 97) for i in steps.tolist())


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by /proc")
@pytest.mark.parametrize("writable", [True, False])
def test_memory_does_not_grow_with_the_history(folder: Folder, tmp_path: Path, numbers: bytes, writable: bool) -> None:
    """Four times the points, late ones too, take no more memory to be read for the first time, whether there is a cache or not."""
    if not writable:
        (tmp_path / "cache").write_text("in the way")

    def memory(times: int) -> int:
        file = folder.run("r")
        with file.open("wb") as out:
            for _ in range(times):
                out.write(numbers)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder.path), str(tmp_path / "cache")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        count, most = map(int, done.stdout.split())
        assert times * 400_000 == count
        return most

    short, long = memory(2), memory(8)
    points = 6 * 400_000 * 24 // 1024
    # Held in memory they would take several times this, for they are sorted too.
    assert long - short < points, (short, long)
