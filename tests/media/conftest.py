"""A shelf in memory, and a run in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import aspara


class Shelf:
    """Keeps content in a dict, as the desk keeps it in files."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def keep(self, content: bytes, ending: str) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"media/{digest}.{ending}"] = content
        return {"path": f"media/{digest}.{ending}", "sha256": digest, "size": len(content)}

    def __getitem__(self, found: dict) -> bytes:
        return self.files[found["path"]]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def run(tmp_path: Path):
    run = aspara.Run("r", "p", dir=str(tmp_path))
    yield run
    run.finish()


@pytest.fixture
def kept(tmp_path: Path):
    """The media of run p/r as the Api shows them."""
    return lambda **options: aspara.Api(tmp_path).run("p/r").media(**options)
