"""``%wandb`` and ``%%wandb`` in notebooks."""

from __future__ import annotations

import shlex
from typing import Any

from aspara.recording import registry


def load_ipython_extension(ipython: Any) -> None:
    """Registers the magics, for ``%load_ext wandb``."""

    def wandb(line: str, cell: str | None = None) -> None:
        """``%wandb [project/run] [--height PIXELS]`` shows a run; ``%%wandb`` shows what the cell begins, live."""
        path, height = _arguments(line)
        if cell is None or registry.running is not None:
            _show(path, height)
        if cell is not None:
            ipython.run_cell(cell)

    ipython.register_magic_function(wandb, magic_kind="line_cell", magic_name="wandb")


def unload_ipython_extension(ipython: Any) -> None:
    """Takes the magics away."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("wandb", None)


def _arguments(line: str) -> tuple[str | None, int | None]:
    path, height = None, None
    words = iter(shlex.split(line))
    for word in words:
        if word in ("-h", "--height"):
            height = int(next(words, "420"))
        elif not word.startswith("-"):
            path = word
    return path, height


def _show(path: str | None, height: int | None) -> None:
    if path is not None:
        from aspara.api.api import Api

        Api().run(path).display(height=height)
    elif registry.running is not None:
        registry.running.display(height=height)
    else:
        print("There is no active run. Name one: %wandb project/run")
