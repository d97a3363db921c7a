"""`aspara tail`."""

from __future__ import annotations

import json
import signal
import threading

import aspara


def test_last_rows_of_an_ended_run(cli):
    """The last rows are printed in order, and the command ends because the run has."""
    out = [json.loads(line) for line in cli("tail", "digits/fast", "--lines", "3", "--json").out.splitlines()]
    assert [row["step"] for row in out] == [47, 48, 49]
    assert {"loss", "acc"} == set(out[0]["metrics"])


def test_rows_for_people(cli):
    """Without --json a row is a line with time, step and values; NaN is named."""
    assert "step 0       loss=NaN" in cli("tail", "words/broken").out


def test_follows_until_the_run_ends(data, start):
    """Rows appear while the run logs, and the command ends with the run."""
    with aspara.Run(name="live", project="digits", dir=data) as run:
        run.log({"loss": 1.0})
        program = start("tail", "digits/live", "--data-dir", str(data), until="step 0")
        run.log({"loss": 0.5})
        assert "step 1       loss=0.5" in program.process.stdout.readline()
    out, err = program.process.communicate(timeout=30)
    assert (program.process.returncode, err) == (0, "Run 'live' has ended: completed.\n")


def test_no_follow_ends_at_once(data, cli):
    """--no-follow prints the last rows of a run that goes on, and ends."""
    with aspara.Run(name="live", project="digits", dir=data) as run:
        for step in range(5):
            run.log({"loss": float(step), "acc": 0.5})
        out = cli("tail", "digits/live", "--no-follow", "-n", "2", "--metric", "l*").out
    assert ["step 3       loss=3", "step 4       loss=4"] == [line[10:] for line in out.splitlines()]
    assert "" == cli("tail", "digits/live", "-f", "-n", "0").out


def test_texts_are_in_the_last_rows(data, cli):
    """What was logged as text stands in its row, as it does in rows that are followed."""
    with aspara.Run(name="words", project="digits", dir=data) as run:
        run.log({"loss": 1.0, "phase": "warm"})
        run.log({"phase": "hot"})
        run.log({"loss": 0.5})
    rows = [json.loads(line)["metrics"] for line in cli("tail", "digits/words", "--json").out.splitlines()]
    assert [{"loss": 1.0, "phase": "warm"}, {"phase": "hot"}, {"loss": 0.5}] == rows
    assert 2 == len(cli("tail", "digits/words", "--metric", "ph*").out.splitlines())


def test_the_end_of_a_long_run_with_gaps(data, cli):
    """However far apart the last rows are, as many come as were asked for."""
    with aspara.Run(name="gaps", project="digits", dir=data) as run:
        for step in (0, 1, 5, 1000, 1_000_000):
            run.log({"loss": 1.0}, step=step)
    out = [json.loads(line)["step"] for line in cli("tail", "digits/gaps", "-n", "4", "--json").out.splitlines()]
    assert [1, 5, 1000, 1_000_000] == out
    assert 5 == len(cli("tail", "digits/gaps", "-n", "100").out.splitlines())


def test_ctrl_c_ends_the_following(data, start):
    """Ctrl-C ends it cleanly; the run goes on."""
    with aspara.Run(name="live", project="digits", dir=data) as run:
        run.log({"loss": 1.0})
        program = start("tail", "digits/live", "--data-dir", str(data), until="step 0")
        assert program.stop(signal.SIGINT) == (0, "", "")


def test_the_tail_of_a_run_that_has_ended_leaves_nothing_behind(cli):
    """Nobody goes on watching it."""
    assert 0 == cli("tail", "digits/fast").code
    assert not [thread for thread in threading.enumerate() if thread.name == "aspara-watch"]
