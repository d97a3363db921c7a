"""Tables kept as JSON: rows are had by where they lie."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspara.catalog.files import json_table
from aspara.catalog.files.json_table import open_table
from aspara.catalog.files.table_pages import TablePages, TableQuery
from aspara.catalog.filters.expression import parse
from aspara.errors import UsageError

cells = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(alphabet='ab"\\[]{},:é\n', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(
    rows=st.lists(st.lists(cells, max_size=4), max_size=12),
    odd=st.lists(cells, max_size=3),
    spaces=st.booleans(),
    after=st.booleans(),
    chunk=st.integers(1, 40),
)
def test_rows_are_found_whatever_stands_in_them(tmp_path_factory, rows, odd, spaces, after, chunk):
    """Brackets, quotes and backslashes in texts, cells in cells, other keys, and wherever a part of the file ends."""
    path = tmp_path_factory.mktemp("t") / "t.json"
    # What is no row is none, wherever it stands.
    data = [*[each for each in odd if not isinstance(each, list)], *rows]
    found = {"ncols": 3, "more": [[1], [2]], "columns": ["a", "b]"], "data": data}
    if after:
        found = {**found, "behind": {"data": [[9]]}}
    path.write_text(json.dumps(found, separators=None if spaces else (",", ":")))
    before = json_table._CHUNK, json_table._BLOCK
    try:
        json_table._CHUNK, json_table._BLOCK = chunk, chunk
        table = open_table(path)
        assert (["a", "b]"], len(rows)) == (table.columns, len(table))
        assert rows == list(table.some(range(len(rows))))
        blocks = list(table.blocks())
        assert rows == [row for _, some in blocks for row in some]
        assert [sum(len(some) for _, some in blocks[:i]) for i in range(len(blocks))] == [first for first, _ in blocks]
    finally:
        json_table._CHUNK, json_table._BLOCK = before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "3",
        '{"columns": ["a"], "data": [[1]',
        '{"columns": 1, "data": [[1]]}',
        '{"columns": ["a"], "data": 3}',
    ],
)
def test_what_is_no_table_is_told(tmp_path, content):
    """Also one that was cut off."""
    path = tmp_path / "t.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"'t.json' is no table"):
        TablePages().rows(path, TableQuery())


def test_bare_nan_is_read(tmp_path):
    """As Python writes it; it has no place in an order."""
    path = tmp_path / "t.json"
    path.write_text('{"columns": ["x"], "data": [[NaN], [2.0], [-Infinity]]}')
    assert [["-inf"], [2.0], ["nan"]] == TablePages().rows(path, TableQuery(sort="x"))["rows"]


def test_a_page_of_a_large_table_costs_a_page(tmp_path):
    """Twenty megabytes are never in memory at once, whatever is asked."""
    path = tmp_path / "t.json"
    rows = 2000
    path.write_text(json.dumps({"columns": ["n", "text"], "data": [[i, f"{i} " + "x" * 10_000] for i in range(rows)]}))
    tables = TablePages()
    tables.rows(path, TableQuery())  # what is loaded once stays out of the count
    for query, first in [
        (TableQuery(offset=1500), 1500),
        (TableQuery(sort="-n"), 1999),
        (TableQuery(search="1234 x"), 1234),
        (TableQuery(where=parse("n > 1900")), 1901),
    ]:
        tracemalloc.start()
        found = tables.rows(path, query)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert first == found["rows"][0][0]
        assert most < 12 << 20
