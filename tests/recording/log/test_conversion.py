"""Any value in, the same meaning out: through the public API to real files and back."""

from __future__ import annotations

import contextlib
import dataclasses
import decimal
import enum
import io
import json
import math
import shutil
import tempfile
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import aspara
from aspara.recording.log.conversion import scalar, to_json
from aspara.storage import row_codec
from aspara.util import json_safe


@contextlib.contextmanager
def run_in(folder: Path, **options) -> Iterator[aspara.Run]:
    with (
        contextlib.redirect_stderr(io.StringIO()),
        aspara.Run("r", "p", dir=str(folder), capture=False, **options) as run,
    ):
        yield run


@contextlib.contextmanager
def a_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def history(folder: Path) -> dict[str, Any]:
    """What the rows of the run's only step say together."""
    found: dict[str, Any] = {}
    for line in (folder / "p/r.jsonl").read_bytes().splitlines():
        _, step, metrics, complaint = row_codec.decode(line)
        assert (0, None) == (step, complaint)
        found |= metrics
    return found


def same(one: Any, other: Any) -> bool:
    """Equal, where NaN is NaN; 1, 1.0 and True are the same number."""
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return isinstance(one, str) == isinstance(other, str) and one == other


NAMES = st.text("abcXYZ/_ é日", min_size=1, max_size=6)
TEXTS = st.text(max_size=12).filter(lambda text: text not in json_safe.NONFINITE)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)


def as_row(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """What a row is to hold of a logged dict."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            found |= as_row(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            if value and all(v is None or isinstance(v, int | float | str) for v in value):
                found[prefix + name] = [by_name(v) for v in value]
        elif value is not None:
            found[prefix + name] = narrowed(value)
    return found


def by_name(value: Any) -> Any:
    """Inside of a list a non-finite number is its name."""
    value = narrowed(value)
    return json_safe.nonfinite_name(value) if isinstance(value, float) and not math.isfinite(value) else value


def narrowed(value: Any) -> Any:
    """Integers that no file can keep are the nearest float."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return value


def readable(text: Any) -> bool:
    return not isinstance(text, str) or not any("\ud800" <= c <= "\udfff" for c in text)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=5))
def test_any_json_that_is_logged_has_the_same_meaning_out(data):
    """Nested dicts flatten, None is left out, short lists stay lists; nothing raises."""
    with a_folder() as folder:
        with run_in(folder) as run:
            run.log(data)
        found, expected = history(folder), as_row(data)
        assert same(expected, found), (expected, found)
        [seen] = list(aspara.Api(folder).run("p/r").scan_history()) or [{}]
        for name, value in expected.items():
            if not isinstance(value, list):
                assert same(float(value) if isinstance(value, int) else value, seen[name])


DTYPES = st.sampled_from(["f2", "f4", "f8", "i1", "i4", "i8", "u1", "u8", "?"])


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=7)))
def test_any_array_that_is_logged_has_the_same_meaning_out(array):
    """One element is a number, up to 32 are a list, more are a histogram; an empty one is left out."""
    with a_folder() as folder:
        with run_in(folder) as run:
            run.log({"x": array, "ok": 1})
        found = history(folder)
        assert 1 == found.pop("ok")
        if array.size == 1:
            assert same(array.item(), found["x"])
        elif 0 < array.size <= 32:
            assert same(names_in(array.tolist()), found["x"])
        elif array.size and np.isfinite(array).any():
            assert ("histogram", int(np.isfinite(array).sum())) == (found["x"]["_type"], sum(found["x"]["values"]))
        else:
            assert {} == found


def names_in(value: Any) -> Any:
    return [names_in(v) for v in value] if isinstance(value, list) else by_name(value)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=4), st.dictionaries(NAMES, JSON, max_size=4))
def test_any_json_in_config_and_summary_is_there_again(config, summary):
    """On disk, over the Api and for whoever resumes the run, None too; non-finite numbers by their names in the file."""
    with a_folder() as folder:
        with run_in(folder, config=config) as run:
            run.config.update(summary)
            run.summary.update(summary)
        wanted = {**config, **summary}
        meta = json.loads((folder / "p/r.meta.json").read_text())
        api = aspara.Api(folder).run("p/r")
        with run_in(folder, resume="must") as again:
            assert same(names_deep(wanted), meta["config"])
            assert same(wanted, again.config.as_dict())
            assert same(names_deep(wanted, narrowed), names_deep(dict(api.config), narrowed))
            assert same(names_deep(summary), meta["summary"])
            assert same(summary, again.summary.as_dict())


