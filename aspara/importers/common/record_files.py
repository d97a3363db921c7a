"""Files of protobuf records in LevelDB's framing, as wandb and SwanLab write them: one a run, in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aspara.importers.common.source import ImportReport
from aspara.util import protobuf, tfrecord


def record_files(path: Path, ending: str, folder: str) -> list[Path]:
    """The files with this ending: `path` itself, else those in it, in its subfolders, or in those of its `folder`."""
    if path.is_file():
        return [path] if path.suffix == ending else []
    for pattern in (f"*{ending}", f"*/*{ending}", f"{folder}/*/*{ending}"):
        # A link among the folders of runs, such as wandb's `latest-run`, leads to one of the others.
        found = sorted(file for file in path.glob(pattern) if file.is_file() and not file.parent.is_symlink())
        if found:
            return found
    return []


def records(path: Path, report: ImportReport, common: int) -> Iterator[tuple[int, bytes]]:
    """(kind, content) of each record. The field number `common`, which records of all kinds have, is passed over.

    Raises:
        OSError: The file cannot be read.

    """
    with path.open("rb") as file:
        for _, content in tfrecord.read_leveldb(file):
            if isinstance(content, str):
                report.problem(f"{path.name}: {content}")
                continue
            try:
                for number, _, value in protobuf.fields(content):
                    if isinstance(value, bytes) and number != common:
                        yield number, value
            except protobuf.MalformedMessage as error:
                report.problem(f"{path.name}: a record cannot be understood ({error})")
