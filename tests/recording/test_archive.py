"""The archive of the polars backend holds every value of every row, and a row file goes only after that was counted."""

from __future__ import annotations

import os
import signal

import pytest

import aspara
from aspara.storage import parquet_archive as archive
from aspara.storage.backends import polars as backend
from aspara.storage.layout import Layout
from aspara.storage.value_counts import ArchiveDiffers


@pytest.mark.parametrize(("rows", "width"), [(10_000, 3), (900, 100), (3, 9000)])
def test_every_value_of_wide_rows_is_archived(disk, rows, width):
    """However many values are taken at once: rows do not end where these do."""
    names = [f"m{n}" for n in range(width)]
    run = aspara.init("p", "r", storage_backend="polars")
    for i in range(rows):
        run.log({name: float(i) for name in names})
    run._recorder.backend.archiver.turn()
    run._recorder.backend.archiver.settle()
    run.finish()
    paths = Layout(disk.folder).run("p", "r")
    assert (1, []) == (len(paths.parts()), paths.segment_files())
    series = aspara.Api(disk.folder).run("p/r").frame()
    assert (rows, 0) == (len(series), sum(series.null_count().row(0)))


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_rows_of_changing_keys_are_kept_whole(disk, wide, backend, monkeypatch):
    """Texts, NaN, rows of hundreds of values and metrics that come and go, over several segments."""
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "1500")
    monkeypatch.setenv("ASPARA_FSYNC_INTERVAL", "0.02")
    run = aspara.init("p", "r", storage_backend=backend)
    for i in range(5000):
        run.log(wide.row(i))
        if i % 1600 == 0:
            run.flush()
    run.finish()
    if backend == "polars":
        assert Layout(disk.folder).run("p", "r").parts()
    wide.check(disk.folder, 5000)


def test_a_row_file_of_which_the_archive_lacks_a_value_stays(disk, wide, monkeypatch, capsys):
    """The user is told once, readers have every row, and the next process tries again."""
    real = archive.write_part
    for lacking in ("val/loss", "note", "grad"):
        name = lacking.replace("/", "-")

        def one_less(part, frame, lacking=lacking):
            import polars as pl

            numbered = frame.with_row_index("n")
            first = numbered.filter(pl.col("metric_name") == lacking)["n"][0]
            real(part, numbered.filter(pl.col("n") != first).drop("n"))

        monkeypatch.setattr(archive, "write_part", one_less)
        run = aspara.Run(name, "p", id=name, storage_backend="polars")
        for begin in (0, 50):
            for i in range(begin, begin + 50):
                run.log(wide.row(i))
            run._recorder.backend.archiver.turn()
            run._recorder.backend.archiver.settle()
        run.finish()
        said = capsys.readouterr().err
        paths = Layout(disk.folder).run("p", name)
        assert (1, 2, []) == (said.count("stays as it is"), len(paths.segment_files()), paths.parts())
        assert repr(lacking) in said
        wide.check(disk.folder, 100, run=name)
        monkeypatch.setattr(archive, "write_part", real)
        again = aspara.Run(project="p", id=name, resume="must", storage_backend="polars")
        again._recorder.backend.archiver.work()
        again.finish()
        assert [] == paths.segment_files()
        assert "" == capsys.readouterr().err
        wide.check(disk.folder, 100, run=name)


def segment_of(disk, wide, count: int):
    """A run of `count` rows, all in a segment on its way into the archive."""
    run = aspara.init("p", "r", id="abc", storage_backend="polars")
    for i in range(count):
        run.log(wide.row(i), timestamp=1_767_225_500_000 + i * 1000)
    run.finish()
    paths = Layout(disk.folder).run("p", "r")
    paths.segments.mkdir(parents=True)
    paths.wal.rename(paths.segment("1-a"))
    paths.wal.write_bytes(b"")
    return paths


def test_a_row_that_came_after_the_file_was_read_keeps_it(disk, wide):
    """Whoever wrote it: the file is not what was archived."""
    paths = segment_of(disk, wide, 200)
    late: list[bytes] = list(paths.segment("1-a").read_bytes().splitlines(keepends=True)[-1:])
    whole = paths.segment("1-a").read_bytes()
    paths.segment("1-a").write_bytes(whole[: -len(late[0])])
    seen = []

    def write_late() -> None:
        # The first part stands already: everything has been read.
        if paths.parts() and late:
            with paths.segment("1-a").open("ab") as file:
                file.write(late.pop())
            seen.append(True)

    with pytest.raises(ArchiveDiffers, match="bytes"):
        archive.archive_segment(paths, "1-a", write_late)
    assert ([True], whole, []) == (seen, paths.segment("1-a").read_bytes(), paths.parts())
    archive.archive_segment(paths, "1-a")
    wide.check(disk.folder, 200)


def test_parts_of_a_date_that_a_row_file_has_no_rows_of_any_more_are_not_shown(disk, wide, monkeypatch):
    """An archive that was interrupted, and then its row file was cut: what was cut does not come back."""
    paths = segment_of(disk, wide, 200)
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", lambda *_args, **_kw: (_ for _ in ()).throw(OSError("killed here")))
        with pytest.raises(OSError, match="killed here"):
            archive.archive_segment(paths, "1-a")
    assert 2 == len(paths.parts())
    lines = paths.segment("1-a").read_bytes().splitlines(keepends=True)
    paths.segment("1-a").write_bytes(b"".join(lines[:50]))
    archive.archive_segment(paths, "1-a")
    assert (1, []) == (len(paths.parts()), paths.segment_files())
    wide.check(disk.folder, 50)


def test_a_file_of_wide_rows_is_archived_before_it_is_too_large(disk, monkeypatch):
    """Few rows may be as much memory on their way into Parquet as many."""
    monkeypatch.setattr(backend, "ARCHIVE_BYTES", 1 << 20)
    monkeypatch.setenv("ASPARA_FSYNC_INTERVAL", "1000")
    run = aspara.init("p", "r", storage_backend="polars")
    names = [f"metric number {n} of a wide model" for n in range(500)]
    for i in range(60):
        run.log({name: float(i) for name in names})
    run._recorder.sync()
    run._recorder.backend.archiver.settle()
    paths = Layout(disk.folder).run("p", "r")
    assert (1, []) == (len(paths.parts()), paths.segment_files())
    run.finish()
    assert [60, 60] == [len(disk.values("p", "r", name)) for name in (names[0], names[-1])]


def test_texts_that_were_archived_are_in_the_summary_of_a_run_that_was_killed(disk, script):
    """Its last values are made out of its files when it is resumed: those in Parquet count like the others."""
    done = script("""
        import aspara, os, signal
        run = aspara.init("p", "r", id="abc", storage_backend="polars")
        for i in range(20):
            run.log({"a": float(i), "note": f"text {i}"})
        run._recorder.backend.archiver.turn()
        run._recorder.backend.archiver.settle()
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    assert -signal.SIGKILL == done.returncode
    assert 1 == len(Layout(disk.folder).run("p", "r").parts())
    run = aspara.init("p", id="abc", resume="must", storage_backend="polars")
    assert (19.0, "text 19") == (run.summary["a"], run.summary["note"])
    run.finish()