def names_deep(value: Any, leaf=lambda value: value) -> Any:
    if isinstance(value, dict):
        return {k: names_deep(v, leaf) for k, v in value.items()}
    if isinstance(value, list):
        return [names_deep(v, leaf) for v in value]
    value = leaf(value)
    return json_safe.nonfinite_name(value) if isinstance(value, float) and not math.isfinite(value) else value


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float = 1.5
    deep: tuple = (1, {"a": 2})


class Hostile:
    """What nobody should log: everything that is asked of it fails."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


MEANINGS = [
    (np.float32(0.5), 0.5),
    (np.int8(-3), -3),
    (np.bool_(True), True),
    (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (np.array([1.0, math.nan]), [1.0, "NaN"]),
    (np.array("2026-01-02", "M8[D]"), "2026-01-02"),
    (decimal.Decimal("1.5"), 1.5),
    (Fraction(1, 4), 0.25),
    (2**70, 2**70),
    (date(2026, 1, 2), "2026-01-02"),
    (datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),
    (timedelta(minutes=5), "0:05:00"),
    (Path("a/b"), "a/b"),
    (PurePosixPath("a/b"), "a/b"),
    (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    (Colour.RED, "red"),
    (Point(), {"x": 1.5, "deep": [1, {"a": 2}]}),
    ((1, (2, 3)), [1, [2, 3]]),
    ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "(1, 2)": "c"}),
    ({5}, [5]),
    (range(3), [0, 1, 2]),
    (deque([1, 2]), [1, 2]),
    (OrderedDict(b=1), {"b": 1}),
    ({"a": 1}.keys(), ["a"]),
    (len, "builtins.len"),
    (int, "builtins.int"),
    (b"x", "b'x'"),
    (1 + 2j, "(1+2j)"),
    (np.zeros(200_000), "ndarray of shape (200000,)"),
]


@pytest.mark.parametrize(("value", "meaning"), MEANINGS, ids=range(len(MEANINGS)))
def test_objects_in_config_have_the_nearest_meaning_that_json_has(disk, value, meaning):
    """Numbers are numbers, sequences are lists, records are dicts; the rest is text."""
    run = aspara.init("p", "r", config={"x": value})
    run.summary["x"] = value
    run.finish()
    meta = disk.meta("p", "r")
    assert (meaning, type(meaning)) == (meta["config"]["x"], type(meta["config"]["x"]))
    assert meaning == meta["summary"]["x"]


CYCLE: list = []
CYCLE.append(CYCLE)
DEEP: dict = {}
for _ in range(100):
    DEEP = {"a": DEEP}
ODD = [
    Hostile(),
    CYCLE,
    (i for i in range(3)),
    open,
    "\ud800",
    SimpleNamespace(shape=(), dtype=None),
    np.array([object()]),
]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_nothing_that_is_logged_or_set_raises(disk, value, capsys):
    """Its neighbours are kept, whatever it is."""
    run = aspara.init("p", "r")
    run.log({"a": 1.0, "odd": value, "b": 2.0})
    run.config.update({"a": 1.0, "odd": value})
    run.summary.update({"mine": 1.0, "odd": value})
    run.finish()
    assert ([1.0], [2.0]) == (disk.values("p", "r", "a"), disk.values("p", "r", "b"))
    meta = disk.meta("p", "r")
    assert (1.0, 1.0) == (meta["config"]["a"], meta["summary"]["mine"])
    assert "completed" == meta["status"]


KINDS = st.one_of(
    st.floats(),
    st.integers(-(1 << 70), 1 << 70),
    st.booleans(),
    st.floats().map(np.float64),
    st.floats(width=32).map(np.float32),
    st.integers(-100, 100).map(np.int64),
    st.none(),
    st.just("text"),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(KINDS, KINDS), min_size=1, max_size=8))
def test_rows_of_the_same_names_keep_what_each_holds(rows):
    """Whatever kinds of numbers come one after the other under a name, each row is what it would be alone."""
    with tempfile.TemporaryDirectory() as folder:
        run = aspara.Run("r", "p", dir=folder, capture=False)
        alone = []
        for a, b in rows:
            run.log({"a": a, "b": b})
            alone.append({k: v for k, v in (("a", scalar(a)), ("b", scalar(b))) if v is not None})
        run.finish()
        kept = [json.loads(line) for line in (Path(folder) / "p" / "r.jsonl").read_text().splitlines()]
        found = {row["step"]: row["metrics"] for row in kept}
        assert [repr(_read(row)) for row in alone] == [repr(_read(found.get(i, {}))) for i in range(len(rows))]
        for name in ("a", "b"):
            last = [row[name] for row in alone if name in row]
            if last:
                assert repr(_read({name: last[-1]})) == repr(_read({name: run.summary[name]}))


def _read(row):
    """Booleans are numbers to every reader, and what is not finite has a name."""
    return {k: to_json(+v if isinstance(v, bool) else v) for k, v in row.items()}
