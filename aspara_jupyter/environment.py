"""Whether somebody looks at the notebook, where its page comes from, and whether our files can be had there."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

_PATIENCE = 1.0  # seconds; the server stands on the same machine, and init() waits


def watched() -> bool:
    """Whether there may be a page that shows what a cell does while it runs.

    False for a notebook that is executed from one end to the other (nbconvert, papermill): nobody could answer ``input()``
    there, and what is sent to a page would only be kept in the file. Voilà executes in the same way, but shows a page.
    """
    from IPython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)  # type: ignore[no-untyped-call,unused-ignore]
    answers = getattr(kernel, "_allow_stdin", True)
    return bool(answers) or any(name.startswith("VOILA_") for name in os.environ)


@contextlib.contextmanager
def last_words() -> Iterator[None]:
    """What is shown meanwhile reaches the page, even if the kernel is ending.

    Large messages go without being copied, by the help of a thread of ZeroMQ that is no more when a program exits; and what
    waits for the kernel's own thread is lost with it.
    """
    from IPython import get_ipython

    session = getattr(getattr(get_ipython(), "kernel", None), "session", None)  # type: ignore[no-untyped-call,unused-ignore]
    if session is None:
        yield
        return
    before, session.copy_threshold = session.copy_threshold, sys.maxsize
    try:
        yield
    finally:
        session.copy_threshold = before
    with contextlib.suppress(OSError, ValueError):  # an output that somebody closed
        sys.stdout.flush()


@lru_cache
def serves(file: str) -> bool:
    """Whether the Jupyter server that started this kernel answers for our static file of that name.

    A kernel often lives in another environment than its server, where the server has no such file, or another version's.
    Asked once a process. False in VS Code, Colab and marimo, and whenever the answer is not a plain yes: then the widget
    carries its code along, which costs a longer first message and nothing else.
    """
    return _ask(f"static/aspara_jupyter/{file}", "HEAD") is not None


def reaches(project: str, run: str, run_id: str) -> bool:
    """Whether the Jupyter server that started this kernel has that very run: its data directory is the same one then.

    False too where it cannot be told, as behind a login that the kernel does not know.
    """
    answer = _ask(f"aspara/api/projects/{quote(project, safe='')}/runs/{quote(run, safe='')}", "GET")
    try:
        found = json.loads(answer or b"")
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("id") == run_id


def _ask(path: str, method: str) -> bytes | None:
    """What our Jupyter server answers below its base URL; None where there is none, or anything but a plain yes."""
    server = _server()
    if server is None:
        return None
    # Never through a proxy: the address is this machine's.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(server["url"] + path, method=method)  # noqa: S310  http from a file of ours
    if server.get("token"):
        request.add_header("Authorization", f"token {server['token']}")
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            return bytes(answer.read()) if answer.status == 200 else None
    except (OSError, ValueError, urllib.error.URLError):
        return None


def _server() -> dict[str, Any] | None:
    """What the Jupyter server that is this kernel's parent wrote about itself: its address and token."""
    if "marimo" in sys.modules or "google.colab" in sys.modules or "VSCODE_PID" in os.environ:
        return None
    try:
        from jupyter_core.paths import jupyter_runtime_dir

        parent = int(os.environ.get("JPY_PARENT_PID") or os.getppid())
        found = json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{parent}.json").read_text(encoding="utf-8"))
    except (ImportError, OSError, ValueError):
        return None
    url = found.get("url") if isinstance(found, dict) else None
    return found if isinstance(url, str) and url.startswith(("http://", "https://")) else None
