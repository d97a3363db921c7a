"""Which notebook a program runs in."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def notebook_name() -> str | None:
    """The notebook's file name, as Jupyter's server or VS Code tells its kernels; None elsewhere."""
    told = os.environ.get("JPY_SESSION_NAME")
    if told and told.endswith(".ipynb"):
        return Path(told).name
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None and hasattr(module, "get_ipython") else None
    if shell is None:
        return None
    told = getattr(shell, "user_ns", {}).get("__vsc_ipynb_file__")
    return Path(told).name if isinstance(told, str) else None
