"""Fetching a file that a run keeps, the way wandb's scripts do it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from aspara.api.api import Api


def restore(
    name: str,
    run_path: str,
    *,
    replace: bool = False,
    root: str | os.PathLike[str] = ".",
    place: str | Path | None = None,
) -> TextIO:
    """The file `name` of the run ``"project/run"``, copied below `root` and opened. `place` is the data directory or server.

    Raises ArtifactNotFound and RunNotFound.
    """
    target = Path(root, name)
    if replace or not target.exists():
        api = Api(place)
        try:
            target = api.run(run_path).file(name).download(root, replace=replace)
        finally:
            api.close()
    return target.open(encoding="utf-8")
