"""resume_from="<run>?_step=N": a run goes back to a step, and nothing is deleted."""

from __future__ import annotations

import os

import pytest

import aspara
from aspara.catalog.catalog import Catalog
from aspara.catalog.series.query import SeriesQuery
from aspara.errors import RunIsRunning, RunNotFound, UsageError


def first_life(backend: str, steps: int = 10) -> aspara.Run:
    run = aspara.init("p", "r", id="abc", config={"lr": 1}, tags=["a"], notes="n", storage_backend=backend)
    for i in range(steps):
        run.log({"a": float(i), "only_late" if i > 7 else "early": 1.0})
    run.summary["own"] = 7
    run.finish()
    return run


@pytest.mark.parametrize("named", ["abc", "r"])
@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_later_rows_are_hidden_and_the_step_goes_on(disk, backend, named, monkeypatch):
    """By id or file name, in row files and in Parquet; config, tags, notes and the program's own summary stay."""
    monkeypatch.setenv("ASPARA_ARCHIVE_ROWS", "4")
    first_life(backend)
    run = aspara.init("p", resume_from=f"{named}?_step=3", storage_backend=backend)
    assert (True, 4, 4, 1, ("a",), "n") == (
        run.resumed,
        run.step,
        run.starting_step,
        run.config.lr,
        run.tags,
        run.notes,
    )
    assert {"a": 3.0, "early": 1.0, "own": 7} == dict(run.summary.items())
    run.log({"a": -4.0})
    run.log({"a": -9.0}, step=9)
    run.finish()
    assert [0, 1, 2, 3, 4, 9] == disk.steps("p", "r", "a")
    assert [0.0, 1.0, 2.0, 3.0, -4.0, -9.0] == disk.values("p", "r", "a")
    assert [] == disk.values("p", "r", "only_late")
    meta = disk.meta("p", "r")
    assert {"a": -9.0, "early": 1.0, "own": 7} == meta["summary"]
    assert (-9.0, 3.0, 6) == tuple(meta["metric_summary"]["a"][k] for k in ("min", "max", "count"))
    assert [3] == [each["step"] for each in meta["rewinds"]]
    assert aspara.Api(disk.folder).run("p/r").frame(["a"])["_step"].to_list() == [0, 1, 2, 3, 4, 9]


@pytest.mark.parametrize("backend", ["jsonl", "polars"])
def test_what_was_hidden_is_still_there(disk, backend):
    """Every row of a later step lies in the run's folder, byte for byte."""
    first_life(backend)
    before = sorted(line for path in (disk.folder / "p").glob("r*.jsonl") for line in path.read_bytes().splitlines())
    aspara.init("p", resume_from="abc?_step=5", storage_backend=backend).finish()
    left = [line for path in (disk.folder / "p").glob("r*.jsonl") for line in path.read_bytes().splitlines()]
    aside = [
        line for path in (disk.folder / "p/r/rewound/1").rglob("*.jsonl") for line in path.read_bytes().splitlines()
    ]
    assert (6, 4) == (len(left), len(aside))
    assert before == sorted(left + aside)


def test_rows_of_every_writer_are_rewound_and_new_ones_of_any_writer_are_shown(disk):
    """Forked workers' files too; what a worker logs after the rewind is there, whatever its step."""

    def fork_and_log(run: aspara.Run, first: int) -> None:
        pid = os.fork()
        if pid == 0:
            for i in range(first, first + 10):
                run.log({"worker": float(i)}, step=i)
            os._exit(0)
        assert 0 == os.waitpid(pid, 0)[1]

    run = aspara.init("p", "r", id="abc")
    run.log({"a": 0.0})
    fork_and_log(run, 0)
    run.finish()
    run = aspara.init("p", resume_from="abc?_step=4")
    fork_and_log(run, 100)
    run.finish()
    assert [*range(5), *range(100, 110)] == disk.steps("p", "r", "worker")


def test_a_view_that_is_open_forgets_what_was_rewound(disk):
    """A dashboard that had read the run shows what is left of it, and what comes after."""
    first_life("jsonl")
    catalog = Catalog(disk.folder)

    def steps() -> list[int]:
        return catalog.metrics("p", ["r"], SeriesQuery()).metrics["a"]["r"].steps.tolist()

    assert list(range(10)) == steps()
    run = aspara.init("p", resume_from="abc?_step=3")
    assert [0, 1, 2, 3] == steps()
    run.log({"a": 1.0})
    assert [0, 1, 2, 3, 4] == steps()
    assert 4 == catalog.run("p", "r").info.last_step


