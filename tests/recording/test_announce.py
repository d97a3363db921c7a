"""init() and finish() say which run it is, where it is, and how it ended; on stderr, and not where nobody wants it."""

from __future__ import annotations

import pytest

import aspara
from aspara.recording.log.trends import Trends


@pytest.fixture(autouse=True)
def _speaking(monkeypatch):
    monkeypatch.delenv("ASPARA_SILENT")


def test_a_run_says_where_it_is_and_how_it_ended(disk, capsys):
    """Two lines; then status, duration, last step, and a line for each metric with its trend."""
    run = aspara.init("p", "r")
    first, second = capsys.readouterr().err.splitlines()
    assert "'r' of project 'p'" in first
    assert str(disk.folder) in second
    assert "aspara dashboard" in second
    for step in range(100):
        run.log({"loss": 1 / (step + 1), "rising": step})
    run.finish()
    out, err = capsys.readouterr()
    assert "" == out
    end, head, loss, rising = err.splitlines()
    assert "'r' completed after" in end
    assert "last step 99" in end
    assert ["METRIC", "LAST", "MIN", "MAX", "TREND"] == head.split()[1:]
    assert ["loss", "0.01", "0.01", "1"] == loss.split()[1:5]
    assert ["rising", "99", "0", "99"] == rising.split()[1:5]
    assert rising.split()[5] == "".join(sorted(rising.split()[5]))


@pytest.mark.parametrize("how", ["argument", "setting", "disabled", "direct"])
def test_nothing_is_said_where_nobody_wants_it(disk, capsys, monkeypatch, how):
    """quiet=True, ASPARA_SILENT, a disabled run, a run beside the active one."""
    if how == "setting":
        monkeypatch.setenv("ASPARA_SILENT", "1")
    options = {"argument": {"quiet": True}, "disabled": {"mode": "disabled"}}.get(how, {})
    run = aspara.Run("r", "p") if how == "direct" else aspara.init("p", "r", **options)
    run.log({"a": 1.0})
    run.finish()
    assert "" == capsys.readouterr().err


def test_a_run_continued_by_itself_says_so(disk, capsys):
    """So that nobody takes it for a new one."""
    aspara.init("p", "r").finish(1)
    run = aspara.init("p", resume=True)
    assert "continues at step 0, the last unfinished run of this script" in capsys.readouterr().err
    run.finish(quiet=True)


@pytest.mark.parametrize("count", [1, 5, 128, 129, 1000, 100_000])
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_samples_are_evenly_spread(count, chunk):
    """However the values come: at most 128, at one distance from the first on."""
    if count // chunk > 20_000:
        pytest.skip("slow")
    trends = Trends()
    for start in range(0, count, chunk):
        trends.add(["a"], [(float(i),) for i in range(start, min(count, start + chunk))])
    kept = trends.values("a")
    assert min(count, 64) <= len(kept) <= 128
    assert len({b - a for a, b in zip(kept, kept[1:], strict=False)}) <= 1
    assert 0.0 == kept[0]


def test_samples_of_rows_that_are_never_alike():
    """A metric that each row has is sampled over the whole run, whatever else stands in the rows."""
    trends = Trends()
    for step in range(5000):
        trends.add(["loss", f"once/{step}"], [(float(step), 1.0)])
        if step % 100 == 0:
            trends.add(["val"], [(float(step),)])
    assert trends.values("loss")[-1] >= 4800
    assert sorted(trends.values("loss")) == trends.values("loss")
    assert [float(step) for step in range(0, 5000, 100)] == trends.values("val")
    assert len(list(trends.names())) <= 64
