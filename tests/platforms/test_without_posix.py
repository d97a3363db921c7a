"""On Windows and macOS: what they lack or refuse is neither used nor needed. See ``windows/sitecustomize.py`` for the stand-in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import aspara

ROOT = Path(aspara.__file__).parent
OWNERS = ("util/os_compat.py", "util/windows.py")
# Another function stands for each in os_compat.
REPLACED = {
    "os": set(
        "open pread pwrite replace rename unlink remove fsync fdatasync register_at_fork sched_getaffinity fork getuid getpgid killpg "
        "setsid O_NOFOLLOW O_CLOEXEC O_DIRECTORY O_NONBLOCK statvfs fchmod uname name sync".split()
    )
    - {"fchmod"},  # its one user asks os_compat first
}
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
