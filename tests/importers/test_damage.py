"""Damaged sources: what is whole is imported, the rest is reported, and nothing raises but one sentence."""

from __future__ import annotations

import contextlib
import io
import random
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspara.errors import UsageError
from aspara.util import protobuf, tfrecord


@pytest.mark.parametrize("part", range(12))
def test_event_file_cut_anywhere(part, sample, bring):
    """An event file cut at any place gives the scalars before the cut."""
    source = sample("tensorboard")
    file = next((source / "slow").iterdir())
    content = file.read_bytes()
    cut = len(content) * part // 12 + part
    file.write_bytes(content[:cut])
    outcome = next(o for o in bring("tensorboard", source) if o.name == "slow")
    if outcome.points:
        steps = [step for step, _, _ in bring.points("slow", "train/loss")]
        assert list(range(len(steps))) == steps
        assert len(steps) >= 55 * part // 12 - 5
    if part:
        assert any("cut off" in p or "no whole record" in p for p in outcome.problems)


def test_event_file_with_flipped_bytes(sample, bring):
    """Damage in the middle costs the records that it touches; those behind it are found again."""
    source = sample("tensorboard")
    file = next((source / "slow").iterdir())
    content = bytearray(file.read_bytes())
    for place in range(2000, 2100):
        content[place] ^= 0xFF
    file.write_bytes(content)
    outcome = next(o for o in bring("tensorboard", source) if o.name == "slow")
    steps = [step for step, _, _ in bring.points("slow", "train/loss")]
    assert 55 <= len(steps) < 60
    assert 59 == steps[-1]
    assert any("damaged" in p for p in outcome.problems)


def test_wandb_file_with_flipped_bytes(sample, bring):
    """A damaged record of a .wandb file costs at most its block."""
    source = sample("wandb")
    file = next(source.glob("*abc12345/*.wandb"))
    content = bytearray(file.read_bytes())
    content[9000] ^= 0xFF
    file.write_bytes(content)
    outcome = next(o for o in bring("wandb", source) if o.name == "café ☕")
    assert 10 < len(bring.points("café ☕", "loss")) < 41
    assert any("damaged" in p for p in outcome.problems)


def test_mlflow_lines_that_are_no_points(sample, bring):
    """A line that is no point is named; the others are there. A line without its end waits for the next import."""
    source = sample("mlflow")
    path = next(p for p in source.rglob("metrics/loss") if b"0.7692" in p.read_bytes())
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"what is this\n", b"\xff\xfe\n", *lines[3:-1], lines[-1][:-4]]))
    outcome = next(o for o in bring("mlflow", source) if o.name.startswith("fast"))
    assert list(range(24)) == [step for step, _, _ in bring.points(outcome.name, "loss")]
    assert "metrics/loss: line 4 is no point" in outcome.problems
    assert "metrics/loss: the last line is cut off" in outcome.problems
    path.write_bytes(b"".join(lines))
    bring("mlflow", source)
    assert list(range(25)) == [step for step, _, _ in bring.points(outcome.name, "loss")]


def test_mlflow_run_without_metadata(sample, bring):
    """A run whose meta.yaml is gone is named; where there is no other, that is what is said, too."""
    source = sample("mlflow")
    lost, *others = sorted(path.parent for path in source.rglob("meta.yaml") if (path.parent / "metrics").is_dir())
    (lost / "meta.yaml").unlink()
    outcomes = bring("mlflow", source)
    sentence = f"the run {lost.parent.name}/{lost.name} has no meta.yaml, so it is left out"
    assert {sentence: 1} == dict(bring.report.problems)
    assert outcomes
    for folder in others:
        (folder / "meta.yaml").unlink()
    assert [] == bring("mlflow", source)
    assert len(others) + 1 == len(bring.report.problems)


def test_damaged_database(sample, bring):
    """Of a damaged database what can be read is taken; the rest is one sentence."""
    source = sample("trackio.sql")
    with sqlite3.connect(source) as connection:
        connection.execute("UPDATE metrics SET metrics = '{broken' WHERE run_name = 'fast' AND step = 7")
    connection.close()
    outcome = next(o for o in bring("trackio", source) if o.name == "fast")
    assert 29 == len(bring.points("fast", "loss"))
    assert any("cannot be read" in p for p in outcome.problems)
    content = bytearray(source.read_bytes())
    content[5000:] = bytes(random.Random(0).randbytes(len(content) - 5000))
    source.write_bytes(content)
    bring("trackio", source, project="q")
    assert bring.report.problems


@pytest.mark.parametrize("kind", ["tensorboard", "wandb", "mlflow", "trackio", "csv", "parquet"])
def test_nothing_there(kind, bring, tmp_path):
    """A folder without such runs is an error that says what is looked for."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=f"nothing to import as {kind}: give"):
        bring(kind, tmp_path / "empty")


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_without_raising(content):
    """Record files of any content end, with records or with problems."""
    for kind, found in [*tfrecord.read_tfrecords(io.BytesIO(content)), *tfrecord.read_leveldb(io.BytesIO(content))]:
        assert kind in ("record", "problem")
        if isinstance(found, bytes):
            with contextlib.suppress(protobuf.MalformedMessage):
                list(protobuf.fields(found))


@given(st.lists(st.binary(max_size=200), max_size=20), st.data())
@settings(max_examples=50, deadline=None)
def test_written_records_are_read_back(contents, data):
    """Every record comes back; a cut costs the last one only."""
    file = io.BytesIO()
    for content in contents:
        tfrecord.write_tfrecord(file, content)
    whole = file.getvalue()
    assert contents == [c for _, c in tfrecord.read_tfrecords(io.BytesIO(whole))]
    cut = data.draw(st.integers(0, len(whole)))
    found = [c for k, c in tfrecord.read_tfrecords(io.BytesIO(whole[:cut])) if k == "record"]
    assert contents[: len(found)] == found
    assert sum(len(c) + 16 for c in contents[: len(found)]) <= cut


@pytest.mark.parametrize(
    ("content", "checksum"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_castagnoli(content, checksum):
    """The checksum is that of RFC 3720's examples."""
    assert checksum == tfrecord.crc32c(content)
