"""Where the notebook page comes from, and whether our files can be had there."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path

_PATIENCE = 1.0  # seconds; the server stands on the same machine, and init() waits


@lru_cache
def serves(file: str) -> bool:
    """Whether the Jupyter server that started this kernel answers for our static file of that name.

    A kernel often lives in another environment than its server, where the server has no such file, or another version's.
    Asked once a process. False in VS Code, Colab and marimo, and whenever the answer is not a plain yes: then the widget
    carries its code along, which costs a longer first message and nothing else.
    """
    base = _server_url()
    if base is None:
        return False
    # Never through a proxy: the address is this machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{base}static/aspara_jupyter/{file}", method="HEAD")  # noqa: S310  http from a file of ours
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _server_url() -> str | None:
    """The address of the Jupyter server that is this kernel's parent, from the file that it wrote about itself."""
    if "marimo" in sys.modules or "google.colab" in sys.modules or "VSCODE_PID" in os.environ:
        return None
    try:
        from jupyter_core.paths import jupyter_runtime_dir

        parent = int(os.environ.get("JPY_PARENT_PID") or os.getppid())
        found = json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{parent}.json").read_text(encoding="utf-8"))
    except (ImportError, OSError, ValueError):
        return None
    url = found.get("url") if isinstance(found, dict) else None
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else None
