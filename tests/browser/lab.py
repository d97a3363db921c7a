"""A real JupyterLab with a folder of its own, for the browser tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 90_000
"""How long anything may take on a machine that does much else, ms; a wait that ends early costs nothing."""

# The open document of that name, in either application.
_DOCUMENT = "[...jupyterapp.shell.widgets('main')].find((w) => w.context?.path === name)"


def training(name: str, steps: int | None = None, end: str = "aspara.finish()") -> str:
    """A cell that trains for so many steps; without them until `let_end(name)`, however fast or slow the machine is."""
    return f"""
import aspara, math, pathlib, time
run = aspara.init(project="lab", name={name!r}, total_steps={steps})
while run.step < {steps or 6000} and not pathlib.Path({_slug(name)!r} + ".end").exists():
    i = run.step
    if run.should_stop:
        break
    aspara.log({{"train/loss": math.exp(-i / 40), "train/accuracy": 1 - math.exp(-i / 30), "lr": 0.1}})
    time.sleep(0.02)
{end}
""".strip()


def _slug(name: str) -> str:
    return "".join(c for c in name if c.isalnum())


class Lab:
    """A JupyterLab server in `root`; `data` is Aspara's data directory. Stopped by `stop`."""

    def __init__(self, root: Path, application: str = "lab", environment: dict[str, str] | None = None) -> None:
        self.root = root
        self.data = root / "data"
        self.application = application
        own = root / "own"
        # The extension as it stands in the repository, whatever was installed last.
        extensions = own / "share/labextensions"
        extensions.mkdir(parents=True)
        (extensions / "aspara").symlink_to(REPOSITORY / "aspara_jupyter/labextension")
        settings = own / "settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet))
        self.settings = settings
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._environment = {
            **os.environ,
            "ASPARA_DATA_DIR": str(self.data),
            # Else what is installed in the virtual environment would come before.
            "JUPYTER_PREFER_ENV_PATH": "0",
            "JUPYTER_CONFIG_DIR": str(own / "config"),
            "JUPYTER_DATA_DIR": str(own / "share"),
            "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
            "IPYTHONDIR": str(own / "ipython"),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Lab:
        app = "LabApp" if self.application == "lab" else "JupyterNotebookApp"
        flags = [
            "--no-browser",
            "--ip=127.0.0.1",
            f"--port={self.port}",
            f"--ServerApp.root_dir={self.root}",
            "--IdentityProvider.token=tok",
            f"--{app}.expose_app_in_browser=True",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        ]
        log = (self.root / "server.log").open("wb")
        self._process = subprocess.Popen(
            # Not `jupyter lab`, which takes the first one on the path.
            [sys.executable, "-m", "jupyterlab" if self.application == "lab" else "notebook", *flags],
            cwd=self.root,
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}api?token=tok", timeout=5):
                    return self
            except (OSError, urllib.error.URLError):
                assert self._process.poll() is None, (self.root / "server.log").read_text()
                time.sleep(0.3)
        raise AssertionError("JupyterLab did not start:\n" + (self.root / "server.log").read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        if self._process is None:
            return
        # Twice: the first signal asks a person whether they mean it.
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            self._process.send_signal(stop)
            try:
                self._process.wait(1 if stop == signal.SIGINT else 15)
                return
            except subprocess.TimeoutExpired:
                continue

    def let_end(self, name: str) -> None:
        """Ends a :func:`training` of that name."""
        (self.root / f"{_slug(name)}.end").touch()

    def end_kernels(self) -> None:
        """Ends all kernels, so that what one test left running takes no time from the next."""
        for session in json.loads(self._ask("GET", "api/sessions")):
            self._ask("DELETE", f"api/sessions/{session['id']}")

    def _ask(self, method: str, path: str) -> bytes:
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": "token tok", "Accept": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())

    def notebook(self, name: str, *cells: str) -> Path:
        """A new notebook with code cells."""
        content = {
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell{i}",
                    "metadata": {},
                    "source": code,
                    "outputs": [],
                    "execution_count": None,
                }
                for i, code in enumerate(cells)
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = self.root / name
        path.write_text(json.dumps(content))
        return path


class Notebook:
    """A notebook open in a page."""

    def __init__(self, lab: Lab, page: Any, name: str) -> None:
        self.lab, self.page, self.name = lab, page, name

    def open(self, *, kernel: bool = True) -> Notebook:
        """Opens it and waits for the application, and for its kernel if there is to be one."""
        place = "lab/tree" if self.lab.application == "lab" else "notebooks"
        # Without the documents of the page before.
        reset = "&reset" if self.lab.application == "lab" else ""
        self.page.goto(f"{self.lab.url}{place}/{self.name}?token=tok{reset}")
        self._opened()
        return self.wait_for_kernel() if kernel else self

    def reload(self) -> None:
        """Reloads the page; the kernel, busy or not, is not waited for."""
        self.page.reload()
        self._opened()

    def _opened(self) -> None:
        self.page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)", timeout=PATIENCE)
        # The document itself, since several may be open; its first cell is drawn last.
        self.page.wait_for_function(
            f"(name) => {_DOCUMENT}?.content?.activeCell != null", arg=self.name, timeout=PATIENCE
        )
        self.page.wait_for_selector(".jp-Notebook:visible .jp-CodeCell", timeout=PATIENCE)

    def wait_for_kernel(self) -> Notebook:
        """Waits until its kernel is started, connected and idle."""
        # Not by the indicator on the screen: it shows "idle" too while there is no kernel yet, and who runs a cell then is
        # asked to select one.
        self.page.wait_for_function(
            f"(name) => {{ const kernel = {_DOCUMENT}?.sessionContext?.session?.kernel;"
            " return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'"
            f" && {_DOCUMENT}.sessionContext.isReady; }}",
            arg=self.name,
            timeout=PATIENCE,
        )
        return self

    def run_cell(self) -> None:
        """Runs the selected cell and selects the next; does not wait for its end."""
        self.execute("notebook:run-cell-and-select-next")

    def execute(self, command: str) -> None:
        """Begins a command of the application."""
        self.page.evaluate("(command) => { jupyterapp.commands.execute(command); }", command)

    def running(self) -> bool:
        """Whether a cell is running."""
        return any("[*]" in text for text in self.page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents())

    def wait_for_points(self, points: int, *, nth: int = 0) -> int:
        """Waits until the page's chart `nth` holds so many points; how many it holds then."""
        self.page.wait_for_function(
            "([n, nth]) => Number(document.querySelectorAll('.aspara-widget')[nth]?.dataset.points ?? 0) >= n",
            arg=[points, nth],
            timeout=PATIENCE,
        )
        return self.points(nth)

    def points(self, nth: int = 0) -> int:
        return int(self.page.evaluate(f"() => document.querySelectorAll('.aspara-widget')[{nth}]?.dataset.points ?? 0"))

    def wait_for_end(self) -> None:
        """Waits until a cell has run and none runs any more."""
        self.page.wait_for_function(
            "() => { const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map((p) => p.textContent);"
            " return prompts.some((p) => /\\d/.test(p)) && !prompts.some((p) => p.includes('[*]')); }",
            timeout=PATIENCE,
        )

    def save(self) -> dict[str, Any]:
        """Saves it; what it holds on disk."""
        self.page.evaluate(f"async (name) => {{ await {_DOCUMENT}.context.save(); }}", self.name)
        content: dict[str, Any] = json.loads((self.lab.root / self.name).read_text())
        return content

    def saved_when(self, true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """Saves it until what it holds on disk is so; an update of an output may come a moment after the cell's end."""
        deadline = time.monotonic() + 30
        while True:
            content = self.save()
            if true(content) or time.monotonic() > deadline:
                return content
            self.page.wait_for_timeout(100)

    def shot(self, name: str) -> None:
        """A picture to look at, under screenshots/."""
        folder = REPOSITORY / "screenshots"
        folder.mkdir(exist_ok=True)
        self.page.screenshot(path=str(folder / f"{name}.png"))
