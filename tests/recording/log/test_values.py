"""Values that stand for none, enums, seconds and milliseconds, lists that change."""

from __future__ import annotations

import enum
import time

import numpy as np
import pytest

import aspara
from aspara.catalog.catalog import Catalog


class Word(str, enum.Enum):
    Z = "zz"


def test_a_missing_value_is_skipped_as_none_is(disk, capsys):
    """numpy's masked, pandas' NA and NaT: no point, no warning, and None in the config."""
    pd = pytest.importorskip("pandas")
    run = aspara.init("p", "r", config={"m": np.ma.masked, "na": pd.NA})
    run.log({"a": 1.0, "m": np.ma.masked, "na": pd.NA, "nat": pd.NaT, "date": np.datetime64("NaT")})
    run.finish()
    assert ["a"] == [name for name in Catalog(disk.folder).run("p", "r").metrics if not name.startswith("system/")]
    assert {"m": None, "na": None} == disk.meta("p", "r")["config"]
    assert "skipped" not in capsys.readouterr().err


def test_masked_elements_are_nan(disk):
    """They are not what lies under the mask."""
    run = aspara.init("p", "r")
    run.log({"a": np.ma.MaskedArray([1, 2, 3], mask=[False, True, False])})
    run.finish()
    assert [1.0, "NaN", 3.0] == disk.rows("p/r.jsonl")[0]["metrics"]["a"]


def test_an_enum_is_its_value_in_rows_and_in_the_config(disk):
    """A text one, whose str() is its name, too."""
    run = aspara.init("p", "r", config={"word": Word.Z})
    run.log({"word": Word.Z})
    run.finish()
    assert ("zz", "zz") == (disk.rows("p/r.jsonl")[0]["metrics"]["word"], disk.meta("p", "r")["config"]["word"])


def test_seconds_are_told_from_milliseconds_by_their_size(disk, capsys, monkeypatch):
    """time.time() is what Python gives; it is said once."""
    from aspara.recording.log import validation

    monkeypatch.setattr(validation, "_said_seconds", False)
    now = time.time()
    run = aspara.init("p", "r")
    for timestamp in (now, int(now * 1000), np.float64(now), np.int64(now * 1000)):
        run.log({"a": 1.0}, timestamp=timestamp)
    run.finish()
    assert [int(now)] * 4 == [row["timestamp"] // 1000 for row in disk.rows("p/r.jsonl")]
    assert 1 == capsys.readouterr().err.count("seconds since the epoch")


def test_a_list_in_the_config_that_is_appended_to_is_saved(disk):
    """At the latest at the end."""
    run = aspara.init("p", "r", config={"layers": [64]})
    run.config.layers.append(32)
    run.finish()
    assert [64, 32] == disk.meta("p", "r")["config"]["layers"]


def test_aggregates_are_taken_as_a_list(disk):
    """summary=["min", "max"] is "min,max"."""
    run = aspara.init("p", "r")
    run.define_metric("a", summary=["min", "max"])
    run.log({"a": 1.0})
    run.log({"a": 3.0})
    assert {"min": 1.0, "max": 3.0} == run.summary["a"]
    run.finish()


TABLES = {
    "a list of dicts": (aspara.Table(columns=["a", "b"], data=[{"a": 1, "b": 2}, {"b": 4}]), [(1, 2), (None, 4)]),
    "dicts alone": (aspara.Table(data=[{"a": 1, "b": 2}]), [(1, 2)]),
    "equal names": (aspara.Table(columns=["a", "a"], data=[[1, 2]]), [(1, 2)]),
    "half a surrogate pair": (aspara.Table(columns=["a"], data=[["x\ud800"]]), [("x?",)]),
    "mixed kinds": (
        aspara.Table(columns=["a"], data=[[1], [[1, 2]], [{"k": 1}], ["t"]], allow_mixed_types=True),
        [("1",), ("[1, 2]",), ('{"k": 1}',), ("t",)],
    ),
}


@pytest.mark.parametrize(("table", "rows"), TABLES.values(), ids=TABLES)
def test_a_table_that_log_takes_can_be_read(disk, table, rows):
    """As a frame."""
    run = aspara.init("p", "r")
    run.log({"t": table})
    run.finish()
    [media] = aspara.Api(disk.folder).run("p/r").media()
    assert rows == media.table().rows()


def test_a_frames_index_is_kept(disk):
    """describe() has its row names there."""
    pd = pytest.importorskip("pandas")
    run = aspara.init("p", "r")
    run.log({"t": pd.DataFrame({"x": [1.0, 2.0]}).describe()})
    run.finish()
    [media] = aspara.Api(disk.folder).run("p/r").media()
    assert ["index", "x"] == media.table().columns
    assert "mean" in media.table()["index"].to_list()


def test_sounds_need_samples_in_time():
    """A rate of zero is named."""
    with pytest.raises(aspara.AsparaError, match="sample_rate=0"):
        aspara.Audio(np.zeros(10), sample_rate=0)


def test_faint_images_are_not_black():
    """All values at 1e-8."""
    from aspara.media.pixels import to_bytes

    assert 255 == to_bytes(np.full((2, 2), 1e-8)).max()
