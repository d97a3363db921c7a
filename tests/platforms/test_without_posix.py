"""On Windows and macOS: what they lack or refuse is neither used nor needed. See ``windows/sitecustomize.py`` for the stand-in."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import aspara
from aspara.settings import STORAGE_BACKENDS
from aspara.util import os_compat

ROOT = Path(aspara.__file__).parent
OWNERS = ("util/os_compat.py", "util/windows.py", "settings.py")  # the last one lies below the others
# Another function stands for each in os_compat.
REPLACED = {
    "os": set(
        "open pread pwrite replace rename unlink remove fsync fdatasync register_at_fork sched_getaffinity fork getuid getpgid killpg "
        "setsid O_NOFOLLOW O_CLOEXEC O_DIRECTORY O_NONBLOCK statvfs fchmod uname name sync".split()
    )
    - {"fchmod"},  # its one user asks os_compat first
}
HERE = Path(__file__).parent
MODULES = {"fcntl", "msvcrt", "resource", "pwd", "grp", "termios"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_one_module_knows_what_differs_between_systems(path):
    """Anything else calls that one."""
    if path.relative_to(ROOT).as_posix() in OWNERS:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in REPLACED.get(node.value.id, ()), f"{path}:{node.lineno}: use aspara.util.os_compat"
        elif isinstance(node, ast.Import):
            assert not MODULES & {alias.name for alias in node.names}, f"{path}:{node.lineno}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "getattr"):
            asked = node.args[0] if node.args else None
            assert not (isinstance(asked, ast.Name) and asked.id == "os"), f"{path}:{node.lineno}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "unlink":
            assert isinstance(node.func.value, ast.Name) and node.func.value.id == "os_compat", f"{path}:{node.lineno}"


@pytest.mark.parametrize("backend", [*STORAGE_BACKENDS, "remote"])
def test_everyday_work_needs_nothing_that_windows_lacks(backend, tmp_path, own_surroundings):
    """Every file, row and answer is as it is elsewhere, though nothing that is open can be renamed, replaced or removed."""
    processes = tmp_path / "processes"
    processes.mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE / "windows"),
        "STAND_IN_PROCESSES": str(processes),
        "STAND_IN_PRELOAD": "psutil test_tools",
        "PYTHONIOENCODING": "cp1252",
        "PYTHONWARNDEFAULTENCODING": "1",
        "ASPARA_CAPTURE": "console,command,environment",
        "ASPARA_ARCHIVE_ROWS": "3000",
        "ASPARA_FSYNC_INTERVAL": "0.2",
        "ASPARA_EXIT_TIMEOUT": "120",
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "everyday_work.py"), str(tmp_path), backend],
        env=environment,
        capture_output=True,
        text=True,
        encoding="cp1252",
        errors="replace",
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything" in done.stdout
    assert "aspara-" not in done.stderr, done.stderr  # a background thread that met an error


def test_rows_leave_the_drives_cache_on_macos(tmp_path, monkeypatch):
    """There fsync leaves them in it, and there is no fdatasync."""
    calls: list[int] = []
    monkeypatch.delattr(os, "fdatasync")
    monkeypatch.setattr(os_compat, "_FULL_SYNC", 51)
    monkeypatch.setattr(os_compat, "_fcntl", SimpleNamespace(fcntl=lambda _descriptor, call: calls.append(call)))
    descriptor = os_compat.open_file(tmp_path / "rows", os.O_RDWR | os.O_CREAT)
    os_compat.data_sync(descriptor)
    os_compat.sync(descriptor)
    os.close(descriptor)
    assert [51, 51] == calls


def test_a_link_is_not_followed_where_open_cannot_refuse_it(tmp_path, monkeypatch):
    """As on Windows."""
    monkeypatch.setattr(os_compat, "_NOFOLLOW", 0)
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="link"):
        os_compat.open_to_read(tmp_path / "link")
    os.close(os_compat.open_to_read(tmp_path / "real"))
