"""The server extension under all of Jupyter's applications: each user's data stays theirs, and traitlets configure it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

import aspara

pytestmark = pytest.mark.timeout(300)

# An application, and its base URL as JupyterHub quotes user names. (Jupyter itself starts with no others.)
USERS = {
    "anna": ("jupyter_server", "/user/anna@lab/"),
    "bill": ("jupyterlab", "/user/b%40ill%20%C3%A9/"),
    "cleo": ("notebook", "/hub-x/user/cl~eo.2%21/"),
}


# Who may look at runs, and do all else that Jupyter offers, but change no run.
READERS = """
from jupyter_server.auth.authorizer import Authorizer

class Readers(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "aspara" or action == "read"
"""


class User:
    """A user's own server, as JupyterHub starts one for each."""

    def __init__(self, root: Path, name: str) -> None:
        self.name, self.root = name, root
        self.data = root / "data"
        self.application, base = USERS[name]
        self.token = f"token-of-{name}"
        config = root / "config"
        config.mkdir(parents=True)
        settings: dict[str, dict[str, Any]] = {
            "AsparaApp": {"data_dir": str(self.data), "max_notes_length": 20, "max_tags_count": 2, "max_zip_size": 100},
            "IdentityProvider": {"token": self.token},
            "ServerApp": {"base_url": base, "allow_root": True, "root_dir": str(root), "open_browser": False},
        }
        if name == "bill":
            settings["AsparaApp"]["read_only"] = True
        if name == "cleo":
            (config / "readers.py").write_text(READERS)
            settings["ServerApp"]["authorizer_class"] = "readers.Readers"
        (config / "jupyter_server_config.json").write_text(json.dumps(settings))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}{base}aspara/"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("ASPARA_")},
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(root / "share"),
            "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
            "PYTHONPATH": str(config),
            "XDG_CACHE_HOME": str(root / "cache"),
            "XDG_DATA_HOME": str(root / "user-data"),
        }
        command = [sys.executable, "-m", self.application, "--no-browser", "--ip=127.0.0.1", f"--port={self.port}"]
        command += ["--ServerApp.port_retries=0"]
        with (root / "log").open("w") as log:
            self.process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)

    def ready(self) -> User:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "api/health").ok:
                    return self
            except requests.RequestException:
                pass
            assert self.process.poll() is None, (self.root / "log").read_text()
            time.sleep(0.2)
        raise AssertionError((self.root / "log").read_text())

    def ask(self, method: str, path: str, token: str | None = None, **options: Any) -> requests.Response:
        headers = {"Authorization": f"token {token or self.token}"}
        return requests.request(method, self.base + path, headers=headers, timeout=20, allow_redirects=False, **options)

    def projects(self) -> list[str]:
        return [project["name"] for project in self.ask("GET", "api/projects").json()["projects"]]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, User]]:
    """Three users with servers of their own, begun together; each has a project that is named after them, and one of a
    name that all have.
    """
    made = {name: User(tmp_path_factory.mktemp(name), name) for name in USERS}
    try:
        for name, user in made.items():
            for project in (f"of-{name}", "shared-name"):
                with aspara.Run(f"run of {name}", project, dir=user.data, capture=False) as run:
                    run.log({"loss": 1.0, f"seen by {name}": 2.0})
        for user in made.values():
            user.ready()
        yield made
    finally:
        for user in made.values():
            user.stop()


def test_each_application_serves_its_users_runs(users):
    """Under `jupyter server`, `lab` and `notebook`, at base URLs of odd characters: pages, lists, points, front end."""
    for name, user in users.items():
        assert {f"of-{name}", "shared-name"} == set(user.projects())
        page = user.ask("GET", f"projects/of-{name}")
        assert 200 == page.status_code
        assert "Aspara" in page.text
        answer = user.ask("GET", f"api/projects/of-{name}/runs/metrics").json()
        assert {"loss", f"seen by {name}"} == set(answer["metrics"])
        manifest = requests.get(user.base.removesuffix("aspara/") + "static/aspara_jupyter/manifest.json", timeout=20)
        assert {"widget.js", "lab.js", "plotly.js"} == set(manifest.json())


