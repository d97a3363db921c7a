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


def notebook_name() -> str | None:
    """The notebook's file name, as Jupyter's server or VS Code tells its kernels; None elsewhere."""
    told = os.environ.get("JPY_SESSION_NAME")
    if told and told.endswith(".ipynb"):
        return Path(told).name
    told = getattr(shell(), "user_ns", {}).get("__vsc_ipynb_file__")
    return Path(told).name if isinstance(told, str) else None
