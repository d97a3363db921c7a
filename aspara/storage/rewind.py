"""Rewinding: a run goes back to a step, and what it had logged after that is set aside.

Rows of later steps move into ``<run>/rewound/<n>/``, under the names of the files they stood in. Readers need not know of it:
what is left is a run that stopped at that step. Nothing is deleted, and moving a file back brings its rows back.

Each file is replaced in one rename, after the rows that leave it are safe in the other place: a crash in between leaves rows
in both, and the same rewind again mends that.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

from aspara.storage import row_codec
from aspara.storage.layout import RunPaths, part_segment
from aspara.storage.parquet_errors import DamagedParquet, decoding
from aspara.util import files, os_compat


def rewind(paths: RunPaths, step: int) -> Path | None:
    """Sets aside every row of a step after `step`; returns the folder they lie in, None if there was none.

    The caller knows that nobody writes the run. Raises OSError when the disk refuses: then some files may be done and others
    not, and doing it again does the rest.
    """
    aside = paths.next_rewound()
    segments = {path.stem for path in paths.segment_files()}
    for part in paths.parts():
        if part_segment(part) in segments:
            # Of a segment that is not committed: made again when it is, without the rows that leave it now.
            os_compat.remove(part)
        else:
            _split_part(part, aside / "archive" / part.parent.name / part.name, step)
    for path in paths.row_files():
        _split_rows(path, aside / path.relative_to(paths.project_dir).name, step)
    return aside if aside.exists() else None


def _split_rows(path: Path, aside: Path, step: int) -> None:
    kept, left = _draft(path), _draft(aside)
    count = moved = 0
    try:
        with path.open("rb") as source, _create(kept) as keeping:
            leaving: IO[bytes] | None = None
            try:
                for line in source:
                    at: int | None = None
                    with contextlib.suppress(row_codec.Malformed):  # what is no row stays where readers count it
                        at = row_codec.decode(line.rstrip(b"\n"))[1]
                        at = count if at is None else at
                        count += 1
                    if at is None or at <= step:
                        keeping.write(line)
                        continue
                    if leaving is None:
                        files.make_folder(left.parent)
                        leaving = _create(left)
                    leaving.write(line)
                    moved += 1
                _settle(keeping)
                if leaving is not None:
                    _settle(leaving)
            finally:
                if leaving is not None:
                    leaving.close()
        if moved:
            os_compat.replace(left, aside)
            files.sync_folder(aside.parent)
            os_compat.replace(kept, path)
            files.sync_folder(path.parent)
    finally:
        for draft in (kept, left):
            with contextlib.suppress(OSError):
                os_compat.remove(draft)


def _split_part(part: Path, aside: Path, step: int) -> None:
    import polars as pl

    from aspara.storage.parquet_archive import write_part

    try:
        with decoding():
            frame = pl.read_parquet(part, hive_partitioning=False)
            later = (pl.col("step") > step).fill_null(value=False)
            leaving = frame.filter(later)
    except DamagedParquet:
        return  # a damaged part is the reader's to report
    if not len(leaving):
        return
    files.make_folder(aside.parent)
    write_part(aside, leaving)
    staying = frame.filter(~later)
    if len(staying):
        write_part(part, staying)
    else:
        os_compat.remove(part)
        files.sync_folder(part.parent)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")


def _create(path: Path) -> IO[bytes]:
    descriptor = os_compat.open_file(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, files.FILE_MODE)
    return os.fdopen(descriptor, "wb", buffering=1 << 20)


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os_compat.sync(file.fileno())
