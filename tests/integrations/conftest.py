"""Stand-ins for frameworks: modules with the few names that an integration imports. The real ones are in tests/frameworks/."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import aspara


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data directory of a test."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(folder))
    yield folder
    aspara.finish()


@pytest.fixture
def with_modules(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Imports an integration anew where `names` say what its framework is made of: ``{"module:name": thing}``."""

    def load(integration: str, names: dict[str, Any]) -> ModuleType:
        for path, thing in names.items():
            module, _, name = path.partition(":")
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                full = ".".join(parts[:end])
                if full not in sys.modules or not hasattr(sys.modules[full], "_is_stand_in"):
                    made = ModuleType(full)
                    made._is_stand_in = True  # type: ignore[attr-defined]
                    made.__path__ = []  # type: ignore[attr-defined]
                    monkeypatch.setitem(sys.modules, full, made)
                    if end > 1:
                        setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], made)
            setattr(sys.modules[module], name, thing)
        full = f"aspara.integrations.{integration}"
        monkeypatch.delitem(sys.modules, full, raising=False)
        loaded = importlib.import_module(full)
        monkeypatch.delitem(sys.modules, full)
        return loaded

    return load


def rows(path: str) -> list[dict[str, Any]]:
    """The values of a run's rows."""
    found = aspara.Api().run(path).scan_history()
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in found]


def only_run() -> Any:
    """The one run that there is."""
    (found,) = [run for project in aspara.Api().projects() for run in aspara.Api().runs(project.name)]
    return found
