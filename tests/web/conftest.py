"""The Host seam: the same server code on plain Tornado and inside a Jupyter server, one suite for both."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

import aspara
from aspara.server.app import Server


class Site:
    """A running dashboard: requests to it as a logged-in script would send them."""

    def __init__(self, kind: str, base: str, data: Path, headers: dict[str, str]) -> None:
        self.kind = kind
        self.base = base
        self.data = data
        self.headers = headers

    def ask(self, method: str, path: str, **options) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        headers = {k: v for k, v in headers.items() if v is not None}
        return requests.request(method, self.base + path, headers=headers, timeout=20, allow_redirects=False, **options)

    def get(self, path: str, **options) -> requests.Response:
        return self.ask("GET", path, **options)

    def json(self, path: str, **options):
        answer = self.get(path, **options)
        assert 200 == answer.status_code, answer.text
        return answer.json()

    def raw(self, request: bytes) -> bytes:
        """What the server answers to these very bytes."""
        host, port = self.base.split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as link:
            link.sendall(request)
            found = b""
            while part := link.recv(65536):
                found += part
                if len(found) > 1 << 20:
                    break
            return found


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """One Jupyter server for the whole session, at an odd base URL; its data directory is emptied for each test."""
    root = tmp_path_factory.mktemp("jupyter")
    data = root / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "ASPARA_DATA_DIR": str(data),
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_DATA_DIR": str(root / "share"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "XDG_CACHE_HOME": str(root / "cache"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "server",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--allow-root",
    ]
    command += ["--IdentityProvider.token=secret", "--ServerApp.base_url=/a%40b/", "--ServerApp.port_retries=0"]
    with (root / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    base = f"http://127.0.0.1:{port}/a%40b/aspara/"
    deadline = time.monotonic() + 60
    while True:
        try:
            if requests.get(f"{base}api/health?token=secret", timeout=2).ok:
                break
        except requests.RequestException:
            pass
        assert process.poll() is None and time.monotonic() < deadline, (root / "log").read_text()
        time.sleep(0.2)
    yield base, data
    process.terminate()
    process.wait(20)


@pytest.fixture(params=["standalone", "jupyter"])
def site(request, tmp_path, monkeypatch) -> Iterator[Site]:
    """A dashboard on each host, with an empty data directory that aspara.init() writes to as well."""
    if request.param == "jupyter":
        import shutil

        base, data = request.getfixturevalue("jupyter_server")
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        monkeypatch.setenv("ASPARA_DATA_DIR", str(data))
        yield Site("jupyter", base, data, {"Authorization": "token secret"})
        aspara.finish()
        return
    data = tmp_path / "data"
    monkeypatch.setenv("ASPARA_DATA_DIR", str(data))
    server = Server(data, port=0)
    thread = server.start_in_thread()
    yield Site("standalone", server.url, data, {"X-Requested-With": "test"})
    server.stop()
    thread.join(10)
    aspara.finish()


def q(name: str) -> str:
    return quote(name, safe="")
