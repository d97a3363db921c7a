"""The source files of a program, as an artifact."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aspara import names
from aspara.artifacts.artifact import Artifact

Choice = Callable[..., bool]

_FOLDERS = frozenset(("node_modules", "__pycache__", "wandb", "site-packages", "mlruns"))


def is_source(path: str) -> bool:
    """Python files, requirements and Dockerfiles."""
    name = os.path.basename(path)
    return name.endswith(".py") or name.startswith(("requirements", "Dockerfile"))


def code_artifact(
    root: str | os.PathLike[str], name: str | None, project: str, include: Choice | None, exclude: Choice | None
) -> Artifact | None:
    """The files below `root` that `include` takes and `exclude` does not, or None where there are none.

    Environments, hidden folders and caches are passed over. Both functions get the path, and the root if they take two
    arguments.
    """
    folder = Path(root).absolute()
    wanted = _of_two(include or is_source)
    refused = _of_two(exclude or (lambda _path: False))
    found = Artifact(names.slug(name or f"source-{project}-{_program()}"), "code")
    for path in _walk(folder):
        if wanted(str(path), str(folder)) and not refused(str(path), str(folder)):
            found.add_file(path, path.relative_to(folder).as_posix())
    return found if found.file_count else None


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith(".") and f not in _FOLDERS and not os.path.exists(os.path.join(place, f, "pyvenv.cfg"))
        )
        yield from (Path(place, file) for file in sorted(files))


def _of_two(choice: Choice) -> Choice:
    try:
        count = len(inspect.signature(choice).parameters)
    except (TypeError, ValueError):
        count = 1
    return choice if count >= 2 else lambda path, _root: choice(path)


def _program() -> str:
    main: Any = sys.modules.get("__main__")
    return os.path.basename(str(getattr(main, "__file__", None) or sys.argv[0] or "python"))
