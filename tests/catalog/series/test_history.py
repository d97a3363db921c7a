"""The history of a run comes in blocks: the same rows whatever their size, and never more in memory than one of them."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from aspara.catalog.catalog import Catalog
from aspara.catalog.series import history_blocks as module
from aspara.catalog.series.history import HistoryQuery, history
from aspara.errors import UsageError
from tests.catalog.conftest import Folder


@pytest.fixture
def index(folder: Folder, catalog: Catalog) -> Any:
    """Metrics of different pace: each step, each third, repeated steps, texts, and one that comes late and out of order."""
    rows: list[tuple[int, dict[str, Any]]] = []
    for i in range(500):
        rows.append((i, {"loss": float(i), "odd": "NaN" if i % 7 == 0 else i}))
        if i % 3 == 0:
            rows.append((i, {"val": -float(i), "note": f"n{i}"}))
        if i % 50 == 0:
            rows.extend((i, {"again": float(k)}) for k in range(40))
    rows.extend((k, {"late": 1.0}) for k in (1000, 250, 3))
    folder.run("r", rows)
    return catalog.index("p", "r")


def frame(index: Any, query: HistoryQuery) -> pl.DataFrame:
    return pl.concat(history(index, query))


@pytest.mark.parametrize("cells", [1, 700, 5000])
@pytest.mark.parametrize(
    "query",
    [
        HistoryQuery(),
        HistoryQuery(keys=("val", "loss"), every=True),
        HistoryQuery(keys=("late", "ghost")),
        HistoryQuery(min_step=100, max_step=350),
        HistoryQuery(min_step=-(1 << 70), max_step=1 << 70),
        HistoryQuery(samples=37),
        HistoryQuery(samples=37, x_axis="val"),
        HistoryQuery(samples=5, keys=("loss",), every=True, x_axis="odd"),
        HistoryQuery(keys=("loss",), x_axis="_timestamp"),
        HistoryQuery(x_axis="note"),
        HistoryQuery(min_step=5000),
    ],
    ids=str,
)
def test_blocks_make_no_difference(index: Any, query: HistoryQuery, cells: int, monkeypatch: pytest.MonkeyPatch):
    """Small blocks put together are the one large block."""
    whole = frame(index, query)
    monkeypatch.setattr(module, "_CELLS", cells)
    monkeypatch.setattr(module, "_LEAST_ROWS", 1)
    parts = list(history(index, query))
    assert pl.concat(parts).equals(whole)
    if query.samples is None and query.x_axis == "_step":
        assert max(len(part) for part in parts) <= max(1, cells // 2)


def test_every_step_is_one_row_with_the_last_value_at_it(index: Any):
    """Against a plain account of what was logged."""
    found = frame(index, HistoryQuery())
    assert [*range(500), 1000] == found["_step"].to_list()
    assert [39.0 if i % 50 == 0 else None for i in range(500)] == found["again"].to_list()[:500]
    assert [3, 250, 1000] == found.filter(pl.col("late").is_not_null())["_step"].to_list()
    assert [f"n{i}" if i % 3 == 0 else None for i in range(500)] == found["note"].to_list()[:500]
    odd = found["odd"].to_list()
    assert all(math.isnan(odd[i]) if i % 7 == 0 else odd[i] == i for i in range(500))


def test_samples_keep_both_ends(index: Any):
    """Evenly spread, in the order of the axis."""
    thin = frame(index, HistoryQuery(samples=11))
    assert (11, 0, 1000) == (len(thin), thin["_step"][0], thin["_step"][-1])
    along = frame(index, HistoryQuery(samples=5, x_axis="val"))["val"].to_list()
    assert (-498.0, 0.0, sorted(along)) == (along[0], along[-1], along)


def test_what_was_captured_is_a_stream_of_its_own(index: Any):
    """The program's rows, the machine's, or all."""
    names = [set(next(history(index, HistoryQuery(stream=s), {"val", "note"})).columns) for s in ("program", "system")]
    own = {"_step", "_runtime", "_timestamp"}
    assert [own | {"loss", "odd", "again", "late"}, own | {"val", "note"}] == names
    with_axis = next(history(index, HistoryQuery(x_axis="val"), {"val"}))
    assert "val" in with_axis.columns


@pytest.mark.parametrize(
    "wrong",
    [{"samples": 0}, {"samples": 1.5}, {"samples": True}, {"stream": "x"}, {"min_step": "1"}, {"max_step": 1.5}],
)
def test_a_senseless_question_is_named(wrong: dict[str, Any]):
    """What makes no sense is an error before anything is read."""
    with pytest.raises(UsageError, match=next(iter(wrong))):
        HistoryQuery(**wrong)


def test_more_texts_than_memory_is_for_come_in_blocks(
    folder: Folder, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
):
    """A run that logs a long text at each step gives all of them, in order, a bounded part at a time."""
    monkeypatch.setattr(module, "_TEXT_BYTES", 100_000)
    count = 21_000  # more than an index holds
    order = [*range(count // 2, count), *range(count // 2)]
    folder.run("r", [(i, {"say": f"\N{GREEK SMALL LETTER ALPHA}{i} " * 10, "loss": float(i)}) for i in order])
    blocks = list(history(catalog.index("p", "r"), HistoryQuery()))
    assert catalog.index("p", "r").points.texts_let_go
    assert max(len(block) for block in blocks) < 2500
    whole = pl.concat(blocks)
    assert list(range(count)) == whole["_step"].to_list()
    assert [f"\N{GREEK SMALL LETTER ALPHA}{i} " * 10 for i in range(count)] == whole["say"].to_list()
