"""`aspara dashboard` and its kin as processes: addresses, ports, tokens, a clean end."""

from __future__ import annotations

import json
import signal
import urllib.request
from pathlib import Path

import pytest

import aspara


def get(url: str, token: str | None = None):
    """The JSON at `url`."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_dashboard_serves_and_ends_cleanly(number, data: Path, start):
    """The dashboard prints its address and serves the data; Ctrl-C ends it with exit code 0 and no word more."""
    program = start("dashboard", "--port", "0", "--data-dir", str(data), until="Ctrl-C")
    assert {"digits", "words"} == {p["name"] for p in get(program.url + "api/projects")["projects"]}
    assert program.stop(number) == (0, "", "")


def test_busy_port_names_a_free_one(data: Path, start, cli):
    """A port in use is exit code 1 and the next free port is named, ready to be copied."""
    port = start("dashboard", "--port", "0", "--data-dir", str(data), until="Ctrl-C").url.rpartition(":")[2].rstrip("/")
    answer = cli("dashboard", "--port", port)
    assert answer[:2] == (1, "")
    assert f"Port {port} is in use." in answer.err
    assert "--port " in answer.err


def test_beyond_loopback_there_is_a_token(data: Path, start):
    """On an address that others can reach a token is made, printed with the address, and demanded."""
    program = start("dashboard", "--host", "0.0.0.0", "--port", "0", "--data-dir", str(data), until="Ctrl-C")
    address, _, token = program.url.partition("?token=")
    assert len(token) > 20
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(address + "api/projects")
    assert get(address + "api/projects", token)["total"] == 2


def test_read_only(data: Path, start):
    """--read-only is told to whoever asks."""
    program = start("serve", "dashboard", "--port", "0", "--data-dir", str(data), "--read-only", until="Ctrl-C")
    assert get(program.url + "api/health")["read_only"] is True


def test_an_empty_data_directory_is_told_of(tmp_path: Path, start):
    """Whoever mistyped the folder's name sees it at once, and has no folder of that name; the first run that goes there is shown."""
    program = start("dashboard", "--port", "0", "--data-dir", str(tmp_path / "typo"), until="Ctrl-C")
    assert any(line.startswith(f"Data:  {tmp_path / 'typo'} (there is no such folder yet") for line in program.lines)
    assert 0 == get(program.url + "api/projects")["total"]
    assert not (tmp_path / "typo").exists()
    with aspara.Run(project="p", dir=tmp_path / "typo") as run:
        run.log({"loss": 1})
    assert 1 == get(program.url + "api/projects")["total"]
    (tmp_path / "empty").mkdir()
    program = start("dashboard", "--port", "0", "--data-dir", str(tmp_path / "empty"), until="Ctrl-C")
    assert f"Data:  {tmp_path / 'empty'} (nothing is recorded there yet)" in program.lines
