"""Builds the front end into the wheel, so that users need no Node and `pip install .` is enough from a checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).parent
BUILT = (HERE / "aspara/web/static/manifest.json", HERE / "aspara_jupyter/static/manifest.json")


class FrontEnd(BuildHookInterface):  # type: ignore[misc]
    """Runs `npm ci` and `npm run build` when the built files are missing; editable installs leave that to make."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del build_data
        if version == "editable" or all(path.exists() for path in BUILT) or not (HERE / "js").is_dir():
            return
        npm = shutil.which("npm")
        if npm is None:
            sys.exit(
                "The dashboard's front end is not built and npm is not on the PATH. "
                "Install Node 20 or newer, or run `make build` once (it brings its own Node), then install again."
            )
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=HERE / "js", check=True)
