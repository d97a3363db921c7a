"""A data directory of hand-written files, and the catalog that reads it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aspara.catalog.catalog import Catalog


class Folder:
    """Writes a data directory byte by byte, as a reader may find one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(self, run: str, rows: Any = b"", *, project: str = "p", meta: dict[str, Any] | None = None) -> Path:
        """A run's row file, from bytes or from ``[(step, metrics), ...]`` a second apart; returns the file."""
        folder = self.path / project
        file = folder / f"{run}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(
            rows if isinstance(rows, bytes) else b"".join(row(1000 * i, s, m) for i, (s, m) in enumerate(rows))
        )
        if meta is not None:
            self.meta(run, meta, project=project)
        return file

    def meta(self, run: str, content: dict[str, Any], *, project: str = "p") -> Path:
        file = self.path / project / f"{run}.meta.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
        return file

    def age(self, seconds: float) -> None:
        """Makes every file look untouched for `seconds`."""
        then = time.time() - seconds
        for file in self.path.rglob("*"):
            if not file.is_symlink():
                os.utime(file, (then, then))


def row(timestamp: Any, step: Any, metrics: Any, **more: Any) -> bytes:
    return json.dumps({"timestamp": timestamp, "step": step, "metrics": metrics, **more}).encode() + b"\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


@pytest.fixture
def catalog(folder: Folder, tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(folder.path)
    yield catalog
    catalog.close()
