"""Indexes on disk: a restart begins from them, and they are a cache that may be anything but wrong."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.storage.layout import Layout
from aspara.storage.parquet_archive import archive_segment
from tests.catalog.conftest import Folder, row

STEPS = 5000
ROWS = b"".join(row(1000 + i, i, {"train/loss": i + 0.5, "train/accuracy": i / STEPS}) for i in range(STEPS))
META: dict[str, Any] = {"status": "completed", "is_finished": True, "version": "1"}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@contextmanager
def opened(folder: Folder, cache: Path) -> Iterator[Catalog]:
    catalog = Catalog(folder.path, cache_dir=cache)
    yield catalog
    catalog.close()


def answer(catalog: Catalog) -> Any:
    return json.loads(catalog.metrics("p", None, SeriesQuery(points=100)).json_bytes())["metrics"]


def snapshots(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def known(folder: Folder, cache: Path) -> Any:
    """What a first reader answers, whose snapshot is left behind."""
    folder.run("r", ROWS, meta=META)
    with opened(folder, cache) as catalog:
        found = answer(catalog)
    (path,) = snapshots(cache)
    assert "r.idx" == path.name
    assert 0 == path.stat().st_mode & 0o222 or os.name != "posix", "cut off by mistake it would end who has it mapped"
    path.chmod(0o600)
    return found


def test_a_restart_reads_nothing_again(folder: Folder, cache: Path) -> None:
    """The next server has every point without parsing a line, and afterwards only what was appended."""
    expected = known(folder, cache)
    with opened(folder, cache) as catalog:
        index = catalog.index("p", "r")
        read: list[int] = []
        index.row_files._absorb = lambda block, tail: read.append(len(block))  # type: ignore[method-assign]
        assert answer(catalog) == expected
        assert read == []
        del index.row_files._absorb
        more = row(9000, STEPS, {"train/loss": -1.0})
        with (folder.path / "p" / "r.jsonl").open("ab") as out:
            out.write(more)
        assert answer(catalog)["train/loss"]["r"]["values"][-1] == -1
        assert index.bytes_read == len(ROWS) + len(more)


def test_reading_leaves_the_data_directory_as_it_is(folder: Folder, cache: Path) -> None:
    """Nothing is made, changed or touched there: it may be read-only."""
    folder.run("r", ROWS, meta=META)
    folder.age(3600)

    def state() -> list[Any]:
        return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in [folder.path, *folder.path.rglob("*")])

    before = state()
    with opened(folder, cache) as catalog:
        answer(catalog)
        catalog.run("p", "r")
        catalog.projects()
    assert state() == before


@pytest.mark.parametrize("content", [b"", row(1, 1, {"other": 1.0}), ROWS[: len(ROWS) // 2], ROWS[100:], ROWS + ROWS])
def test_a_file_exchanged_between_two_servers_is_read_anew(folder: Folder, cache: Path, content: bytes) -> None:
    """Shorter, longer, other: what is in the file now is shown, and nothing of what was."""
    known(folder, cache)
    (folder.path / "p" / "r.jsonl").write_bytes(content)
    with opened(folder, cache) as catalog, opened(folder, cache.with_name("fresh")) as fresh:
        assert answer(catalog) == answer(fresh)


def test_a_cache_deleted_while_it_is_used(folder: Folder, cache: Path) -> None:
    """Nobody notices: not the server that has it mapped, nor the next one."""
    expected = known(folder, cache)
    with opened(folder, cache) as catalog:
        assert answer(catalog) == expected
        shutil.rmtree(cache)
        assert answer(catalog) == expected
        folder.run("s", ROWS, meta=META)
        assert answer(catalog)["train/loss"]["s"] == expected["train/loss"]["r"]
    with opened(folder, cache) as catalog:
        assert answer(catalog)["train/loss"]["r"] == expected["train/loss"]["r"]


def test_a_damaged_snapshot_is_worthless_not_wrong(folder: Folder, cache: Path) -> None:
    """Cut anywhere, a bit flipped anywhere, of another version, empty, or a folder: the run is read again."""
    expected = known(folder, cache)
    (path,) = snapshots(cache)
    whole = path.read_bytes()
    damaged = [whole[:cut] for cut in range(0, len(whole), max(1, len(whole) // 25))]
    flipped = [*range(0, 24, 3), *range(64, len(whole), max(1, len(whole) // 90))]
    damaged += [whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :] for place in flipped]
    damaged += [whole[:4096] + b"\0" * 4096 + whole[8192:]]
    damaged += [b"\0" * len(whole), whole + b"\0" * 64, b"ASPIDX99" + whole[8:]]
    for content in damaged:
        path.unlink()  # it is read-only
        path.write_bytes(content)
        with opened(folder, cache) as catalog:
            assert answer(catalog) == expected
            assert catalog.index("p", "r").bytes_read == len(ROWS)
    path.unlink()
    path.mkdir()
    with opened(folder, cache) as catalog:
        assert answer(catalog) == expected


def test_a_large_snapshot_is_answered_from_at_once_and_checked_soon(
    folder: Folder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flipped bit in a gigabyte is noticed in the background: from then on every answer is right, and so is the next start."""
    expected = known(folder, cache)
    (path,) = snapshots(cache)
    monkeypatch.setattr("aspara.catalog.index.snapshot._AT_ONCE", 0)
    whole = path.read_bytes()
    with opened(folder, cache) as catalog:
        assert answer(catalog) == expected
    place = len(whole) // 2
    with path.open("r+b") as file:  # in its place: a mapped file that is cut off ends whoever looks at it
        file.seek(place)
        file.write(bytes([whole[place] ^ 64]))
    with opened(folder, cache) as catalog:
        deadline = time.monotonic() + 60
        while answer(catalog) != expected and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(3):
            assert answer(catalog) == expected
    with opened(folder, cache) as catalog:
        assert answer(catalog) == expected


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(folder: Folder, cache: Path) -> None:
    """A file stands where its folder should be: everything is answered."""
    folder.run("r", ROWS, meta=META)
    cache.write_text("in the way")
    for _ in range(2):
        with opened(folder, cache) as catalog:
            assert len(answer(catalog)["train/loss"]["r"]["steps"]) > 50
            assert catalog.run("p", "r").json()["last_step"] == STEPS - 1


