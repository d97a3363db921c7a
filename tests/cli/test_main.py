"""The command as a whole: help, version, exit codes, one line for each error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aspara.cli.main import COMMANDS, main
from aspara.version import __version__


def test_version(cli):
    """--version prints name and version."""
    assert (0, f"aspara {__version__}\n", "") == cli("--version")


def test_python_m_aspara():
    """`python -m aspara` is the command, for a Python whose scripts are not on the path."""
    done = subprocess.run([sys.executable, "-m", "aspara", "--version"], capture_output=True, text=True, check=True)
    assert f"aspara {__version__}\n" == done.stdout


def test_version_is_instant():
    """`aspara --version` loads nothing that only a command needs."""
    code = "import sys; from aspara.cli.main import make_parser; make_parser(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "polars", "tornado", "requests", "plotly", "IPython", "sklearn", "aspara.catalog", "aspara.web"}
    assert set() == heavy & set(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples(name, cli):
    """Each command's help says what it does and shows command lines, each of which the parser takes."""
    answer = cli(name, "--help")
    assert answer.code == 0
    assert COMMANDS[name].SUMMARY in answer.out
    examples = [line.split() for line in COMMANDS[name].EXAMPLES.splitlines() if line.startswith("aspara ")]
    assert examples
    assert {name} == {words[1] for words in examples}


def test_no_command_is_wrong_usage(cli):
    """Without a command there is one line that leads to the help, and exit code 2."""
    answer = cli()
    assert answer.code == 2
    assert "aspara --help" in answer.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["runs", "ghost"], 1, "There is no project 'ghost'. Projects: digits, words."),
        (["show", "digits/ghost"], 1, "Its runs: fast, slow."),
        (["show", "digits"], 2, "aspara runs digits"),
        (["show", "digits/fast", "--metric", "nope"], 2, "Its metrics: acc, loss."),
        (["show", "../etc/passwd"], 2, "PROJECT/RUN"),
        (["runs", "digits", "--sort", "colour"], 2, "summary.METRIC"),
        (["runs", "digits", "--limit", "-1"], 2, "whole number above 0"),
        (["projects", "--data-dir", "/no/such/folder"], 1, "--data-dir"),
        (["dashboard", "--port", "http"], 2, "1 to 65535"),
        (["dashboard", "--host", "203.0.113.1", "--port", "0"], 1, "--host"),
        (["bogus"], 2, "invalid choice: 'bogus'"),
    ],
)
def test_errors_are_one_line(arguments, code, said, cli):
    """An error is one line on stderr that names the value and the way out; nothing is on stdout."""
    answer = cli(*arguments)
    assert (code, "") == answer[:2]
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_unreadable_data_directory(cli, tmp_path: Path):
    """A data directory that is a file says so and names the way out."""
    (tmp_path / "file").write_text("")
    answer = cli("projects", "--data-dir", str(tmp_path / "file"))
    assert answer.code == 1
    assert f"{tmp_path / 'file'} cannot be read (Not a directory)" in answer.err


def test_closed_pipe_is_no_error(data: Path):
    """`aspara show ... | head -1` ends quietly."""
    shell = f"{sys.executable} -m aspara.cli.main show digits/fast --data-dir {data} | head -n 1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert (done.stdout, done.stderr) == ("run        digits/fast\n", "")


def test_ctrl_c_is_no_traceback(monkeypatch):
    """A command interrupted by Ctrl-C exits with the code that shells expect, silently."""

    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(COMMANDS["projects"], "run", interrupted)
    assert main(["projects"]) == 130
