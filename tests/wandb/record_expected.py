"""Records what wandb itself makes of the scripts beside this file: ``python record_expected.py [name ...]``.

Run it by a Python that has wandb 0.31.0 (and what the scripts import), and commit what it writes to ``expected/``. Nothing goes
online. Of each run it keeps the rows, the config and the summary; of the script, the last line that it printed. Media are
reduced to their type, what differs from one time to the next is left out, and a chart stands under the name that it was
logged by, not under that of its table.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BLOCK = 32768
CHANGING = ("_timestamp", "_runtime", "_step", "_wandb")


def records(path: Path) -> Iterator[Any]:
    """The records of a run's file: LevelDB's log format behind seven bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        left = BLOCK - at % BLOCK
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + 7])
        if not length and not kind:
            break
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole one, or the last part of one
            record = Record()
            record.ParseFromString(parts)
            parts = b""
            yield record


def put(into: dict[str, Any], item: Any) -> None:
    """Sets an item at its key, or at its path of keys."""
    path = list(item.nested_key) or [item.key]
    for key in path[:-1]:
        into = into.setdefault(key, {})
    into[path[-1]] = json.loads(item.value_json)


def remove(item: Any, out: dict[str, Any]) -> None:
    path = list(item.nested_key) or [item.key]
    for key in path[:-1]:
        out = out.get(key, {})
    out.pop(path[-1], None)


def reduced(value: Any) -> Any:
    """A value without what changes from one time to the next."""
    if isinstance(value, dict):
        if "_type" in value:
            return {"_type": value["_type"].removesuffix("-file").replace("images/separated", "images")}
        return {key: reduced(inner) for key, inner in value.items()}
    return [reduced(inner) for inner in value] if isinstance(value, list) else value


def run_of(path: Path) -> dict[str, Any]:
    """What a run's file holds."""
    history: list[dict[str, Any]] = []
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for record in records(path):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            facts = {"group": run.run_group, "job_type": run.job_type, "tags": list(run.tags), "notes": run.notes}
            for item in run.config.update:
                put(config, item)
        elif kind == "config":
            for item in record.config.update:
                put(config, item)
            for item in record.config.remove:
                remove(item, config)
        elif kind == "history":
            row: dict[str, Any] = {}
            for item in record.history.item:
                put(row, item)
            row.setdefault("_step", record.history.step.num)
            history.append(row)
        elif kind == "summary":
            for item in record.summary.update:
                put(summary, item)
            for item in record.summary.remove:
                remove(item, summary)
        elif kind == "exit":
            facts["exit_code"] = record.exit.exit_code
    charts = set((config.get("_wandb") or {}).get("visualize") or {})
    charts = charts or set(((config.get("_wandb") or {}).get("value") or {}).get("visualize") or {})

    def cleaned(values: dict[str, Any]) -> dict[str, Any]:
        found = {}
        for key, value in values.items():
            if key in CHANGING:
                continue
            name = key.removesuffix("_table")
            if name in charts:
                found[name] = {"_type": "chart"}
            else:
                found[key] = reduced(value)
        return found

    rows = [{"_step": row["_step"], **cleaned(row)} for row in history]
    return {
        "history": [row for row in rows if len(row) > 1],
        "config": {key: reduced(value) for key, value in config.items() if key not in CHANGING},
        "summary": cleaned(summary),
        **facts,
    }


def record(script: Path) -> dict[str, Any]:
    """Runs a script in an empty folder, and tells what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "script.py").write_text(script.read_text())
        environment = {**os.environ, "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": folder}
        if script.stem == "disabled":
            del environment["WANDB_MODE"]
        done = subprocess.run(
            [sys.executable, "script.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{script.name}: {done.stderr}")
        files = sorted(Path(folder).glob("wandb/offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns)
        lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
        return {
            "wandb": "0.31.0",
            "printed": json.loads(lines[-1]) if lines else None,
            "runs": [run_of(path) for path in files],
        }


if __name__ == "__main__":
    for path in sorted((HERE / "scripts").glob("*.py")):
        if sys.argv[1:] and path.stem not in sys.argv[1:]:
            continue
        print(path.stem, flush=True)
        text = json.dumps(record(path), indent=1, sort_keys=True)
        (HERE / "expected" / f"{path.stem}.json").write_text(text + "\n")