def test_a_full_disk_leaves_no_half_snapshot(folder: Folder, cache: Path) -> None:
    """No file may grow beyond 16 kB: every answer is right, and nothing is left behind for the next time."""
    folder.run("r", ROWS, meta=META)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from aspara.catalog.catalog import Catalog\n"
        "from aspara.catalog.series.query import SeriesQuery\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))\n"
        "catalog = Catalog(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))\n"
        "found = [catalog.metrics('p', None, SeriesQuery()).metrics['train/loss']['r'].count for _ in range(3)]\n"
        "catalog.close()\n"
        "print(found)\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(folder.path), str(cache)], capture_output=True, text=True, check=False
    )
    assert made.stdout.strip() == str([STEPS] * 3), made.stderr[-2000:]
    assert snapshots(cache) == []


def test_many_runs_leave_files_to_open(folder: Folder, cache: Path) -> None:
    """A process that may open 64 files looks at a hundred runs, again and again, and can open some all the same."""
    for run in range(100):
        folder.run(f"r{run:02}", ROWS[: len(ROWS) // 2], meta=META)
    program = (
        "import os, resource, sys, time\n"
        "from pathlib import Path\n"
        "from aspara.catalog.catalog import Catalog\n"
        "from aspara.catalog.series.query import SeriesQuery\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "for _ in range(2):\n"
        "    catalog = Catalog(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))\n"
        "    for _ in range(3):\n"
        "        found = catalog.metrics('p', None, SeriesQuery(points=10)).metrics['train/loss']\n"
        "    more = [os.open('/dev/null', os.O_RDONLY) for _ in range(12)]\n"
        "    print(len(found), len({series.count for series in found.values()}))\n"
        "    for descriptor in more:\n"
        "        os.close(descriptor)\n"
        "    catalog.close()\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(folder.path), str(cache)], capture_output=True, text=True, check=False
    )
    assert made.stdout.split() == ["100", "1"] * 2, made.stderr[-2000:]
    assert len(snapshots(cache)) == 100


def test_two_servers_share_one_cache(folder: Folder, cache: Path) -> None:
    """Both begin, read, save and end over and over while the run grows: each answer is what the file said then."""
    file = folder.run("r", ROWS)
    failures: list[Any] = []
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set() and not failures:
            with opened(folder, cache) as catalog:
                for _ in range(4):
                    before = file.stat().st_size
                    series = catalog.metrics("p", None, SeriesQuery()).metrics["train/loss"]["r"]
                    steps = series.steps.tolist()
                    expected = list(range(len(steps)))
                    if steps != expected or series.values.tolist() != [i + 0.5 for i in expected]:
                        failures.append(len(steps))
                    if len(steps) < content[:before].count(b"\n"):
                        failures.append((len(steps), before))

    content = ROWS
    servers = [threading.Thread(target=serve) for _ in range(2)]
    for server in servers:
        server.start()
    for i in range(STEPS, STEPS + 3000):
        line = row(1000 + i, i, {"train/loss": i + 0.5})
        content += line
        with file.open("ab") as out:
            out.write(line)
    stop.set()
    for server in servers:
        server.join()
    assert failures == []
    with opened(folder, cache) as catalog:
        assert catalog.metrics("p", None, SeriesQuery()).metrics["train/loss"]["r"].count == STEPS + 3000


def test_snapshots_of_runs_that_are_gone_are_swept(folder: Folder, cache: Path) -> None:
    """A run that is deleted takes its snapshot along, whoever deletes it."""
    known(folder, cache)
    folder.run("s", ROWS, meta=META)
    with opened(folder, cache) as catalog:
        answer(catalog)
        catalog.delete_run("p", "s")
    assert ["r.idx"] == [path.name for path in snapshots(cache)]
    for file in (folder.path / "p").glob("r.*"):
        os.unlink(file)
    folder.run("t", ROWS, meta=META)
    with opened(folder, cache) as catalog:
        answer(catalog)
    assert ["t.idx"] == [path.name for path in snapshots(cache)]


def test_a_snapshot_that_is_cut_off_or_written_over_while_it_is_used(folder: Folder, cache: Path) -> None:
    """Clearing a cache by cutting its files off, or copying other content into them, costs a reading: neither the server nor a
    right answer.
    """
    expected = known(folder, cache)
    (path,) = snapshots(cache)
    whole = path.read_bytes()
    for content in (b"", whole[:100], whole[:-1], bytes(len(whole)), whole[:2000] + b"\7" * 2000 + whole[4000:]):
        path.unlink()
        path.write_bytes(whole)
        with opened(folder, cache) as catalog:
            assert answer(catalog) == expected
            with path.open("r+b") as file:
                file.truncate(len(content))
                file.write(content)
            os.utime(path)  # a file system may count time coarsely
            assert answer(catalog) == expected
            assert catalog.run("p", "r").json()["metric_summary"] is not None
            assert (
                list(range(STEPS))
                == catalog.metrics("p", None, SeriesQuery()).metrics["train/loss"]["r"].steps.tolist()
            )


def test_a_cache_on_a_network_disk_may_be_cleared_by_another_machine(
    folder: Folder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is gone there is gone at once, even for who has it open: a copy is used, whatever becomes of the file."""
    monkeypatch.setattr("aspara.catalog.index.index_pool.is_shared", lambda _folder: True)
    expected = known(folder, cache)
    with opened(folder, cache) as catalog:
        series = catalog.metrics("p", None, SeriesQuery())
        assert catalog.index("p", "r").bytes_read == len(ROWS)
        with snapshots(cache)[0].open("r+b") as file:
            file.truncate(0)
        assert json.loads(series.json_bytes())["metrics"]["train/loss"]["r"]["count"] == STEPS
        assert answer(catalog) == expected


def test_a_cache_is_written_again_when_its_disk_has_room(
    folder: Folder, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that was full once is not given up for as long as the server lives."""
    monkeypatch.setattr("aspara.catalog.index.snapshot_writer._PAUSE", 0.0)
    folder.run("r", ROWS, meta=META)
    cache.write_text("in the way")
    with opened(folder, cache) as catalog:
        expected = answer(catalog)
        deadline = time.monotonic() + 60
        while catalog._indexes._saver._thread is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        cache.unlink()
        assert answer(catalog) == expected
    assert ["r.idx"] == [path.name for path in snapshots(cache)]


@pytest.mark.parametrize("archived", [False, True])
def test_a_segment_that_comes_back_as_a_copy_is_not_counted_twice(tmp_path, archived):
    """A folder that is put back from a backup: what was kept of the files before says nothing about these."""
    folder, cache = tmp_path / "data", tmp_path / "cache"
    run = aspara.Run("r", "p", dir=folder, storage_backend="polars")
    for i in range(3000):
        run.log({"a": float(i), "note": f"a text that makes the rows long enough to be kept, {i} " * 3})
    run.finish()
    paths = Layout(folder).run("p", "r")
    paths.segments.mkdir(parents=True, exist_ok=True)
    paths.wal.rename(paths.segment("1-a"))

    def read() -> list[float]:
        with contextlib.closing(Catalog(folder, cache_dir=cache)) as catalog:
            return catalog.metrics("p", ["r"], SeriesQuery()).metrics["a"]["r"].values.tolist()

    everything = [float(i) for i in range(3000)]
    assert everything == read()
    shutil.copytree(folder, tmp_path / "backup")
    if archived:
        archive_segment(paths, "1-a")
        assert everything == read()
    folder.rename(tmp_path / "gone")
    shutil.copytree(tmp_path / "backup", folder)
    assert everything == read()
