"""Any history of logging, deaths, archives, forks, rewinds and resumptions: every acknowledged row is there once, in order."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery


class Histories(RuleBasedStateMachine):
    """The model is a list of (step, value) in the order in which log() returned, and how far each rewind went back."""

    backend = "jsonl"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="aspara-history-"))
        os.environ["ASPARA_ARCHIVE_ROWS"] = "1000000"
        # Every sync is asked for here, none comes by itself.
        os.environ["ASPARA_FSYNC_INTERVAL"] = "1000"
        self.known: list[tuple[int, float]] = []
        self.value = 0.0
        self.catalog = Catalog(self.folder / "data", cache_dir=self.folder / "cache")
        self.run: aspara.Run | None = None
        self.start()

    def teardown(self) -> None:
        if self.run is not None:
            self.run.finish()
        for name in ("ASPARA_ARCHIVE_ROWS", "ASPARA_FSYNC_INTERVAL"):
            del os.environ[name]
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, **options) -> None:
        self.run = aspara.Run(
            project="p", dir=str(self.folder / "data"), storage_backend=self.backend, capture=False, **options
        )

    @property
    def paths(self):
        return self.catalog.layout.run("p", "r")

    def log(self, run: aspara.Run, step: int | None) -> None:
        self.value += 1
        at = run.step if step is None else step
        run.log(
            {"a": self.value, "note": f"text {self.value}"} if self.value % 3 == 0 else {"a": self.value}, step=step
        )
        self.known.append((at, self.value))

    @precondition(lambda self: self.run is None)
    @rule(backend=st.sampled_from(["jsonl", "polars"]))
    def resume(self, backend: str) -> None:
        self.backend = backend
        self.start(id="abc", resume="must")
        assert max((step for step, _ in self.known), default=-1) < self.run.step

    @precondition(lambda self: self.run is not None)
    @rule(count=st.integers(1, 20), step=st.none() | st.integers(0, 30))
    def log_some(self, count: int, step: int | None) -> None:
        for i in range(count):
            self.log(self.run, None if step is None else step + i)

    @precondition(lambda self: self.run is not None)
    @rule()
    def sync(self) -> None:
        self.run.flush()

    @precondition(lambda self: self.run is not None and self.run.backend == "polars")
    @rule()
    def archive(self) -> None:
        recorder = self.run._recorder
        if recorder._file.count():
            recorder.backend.archiver.turn()
            recorder.backend.archiver.settle()

    @precondition(lambda self: self.run is not None)
    @rule(torn=st.binary(max_size=40))
    def die(self, torn: bytes) -> None:
        """As SIGKILL does: no word to disk, locks gone; a row that was on its way may be half there."""
        self.run._keeper.stop(5)
        self.run._disk.stop(5, last=self.run._recorder.abandon)
        self.run._finished = self.run._shut = True
        self.run = None
        path = self.paths.wal if self.backend == "polars" else self.paths.rows
        with path.open("ab") as file:
            file.write(b'{"timestamp": 17, "step' + torn.replace(b"\n", b""))

    @precondition(lambda self: self.run is not None)
    @rule()
    def finish(self) -> None:
        self.run.finish()
        self.run = None

    @precondition(lambda self: self.run is not None)
    @rule(count=st.integers(1, 5))
    def fork_and_log(self, count: int) -> None:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                for i in range(count):
                    self.log(self.run, i)
                os.write(writer, b"x")
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        os.set_blocking(reader, False)
        assert b"x" == os.read(reader, 1)
        os.close(reader)
        os.close(writer)
        for i in range(count):
            self.value += 1
            self.known.append((i, self.value))

    @precondition(lambda self: self.run is None)
    @rule(step=st.integers(0, 40))
    def rewind(self, step: int) -> None:
        self.start(resume_from=f"abc?_step={step}")
        self.known = [row for row in self.known if row[0] <= step]
        assert step + 1 == self.run.step

    @invariant()
    def everything_is_there_once(self) -> None:
        found = self.catalog.metrics("p", None, SeriesQuery()).metrics
        rows = [] if "a" not in found else next(iter(found["a"].values()))
        values = (
            [] if not self.known and not found else list(zip(rows.steps.tolist(), rows.values.tolist(), strict=True))
        )
        assert sorted(self.known) == sorted(values)


class FirstHistories(Histories):
    """Named by an id from the start."""

    def start(self, **options) -> None:
        super().start(**(options or {"name": "r", "id": "abc"}))


TestHistories = FirstHistories.TestCase
TestHistories.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


class LongHistories(FirstHistories):
    """The long form."""


TestManyHistories = pytest.mark.soak(LongHistories.TestCase)
TestManyHistories.settings = settings(
    max_examples=400, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
