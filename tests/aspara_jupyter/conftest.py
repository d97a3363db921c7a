"""Runs of the past, and an IPython that is a notebook as far as aspara can tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aspara


@pytest.fixture
def data(own_surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data directory, which is the one of this program."""
    folder = own_surroundings / "runs"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(folder))
    yield folder
    aspara.finish()


@pytest.fixture
def record(data: Path) -> Callable[..., aspara.Run]:
    """Records a whole run of two metrics."""

    def make(project: str = "p", name: str = "one", steps: int = 100, **options: Any) -> aspara.Run:
        with aspara.Run(name, project, **options) as run:
            for i in range(steps):
                run.log({"loss": math.exp(-i / 30), "train/acc": i / steps})
        return run

    return make


class Shell:
    """IPython with a kernel, whose outputs are kept instead of sent."""

    def __init__(self, ip: Any) -> None:
        self.ip = ip
        self.outputs: list[dict[str, Any]] = []

    def publish(self, data: dict, metadata: dict | None = None, **options: Any) -> None:
        self.outputs.append({"data": data, "metadata": metadata or {}, **options})

    def run(self, code: str) -> Any:
        result = self.ip.run_cell(code)
        result.raise_error()
        return result.result

    @property
    def last(self) -> dict[str, Any]:
        return self.outputs[-1]["data"]


@pytest.fixture(scope="module")
def ipython() -> Iterator[Any]:
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    # What runs after these tests is no notebook.
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(ipython: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell that looks like a notebook's; only what leaves for the page is kept."""
    made = Shell(ipython)
    monkeypatch.setattr(ipython.display_pub, "publish", made.publish)
    ipython.run_line_magic("load_ext", "aspara_jupyter")
    yield made
    aspara.finish()
    ipython.reset(new_session=False)
