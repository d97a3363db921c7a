"""How this package comes to be found under the name ``wandb``, here and in child processes."""

from __future__ import annotations

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from aspara.compat.modules import VIRTUAL, virtual_module
from aspara.recording.capture.notebook import shell
from aspara.util.messages import say

FOLDER = str(Path(__file__).parent / "path_entry")
"""Has a package ``wandb`` and its metadata: on the path, it is what an installed wandb is to programs that look for one."""

_OWN = "aspara.wandb"
_HOME = "aspara.compat"


class WandbFinder(MetaPathFinder):
    """Finds ``wandb`` and what is below it before any folder of the path does."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec of a module of wandb's; None for every other module."""
        del path, target
        if fullname == "wandb":
            return spec_from_loader(fullname, _Alias(_OWN))
        for prefix in ("wandb.", f"{_OWN}."):
            if fullname.startswith(prefix):
                home = _home(fullname[len(prefix) :])
                return None if home is None else spec_from_loader(fullname, _Alias(home))
        return None


class _Alias(Loader):
    """Gives a module that is known under another name: under both it is one and the same."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        del spec
        path = self._name.removeprefix(f"{_HOME}.")
        found = virtual_module(path) if path != self._name else None
        if found is None:
            from importlib import import_module

            found = import_module(self._name)
        self._spec = found.__spec__
        return found

    def exec_module(self, module: ModuleType) -> None:
        # It was executed under its own name, and stays what it was.
        if self._spec is not None:
            module.__spec__ = self._spec


def _home(path: str) -> str | None:
    """The name of the module that stands for ``wandb.<path>``; None where there is none."""
    name = f"{_HOME}.{path}"
    if path in VIRTUAL:
        return name
    try:
        return name if find_spec(name) is not None else None
    except ModuleNotFoundError:  # what it should lie in is no package
        return None


def install() -> None:
    """Puts this package under the name ``wandb``, for this process and its children. A second call does nothing."""
    module = sys.modules[_OWN]
    before = sys.modules.get("wandb")
    if before is not None and before is not module:
        if not str(getattr(before, "__file__", "")).startswith(FOLDER):
            say("wandb was imported before aspara.wandb: what holds it already goes on with it.")
        for name in [name for name in sys.modules if name.startswith("wandb.")]:
            del sys.modules[name]
    sys.modules["wandb"] = module
    if not any(isinstance(finder, WandbFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, WandbFinder())
    if FOLDER not in sys.path:
        # Behind the script's own folder, as PYTHONPATH puts it.
        sys.path.insert(1, FOLDER)
    os.environ["PYTHONPATH"] = path_for_children(os.environ.get("PYTHONPATH"))
    if shell() is not None:
        from aspara.compat.jupyter import load_ipython_extension

        load_ipython_extension(shell())


def path_for_children(path: str | None) -> str:
    """`path`, with the folder of the package ``wandb`` in front."""
    others = [part for part in (path or "").split(os.pathsep) if part and part != FOLDER]
    return os.pathsep.join([FOLDER, *others])
