"""Two real projects, and `aspara` as a function."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import aspara
from aspara.cli.main import main


class Answer(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Runs `digits/slow`, `digits/fast` (tagged best) and the failed `words/broken`."""
    folder = tmp_path / "data"
    for name, rate in (("slow", 0.01), ("fast", 0.1)):
        with aspara.Run(
            name=name, project="digits", dir=folder, config={"lr": rate}, tags=["best"] * (rate > 0.05)
        ) as run:
            for step in range(50):
                run.log({"loss": 1 / (1 + rate * step), "acc": step / 50})
    with aspara.Run(name="broken", project="words", dir=folder, notes="stopped early") as run:
        run.log({"loss": float("nan")})
        run.finish(3)
    return folder


@pytest.fixture
def cli(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """``cli("runs", "digits")``: the command run in this process on `data`."""
    monkeypatch.setenv("ASPARA_DATA_DIR", str(data))
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        return Answer(code, *capsys.readouterr())

    return call


class Program:
    """A running `aspara` command; `lines` are what it printed until it said it was ready."""

    def __init__(self, *arguments: str, until: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aspara.cli.main", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.lines: list[str] = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if until in line:
                return
        out, err = self.process.communicate(timeout=10)
        raise AssertionError(f"{arguments} ended with {self.process.returncode} before {until!r}: {out}{err}")

    @property
    def url(self) -> str:
        return next(line.partition(": ")[2] for line in self.lines if "http://" in line)

    def stop(self, number: int) -> Answer:
        """Sends a signal, as a terminal or a supervisor does, and waits for the end."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return Answer(self.process.returncode, out, err)


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    """``start("dashboard", "--port", "0", until="Ctrl-C")``: a command as a process of its own, gone after the test."""
    started: list[Program] = []

    def begin(*arguments: str, until: str) -> Program:
        started.append(Program(*arguments, until=until))
        return started[-1]

    yield begin
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.communicate()
