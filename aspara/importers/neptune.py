"""What neptune-exporter wrote of Neptune's runs: Parquet files ``<project>/<run>_part_<n>.parquet``, a row an attribute's value.

Series of numbers, texts and histograms, single values, tags and times are taken. Files are taken where the folder of
downloaded files lies beside that of the data; series of files are counted and left. Steps of Neptune may have decimals: they
are kept where all of a run's are whole, else they are counted from 0 and the value of each is kept as ``neptune_step``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from aspara.importers.common.source import FileTree, ImportReport, Row, RunMetadata, SourceRun, nothing_found, stamp_of
from aspara.importers.common.wandb_media import MediaFolder
from aspara.media.histogram import Histogram

_COLUMNS = frozenset(
    "project_id run_id attribute_path attribute_type step timestamp int_value float_value string_value bool_value "
    "datetime_value string_set_value file_value histogram_value".split()
)
_VALUES = {"int": "int_value", "float": "float_value", "string": "string_value", "bool": "bool_value"}
_SERIES = {"float_series": "float_value", "string_series": "string_value", "histogram_series": "histogram_value"}
_NAMES = ("sys/name", "sys/custom_run_id", "sys/id")
_GROUP_TAGS = "sys/group_tags"


def recognizes(path: Path) -> bool:
    """True for a folder with such Parquet files, and for one of them."""
    return bool(_parts(path))


def runs(path: Path, report: ImportReport) -> list[SourceRun]:
    """The runs of the files there: the folder given to the exporter as ``--data-path``, or a project's below it."""
    found: list[SourceRun] = []
    for (project, run_id), files in _parts(path).items():
        facts = RunMetadata(name=run_id)
        try:
            values = _single_values(files)
        except Exception as error:  # polars raises errors of many kinds over damaged files
            report.problem(f"{files[0].name}: {str(error).splitlines()[0][:200]}")
            continue
        _take(values, facts)
        found.append(
            SourceRun(
                "neptune",
                f"{project}/{run_id}",
                functools.partial(_rows, files, facts),
                facts,
                project=project.rpartition("/")[2] or None,
                stamp=stamp_of(files),
                trees=functools.partial(_trees, files, run_id),
            )
        )
    if not found and not report.problems:
        raise nothing_found("neptune", path, "give the folder that neptune-exporter wrote as --data-path.")
    return found


def _parts(path: Path) -> dict[tuple[str, str], list[Path]]:
    """The files by project and run, each run's in order."""
    import polars as pl

    found: dict[tuple[str, str], list[tuple[int, Path]]] = {}
    files = [path] if path.suffix == ".parquet" else sorted(path.rglob("*_part_*.parquet")) if path.is_dir() else []
    for file in files:
        try:
            if not set(pl.read_parquet_schema(file)) >= _COLUMNS:
                continue
            first = pl.scan_parquet(file, hive_partitioning=False).select("project_id", "run_id").head(1).collect()
        except Exception:  # noqa: S112  what is no such file is none of ours
            continue
        number = file.stem.rpartition("_")[2]
        for project, run_id in first.iter_rows():
            found.setdefault((str(project), str(run_id)), []).append((int(number) if number.isdigit() else 0, file))
    return {run: [file for _, file in sorted(parts)] for run, parts in found.items()}


def _scan(files: list[Path], kinds: list[str]) -> Any:
    import polars as pl

    return pl.scan_parquet(files, hive_partitioning=False).filter(pl.col("attribute_type").is_in(kinds))


def _single_values(files: list[Path]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in _scan(files, [*_VALUES, "datetime", "string_set"]).collect().iter_rows(named=True):
        kind = row["attribute_type"]
        column = _VALUES.get(kind) or {"datetime": "datetime_value", "string_set": "string_set_value"}[kind]
        found[row["attribute_path"]] = row[column]
    return found


def _take(values: dict[str, Any], facts: RunMetadata) -> None:
    """Neptune's own attributes have their places; the others are config, nested by their slashes."""
    facts.name = next((str(values[name]) for name in _NAMES if values.get(name)), facts.name)
    facts.notes = str(values.get("sys/description") or "")
    facts.tags = [str(tag) for tag in values.get("sys/tags") or ()]
    facts.group = next((str(tag) for tag in values.get(_GROUP_TAGS) or ()), None)
    if values.get("sys/failed"):
        facts.status = "failed"
    if values.get("sys/hostname"):
        facts.details["host"] = str(values["sys/hostname"])
    for name, moment in (("sys/creation_time", "start_time"), ("sys/modification_time", "finish_time")):
        if values.get(name) is not None:
            setattr(facts, moment, round(values[name].timestamp() * 1000))
    for path, value in values.items():
        if path.startswith("sys/") or value is None:
            continue
        *parents, last = path.split("/")
        into = facts.config
        for parent in parents:
            below = into.setdefault(parent, {})
            if not isinstance(below, dict):
                below = into[parent] = {"value": below}
            into = below
        into[last] = value.isoformat() if hasattr(value, "isoformat") else value


def _rows(files: list[Path], facts: RunMetadata, report: ImportReport) -> Iterator[Row]:
    del facts
    frame = _scan(files, list(_SERIES)).sort("step", "timestamp", maintain_order=True).collect()
    left_out = _scan(files, ["file_series"]).collect().height
    if left_out:
        report.skip("series of files", left_out)
    are_whole = all(step is None or step == int(step) for step in frame["step"].unique())
    begun: tuple[Any, Row] | None = None
    number = -1
    for row in frame.iter_rows(named=True):
        name, kind = row["attribute_path"], row["attribute_type"]
        value = row[_SERIES[kind]]
        if kind == "histogram_series":
            value = _histogram(value)
        if value is None:
            report.skip("empty values")
            continue
        step: Decimal = row["step"] if row["step"] is not None else Decimal(0)
        if begun is not None and begun[0] == step and name not in begun[1][2]:
            begun[1][2][name] = value
            continue
        if begun is not None:
            yield begun[1]
        number += begun is None or begun[0] != step
        moment = round(row["timestamp"].timestamp() * 1000) if row["timestamp"] is not None else 0
        metrics = {name: value} if are_whole else {"neptune_step": float(step), name: value}
        begun = step, (moment, int(step) if are_whole else number, metrics)
    if begun is not None:
        yield begun[1]


def _histogram(value: Any) -> Histogram | None:
    if not value or not value.get("edges") or len(value["edges"]) != len(value.get("values") or ()) + 1:
        return None
    if len(value["values"]) > 512:
        return None
    return Histogram(np_histogram=(value["values"], value["edges"]))


def _trees(files: list[Path], run_id: str, report: ImportReport) -> list[FileTree]:
    """The run's files, which the exporter keeps in a folder ``files`` beside that of the data."""
    root = files[0].parent.parent.parent / "files"
    place = MediaFolder(root)
    found: dict[str, Path] = {}
    for row in _scan(files, ["file"]).collect().iter_rows(named=True):
        path = place.path((row["file_value"] or {}).get("path"))
        if path is not None and path.is_file() and not path.is_symlink():
            found[row["attribute_path"] + path.suffix * (not row["attribute_path"].endswith(path.suffix))] = path
        else:
            report.skip("files that are not there")
    return [FileTree(f"run-{run_id}-files", "files", found)] if found else []
