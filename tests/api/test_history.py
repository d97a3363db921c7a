"""A history holds what was logged: every metric, rare ones too, each value in its own kind."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import aspara
from aspara.api.run import ApiRun


def logged(folder: Path, *rows: dict[str, Any], captured: bool = True, step: list[int] | None = None) -> ApiRun:
    """A run that logged these rows, with what is captured of the machine beside them."""
    run = aspara.Run(project="p", name="r", dir=folder, capture=False)
    for n, row in enumerate(rows):
        run.log(row, step=None if step is None else step[n])
    run.finish()
    if captured:
        extra = folder / "p" / "r" / "writers" / "system-1.jsonl"
        extra.parent.mkdir(parents=True, exist_ok=True)
        line = {"timestamp": 1_795_540_000_000, "step": 0, "metrics": {"system/cpu": 1.0}}
        extra.write_text(json.dumps(line) + "\n")
        path = folder / "p" / "r.meta.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "captured_metrics": ["system/cpu"]}))
    return aspara.Api(folder).run("p/r")


@pytest.mark.parametrize("captured", [True, False])
def test_lists_media_and_texts_are_there_as_they_were_logged(tmp_path: Path, captured: bool) -> None:
    """Lists as lists, media as dicts in wandb's shape, with system metrics captured or not; a row of media alone is a row."""
    table = aspara.Table(columns=["a"], data=[[1], [2]])
    run = logged(
        tmp_path,
        {"n": 1},
        {"lst": [1, "x", None]},
        {"tab": table},
        {"n": 2, "hist": aspara.Histogram([1, 2, 3]), "text": "[1, 2]"},
        captured=captured,
    )
    rows = list(run.scan_history())
    assert [{"n", "_step"}, {"lst", "_step"}, {"tab", "_step"}, {"n", "hist", "text", "_step"}] == [
        {name for name in row if name not in ("_runtime", "_timestamp")} for row in rows
    ]
    assert rows[1]["lst"] == [1, "x", None]
    assert rows[2]["tab"]["_type"] == "table"
    assert rows[3]["hist"]["_type"] == "histogram"
    assert rows[3]["text"] == "[1, 2]"
    assert [row.get("lst") for row in run.history(format="dict")] == [None, [1, "x", None], None, None]
    assert {"n", "lst", "tab", "hist", "text"} <= set(run.metrics)


def test_one_text_among_numbers_leaves_the_numbers_numbers(tmp_path: Path) -> None:
    run = logged(tmp_path, {"acc": 0.5}, {"acc": "NA"}, {"acc": float("nan")}, {"acc": [1]}, {"acc": 1})
    values = [row["acc"] for row in run.scan_history()]
    assert values[:2] == [0.5, "NA"]
    assert values[2] != values[2]
    assert values[3:] == [[1], 1.0]
    assert run.frame(["acc"])["acc"].to_list() == ["0.5", "NA", '"NaN"', "[1]", "1.0"]


def test_rare_metrics_keep_their_points_when_rows_are_thinned_out(tmp_path: Path) -> None:
    """Each metric's rows are thinned out for themselves."""
    rows = [{"loss": float(i)} if i % 500 else {"val": float(i)} for i in range(10_000)]
    found = logged(tmp_path, *rows).history(samples=100, format="dict")
    assert len(found) == 100
    assert [row["val"] for row in found if row["val"] is not None] == [500.0 * i for i in range(20)]
    assert (found[0]["_step"], found[-1]["_step"]) == (0, 9999)
    loss = [row["_step"] for row in found if row["loss"] is not None]
    assert max(b - a for a, b in zip(loss, loss[1:], strict=False)) < 300


def test_names_that_never_repeat_are_rows_like_any_others(tmp_path: Path) -> None:
    """Thousands of metrics of one point each."""
    run = logged(tmp_path, *({f"m{i}": i} for i in range(3000)))
    assert [(i, float(i)) for i in range(3000)] == [
        (row["_step"], row[f"m{row['_step']}"]) for row in run.scan_history()
    ]
    assert len(run.history(samples=10, format="dict")) == 10


def test_reading_a_history_leaves_no_file_open(tmp_path: Path) -> None:
    """A user's tests that fail on warnings stay green."""
    logged(tmp_path, *({"text": "x" * 1_000_000} for _ in range(10)))
    code = f"""
        import gc, aspara
        run = aspara.Api({str(tmp_path)!r}).run("p/r")
        assert 10 == len(list(run.scan_history()))
        assert 10 == len(run.history(format="dict"))
        next(run.scan_history())
        del run
        gc.collect()
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr)
