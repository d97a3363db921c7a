"""TensorBoard's own rules: steps that a restarted program took back, and the folders of add_hparams()."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from aspara.util import protobuf, tfrecord


def scalar(step: int, value: float, tag: str = "loss") -> bytes:
    """An event with one value."""
    item = protobuf.put_bytes(1, tag) + protobuf.put_float(2, value)
    time = protobuf.put_double(1, 1_767_268_800.0 + step)
    return time + protobuf.put_integer(2, step) + protobuf.put_bytes(5, protobuf.put_bytes(1, item))


def start(step: int) -> bytes:
    """What SummaryWriter(purge_step=step) writes first."""
    log = protobuf.put_bytes(7, protobuf.put_integer(1, 1))
    return protobuf.put_double(1, 1_767_268_900.0) + protobuf.put_integer(2, step) + log


def hparams(rate: float) -> list[bytes]:
    """How add_hparams() begins its file: the experiment, and the session with its hyperparameters."""

    def event(tag: str, data: bytes) -> bytes:
        plugin = protobuf.put_bytes(1, protobuf.put_bytes(1, "hparams") + protobuf.put_bytes(2, data))
        item = protobuf.put_bytes(1, tag) + protobuf.put_bytes(9, plugin)
        return protobuf.put_double(1, 1_767_268_800.0) + protobuf.put_bytes(5, protobuf.put_bytes(1, item))

    entry = protobuf.put_bytes(1, "lr") + protobuf.put_bytes(2, protobuf.put_double(2, rate))
    session = protobuf.put_bytes(3, protobuf.put_bytes(1, entry))
    return [
        event("_hparams_/experiment", protobuf.put_bytes(2, b"")),
        event("_hparams_/session_start_info", session),
    ]


def write(path: Path, events: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        tfrecord.write_tfrecord(file, protobuf.put_double(1, 1_767_268_800.0) + protobuf.put_bytes(3, "brain.Event:2"))
        for event in events:
            tfrecord.write_tfrecord(file, event)


@pytest.mark.parametrize("files", [1, 2])
def test_what_was_taken_back_is_left_out(files, bring, tmp_path):
    """A program that went on from its checkpoint at step 100 took back its steps 100 to 159; a mark at the beginning takes nothing."""
    before = [start(0), *(scalar(step, step) for step in range(160))]
    after = [start(100), *(scalar(step, -step) for step in range(100, 130))]
    if files == 1:
        write(tmp_path / "logs/a/events.out.tfevents.1.host", before + after)
    else:
        write(tmp_path / "logs/a/events.out.tfevents.1.host", before)
        write(tmp_path / "logs/a/events.out.tfevents.2.host", after)
    (outcome,) = bring("tensorboard", tmp_path / "logs")
    expected = [(step, step) for step in range(100)] + [(step, -step) for step in range(100, 130)]
    assert expected == [(step, value) for step, _, value in bring.points("a", "loss")]
    assert {"points that the program took back": 60} == outcome.skipped


def test_what_is_taken_back_after_an_import_goes_from_the_run(bring, tmp_path):
    """A run that was imported before its program was restarted has the same points after the next import as one imported late."""
    events = tmp_path / "logs/a/events.out.tfevents.0"
    write(events.with_suffix(".1.host"), [scalar(step, step) for step in range(160)])
    bring("tensorboard", tmp_path / "logs")
    write(events.with_suffix(".2.host"), [start(100), *(scalar(step, -step) for step in range(100, 130))])
    (grown,) = bring("tensorboard", tmp_path / "logs")
    expected = [(step, step) for step in range(100)] + [(step, -step) for step in range(100, 130)]
    assert expected == [(step, value) for step, _, value in bring.points("a", "loss")]
    assert "grown" == grown.state
    run = bring.run("a")
    assert (-129, 129) == (run.summary["loss"], run.last_step)
    assert ["unchanged"] == [outcome.state for outcome in bring("tensorboard", tmp_path / "logs")]
    write(events.with_suffix(".3.host"), [start(0), scalar(0, 7)])
    bring("tensorboard", tmp_path / "logs")
    assert [(0, 7)] == [(step, value) for step, _, value in bring.points("a", "loss")]


def test_add_hparams_belongs_to_its_run(bring, tmp_path):
    """The folder that one add_hparams() makes is its run's config and results, and no run of its own."""
    write(tmp_path / "logs/exp/events.out.tfevents.1.host", [scalar(step, step) for step in range(10)])
    hparam_file = tmp_path / "logs/exp/1767268800.25/events.out.tfevents.2.host"
    write(hparam_file, [*hparams(0.5), scalar(0, 0.9, "hparam/accuracy")])
    (outcome,) = bring("tensorboard", tmp_path / "logs")
    run = bring.run("exp")
    assert ("exp", {"lr": 0.5}) == (outcome.name, run.config)
    assert pytest.approx(0.9) == run.summary["hparam/accuracy"]
    assert 10 == len(bring.points("exp", "loss"))


def test_trials_of_add_hparams_are_a_group(bring, tmp_path):
    """Several calls with different hyperparameters are trials: runs of their own, in the group of the one that made them."""
    write(tmp_path / "logs/exp/events.out.tfevents.1.host", [])
    for number in range(3):
        path = tmp_path / f"logs/exp/17672688{number}.5/events.out.tfevents.2.host"
        write(path, [*hparams(0.1 * (number + 1)), scalar(0, number, "hparam/accuracy")])
    states = [outcome.state for outcome in bring("tensorboard", tmp_path / "logs")]
    assert ["empty", "new", "new", "new"] == states
    runs = [bring.run(f"exp/17672688{number}.5") for number in range(3)]
    assert {"exp"} == {run.group for run in runs}
    assert pytest.approx([0.1, 0.2, 0.3]) == [run.config["lr"] for run in runs]
