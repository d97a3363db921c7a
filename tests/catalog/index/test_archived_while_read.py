"""A polars run is read while its row files move into the archive: nothing is missing, and nothing is there twice."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from aspara.catalog.index.run_index import RunIndex
from aspara.storage import row_codec
from aspara.storage.layout import RunPaths
from aspara.storage.parquet_archive import archive_segment

_ROWS = 20


def test_every_look_is_true_while_files_move(tmp_path: Path) -> None:
    """Each look shows all rows up to one of them, whether it is the first look or one of many."""
    paths = RunPaths(tmp_path, "r")
    paths.segments.mkdir(parents=True)
    paths.rows.touch()
    paths.wal.touch()
    done = threading.Event()

    def write() -> None:
        step = 0
        for turn in range(150):
            with paths.wal.open("ab") as wal:
                for _ in range(_ROWS):
                    wal.write(row_codec.encode(1_795_540_000_000 + step, step, {"a": float(step), "b": 1.0}))
                    wal.flush()
                    step += 1
                # As the archiver does: a row may still go to the old file under its new name.
                os.rename(paths.wal, paths.segment(f"s{turn}"))
                fresh = paths.wal.with_name(".next")
                fresh.touch()
                os.rename(fresh, paths.wal)
                wal.write(row_codec.encode(1_795_540_000_000 + step, step, {"a": float(step), "b": 1.0}))
                step += 1
            archive_segment(paths, f"s{turn}")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    following = RunIndex(paths)
    looks = 0
    try:
        while not done.is_set() or looks < 2:
            for index in (following, RunIndex(paths)):
                if not index.refresh():
                    continue
                for name in ("a", "b"):
                    column = index.points.columns.get(name)
                    steps = [] if column is None else column.points()[0].tolist()
                    assert steps == list(range(len(steps)))
            looks += 1
    finally:
        writer.join()
    for index in (following, RunIndex(paths)):
        assert index.refresh()
        assert index.points.columns["b"].points()[0].tolist() == list(range(150 * (_ROWS + 1)))
