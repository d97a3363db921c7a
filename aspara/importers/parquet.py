"""Parquet files: Aspara's own exports and archives, wandb's exported histories, and any table of numbers.

A file is a run, or several where a column names them; a folder is searched for ``*.parquet``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aspara.errors import UsageError
from aspara.importers.common import table_batches, tabular
from aspara.importers.common.source import ImportReport, Row, RunMetadata, SourceRun, place, stamp_of
from aspara.storage.parquet_errors import DamagedParquet, decoding

if TYPE_CHECKING:
    import polars

_SLICE, _ROWS = 50_000, 1000


def recognizes(path: Path) -> bool:
    """True for a file that ends in .parquet, and for a folder with one."""
    return bool(_files(path))


def runs(
    path: Path, report: ImportReport, *, step: str | None = None, time: str | None = None, run: str | None = None
) -> list[SourceRun]:
    """The runs in the file or folder; `step`, `time` and `run` name the columns where their names do not tell."""

    def of(file: Path) -> Iterable[SourceRun]:
        try:
            with decoding():
                return list(_runs(file, path, report, step, time, run))
        except OSError as error:
            report.problem(f"{file.name} cannot be read: {_reason(error)}")
            return ()

    return tabular.read("parquet", path, _files(path), report, of)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix.lower() == ".parquet" else []
    return sorted(p for p in path.rglob("*.parquet") if p.is_file())


def _runs(
    file: Path, root: Path, report: ImportReport, step: str | None, time: str | None, run: str | None
) -> Iterator[SourceRun]:
    import polars as pl

    frame = pl.scan_parquet(file, hive_partitioning=False)
    schema = frame.collect_schema()
    nested = [name for name, kind in schema.items() if kind.is_nested() or kind == pl.Binary]
    if nested:
        report.skip("columns of lists or bytes", len(nested))
    columns = tabular.assign([name for name in schema if name not in nested], step=step, time=time, run=run)
    if not columns.metrics and not columns.name:
        raise UsageError(f"{file.name} has no column of values beside {', '.join(schema)}.")
    names: list[str | None] = [None]
    if columns.run is not None:
        listed = frame.select(pl.col(columns.run).drop_nulls().unique(maintain_order=True)).collect()
        names = [str(name) for name in listed[columns.run]]
    for name in names:
        facts = RunMetadata(name=tabular.name_of(file, root) if name is None else name)
        beside = [part for part in ("_timestamp", "_runtime") if part in schema]
        yield SourceRun(
            "parquet",
            place(file) + ("" if name is None else f"#{name}"),
            functools.partial(_rows, file, columns, name, beside, facts),
            facts,
            stamp=stamp_of([file]),
        )


def _rows(
    file: Path, columns: tabular.Columns, run: str | None, beside: list[str], facts: RunMetadata, report: ImportReport
) -> Iterator[Row]:
    return table_batches.rows(
        columns, _columns(file, columns, run, beside, report), report, tabular.modified(file), facts
    )


def _columns(
    file: Path, columns: tabular.Columns, run: str | None, beside: list[str], report: ImportReport
) -> Iterator[dict[str, list[Any]]]:
    import polars as pl

    frame: polars.LazyFrame = pl.scan_parquet(file, hive_partitioning=False)
    parts = (columns.step, columns.time, columns.name, columns.value, columns.text, *columns.metrics, *beside)
    wanted = list(dict.fromkeys(part for part in parts if part is not None))
    if columns.run is not None:
        frame = frame.filter(pl.col(columns.run).cast(pl.String) == run)
    frame = frame.select(wanted)
    offset = 0
    try:
        while True:
            with decoding():
                part = frame.slice(offset, _SLICE).collect()
            if not len(part):
                return
            for some in part.iter_slices(_ROWS):
                yield {name: some[name].to_list() for name in wanted}
            offset += len(part)
    except DamagedParquet as error:
        report.problem(f"{file.name} cannot be read on: {_reason(error)}")


def _reason(error: OSError) -> str:
    """What the decoder said of a damaged file, or the system of one that may not be read."""
    return str(error.__cause__ or error).splitlines()[0][:200]
