"""Data directories of known shapes, made once and kept between calls (in ``.bench`` or where ``--data`` says)."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

START = 1_764_000_000_000
KEPT = Path(__file__).parents[2] / ".bench"
_VERSION = 1


@dataclass(frozen=True)
class Shape:
    """So many runs of so many steps with so many metrics at each."""

    name: str
    runs: int
    steps: int
    metrics: int
    points: int = 1000
    """Points a series that its charts ask for."""
    rounds: int = 3
    """Rounds whose median is shown, unless the command line says how many."""

    def scaled(self, factor: float) -> Shape:
        """The same with so many times the steps, or the runs of a shape of many short ones."""
        if self.runs > 100:
            return replace(self, runs=max(1, round(self.runs * factor)))
        return replace(self, steps=max(10, round(self.steps * factor)))

    @property
    def names(self) -> list[str]:
        """Its metrics."""
        return [f"group{i // 10}/metric_{i}" for i in range(self.metrics)]

    @property
    def title(self) -> str:
        """It in a few words."""
        runs = f"{self.runs:,} runs" if self.runs > 1 else "1 run"
        metrics = f"{self.metrics:,} metrics" if self.metrics > 1 else "1 metric"
        return f"{self.name}: {runs} x {self.steps:,} steps x {metrics}".replace(",", " ")


SHAPES = (
    Shape("long", 1, 1_000_000, 5),
    Shape("deep", 1, 10_000_000, 1, rounds=1),
    Shape("many", 100, 10_000, 5),
    Shape("project", 1000, 1000, 20, 100, rounds=2),
    Shape("wide", 1, 200, 10_000),
)


def folder(kept: Path, shape: Shape) -> Path:
    """The data directory of `shape` (project ``p``), made if it is not there yet."""
    place = kept / f"{shape.name}-{shape.runs}x{shape.steps}x{shape.metrics}-{_VERSION}"
    if not place.is_dir():
        draft = place.with_name(place.name + ".tmp")
        shutil.rmtree(draft, ignore_errors=True)
        _make(draft, shape)
        draft.rename(place)
    return place


def _make(place: Path, shape: Shape) -> None:
    """Writes the files as the recorder would, and makes them look a day old."""
    import numpy as np
    import orjson

    random = np.random.default_rng(7)
    project = place / "p"
    project.mkdir(parents=True)
    names = shape.names
    for run in range(shape.runs):
        last: dict[str, Any] = {}
        with (project / f"run-{run:04}.jsonl").open("wb") as out:
            for begin in range(0, shape.steps, 100_000):
                count = min(100_000, shape.steps - begin)
                lines = []
                for i, row in enumerate(random.normal(size=(count, shape.metrics)).round(12).tolist(), begin):
                    last = dict(zip(names, row, strict=True))
                    lines.append(orjson.dumps({"timestamp": START + 20 * i, "step": i, "metrics": last}))
                out.write(b"\n".join(lines) + b"\n")
        described(project, f"run-{run:04}", last, run=run, steps=shape.steps)
    aged(project)


def described(project: Path, stem: str, last: dict[str, Any], *, run: int = 0, steps: int = 1000) -> None:
    """A finished run's metadata, as full as that of a real one."""
    facts = {
        name: {"last": v, "last_step": steps - 1, "min": -4.1, "min_step": 3, "max": 4.1, "max_step": 7, "mean": 0.01, "count": steps}
        for name, v in last.items()
    }  # fmt: skip
    meta = {
        "run_id": f"{run:016x}",
        "display_name": f"run {run}",
        "config": {"lr": 0.1 / (run + 1), "layers": 4, "optimizer": ["adam", "sgd", "lion"][run % 3]},
        "summary": last,
        "metric_summary": facts,
        "status": "completed",
        "is_finished": True,
        "start_time": START + run,
        "finish_time": START + run + 1000,
        "last_step": steps - 1,
        "version": "1",
    }
    (project / f"{stem}.meta.json").write_text(json.dumps(meta, indent=2), encoding="utf-8")


def listed(kept: Path, runs: int, metrics: int = 20) -> Path:
    """A data directory of so many finished runs that hold a single row: what a list costs, and nothing else."""
    place = kept / f"listed-{runs}x{metrics}-{_VERSION}"
    if not place.is_dir():
        draft = place.with_name(place.name + ".tmp")
        shutil.rmtree(draft, ignore_errors=True)
        project = draft / "p"
        project.mkdir(parents=True)
        for run in range(runs):
            last = {f"group{i // 10}/metric_{i}": (run * 31 + i) % 997 / 997 for i in range(metrics)}
            row = {"timestamp": START, "step": 0, "metrics": last}
            (project / f"run-{run:05}.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
            described(project, f"run-{run:05}", last, run=run)
        aged(project)
        draft.rename(place)
    return place


def aged(project: Path) -> None:
    """Makes every file look untouched for a day."""
    then = time.time() - 86_400
    for entry in os.scandir(project):
        os.utime(entry.path, (then, then))
