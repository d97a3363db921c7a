"""Notices: the system tells of new rows where it can; where it cannot, whoever watches looks, and misses nothing."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.live import fs_events
from aspara.catalog.live.fs_events import FsEvents
from aspara.catalog.live.watcher import Watcher
from aspara.storage import filesystem
from aspara.util import files
from tests.catalog.conftest import Folder, row
from tests.catalog.live.test_watcher import append, has_step, steps, until

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked")


def local(_folder: str) -> str:
    return "ext4"


@pytest.fixture
def notices() -> Iterator[FsEvents]:
    found = FsEvents(local)
    yield found
    found.close()


def told(notices: FsEvents, path: Path) -> bool:
    """Whether `path` is told of, however long it takes."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if str(path) in (notices.wait(1.0, lambda: False) or ()):
            return True
    return False


@linux
def test_a_written_file_is_told(notices: FsEvents, tmp_path: Path) -> None:
    """New, longer, replaced and removed files of a folder are told; what lies below it is not."""
    folder = tmp_path / "p"
    (folder / "below").mkdir(parents=True)
    assert {str(folder)} == notices.follow([str(folder)])
    file = folder / "r.jsonl"
    file.write_bytes(row(0, 0, {"a": 1}))
    assert told(notices, file)
    append(file, 1)
    assert told(notices, file)
    (folder / "below" / "x").write_text("x")
    files.replace(folder / "r.meta.json", b"{}")
    assert told(notices, folder / "r.meta.json")
    file.unlink()
    assert told(notices, file)


@linux
@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "lustre", "ceph", "virtiofs", ""])
def test_network_disks_are_not_asked(kind: str, tmp_path: Path) -> None:
    """Of a file system on which others write, and of one that nobody knows, nothing is expected."""
    assert frozenset() == FsEvents(lambda _: kind).follow([str(tmp_path)])


@linux
def test_the_file_system_is_found(tmp_path: Path) -> None:
    """The table of mounts says what a folder lies on, links to it resolved."""
    (tmp_path / "link").symlink_to("/proc")
    assert "proc" == filesystem.kind(str(tmp_path / "link"))
    assert "" != filesystem.kind(str(tmp_path))


@linux
def test_folders_are_bounded(notices: FsEvents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than so many folders are watched, the important ones, and none that is not there."""
    monkeypatch.setattr(fs_events, "MOST_FOLDERS", 2)
    for name in "abc":
        (tmp_path / name).mkdir()
    assert {str(tmp_path / n) for n in "ab"} == notices.follow([str(tmp_path / n) for n in ("ghost", "a", "b", "c")])
    assert {str(tmp_path / "c")} == notices.follow([str(tmp_path / "c")])
    assert frozenset() == notices.follow([])


@linux
def test_a_system_without_watches_left_is_looked_at(
    folder: Folder, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a user's watches are used up, one warning says so, and rows are told all the same."""
    import watchfiles._rust_notify

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "OS file watch limit reached.")

    monkeypatch.setattr(watchfiles._rust_notify, "RustNotify", full)
    file = folder.run("r", [(0, {"loss": 0.0})])
    with caplog.at_level(logging.WARNING, logger="aspara.watch"):
        watcher = Watcher(catalog, interval=0.01, notify=True, notices=lambda: FsEvents(local))
        subscription = watcher.subscribe("p")
        append(file, 1)
        assert [1] == steps(until(subscription, has_step(1)))
        append(file, 2)
        assert [2] == steps(until(subscription, has_step(2)))
        watcher.close()
    assert ["The system does not tell"] == [record.getMessage()[:24] for record in caplog.records]


def test_a_network_disk_is_watched_by_looking(folder: Folder, catalog: Catalog) -> None:
    """Rows that another host wrote are told, though the system says nothing, file times go backwards and a run comes late."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    watcher = Watcher(catalog, interval=0.01, notify=True, notices=lambda: FsEvents(lambda _: "nfs4"))
    subscription = watcher.subscribe("p")
    append(file, 1)
    then = time.time() - 30  # the file server's clock is behind
    os.utime(file, (then, then))
    assert [1] == steps(until(subscription, has_step(1)))
    (folder.path / "p" / ".nfs0000000000000001").write_bytes(row(0, 9, {"loss": 9.0}))  # an open file that was removed
    late = folder.run("late", [(5, {"loss": 5.0})])
    os.utime(late, (then, then))
    assert [5] == steps(until(subscription, has_step(5)))
    file.unlink()
    events = until(subscription, lambda found: any(e.kind == "deleted" for e in found))
    assert ["r"] == [e.data["run"] for e in events if e.kind == "deleted"]
    watcher.close()


def test_rows_of_further_writers_are_told(folder: Folder, catalog: Catalog) -> None:
    """A second process's rows, and a second project's, come on the same thread."""
    file = folder.run("r", [(0, {"loss": 0.0})])
    other = folder.run("o", [(0, {"loss": 0.0})], project="q")
    watcher = Watcher(catalog, interval=0.01, notify=True)
    first, second = watcher.subscribe("p"), watcher.subscribe("q")
    writers = folder.path / "p" / "r" / "writers"
    writers.mkdir(parents=True)
    for step in range(1, 4):
        append(writers / "w.jsonl", step)
        assert [step] == steps(until(first, has_step(step)))
        append(other, step)
        assert [step] == steps(until(second, has_step(step)))
    append(file, 9)
    assert [9] == steps(until(first, has_step(9)))
    watcher.close()


def test_a_watcher_ends_at_once(folder: Folder, catalog: Catalog) -> None:
    """A thread that waits for the system to tell something still ends with its last subscriber."""
    folder.run("r", [(0, {"loss": 0.0})])
    watcher = Watcher(catalog, notify=True)
    watcher.subscribe("p")
    thread = watcher._thread
    assert thread is not None
    watcher.close()
    assert not thread.is_alive()
