"""The filter language means the same in Python and in the browser: one table of cases, run here and by vitest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aspara.catalog.filters.expression import parse
from aspara.catalog.filters.tokens import quoted
from aspara.errors import InvalidFilter

TABLE = json.loads((Path(__file__).parents[2] / "fixtures/expressions.json").read_text(encoding="utf-8"))
NOW = TABLE["now"]


@pytest.mark.parametrize("case", TABLE["matches"], ids=lambda case: case["filter"])
def test_a_filter_keeps_the_runs_it_speaks_of(case):
    made = parse(case["filter"])
    assert case["runs"] == [name for name, run in TABLE["runs"].items() if made.matches(run, NOW)]


@pytest.mark.parametrize("case", TABLE["errors"], ids=lambda case: case["filter"][:40])
def test_a_wrong_filter_says_what_is_wrong_and_where(case):
    with pytest.raises(InvalidFilter) as caught:
        parse(case["filter"])
    error = caught.value
    assert (case["reason"], case["start"], case["end"]) == (error.reason, error.start, error.end)
    assert f"Filter, character {case['start'] + 1}: {case['reason']}" == str(error)


@pytest.mark.parametrize("case", TABLE["values"], ids=lambda case: f"{case['field']} of {case['run']}")
def test_a_lone_field_comes_to_its_value(case):
    assert case["value"] == parse(case["field"]).value(TABLE["runs"][case["run"]], NOW)


@pytest.mark.parametrize("case", TABLE["quoted"], ids=lambda case: case["name"] or "empty")
def test_any_name_can_be_written(case):
    assert case["text"] == quoted(case["name"])
    if case["name"]:
        record = {"config": {case["name"]: 7}}
        assert parse(f"{case['text']} == 7").matches(record, NOW)
        assert (case["text"],) == parse(case["text"]).fields


def test_a_long_filter_is_refused_and_a_hard_pattern_ends():
    """What a stranger may send costs no more than its length."""
    with pytest.raises(InvalidFilter, match="at most 4000"):
        parse("a" * 5000)
    assert not parse('name like "' + "a*" * 200 + 'b"').matches({"name": "a" * 2000}, NOW)
    assert parse("not " * 900 + "true").matches({}, NOW)