def test_a_run_may_be_rewound_again_and_again(disk):
    """Each time what it leaves has a place of its own."""
    first_life("jsonl")
    for step in (7, 5, 3):
        run = aspara.init("p", resume_from=f"abc?_step={step}")
        run.log({"a": 100.0 + step})
        run.finish()
    assert [0, 1, 2, 3, 4] == disk.steps("p", "r", "a")
    assert 103.0 == disk.values("p", "r", "a")[-1]
    assert [7, 5, 3] == [each["step"] for each in disk.meta("p", "r")["rewinds"]]


def test_a_rewind_that_was_cut_short_is_done_by_the_next_one(disk, monkeypatch):
    """Rows are safe in their new place before they leave the old one."""
    first_life("jsonl")
    real = os.replace

    def cut_short(source, target):
        if str(target).endswith("p/r.jsonl"):
            raise OSError(5, "killed here")
        return real(source, target)

    monkeypatch.setattr(os, "replace", cut_short)
    with pytest.raises(OSError, match="killed here"):
        aspara.init("p", resume_from="abc?_step=3")
    monkeypatch.setattr(os, "replace", real)
    assert list(range(10)) == disk.steps("p", "r", "a")
    aspara.init("p", resume_from="abc?_step=3").finish()
    assert [0, 1, 2, 3] == disk.steps("p", "r", "a")


def test_what_cannot_be_rewound_says_why(disk):
    """An unknown run, a running one, and words that name no step."""
    with pytest.raises(RunNotFound):
        aspara.init("p", resume_from="nobody?_step=1")
    for text in ("abc", "abc?_step=", "abc?_step=-1", "?_step=3", "abc?_step=x"):
        with pytest.raises(UsageError, match="resume_from"):
            aspara.init("p", resume_from=text)
    with pytest.raises(UsageError, match="leave id="):
        aspara.init("p", id="x", resume_from="abc?_step=1")
    running = aspara.Run("r", "p", id="abc")
    running.log({"a": 1.0})
    with pytest.raises(RunIsRunning, match="still being written"):
        aspara.init("p", resume_from="abc?_step=0")
    running.finish()


def test_a_run_at_a_tracker_is_rewound_too(tmp_path):
    """The tracker's files are the same files."""
    from aspara.server.app import Server
    from aspara.server.tracker import ingest

    folder = tmp_path / "data"
    routes, close = ingest(folder)
    server = Server(folder, port=0, extra=routes, on_close=[close])
    thread = server.start_in_thread()
    try:
        run = aspara.Run("r", "p", id="abc", tracker_uri=server.url)
        for i in range(10):
            run.log({"a": float(i)})
        run.finish()
        run = aspara.Run(project="p", resume_from="abc?_step=3", tracker_uri=server.url)
        assert 4 == run.step
        run.log({"a": -1.0})
        run.finish()
    finally:
        server.stop()
        thread.join(10)
    found = Catalog(folder).metrics("p", ["r"], SeriesQuery()).metrics["a"]["r"]
    assert ([0, 1, 2, 3, 4], -1.0) == (found.steps.tolist(), found.values[-1])


def test_a_view_that_had_read_a_segment_forgets_what_was_rewound_in_it(disk):
    """A row file on its way into the archive that could not be archived is rewound like any other."""
    run = aspara.init("p", "r", id="abc", storage_backend="polars")
    for i in range(4):
        run.log({"a": float(i)})
    with (disk.folder / "p/r.wal.jsonl").open("ab") as file:
        file.write(b"no row\n")  # keeps the segment from being archived
    run._recorder.backend.archiver.turn()
    run._recorder.backend.archiver.settle()
    catalog = Catalog(disk.folder)

    def steps() -> list[int]:
        return catalog.metrics("p", ["r"], SeriesQuery()).metrics["a"]["r"].steps.tolist()

    assert [0, 1, 2, 3] == steps()
    run.finish()
    aspara.init("p", resume_from="abc?_step=1", storage_backend="polars").finish()
    assert [0, 1] == steps()
