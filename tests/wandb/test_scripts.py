"""Scripts written for wandb: what they record here is what wandb 0.31 recorded (see ``record_expected.py``)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import aspara
from tests.wandb.record_expected import CHANGING, reduced

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))

# Under their own name these follow Aspara's rules, not wandb's: they run by the module wandb only.
UNCHANGED_ONLY = {
    "environment": "aspara.init() reads ASPARA_ variables; the WANDB_ ones belong to the module wandb",
    "twice": "aspara.init() finishes the run before; the module wandb returns it",
    "yaml_config": "config-defaults.yaml and `value:` belong to the module wandb",
    "login_settings": "aspara.init() takes a project as an argument; the module wandb out of Settings too",
}

CHARTS = ("plotly", "table")


def kept(value: Any) -> Any:
    """A value as it is compared: media by their type, lists of pictures as one, numbers that are whole as such."""
    if isinstance(value, str) and value.startswith('{"_type"'):
        value = json.loads(value)
    value = reduced(value)
    if isinstance(value, dict):
        return {key: kept(inner) for key, inner in value.items() if inner is not None}
    return value


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Flat names as wandb nests them: {"a.b": 1} as {"a": {"b": 1}}."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        *parents, last = name.split(".")
        into = found
        for part in parents:
            into = into.setdefault(part, {})
        into[last] = value
    return found


def same(expected: Any, actual: Any) -> bool:
    """Equal, with numbers by their value and a chart as what it is kept as."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        if expected.get("_type") in ("chart", "table"):  # wandb keeps scikit-learn's charts as tables with a mark
            return actual.get("_type") in CHARTS
        if "_type" in expected and isinstance(actual.get("_type"), str):
            return str(expected["_type"]).lower() == actual["_type"] or expected["_type"] == "images"
        return expected.keys() == actual.keys() and all(same(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return (
            (math.isnan(expected) and math.isnan(actual))
            or math.isclose(expected, actual, rel_tol=1e-9)
            or expected == actual
        )
    return bool(expected == actual)


def runs_of(data: Path) -> list[aspara.Run]:
    """Every run that a script left, in the order of their beginning."""
    api = aspara.Api(data)
    return [run for project in reversed(api.projects()) for run in api.runs(project.name, order="+created_at")]


@pytest.mark.parametrize("unchanged", [True, False], ids=["unchanged", "one line changed"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_records_what_wandb_records(script: Path, unchanged: bool, program, data: Path):
    """Rows, config, summary, group, job type, tags, notes, exit code and what the script printed are wandb's."""
    if not unchanged and script.stem in UNCHANGED_ONLY:
        pytest.skip(UNCHANGED_ONLY[script.stem])
    expected = json.loads((HERE / "expected" / f"{script.stem}.json").read_text())
    done = program(script.read_text(), unchanged=unchanged, ASPARA_CAPTURE="off")
    printed = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert expected["printed"] == (json.loads(printed[-1]) if printed else None)
    runs = runs_of(data) if data.exists() else []
    assert len(expected["runs"]) == len(runs)
    for wanted, run in zip(expected["runs"], runs, strict=True):
        rows = []
        for row in run.scan_history():
            values = {key: kept(value) for key, value in row.items() if key not in CHANGING}
            rows.append({"_step": row["_step"], **nested(values)})
        assert len(wanted["history"]) == len(rows), (wanted["history"], rows)
        for before, after in zip(wanted["history"], rows, strict=True):
            assert same({key: value for key, value in before.items() if value is not None}, after), (before, after)
        assert same(wanted["config"], run.config), (wanted["config"], run.config)
        # Media and lists stand in the rows; a summary need not repeat them.
        wanted["summary"] = {
            key: value
            for key, value in wanted["summary"].items()
            if key in run.summary or not (isinstance(value, list) or (isinstance(value, dict) and "_type" in value))
        }
        own = nested({key: kept(value) for key, value in run.summary.items()})
        assert same(wanted["summary"], own), (wanted["summary"], own)
        facts = [run.group or "", run.job_type or "", run.tags, run.notes or "", run.exit_code]
        assert [wanted[name] for name in ("group", "job_type", "tags", "notes", "exit_code")] == facts
