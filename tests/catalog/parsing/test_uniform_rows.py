"""Rows that are all alike are read many at a time: what comes out is what reading them one by one gives, whatever stands among them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aspara.catalog.index.points import RunPoints
from aspara.catalog.index.run_index import RunIndex
from aspara.catalog.parsing.bulk_parser import SMALLEST, names_in, parse_bulk
from aspara.catalog.parsing.line_reader import Problems, Tail, parse
from aspara.catalog.parsing.uniform_rows import parse_alike
from aspara.storage.layout import Layout
from tests.catalog.conftest import Folder

ROW = b'{"timestamp":%d,"step":%d,"metrics":{"loss":%s,"a.0/m:01":2.5,"\xe2\x98\x83":-7}}\n'
MANY = SMALLEST // len(ROW)
NUMBERS = [
    *(b"0", b"-0", b"-0.0", b"1.5", b"10", b"1e5", b"1E5", b"1e+5", b"1e-07", b"0e0", b"1e308", b"5e-324", b"1e-400"),
    *(b"123456789012345678901234567890", b"0.1000000000000000055511151231257827", b"9007199254740993", b" 1", b"1 "),
]
NO_NUMBERS = [
    *(b"+1", b"01", b"-01", b"00", b".5", b"-.5", b"1.", b"1.e5", b"1e", b"-", b"--1", b"1_0", b"0x1", b"1,", b"1:2"),
    *(b"", b"inf", b"-inf", b"nan", b"infinity", b"1.2.3", b"\xd9\xa1", b"1\x00", b'1"', b"[1", b"1}}{{"),
]
OTHERS = [b"NaN", b"-Infinity", b'"NaN"', b'"text"', b"true", b"null", b"1e400", b"[1]", b'1,"extra":2', b'1,"loss":2']
LINES = [
    *(b"\n", b"  \n", b"garbage\n", b'{"timestamp":1,"step":1,"metrics":{}}\n', ROW[:40] + b"\n", b"\x00\n"),
    *(ROW % (1, 1, b"1") + b"\r\n", b"#" + ROW % (1, 1, b"1"), ROW.replace(b"}}", b"}}}") % (1, 1, b"1")),
    *(ROW.replace(b"}}", b"}") % (1, 1, b"1"), ROW.replace(b":%d,", b":%d,", 1).replace(b"}}", b"} }") % (1, 1, b"1")),
    *(ROW % (1 << 60, 1, b"1"), ROW % (1, -(1 << 53), b"1"), ROW % (1, 1 << 70, b"1"), b" " + ROW % (1, 1, b"1")),
    b'{"step":1,"timestamp":1,"metrics":{"loss":1,"a.0/m:01":2.5,"\xe2\x98\x83":-7}}\n',
    b'{"timestamp":1,"step":1,"metrics":{"a.0/m:01":1,"loss":2.5,"\xe2\x98\x83":-7}}\n',
]


def rows(count: int) -> list[bytes]:
    return [ROW % (1000 + i, i, b"%d.25" % (i % 97)) for i in range(count)]


def seen(points: RunPoints) -> Any:
    found = {name: column.points() for name, column in points.columns.items()}
    # A zero's sign means nothing: JSON's whole numbers have none.
    return {name: [(array + 0).tobytes() for array in arrays] for name, arrays in found.items()}, points.rows


def one_by_one(content: bytes) -> tuple[Any, list[dict[str, Any]]]:
    points, problems = RunPoints(), Problems()
    points.add(parse(content, Tail(Path("r.jsonl"), 1), problems))
    return seen(points), problems.json()


@pytest.mark.parametrize("at", [0, 300, MANY + 50])
@pytest.mark.parametrize(
    "odd", [*(ROW % (5, 5, value) for value in (*NUMBERS, *NO_NUMBERS, *OTHERS)), *LINES], ids=repr
)
def test_one_row_among_many(folder: Folder, odd: bytes, at: int) -> None:
    """A value or a line of any kind costs and changes no more than it would alone, at the beginning, within and at the end."""
    content = rows(MANY + 50)
    content.insert(at, odd)
    folder.run("r", b"".join(content))
    index = RunIndex(Layout(folder.path).run("p", "r"))
    index.refresh()
    assert one_by_one(b"".join(content)) == (seen(index.points), index.problem_list())


@pytest.mark.parametrize("number", [n for n in NUMBERS if n not in (b"1e+5", b"1e-07") and n == n.strip()])
def test_numbers_of_all_kinds_are_read_the_quick_way(number: bytes) -> None:
    """Every bit of them is as Python's own parser has it, whether other encoders put spaces between them or not."""
    content = b"".join([*rows(60), ROW % (5, 5, number)])
    found = parse_alike(content)
    spaced = parse_alike(content.replace(b",", b", ").replace(b'":', b'": '))
    assert spaced is not None and found is not None
    assert found.values["loss"].tobytes() == spaced.values["loss"].tobytes()
    assert struct.pack("d", float(number)) == found.values["loss"][60:].tobytes()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(31, 40),
    changes=st.lists(
        st.tuples(
            st.sampled_from(["put", "set", "cut"]),
            st.floats(0, 0.999),
            st.sampled_from([bytes([b]) for b in b'0123456789..--+eE,:"{}\n \r\tnaif_x\x00\xff']),
        ),
        max_size=3,
    ),
)
def test_any_bytes_changed(count: int, changes: list[tuple[str, float, bytes]]) -> None:
    """What is taken for rows that are alike is read to the bit as one by one, and without a problem."""
    content = b"".join(rows(count))
    for change, where, byte in changes:
        at = int(where * len(content))
        content = content[:at] + (b"" if change == "cut" else byte) + content[at + (change != "put") :]
    content = content[: content.rfind(b"\n") + 1]
    names = names_in(content, set()) if content else set()
    found = parse_bulk(content, names)
    if found is None:
        return
    points = RunPoints()
    points.add_bulk(found)
    assert one_by_one(content) == (seen(points), [])


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(
        st.sampled_from(
            [
                b'"loss":%d.5',
                b'"loss":%d,"val":1',
                b'"val":%d',
                b'"x":"NaN","loss":%d',
                b'"loss":%d,"x":1',
                b'"x":%d.0,"val":-1,"y":2',
            ]
        ),
        min_size=1,
        max_size=4,
    ),
    every=st.integers(2, 50),
    start=st.integers(0, 60),
)
def test_rows_of_several_kinds(kinds: list[bytes], every: int, start: int) -> None:
    """Rows with further metrics, with fewer and with others stand among those that are alike, each at its place."""
    lines = rows(200)
    for n, at in enumerate(range(start, 200, every)):
        lines[at] = b'{"timestamp":%d,"step":%d,"metrics":{%s}}\n' % (at, at, kinds[n % len(kinds)] % n)
    content = b"".join(lines)
    found = parse_bulk(content, names_in(content, {"loss", "val", "x", "y"}))
    assert found is not None
    points = RunPoints()
    points.add_bulk(found)
    assert one_by_one(content) == (seen(points), [])
