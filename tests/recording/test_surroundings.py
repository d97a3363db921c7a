"""What surrounds a run (git, home folder, interpreter) neither raises nor stalls."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

BEGIN = "import aspara\nwith aspara.init('p', 'r', capture='git') as run:\n    run.log({'a': 1.0})\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return folder


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("HEAD", b"ref: refs/heads/caf\xe9\n"),
        ("HEAD", b"\x00\xff\x80binary"),
        ("HEAD", b""),
        ("packed-refs", b"# pack-refs\n" + b"a" * 40 + b" refs/tags/caf\xe9\n"),
    ],
)
def test_a_strange_repository_stops_nothing(disk, script, repository, file, content):
    """Names in other encodings, a damaged HEAD."""
    (repository / ".git" / file).write_bytes(content)
    done = script(BEGIN, cwd=repository)
    assert (0, "completed") == (done.returncode, disk.info("p", "r").status), done.stderr


def test_a_slow_git_does_not_hold_up_the_end(disk, script, repository, tmp_path):
    """It is ended, and what it would have said is left out."""
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin/git"
    git.write_text("#!/bin/sh\nsleep 60\n")
    git.chmod(0o755)
    subprocess.run(["git", "-C", str(repository), "commit", "-q", "--allow-empty", "-m", "x"], check=True,
                   env={**os.environ, **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"), "x")})  # fmt: skip
    began = time.monotonic()
    done = script(BEGIN, cwd=repository, env={**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    assert (0, "completed") == (done.returncode, disk.info("p", "r").status), done.stderr
    assert time.monotonic() - began < 50  # git sleeps for 60


def test_no_home_folder_is_no_trouble_with_a_data_directory(disk, script):
    """Writing and reading; without a data directory the error names the ways to give one."""
    nobody = "import os, pathlib\ndef home(*_): raise RuntimeError('Could not determine home directory.')\npathlib.Path.home = classmethod(home)\n"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
    read = "print(len(aspara.Api(run.place).run('p/r').history(format='dict')))"
    done = script(nobody + BEGIN + read, env=environment)
    assert (0, "1\n") == (done.returncode, done.stdout), done.stderr
    del environment["ASPARA_DATA_DIR"]
    done = script(nobody + BEGIN, env=environment)
    assert "DataDirError" in done.stderr
    assert "ASPARA_DATA_DIR" in done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the module has another name there")
def test_a_subinterpreter_records(disk, script):
    """It has no signals, and needs none."""
    done = script(
        textwrap.dedent(
            f"""
            import _xxsubinterpreters as interpreters
            interpreters.run_string(interpreters.create(), {BEGIN.replace("'git'", "False")!r})
            """
        )
    )
    assert "signal only works" not in done.stderr
    if "orjson" not in done.stderr:  # a library may refuse to be loaded there
        assert (0, "completed") == (done.returncode, disk.info("p", "r").status), done.stderr


def test_a_terminal_of_few_letters_gets_every_message(script):
    """Other letters as escapes."""
    done = script("from aspara.util.messages import say\nsay('größe')", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert "gr\\xf6\\xdfe" in done.stderr