def test_users_never_see_each_others_data(users):
    """Not by name, not by id, not by a path out of the own folder, not in what all call the same."""
    for name, user in users.items():
        for other, theirs in users.items():
            if other == name:
                continue
            (run,) = aspara.Api(theirs.data).runs(f"of-{other}")
            assert f"of-{other}" not in user.projects()
            outside = quote(f"../../{theirs.root.name}/data/of-{other}", safe="")
            for project in (f"of-{other}", outside, quote(str(theirs.data / f"of-{other}"), safe="")):
                for path in (
                    f"api/projects/{project}",
                    f"api/projects/{project}/runs",
                    f"api/projects/{project}/runs/{run.id}",
                ):
                    assert user.ask("GET", path).status_code in (400, 404), path
            shared = user.ask("GET", "api/projects/shared-name/runs").json()["runs"]
            assert [f"run of {name}"] == [found["name"] for found in shared]
            assert 404 == user.ask("GET", f"api/projects/shared-name/runs/{quote(f'run-of-{other}')}").status_code


def test_one_users_token_opens_nothing_of_another(users):
    """A stranger's login is no login: no list, no page, no change."""
    names = list(users)
    for name, user in users.items():
        stranger = users[names[(names.index(name) + 1) % len(names)]].token
        assert 401 == user.ask("GET", "api/projects", token=stranger).status_code
        assert 401 == user.ask("GET", f"api/projects/of-{name}/runs", token=stranger).status_code
        assert 302 == user.ask("GET", f"projects/of-{name}", token=stranger).status_code
        refused = user.ask("DELETE", f"api/projects/of-{name}", token=stranger).status_code
        assert refused in (401, 403)
        assert f"of-{name}" in user.projects()


def test_an_authorizer_decides_who_changes_runs(users):
    """For the resource `aspara`: who may only read sees everything, by questions of any length, and changes nothing."""
    cleo = users["cleo"]
    for method, path, body in (
        ("GET", "api/projects", None),
        ("GET", "projects/of-cleo", None),
        ("GET", "api/projects/of-cleo/metadata", None),
        ("POST", "api/projects/of-cleo/runs/metrics", {"points": 100}),
    ):
        assert 200 == cleo.ask(method, path, json=body).status_code, path
    (run,) = aspara.Api(cleo.data).runs("of-cleo")
    for method, path in (
        ("PUT", "api/projects/of-cleo/metadata"),
        ("PUT", f"api/projects/of-cleo/runs/{run.run}/metadata"),
        ("POST", f"api/projects/of-cleo/runs/{run.run}/stop"),
        ("DELETE", f"api/projects/of-cleo/runs/{run.run}"),
        ("DELETE", "api/projects/of-cleo"),
    ):
        assert 403 == cleo.ask(method, path, json={"notes": "n"}).status_code, path
    assert "of-cleo" in cleo.projects()
    assert "" == aspara.Api(cleo.data).runs("of-cleo")[0].notes


def test_a_server_may_be_read_only(users):
    """By `c.AsparaApp.read_only`: everything is shown, and a change is refused with the reason."""
    bill = users["bill"]
    refused = bill.ask("PUT", "api/projects/of-bill/metadata", json={"notes": "n"})
    assert (403, True) == (refused.status_code, "read-only" in refused.json()["detail"])
    assert bill.ask("POST", "api/projects/of-bill/runs/metrics", json={}).ok


def test_limits_are_those_of_the_configuration(users):
    """Notes, tags and downloads are bounded by `c.AsparaApp`."""
    user = users["anna"]
    path = "api/projects/of-anna/metadata"
    assert user.ask("PUT", path, json={"notes": "n" * 20, "tags": ["a", "b"]}).ok
    for changes, limit in (({"notes": "n" * 21}, "20"), ({"tags": ["a", "b", "c"]}, "2")):
        refused = user.ask("PUT", path, json=changes)
        assert 400 == refused.status_code
        assert f"at most {limit} " in refused.json()["detail"]
    (run,) = aspara.Api(user.data).runs("of-anna")
    with aspara.Run(project="of-anna", id=run.id, resume="must", dir=user.data, capture=False) as again:
        (user.root / "big.bin").write_bytes(bytes(101))
        again.log_artifact(str(user.root / "big.bin"))
    refused = user.ask("GET", f"api/projects/of-anna/runs/{run.run}/artifacts/download")
    assert (400, True) == (refused.status_code, "more than the 100" in refused.json()["detail"])
