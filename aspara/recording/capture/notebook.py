"""Whether and in which notebook a program runs. Nothing is imported for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def shell() -> Any:
    """IPython's shell of this process; None outside of IPython."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None


def in_notebook() -> bool:
    """True inside a Jupyter kernel; plain IPython and scripts are none."""
    return getattr(shell(), "kernel", None) is not None


def notebook_path() -> str | None:
    """The notebook's path, as Jupyter's server or VS Code gives it to its kernels; None elsewhere."""
    path = os.environ.get("JPY_SESSION_NAME")
    if path and path.endswith(".ipynb"):
        return path
    path = getattr(shell(), "user_ns", {}).get("__vsc_ipynb_file__")
    return path if isinstance(path, str) else None


def notebook_name() -> str | None:
    """The notebook's file name; None outside of notebooks."""
    path = notebook_path()
    return None if path is None else Path(path).name
