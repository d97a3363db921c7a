"""Calling something with a module as soon as it is imported, however long from now."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ModuleHook = Callable[[ModuleType], None]


def when_imported(name: str, hook: ModuleHook) -> Callable[[], None]:
    """Calls `hook` with the module `name`: now if it is imported already, else when it has been executed.

    Returns a function that withdraws the hook; what the hook did to a module stays.
    """
    module = sys.modules.get(name)
    # A module that is being imported has a spec that says so: it lacks what its file defines further down.
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        hook(module)
    finder = _HookFinder(name, hook)
    sys.meta_path.insert(0, finder)

    def withdraw() -> None:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)

    return withdraw


class _HookFinder(MetaPathFinder):
    def __init__(self, name: str, hook: ModuleHook) -> None:
        self._name = name
        self._hook = hook

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find_spec = getattr(finder, "find_spec", None)  # finders of the oldest kind have none
            spec: ModuleSpec | None = None if find_spec is None else find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _HookLoader(spec.loader, self._hook)
                return spec
        return None


class _HookLoader(Loader):
    def __init__(self, loader: Any, hook: ModuleHook) -> None:
        self._loader = loader
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._hook(module)
